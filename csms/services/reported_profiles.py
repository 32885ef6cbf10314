"""Charging profiles that a charge point reported, put together from its messages (K09)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedProfile:
    """`profile` is as the charge point wrote it, `source` whose limit it is (such as CSO)."""

    evse_id: int | None
    source: str | None
    profile_id: int | None
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileReport:
    """All that a charge point told in answer to one question."""

    request_id: int | None
    is_complete: bool
    reported_at: datetime
    profiles: Sequence[ReportedProfile]


def put_together(messages: Iterable[tuple[Mapping[str, Any], datetime]]) -> ProfileReport | None:
    """Join ReportChargingProfiles, the newest first, as far as they belong to the newest one.

    A question's last message has no `tbc`; an older last one of the same number ends another
    report. None if there is no message. Repeats count once.
    """
    newest: tuple[Mapping[str, Any], datetime] | None = None
    found: dict[tuple[int | None, int | None, str], ReportedProfile] = {}
    for message, received_at in messages:
        if newest is None:
            newest = (message, received_at)
        elif message.get("requestId") != newest[0].get("requestId") or not _goes_on(message):
            break
        for each in _profiles(message):
            found.setdefault((each.evse_id, each.profile_id, str(each.profile)), each)
    if newest is None:
        return None
    message, received_at = newest
    return ProfileReport(
        request_id=_number(message, "requestId"),
        is_complete=not _goes_on(message),
        reported_at=received_at,
        profiles=sorted(found.values(), key=_order),
    )


def _profiles(message: Mapping[str, Any]) -> list[ReportedProfile]:
    told = message.get("chargingProfile")
    entries = told if isinstance(told, list) else [told]
    source = message.get("chargingLimitSource")
    return [
        ReportedProfile(
            evse_id=_number(message, "evseId"),
            source=source if isinstance(source, str) else None,
            profile_id=_number(entry, "id"),
            profile=entry,
        )
        for entry in entries
        if isinstance(entry, dict)
    ]


def _goes_on(message: Mapping[str, Any]) -> bool:
    return message.get("tbc") is True


def _number(fields: Mapping[str, Any], key: str) -> int | None:
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _order(profile: ReportedProfile) -> tuple[int, int]:
    return profile.evse_id or 0, profile.profile_id or 0
