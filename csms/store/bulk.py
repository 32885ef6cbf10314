"""Statements that write any number of rows at once, and several of them in one exchange.

The rows go to PostgreSQL as one JSON text: that costs a fraction of a message for each row, here
and there. Numbers, times and texts come out of it exactly as they went in.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import Column, Table, make_url
from sqlalchemy.dialects.postgresql import JSONB

Row: TypeAlias = tuple[Any, ...]

_DIALECT: Final = make_url("postgresql+asyncpg://").get_dialect()()


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement for any number of rows; of rows with the same key only the last may be given."""

    name: str
    order: int
    columns: tuple[Column[Any], ...]
    change: str
    """What it does with the rows of `new`."""
    key: Callable[[Row], Hashable] | None = None

    def sql(self, parameter: int) -> str:
        """The statement's text; the parameter of this number holds the rows from `dump`."""
        fields = list(zip(_FIELDS, self.columns, strict=False))
        types = ", ".join(f"{field} {_type_in_json(column)}" for field, column in fields)
        values = ", ".join(
            f"{field}::jsonb AS {column.name}"
            if isinstance(column.type, JSONB)
            else f"{field} AS {column.name}"
            for field, column in fields
        )
        # Only names of our own tables are put into the text; values are parameters.
        rows = f"(SELECT {values} FROM json_to_recordset(${parameter}::json) AS r({types})) AS new"  # noqa: S608
        return self.change.format(rows=rows)


_FIELDS: Final = tuple(f"c{number}" for number in range(64))
"""Short names of columns in JSON, by their number."""


def _type_in_json(column: Column[Any]) -> str:
    """A column's type; values of JSON columns are texts by now."""
    return "text" if isinstance(column.type, JSONB) else column.type.compile(_DIALECT)


def json_text(value: object) -> str:
    """Write one value for a column of JSON; what JSON does not know becomes text."""
    return orjson.dumps(value, default=str).decode()


def dump(rows: Iterable[Row]) -> str:
    """Write rows as the parameter of their statement."""
    return orjson.dumps(
        [dict(zip(_FIELDS, row, strict=False)) for row in rows], default=str
    ).decode()


Write: TypeAlias = tuple[Statement, Row]
"""A row and what writes it."""


@cache
def joined(statements: tuple[Statement, ...]) -> str:
    """Join statements into one, which is a transaction by itself; a parameter for each."""
    *others, last = (each.sql(number) for number, each in enumerate(statements, 1))
    if not others:
        return last
    parts = ", ".join(f"part{number} AS ({sql})" for number, sql in enumerate(others))
    return f"WITH {parts} {last}"


def insert(
    table: Table,
    names: tuple[str, ...],
    *,
    replace: bool = False,
    ignore: bool = False,
    kept: tuple[str, ...] = (),
) -> str:
    """Replaced rows keep their `kept` columns where the new row has nothing there."""
    columns = ", ".join(names)
    sql = f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM {{rows}}"  # noqa: S608
    keys = [column.name for column in table.primary_key]
    if replace:
        new = {name: f"EXCLUDED.{name}" for name in names if name not in keys}
        new |= {name: f"COALESCE(EXCLUDED.{name}, {table.name}.{name})" for name in kept}
        sets = ", ".join(f"{name} = {value}" for name, value in new.items())
        return f"{sql} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
    return f"{sql} ON CONFLICT DO NOTHING" if ignore else sql


def update(table: Table, names: tuple[str, ...], keys: int) -> str:
    """Update by the first `keys` columns."""
    sets = ", ".join(f"{name} = new.{name}" for name in names[keys:])
    where = " AND ".join(f"{table.name}.{name} = new.{name}" for name in names[:keys])
    return f"UPDATE {table.name} SET {sets} FROM {{rows}} WHERE {where}"  # noqa: S608
