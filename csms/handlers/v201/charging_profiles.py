"""Charging profiles in OCPP 2.0.1 (K01, K08, K09, K10): set, cleared, asked for.

ChargingStationExternalConstraints belong to others: we never set or clear them (K01.FR.22,
K10.FR.06), and there is no word for them in `Purpose`; we can only ask for them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.charging_schedules import (
    check_profile,
    read_composite,
    read_periods,
    read_unit,
    write_limit,
)
from csms.handlers.contract import Payload
from csms.handlers.numbers import INT32_MAX
from csms.handlers.phrasebook import reader, status_of
from csms.handlers.v201.fields import group, groups, natural, text
from csms.handlers.v201.id_token import transaction_id_of
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import (
    ClearChargingProfile,
    CommandAnswer,
    GetChargingProfiles,
    GetCompositeSchedule,
    Outgoing,
    SetChargingProfile,
)
from csms.services.repeated_profiles import TransactionProfile
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose

_PURPOSES: Final = {
    Purpose.STATION_MAX: "ChargingStationMaxProfile",
    Purpose.TX_DEFAULT: "TxDefaultProfile",
    Purpose.TX: "TxProfile",
}
_EXTERNAL: Final = "ChargingStationExternalConstraints"
_ALL_SOURCES: Final = ["CSO", "EMS", "SO", "Other"]
_KINDS: Final = {
    Kind.ABSOLUTE: "Absolute",
    Kind.RELATIVE: "Relative",
    Kind.DAILY: "Recurring",
    Kind.WEEKLY: "Recurring",
}
_RECURRENCIES: Final = {Kind.DAILY: "Daily", Kind.WEEKLY: "Weekly"}


def set_charging_profile(charge_point: ChargePoint, command: SetChargingProfile) -> Outgoing:
    check_profile(command.evse_id, command.profile)
    payload = {
        "evseId": _evse(command.evse_id),
        "chargingProfile": _profile(charge_point, command.profile),
    }
    return Outgoing("SetChargingProfile", payload, reader("Accepted"))


def clear_charging_profile(_: ChargePoint, command: ClearChargingProfile) -> Outgoing:
    """K10.FR.02: an id names a profile, so criteria beside it say nothing."""
    if command.profile_id is not None:
        payload: Payload = {"chargingProfileId": command.profile_id}
        return Outgoing("ClearChargingProfile", payload, reader("Accepted"))
    criteria: Payload = {}
    if command.evse_id is not None:
        criteria["evseId"] = _evse(command.evse_id)
    if command.purpose is not None:
        criteria["chargingProfilePurpose"] = _PURPOSES[command.purpose]
    if command.stack_level is not None:
        criteria["stackLevel"] = command.stack_level
    payload = {"chargingProfileCriteria": criteria} if criteria else {}
    return Outgoing("ClearChargingProfile", payload, reader("Accepted"))


def get_composite_schedule(charge_point: ChargePoint, command: GetCompositeSchedule) -> Outgoing:
    payload: Payload = {"duration": command.duration_s}
    if command.unit is not None:
        payload["chargingRateUnit"] = command.unit
    payload["evseId"] = _evse(command.evse_id)

    def read(response: dict[str, Any], received_at: datetime) -> CommandAnswer:
        answer = reader("Accepted")(response, received_at)
        if not answer.accepted:
            return answer
        # some write it where 1.6 has it
        schedule = group(response, "schedule") or group(response, "chargingSchedule")
        starts = (schedule.get("scheduleStart"), schedule.get("startSchedule"))
        composite = read_composite(charge_point, schedule, starts, command.unit, received_at)
        return replace(answer, composite_schedule=composite)

    return Outgoing("GetCompositeSchedule", payload, read)


def get_charging_profiles(_: ChargePoint, command: GetChargingProfiles) -> Outgoing:
    """K09: the profiles come in ReportChargingProfiles with this request's id."""
    criteria: Payload = {}
    if command.profile_ids:  # K09.FR.03: ids, or one or more of the others
        criteria["chargingProfileId"] = list(command.profile_ids)
    else:
        if command.purpose is not None:
            asked = command.purpose
            purpose = _EXTERNAL if asked == "external" else _PURPOSES[asked]
            criteria["chargingProfilePurpose"] = purpose
        if command.stack_level is not None:
            criteria["stackLevel"] = command.stack_level
        if command.limit_sources:
            criteria["chargingLimitSource"] = list(command.limit_sources)
    if not criteria:  # something has to be said, and every profile has one of these
        criteria["chargingLimitSource"] = _ALL_SOURCES
    request_id = new_id()
    payload: Payload = {"requestId": request_id}
    if command.evse_id is not None:
        payload["evseId"] = _evse(command.evse_id)
    payload["chargingProfile"] = criteria
    results = ({"request_id": request_id},)
    return Outgoing("GetChargingProfiles", payload, reader("Accepted", results=results))


