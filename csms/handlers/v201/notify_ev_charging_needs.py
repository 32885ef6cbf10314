"""NotifyEVChargingNeeds: what a car asks for over ISO 15118 (K15, K17)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.numbers import read_float
from csms.handlers.v201.fields import Fields, group, natural, text
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import CarNeeds
from csms.services.clocks import parse_time
from csms.services.services import Services

_NO_SCHEDULE: Final = {  # K15.FR.04, K17.FR.04: Accepted or Processing would promise a schedule
    "status": "Rejected",
    "statusInfo": {
        "reasonCode": "UnsupportedRequest",
        "additionalInfo": "no schedule is made for the needs of single cars",
    },
}


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    needs = read_needs(charge_point, payload, received_at)
    planned = await services.charging_reports.needs(charge_point, needs, payload, received_at)
    return {"status": "Accepted"} if planned else _NO_SCHEDULE  # K15.FR.03, K17.FR.03


def read_needs(charge_point: ChargePoint, payload: Payload, received_at: datetime) -> CarNeeds:
    """Read what can be read; a negative number, or a departure in the past, says nothing."""
    needs = group(payload, "chargingNeeds")
    ac, dc = group(needs, "acChargingParameters"), group(needs, "dcChargingParameters")
    either = {**dc, **ac}  # K15.FR.06: one of them
    energy_wh = read_amount(either, "energyAmount")
    return CarNeeds(
        evse_id=natural(payload, "evseId") or 0,
        transfer=text(needs, "requestedEnergyTransfer"),
        departure_at=_departure(charge_point, needs, received_at),
        energy_wh=_missing_energy(dc) if energy_wh is None else energy_wh,
        min_current_a=read_amount(either, "evMinCurrent"),
        max_current_a=read_amount(either, "evMaxCurrent"),
        max_voltage_v=read_amount(either, "evMaxVoltage"),
        max_power_w=read_amount(either, "evMaxPower"),
        soc_percent=read_amount(dc, "stateOfCharge"),
    )


def read_amount(fields: Fields, key: str) -> float | None:
    """Read a number that is none below 0."""
    number = read_float(fields.get(key))
    return number if number is not None and number >= 0 else None


def _missing_energy(dc: Fields) -> float | None:
    """What is missing in the battery, where the car tells how full it is."""
    capacity_wh, soc = read_amount(dc, "evEnergyCapacity"), read_amount(dc, "stateOfCharge")
    full = read_amount(dc, "fullSoC")
    if capacity_wh is None or soc is None:
        return None
    return capacity_wh * max(0.0, (100.0 if full is None else full) - soc) / 100


def _departure(charge_point: ChargePoint, needs: Fields, received_at: datetime) -> datetime | None:
    told = parse_time(text(needs, "departureTime"))
    if told is not None and charge_point.clock.offset is not None:
        told -= charge_point.clock.offset
    return told if told is not None and told > received_at else None
