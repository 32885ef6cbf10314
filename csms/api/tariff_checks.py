"""Refuses bad tariffs, and what would change the past."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from csms.api.problems import field_error, invalid
from csms.errors import ConflictError, InvalidValueError
from csms.store.admin import tariffs as store
from csms.store.admin.window import AdminConnection
from csms.tariff.checking import check
from csms.tariff.findings import Finding
from csms.tariff.model import Tariff

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2200
ADVICE: Final = (
    "what was priced stays as it is; to charge something else, add a version from a day on "
    "(POST /api/v1/tariffs/{id}/versions)"
)


async def refuse_bad(
    connection: AdminConnection,
    tariff: Tariff,
    default_zone: ZoneInfo,
    *,
    within: str = "",
    inside: str = "",
) -> None:
    """Raise a Problem that names every field that is wrong, and every gap.

    Gaps are looked for in the calendar of every time zone in which there is a site. `within` is
    the part of a field's path that the caller's body doesn't have, `inside` one that it has
    beyond.
    """
    zones = {ZoneInfo(name) for name in await store.time_zones(connection)} or {default_zone}
    found = await asyncio.to_thread(check, tariff, zones)
    if found:
        errors = [
            field_error(inside + _path(each, within), each.value, each.allowed) for each in found
        ]
        raise invalid(errors, told=[place for place, each in enumerate(found) if each.told])


def _path(finding: Finding, within: str) -> str:
    return finding.field.replace("/", ".").removeprefix(within)


def check_year(field: str, at: datetime) -> None:
    """Refuse a moment that no calendar of a tariff reaches; raises InvalidValueError."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        allowed = f"a time from {FIRST_YEAR} to {LAST_YEAR}"
        raise InvalidValueError(field, at.isoformat(), allowed)


async def refuse_changed_past(
    connection: AdminConnection, before: Tariff, after: Tariff | None
) -> None:
    """Raise ConflictError if a version that priced something would become another one."""
    if after is not None and _terms(before) == _terms(after):
        changed = [each for each in before.versions if each not in after.versions]
    else:
        changed = list(before.versions)
    priced = await store.priced_with(connection, before.id, [each.number for each in changed])
    if priced:
        numbers = ", ".join(map(str, sorted(priced)))
        versions = f"version {numbers}" if len(priced) == 1 else f"versions {numbers}"
        raise ConflictError(
            f"{versions} of tariff {before.id!r} priced transactions already; "
            + ADVICE.format(id=before.id)
        )


def _terms(tariff: Tariff) -> tuple[object, ...]:
    """Return what all versions share and amounts depend on."""
    return tariff.currency, tariff.direction, tariff.tax_included, tariff.rounding
