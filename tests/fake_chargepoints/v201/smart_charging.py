"""Charging profiles on the wire of 2.0.1 (K)."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from ..evse import Evse
from ..frames import Payload
from ..link import Reply
from ..profiles import Period, Profile, Purpose, Schedule
from ..readings import timestamp

if TYPE_CHECKING:
    from .station import ChargePoint201

purposes: dict[str, Purpose] = {
    "ChargingStationMaxProfile": "Max",
    "TxDefaultProfile": "Default",
    "TxProfile": "Tx",
    "ChargingStationExternalConstraints": "External",
}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def profile_from(profile: Payload, evse_id: int, now: datetime) -> Profile:
    """A chargingProfile in neutral words; of several schedules the first counts."""
    schedule = profile["chargingSchedule"][0]
    periods = tuple(
        Period(item["startPeriod"], float(item["limit"]), item.get("numberPhases"))
        for item in schedule["chargingSchedulePeriod"]
    )
    return Profile(
        profile_id=profile["id"],
        evse_id=evse_id,
        purpose=purposes[profile["chargingProfilePurpose"]],
        stack_level=profile["stackLevel"],
        kind=profile["chargingProfileKind"],
        schedule=Schedule(
            schedule["chargingRateUnit"],
            periods,
            _time(schedule.get("startSchedule")),
            schedule.get("duration"),
            schedule.get("minChargingRate"),
        ),
        installed_at=now,
        recurrency=profile.get("recurrencyKind"),
        valid_from=_time(profile.get("validFrom")),
        valid_to=_time(profile.get("validTo")),
        transaction_id=profile.get("transactionId"),
        source=profile,
    )


async def set_profile(station: ChargePoint201, payload: Payload) -> Payload:
    """K01: what cannot apply is Rejected with a reason."""
    now = station.clock.now()
    profile = profile_from(payload["chargingProfile"], payload["evseId"], now)
    refusal = _refusal(station, profile)
    if refusal is not None:
        return {"status": "Rejected", "statusInfo": {"reasonCode": refusal}}
    station.profiles.install(profile)
    station.update_limits()
    return {"status": "Accepted"}


def _refusal(station: ChargePoint201, profile: Profile) -> str | None:
    if profile.evse_id > len(station.evses):
        return "InvalidValue"  # K01.FR.28
    if profile.stack_level > station.device_model.integer(
        "SmartChargingCtrlr", "ProfileStackLevel"
    ):
        return "InvalidStackLevel"
    if profile.purpose == "External":
        return "InvalidProfile"  # K01.FR.22
    if not all(_can_ensure_phases(evse, profile) for evse in station.evses):
        return "InvalidSchedule"  # K01.FR.43
    if profile.purpose == "Max":
        # K01.FR.38
        fits = profile.evse_id == 0 and profile.kind != "Relative"
        return None if fits else "InvalidProfile"
    if profile.purpose == "Tx":
        return _tx_refusal(station, profile)
    return _default_refusal(station, profile)


def _can_ensure_phases(evse: Evse, profile: Profile) -> bool:
    """Whether no more than the phases of the profile will be used, where it is for this EVSE."""
    model = evse.box.model
    if profile.evse_id not in (0, evse.id) or model.is_dc or model.switches_phases:
        return True
    return all((period.phases or 3) >= model.phases for period in profile.schedule.periods)


def _tx_refusal(station: ChargePoint201, profile: Profile) -> str | None:
    if profile.evse_id == 0 or profile.transaction_id is None:
        return "InvalidProfile"
    transaction = station.evse(profile.evse_id).transaction
    if transaction is None or transaction.id != profile.transaction_id:
        return "TxNotFound"
    return None


def _default_refusal(station: ChargePoint201, profile: Profile) -> str | None:
    """K01.FR.52, K01.FR.53: not the same level both for the station and for one EVSE."""
    for other in station.profiles.find(purpose="Default", stack_level=profile.stack_level):
        clash = (other.evse_id == 0) != (profile.evse_id == 0)
        if clash and other.profile_id != profile.profile_id:
            return "DuplicateProfile"
    return None


async def clear_profile(station: ChargePoint201, payload: Payload) -> Payload:
    criteria = payload.get("chargingProfileCriteria", {})
    purpose = criteria.get("chargingProfilePurpose")
    cleared = station.profiles.clear(
        payload.get("chargingProfileId"),
        criteria.get("evseId"),
        purposes[purpose] if purpose else None,
        criteria.get("stackLevel"),
    )
    station.update_limits()
    return {"status": "Accepted" if cleared else "Unknown"}


async def get_profiles(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """K09: answered by ReportChargingProfiles, one for each EVSE."""
    asked = payload["chargingProfile"]
    purpose, ids = asked.get("chargingProfilePurpose"), asked.get("chargingProfileId")
    found = [
        profile
        for profile in station.profiles.find(
            None,
            payload.get("evseId"),
            purposes[purpose] if purpose else None,
            asked.get("stackLevel"),
        )
        if ids is None or profile.profile_id in ids
    ]
    if not found:
        return {"status": "NoProfiles"}
    work = partial(_report, station, payload["requestId"], found)
    return station.then({"status": "Accepted"}, work)


async def _report(station: ChargePoint201, request_id: int, found: list[Profile]) -> None:
    evse_ids = sorted({profile.evse_id for profile in found})
    for evse_id in evse_ids:
        station.say(
            "ReportChargingProfiles",
            {
                "requestId": request_id,
                "chargingLimitSource": "CSO",
                "chargingProfile": [p.source for p in found if p.evse_id == evse_id],
                "tbc": evse_id != evse_ids[-1],
                "evseId": evse_id,
            },
        )


async def composite_schedule(station: ChargePoint201, payload: Payload) -> Payload:
    """K08: the schedule of an EVSE; EVSE 0 is the grid connection."""
    evse_id, duration_s = payload["evseId"], payload["duration"]
    if evse_id > len(station.evses):
        return {"status": "Rejected"}
    now = station.clock.now()
    evse = station.evse(evse_id or 1)
    since = evse.transaction.started_at if evse.transaction and evse_id else None
    steps = station.profiles.composite(evse_id, evse.supply, now, duration_s, since)
    unit = payload.get("chargingRateUnit", "A")
    periods = [
        {
            "startPeriod": step.start_s,
            "limit": round(step.limit.limit_a if unit == "A" else step.limit.power_w, 1),
            "numberPhases": step.limit.phases,
        }
        for step in steps
    ]
    return {
        "status": "Accepted",
        "schedule": {
            "chargingSchedulePeriod": periods,
            "evseId": evse_id,
            "duration": duration_s,
            "scheduleStart": timestamp(now),
            "chargingRateUnit": unit,
        },
    }
