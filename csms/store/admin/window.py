"""A window on a long list: rows after a known one, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

AdminConnection: TypeAlias = AsyncConnection
"""What `Database.begin` lends, for rooms that know no SQL."""
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` rows, behind the one whose order columns hold `after`."""

    limit: int
    after: tuple[Any, ...] | None = None


async def fetch(
    connection: AsyncConnection,
    statement: Select[Any],
    order: Sequence[ColumnElement[Any]],
    window: Window,
    *,
    descending: bool = True,
) -> list[Row]:
    """Return the rows in the window; `order` must be unique."""
    statement = statement.limit(window.limit)
    statement = statement.order_by(*(c.desc() if descending else c.asc() for c in order))
    if window.after is not None:
        here = tuple_(*order)
        there = tuple_(*window.after, types=[column.type for column in order])
        statement = statement.where(here < there if descending else here > there)
    rows = await connection.execute(statement)
    return [dict(row) for row in rows.mappings()]
