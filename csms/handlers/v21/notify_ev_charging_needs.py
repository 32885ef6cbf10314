"""NotifyEVChargingNeeds: in 2.1 also of cars that speak ISO 15118-20 (K18 to K20, Q01)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201 import notify_ev_charging_needs
from csms.handlers.v201.fields import Fields, group
from csms.handlers.v201.notify_ev_charging_needs import read_amount, read_needs
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import CarNeeds
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    needs = group(payload, "chargingNeeds")
    if not needs.get("v2xChargingParameters") and needs.get("controlMode") is None:
        return await notify_ev_charging_needs.handle(services, charge_point, payload, received_at)
    read = read_v2x_needs(
        read_needs(charge_point, payload, received_at), group(needs, "v2xChargingParameters")
    )
    planned = await services.charging_reports.needs(charge_point, read, payload, received_at)
    # K18.FR.03, K18.FR.04: Rejected would end the transaction (K19.FR.15)
    return {"status": "Accepted" if planned else "NoChargingProfile"}


def read_v2x_needs(needs: CarNeeds, parameters: Fields) -> CarNeeds:
    """Fill in what a car tells in the way of ISO 15118-20."""
    target_wh = read_amount(parameters, "evTargetEnergyRequest")
    return replace(
        needs,
        energy_wh=needs.energy_wh
        if target_wh is None and needs.energy_wh is not None
        else target_wh
        if target_wh is not None
        else read_amount(parameters, "evMaxEnergyRequest"),
        min_current_a=_first(needs.min_current_a, parameters, "minChargeCurrent"),
        max_current_a=_first(needs.max_current_a, parameters, "maxChargeCurrent"),
        max_voltage_v=_first(needs.max_voltage_v, parameters, "maxVoltage"),
        max_power_w=_first(needs.max_power_w, parameters, "maxChargePower"),
    )


def _first(known: float | None, parameters: Fields, key: str) -> float | None:
    return read_amount(parameters, key) if known is None else known
