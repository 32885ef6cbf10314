"""What a station holds differently since it answered a command of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from csms.handlers.phrasebook import status_of
from csms.handlers.v21.der_controls import read_set
from csms.handlers.v201.fields import Fields, group, groups, natural
from csms.services.station_records import DynamicSchedule, EventStream
from csms.services.stations.memory import ForgetDerControls, ForgetDynamicSchedules, Taken

_LIMITS: Final = tuple(
    name + phase
    for name in ("limit", "dischargeLimit", "setpoint", "setpointReactive")
    for phase in ("", "_L2", "_L3")
)
"""What a dynamic schedule may say, in the schema's order (K28)."""

_Payload = Mapping[str, Any]


def read_taken(
    charge_point_key: int,
    action: str,
    payload: _Payload,
    answer: dict[str, Any],
    received_at: datetime,
) -> Sequence[Taken]:
    """Implements `csms.services.stations.memory.TakenReader`."""
    read = _READERS.get(action)
    if read is None or status_of(answer) != "Accepted":
        return ()
    return read(charge_point_key, payload, received_at)


def _der_set(key: int, payload: _Payload, at: datetime) -> Sequence[Taken]:
    return [read_set(key, dict(payload), at)]


def _der_cleared(_: int, payload: _Payload, __: datetime) -> Sequence[Taken]:
    """R04.FR.41 to R04.FR.45: one by its id, or all of a type, or all."""
    return [
        ForgetDerControls(
            payload.get("controlId"), payload.get("controlType"), payload.get("isDefault")
        )
    ]


def _profile_set(key: int, payload: _Payload, at: datetime) -> Sequence[Taken]:
    profile = group(payload, "chargingProfile")
    profile_id = natural(profile, "id")
    if profile_id is None:
        return ()
    if profile.get("chargingProfileKind") != "Dynamic":  # it may take the place of a dynamic one
        return [ForgetDynamicSchedules(profile_id, None)]
    periods = [
        period
        for schedule in groups(profile, "chargingSchedule")
        for period in groups(schedule, "chargingSchedulePeriod")
    ]
    limits = _limits(periods[0]) if periods else {}
    return [_dynamic(key, profile_id, limits, at, natural(payload, "evseId"))]


def _profile_cleared(_: int, payload: _Payload, __: datetime) -> Sequence[Taken]:
    profile_id = natural(payload, "chargingProfileId")
    if profile_id is not None:
        return [ForgetDynamicSchedules(profile_id, None)]
    criteria = group(payload, "chargingProfileCriteria")
    if set(criteria) <= {"evseId"}:
        return [ForgetDynamicSchedules(None, natural(criteria, "evseId"))]
    return ()  # which profiles these are, the station alone knows


def _schedule_updated(key: int, payload: _Payload, at: datetime) -> Sequence[Taken]:
    profile_id = natural(payload, "chargingProfileId")
    if profile_id is None:
        return ()
    return [_dynamic(key, profile_id, _limits(group(payload, "scheduleUpdate")), at, None)]


def _stream_adjusted(key: int, payload: _Payload, _: datetime) -> Sequence[Taken]:
    stream_id, parameters = natural(payload, "id"), group(payload, "params")
    if stream_id is None:
        return ()
    return [
        EventStream(
            charge_point_key=key,
            stream_id=stream_id,
            interval_s=natural(parameters, "interval"),
            values_per_message=natural(parameters, "values"),
        )
    ]


def _dynamic(
    key: int, profile_id: int, limits: dict[str, float], at: datetime, evse_id: int | None
) -> DynamicSchedule:
    return DynamicSchedule(
        charge_point_key=key, profile_id=profile_id, limits=limits, updated_at=at, evse_id=evse_id
    )


def _limits(fields: Fields) -> dict[str, float]:
    return {name: fields[name] for name in _LIMITS if name in fields}


_READERS: Final[dict[str, Callable[[int, _Payload, datetime], Sequence[Taken]]]] = {
    "AdjustPeriodicEventStream": _stream_adjusted,
    "ClearChargingProfile": _profile_cleared,
    "ClearDERControl": _der_cleared,
    "SetChargingProfile": _profile_set,
    "SetDERControl": _der_set,
    "UpdateDynamicSchedule": _schedule_updated,
}
