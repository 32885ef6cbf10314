"""Charging profiles on the wire of 1.6."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ..frames import Payload
from ..profiles import Limit, Period, Profile, Purpose, Schedule, Step
from ..readings import timestamp

if TYPE_CHECKING:
    from .station import ChargePoint16

purposes: dict[str, Purpose] = {
    "ChargePointMaxProfile": "Max",
    "TxDefaultProfile": "Default",
    "TxProfile": "Tx",
}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def profile_from(cs_profile: Payload, connector_id: int, now: datetime) -> Profile:
    """A csChargingProfiles (or chargingProfile) in neutral words."""
    schedule = cs_profile["chargingSchedule"]
    periods = tuple(
        Period(item["startPeriod"], float(item["limit"]), item.get("numberPhases"))
        for item in schedule["chargingSchedulePeriod"]
    )
    transaction_id = cs_profile.get("transactionId")
    return Profile(
        profile_id=cs_profile["chargingProfileId"],
        evse_id=connector_id,
        purpose=purposes[cs_profile["chargingProfilePurpose"]],
        stack_level=cs_profile["stackLevel"],
        kind=cs_profile["chargingProfileKind"],
        schedule=Schedule(
            schedule["chargingRateUnit"],
            periods,
            _time(schedule.get("startSchedule")),
            schedule.get("duration"),
            schedule.get("minChargingRate"),
        ),
        installed_at=now,
        recurrency=cs_profile.get("recurrencyKind"),
        valid_from=_time(cs_profile.get("validFrom")),
        valid_to=_time(cs_profile.get("validTo")),
        transaction_id=None if transaction_id is None else str(transaction_id),
    )


async def set_profile(station: ChargePoint16, payload: Payload) -> Payload:
    """1.6 section 5.16: what cannot apply is Rejected."""
    now = station.clock.now()
    profile = profile_from(payload["csChargingProfiles"], payload["connectorId"], now)
    if not _may_install(station, profile):
        return {"status": "Rejected"}
    station.profiles.install(profile)
    station.update_limits()
    return {"status": "Accepted"}


def _may_install(station: ChargePoint16, profile: Profile) -> bool:
    if profile.evse_id > len(station.evses):
        return False
    if profile.stack_level > station.configuration.integer("ChargeProfileMaxStackLevel"):
        return False
    if profile.purpose == "Max":
        return profile.evse_id == 0 and profile.kind != "Relative"
    if profile.purpose == "Default":
        return True
    if profile.evse_id == 0:
        return False
    transaction = station.evse(profile.evse_id).transaction
    return transaction is not None and profile.transaction_id in (None, transaction.id)


async def clear_profile(station: ChargePoint16, payload: Payload) -> Payload:
    purpose = payload.get("chargingProfilePurpose")
    cleared = station.profiles.clear(
        payload.get("id"),
        payload.get("connectorId"),
        purposes[purpose] if purpose else None,
        payload.get("stackLevel"),
    )
    station.update_limits()
    return {"status": "Accepted" if cleared else "Unknown"}


async def composite_schedule(station: ChargePoint16, payload: Payload) -> Payload:
    """The schedule of a connector; of connector 0 the sum of all."""
    connector_id, duration_s = payload["connectorId"], payload["duration"]
    if connector_id > len(station.evses):
        return {"status": "Rejected"}
    now = station.clock.now()
    evse = station.evse(connector_id or 1)
    since = evse.transaction.started_at if evse.transaction and connector_id else None
    steps = station.profiles.composite(connector_id, evse.supply, now, duration_s, since)
    unit = payload.get("chargingRateUnit", "A")
    return {
        "status": "Accepted",
        "connectorId": connector_id,
        "scheduleStart": timestamp(now),
        "chargingSchedule": {
            "duration": duration_s,
            "startSchedule": timestamp(now),
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [_period(step, unit) for step in steps],
        },
    }


def _period(step: Step, unit: str) -> Payload:
    return {
        "startPeriod": step.start_s,
        "limit": rate(step.limit, unit),
        "numberPhases": step.limit.phases,
    }


def rate(limit: Limit, unit: str) -> float:
    """A limit in the unit asked for, with the one decimal that OCPP allows."""
    return round(limit.limit_a if unit == "A" else limit.power_w, 1)
