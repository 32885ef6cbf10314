"""Tariffs as rows and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.store.database import driver_of
from csms.store.tariff_tables import tariff_versions, tariffs
from csms.tariff.assignment import Assignment, Scope
from csms.tariff.model import Direction, Rounding, RoundingRule, Tariff, TariffVersion

_COLUMNS_OF_A_VERSION: Final = ("number", "valid_from")
_ASSIGNMENTS: Final = """
SELECT a.tariff_id, a.scope, a.subject_id, a.valid_from, a.valid_until, a.priority
FROM tariff_assignments a JOIN unnest($1::text[], $2::text[]) AS n(scope, subject_id)
  ON n.scope = a.scope AND n.subject_id = a.subject_id
ORDER BY a.id
"""


def tariff_row(tariff: Tariff) -> dict[str, Any]:
    """Return all of a tariff but its id and versions as a row."""
    return {
        "name": tariff.name,
        "currency": tariff.currency,
        "direction": tariff.direction.value,
        "tax_included": tariff.tax_included,
        "rounding_rule": tariff.rounding.rule.value,
        "rounding_decimals": tariff.rounding.decimals,
    }


def version_row(tariff_id: str, version: TariffVersion) -> dict[str, Any]:
    """Return a version as a row."""
    body = msgspec.to_builtins(version)
    for name in _COLUMNS_OF_A_VERSION:
        del body[name]
    return {
        "tariff_id": tariff_id,
        "number": version.number,
        "valid_from": version.valid_from,
        "body": body,
    }


async def load_tariffs(
    connection: AsyncConnection, tariff_ids: Collection[str]
) -> dict[str, Tariff]:
    """Return the tariffs of these ids that there are."""
    if not tariff_ids:
        return {}
    rows = await connection.execute(select(tariffs).where(tariffs.c.id.in_(tariff_ids)))
    found = list(rows.mappings())
    versions: dict[str, list[Mapping[str, Any]]] = {row["id"]: [] for row in found}
    rows = await connection.execute(
        select(tariff_versions)
        .where(tariff_versions.c.tariff_id.in_(list(versions)))
        .order_by(tariff_versions.c.tariff_id, tariff_versions.c.valid_from)
    )
    for row in rows.mappings():
        versions[row["tariff_id"]].append(dict(row))
    return {row["id"]: _tariff(dict(row), versions[row["id"]]) for row in found}


async def load_assignments(
    connection: AsyncConnection, subjects: Mapping[Scope, Collection[str]]
) -> list[Assignment]:
    """Return all assignments to any of these subjects."""
    named = [(scope.value, each) for scope, ids in subjects.items() for each in ids]
    if not named:
        return []
    driver = await driver_of(connection)
    rows = await driver.fetch(_ASSIGNMENTS, *(list(part) for part in zip(*named, strict=True)))
    return [assignment_of(dict(row)) for row in rows]


def assignment_of(row: Mapping[str, Any]) -> Assignment:
    """Return a row of `tariff_assignments` as the core has it."""
    return Assignment(
        tariff_id=row["tariff_id"],
        scope=Scope(row["scope"]),
        subject_id=row["subject_id"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        priority=row["priority"],
    )


def _tariff(row: Mapping[str, Any], versions: Iterable[Mapping[str, Any]]) -> Tariff:
    return Tariff(
        id=row["id"],
        name=row["name"],
        currency=row["currency"],
        versions=tuple(_version(each) for each in versions),
        rounding=Rounding(RoundingRule(row["rounding_rule"]), row["rounding_decimals"]),
        tax_included=row["tax_included"],
        direction=Direction(row["direction"]),
    )


def _version(row: Mapping[str, Any]) -> TariffVersion:
    columns = {name: row[name] for name in _COLUMNS_OF_A_VERSION}
    return msgspec.convert({**row["body"], **columns}, TariffVersion)