def new_id() -> int:
    """Make an id that no request of ours is likely to have had; chargers only echo it."""
    return secrets.randbelow(INT32_MAX) + 1


def read_transaction_profile(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> TransactionProfile | None:
    """See `csms.services.repeated_profiles.ProfileReader`."""
    if action != "SetChargingProfile" or status_of(answer).casefold() != "accepted":
        return None
    profile = group(payload, "chargingProfile")
    transaction_id = text(profile, "transactionId")
    schedules = groups(profile, "chargingSchedule")
    if profile.get("chargingProfilePurpose") != "TxProfile" or not schedules or not transaction_id:
        return None
    limits = [period.limit for period in read_periods(schedules[0].get("chargingSchedulePeriod"))]
    unit, evse_id = read_unit(schedules[0].get("chargingRateUnit")), natural(payload, "evseId")
    if not limits or unit is None or evse_id is None:
        return None
    return TransactionProfile(evse_id, transaction_id, max(limits), unit, dict(payload))


def _profile(charge_point: ChargePoint, profile: ChargingProfile) -> Payload:
    if profile.purpose is Purpose.STATION_MAX and profile.kind is Kind.RELATIVE:  # K01.FR.38
        raise InvalidValueError("kind", profile.kind.value, "absolute for a whole station")
    written: Payload = {
        "id": profile.profile_id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": _PURPOSES[profile.purpose],
        "chargingProfileKind": _KINDS[profile.kind],
    }
    if profile.kind in _RECURRENCIES:
        written["recurrencyKind"] = _RECURRENCIES[profile.kind]
    if profile.valid_from is not None:
        written["validFrom"] = format_time(profile.valid_from)
    if profile.valid_to is not None:
        written["validTo"] = format_time(profile.valid_to)
    written["chargingSchedule"] = [_schedule(profile)]  # K01.FR.34: one alone
    if profile.purpose is Purpose.TX:  # K01.FR.03
        if profile.ocpp_transaction_id is None:
            raise InvalidValueError("ocpp_transaction_id", None, "the transaction of a TxProfile")
        written["transactionId"] = transaction_id_of(charge_point, profile.ocpp_transaction_id)
    return written


def _schedule(profile: ChargingProfile) -> Payload:
    schedule: Payload = {"id": profile.profile_id}
    if profile.kind is not Kind.RELATIVE:
        if profile.start_at is None:  # K01.FR.40
            raise InvalidValueError("start_at", None, "the start of a schedule that isn't relative")
        schedule["startSchedule"] = format_time(profile.start_at)  # K01.FR.41: not if relative
    if profile.duration_s is not None:
        schedule["duration"] = profile.duration_s
    schedule["chargingRateUnit"] = profile.unit
    schedule["chargingSchedulePeriod"] = [_period(period) for period in profile.periods]
    return schedule


def _period(period: Period) -> Payload:
    written: Payload = {"startPeriod": period.start_s, "limit": write_limit(period.limit)}
    if period.phases is not None:
        written["numberPhases"] = period.phases
    if period.phase_to_use is not None:
        if period.phases != 1:  # K01.FR.19
            allowed = "none, unless phases is 1"
            raise InvalidValueError("phase_to_use", period.phase_to_use, allowed)
        written["phaseToUse"] = period.phase_to_use
    return written


def _evse(evse_id: int) -> int:
    if not 0 <= evse_id <= INT32_MAX:
        raise InvalidValueError("evse_id", evse_id, "an EVSE's number, or 0")
    return evse_id
