"""Which tariff counts: what the choice needs to know, gathered for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from csms.tariff.assignment import Assignment, Circumstances, Scope
from csms.tariff.model import Direction, Tariff


def subjects_of(many: Iterable[Circumstances]) -> dict[Scope, set[str]]:
    """Return whom an assignment must name to count for any of some transactions."""
    found: dict[Scope, set[str]] = {scope: set() for scope in Scope}
    for circumstances in many:
        for scope in Scope:
            found[scope] |= circumstances.subjects(scope)
    return found


def zone_of(time_zone: str | None, default: str) -> ZoneInfo:
    """Return a site's time zone, or the default for a charge point without a site."""
    return ZoneInfo(default if time_zone is None else time_zone)


def for_direction(
    assignments: Sequence[Assignment], tariffs: Mapping[str, Tariff], direction: Direction
) -> list[Assignment]:
    """Return the assignments of tariffs for energy that flows in a direction."""
    return [each for each in assignments if tariffs[each.tariff_id].direction is direction]


def uncovered(tariff: Tariff, day: date, currency: str) -> str | None:
    """Return why a tariff gives no price in a currency on a day; None if it does."""
    first = min(version.valid_from for version in tariff.versions)
    if day < first:
        return f"tariff {tariff.id!r} begins on {first:%Y-%m-%d}"
    if tariff.currency != currency:
        return f"tariff {tariff.id!r} is in {tariff.currency}, the account in {currency}"
    return None
