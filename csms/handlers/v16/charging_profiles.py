"""Charging profiles in OCPP 1.6: set, cleared, and what comes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.charging_schedules import check_profile, read_composite, write_limit
from csms.handlers.numbers import INT32_MAX
from csms.handlers.phrasebook import reader
from csms.handlers.v16.fields import VERSION, transaction_number
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import (
    ClearChargingProfile,
    CommandAnswer,
    GetCompositeSchedule,
    Outgoing,
    SetChargingProfile,
)
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

_PURPOSES: Final = {
    Purpose.STATION_MAX: "ChargePointMaxProfile",
    Purpose.TX_DEFAULT: "TxDefaultProfile",
    Purpose.TX: "TxProfile",
}
_KINDS: Final = {
    Kind.ABSOLUTE: "Absolute",
    Kind.RELATIVE: "Relative",
    Kind.DAILY: "Recurring",
    Kind.WEEKLY: "Recurring",
}
_RECURRENCIES: Final = {Kind.DAILY: "Daily", Kind.WEEKLY: "Weekly"}


def set_charging_profile(charge_point: ChargePoint, command: SetChargingProfile) -> Outgoing:
    profile = command.profile
    check_profile(command.evse_id, profile)
    payload = {
        "connectorId": _connector(command.evse_id),
        "csChargingProfiles": _profile(charge_point, profile),
    }
    return Outgoing("SetChargingProfile", payload, reader("Accepted"))


def clear_charging_profile(_: ChargePoint, command: ClearChargingProfile) -> Outgoing:
    payload: dict[str, Any] = {}
    if command.profile_id is not None:
        payload["id"] = command.profile_id  # the others are looked at only without an id
    else:
        if command.evse_id is not None:
            payload["connectorId"] = _connector(command.evse_id)
        if command.purpose is not None:
            payload["chargingProfilePurpose"] = _PURPOSES[command.purpose]
        if command.stack_level is not None:
            payload["stackLevel"] = command.stack_level
    return Outgoing("ClearChargingProfile", payload, reader("Accepted"))


def get_composite_schedule(charge_point: ChargePoint, command: GetCompositeSchedule) -> Outgoing:
    payload: dict[str, Any] = {
        "connectorId": _connector(command.evse_id),
        "duration": command.duration_s,
    }
    if command.unit is not None:
        payload["chargingRateUnit"] = command.unit

    def read(response: dict[str, Any], received_at: datetime) -> CommandAnswer:
        answer = reader("Accepted")(response, received_at)
        schedule = response.get("chargingSchedule")
        if not answer.accepted or not isinstance(schedule, dict):
            return answer
        starts = (response.get("scheduleStart"), schedule.get("startSchedule"))
        composite = read_composite(charge_point, schedule, starts, command.unit, received_at)
        return replace(answer, composite_schedule=composite)

    return Outgoing("GetCompositeSchedule", payload, read)


def _profile(charge_point: ChargePoint, profile: ChargingProfile) -> dict[str, Any]:
    written: dict[str, Any] = {"chargingProfileId": profile.profile_id}
    if profile.purpose is Purpose.TX:
        written["transactionId"] = _transaction(charge_point, profile)
    written["stackLevel"] = profile.stack_level
    written["chargingProfilePurpose"] = _PURPOSES[profile.purpose]
    written["chargingProfileKind"] = _KINDS[profile.kind]
    if profile.kind in _RECURRENCIES:
        written["recurrencyKind"] = _RECURRENCIES[profile.kind]
    if profile.valid_from is not None:
        written["validFrom"] = format_time(profile.valid_from)
    if profile.valid_to is not None:
        written["validTo"] = format_time(profile.valid_to)
    written["chargingSchedule"] = _schedule(profile)
    return written


def _transaction(charge_point: ChargePoint, profile: ChargingProfile) -> int:
    text = profile.ocpp_transaction_id
    if text is None:
        if profile.transaction_id is None:
            raise InvalidValueError("transaction_id", None, "the transaction of a TxProfile")
        text = str(profile.transaction_id)
    return transaction_number(charge_point, profile.transaction_id, text)


def _schedule(profile: ChargingProfile) -> dict[str, Any]:
    schedule: dict[str, Any] = {}
    if profile.duration_s is not None:
        schedule["duration"] = profile.duration_s
    if profile.start_at is not None and profile.kind is not Kind.RELATIVE:
        schedule["startSchedule"] = format_time(profile.start_at)
    schedule["chargingRateUnit"] = profile.unit
    schedule["chargingSchedulePeriod"] = [_period(period) for period in profile.periods]
    return schedule


def _period(period: Period) -> dict[str, Any]:
    if period.phase_to_use is not None:
        raise InvalidValueError("phase_to_use", period.phase_to_use, f"none in {VERSION}")
    written: dict[str, Any] = {"startPeriod": period.start_s, "limit": write_limit(period.limit)}
    if period.phases is not None:
        written["numberPhases"] = period.phases
    return written


def _connector(evse_id: int) -> int:
    if not 0 <= evse_id <= INT32_MAX:
        raise InvalidValueError("evse_id", evse_id, "an EVSE's number, or 0")
    return evse_id
