"""All actions of a 2.1 central system: those of 2.0.1, and what carries out the new ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ..frames import Payload
from ..link import Reply
from ..readings import timestamp
from ..v201.commands import commands as commands_v201
from ..v201.smart_charging import set_profile as set_profile_v201

if TYPE_CHECKING:
    from .station import ChargePoint21

accepted: Payload = {"status": "Accepted"}
rejected: Payload = {"status": "Rejected"}


async def set_profile(station: ChargePoint21, payload: Payload) -> Payload:
    """K01, K28: a dynamic profile holds from now on, until it is given new values."""
    profile = payload["chargingProfile"]
    if profile["chargingProfileKind"] != "Dynamic":
        station.dynamic_profiles.pop(profile["id"], None)
        return await set_profile_v201(station, payload)
    answer = await set_profile_v201(station, _as_absolute(station, payload))
    if answer["status"] == "Accepted":
        station.dynamic_profiles[profile["id"]] = deepcopy(payload)
    return answer


async def update_dynamic_schedule(station: ChargePoint21, payload: Payload) -> Payload:
    known = station.dynamic_profiles.get(payload["chargingProfileId"])
    if known is None:
        return {**rejected, "statusInfo": {"reasonCode": "InvalidProfile"}}
    (period,) = known["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"]
    period |= payload["scheduleUpdate"]
    return await set_profile_v201(station, _as_absolute(station, known))


def _as_absolute(station: ChargePoint21, payload: Payload) -> Payload:
    copy = deepcopy(payload)
    profile = copy["chargingProfile"]
    profile["chargingProfileKind"] = "Absolute"
    profile["chargingSchedule"][0]["startSchedule"] = timestamp(station.clock.now())
    return copy


async def set_default_tariff(station: ChargePoint21, payload: Payload) -> Payload:
    station.tariffs[payload["evseId"]] = payload["tariff"]
    return accepted


async def get_tariffs(station: ChargePoint21, payload: Payload) -> Payload:
    held = {
        evse_id: tariff
        for evse_id, tariff in station.tariffs.items()
        if payload["evseId"] in (0, evse_id)
    }
    if not held:
        return {"status": "NoTariff"}
    assignments = [
        {"tariffId": tariff["tariffId"], "tariffKind": "DefaultTariff", "evseIds": [evse_id]}
        for evse_id, tariff in held.items()
    ]
    return {"status": "Accepted", "tariffAssignments": assignments}


async def clear_tariffs(station: ChargePoint21, payload: Payload) -> Payload:
    held = {tariff["tariffId"]: evse_id for evse_id, tariff in station.tariffs.items()}
    wanted = payload.get("tariffIds", list(held))
    results = [
        {"tariffId": each, "status": "Accepted" if each in held else "NoTariff"} for each in wanted
    ]
    for each in wanted:
        if each in held:
            del station.tariffs[held[each]]
    return {"clearTariffsResult": results or [{"status": "NoTariff"}]}


async def change_transaction_tariff(station: ChargePoint21, payload: Payload) -> Payload:
    running = station.running(payload["transactionId"]) is not None
    return accepted if running else {"status": "TxNotFound"}


async def set_der_control(station: ChargePoint21, payload: Payload) -> Payload:
    station.der_controls[payload["controlId"]] = payload
    return accepted


async def get_der_control(station: ChargePoint21, payload: Payload) -> Payload | Reply:
    """R04: curves alone are reported; this station has no other."""
    curves = [
        {
            "id": control_id,
            "curveType": control["controlType"],
            "isDefault": control["isDefault"],
            "isSuperseded": False,
            "curve": control["curve"],
        }
        for control_id, control in station.der_controls.items()
        if "curve" in control
        and payload.get("controlType") in (None, control["controlType"])
        and payload.get("controlId") in (None, control_id)
    ]
    if not curves:
        return {"status": "NotFound"}

    async def report() -> None:
        station.say("ReportDERControl", {"requestId": payload["requestId"], "curve": curves})

    return station.then(accepted, report)


async def clear_der_control(station: ChargePoint21, payload: Payload) -> Payload:
    matching = [
        control_id
        for control_id, control in station.der_controls.items()
        if control["isDefault"] == payload["isDefault"]
        and payload.get("controlType") in (None, control["controlType"])
        and payload.get("controlId") in (None, control_id)
    ]
    for control_id in matching:
        del station.der_controls[control_id]
    return accepted if matching else {"status": "NotFound"}


async def use_priority_charging(station: ChargePoint21, payload: Payload) -> Payload:
    """K21: there is no profile of priority here."""
    running = station.running(payload["transactionId"]) is not None
    return {"status": "NoProfile"} if running else rejected


async def allowed_energy_transfer(station: ChargePoint21, payload: Payload) -> Payload:
    return accepted if station.running(payload["transactionId"]) is not None else rejected


async def request_battery_swap(_: ChargePoint21, __: Payload) -> Payload:
    return {**rejected, "statusInfo": {"reasonCode": "NoBatteryAvailable"}}


async def get_streams(_: ChargePoint21, __: Payload) -> Payload:
    return {}


async def refuse(_: ChargePoint21, __: Payload) -> Payload:
    return rejected


async def accept(_: ChargePoint21, __: Payload) -> Payload:
    return accepted


async def acknowledge(_: ChargePoint21, __: Payload) -> Payload:
    return {}


commands: dict[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]] = {
    **commands_v201,
    "AFRRSignal": accept,
    "AdjustPeriodicEventStream": refuse,
    "ChangeTransactionTariff": change_transaction_tariff,
    "ClearDERControl": clear_der_control,
    "ClearTariffs": clear_tariffs,
    "GetDERControl": get_der_control,
    "GetPeriodicEventStream": get_streams,
    "GetTariffs": get_tariffs,
    "NotifyAllowedEnergyTransfer": allowed_energy_transfer,
    "NotifyWebPaymentStarted": acknowledge,
    "RequestBatterySwap": request_battery_swap,
    "SetChargingProfile": set_profile,
    "SetDERControl": set_der_control,
    "SetDefaultTariff": set_default_tariff,
    "UpdateDynamicSchedule": update_dynamic_schedule,
    "UsePriorityCharging": use_priority_charging,
}
