"""Authorize: in 2.1 with the driver's tariff for stations that reckon costs by it (I08)."""

from __future__ import annotations

from datetime import datetime

from csms.errors import InvalidValueError
from csms.handlers.contract import Payload
from csms.handlers.v21.tariffs import FOR_STATIONS, write_fitting
from csms.handlers.v201 import authorize
from csms.handlers.v201.id_token import read_id_token
from csms.services.charge_point import ChargePoint
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    said = await authorize.handle(services, charge_point, payload, received_at)
    id_token = read_id_token(payload.get("idToken"))
    if id_token is None or said["idTokenInfo"]["status"] != "Accepted":
        return said
    abilities = await services.stations.abilities.of(charge_point)
    if not abilities.takes_tariffs:
        return said
    found = await services.driver_tariffs.of(charge_point, id_token.value, received_at)
    if found is None:
        return said
    try:  # I08.FR.01
        said["tariff"] = write_fitting(found.tariff, found.day, abilities)
    except InvalidValueError as error:
        takes = error.allowed.removeprefix(FOR_STATIONS)
        await services.driver_tariffs.withheld(charge_point, found.tariff.id, takes, received_at)
    return said
