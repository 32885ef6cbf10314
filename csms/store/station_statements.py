"""How the records of `csms.services.station_records` become rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from csms.services.station_records import (
    REPEATED_WITHIN,
    BatterySwapEvent,
    DerControl,
    DerControlRun,
    DynamicSchedule,
    EventStream,
    EventStreamProgress,
    Settlement,
    TransactionDetails,
)
from csms.store import station_tables as tables
from csms.store.bulk import Row, Statement, insert, json_text, update

_FIRST_ORDER: Final = 100
"""After the records of transactions, which lead to tables of their own."""


def _names(record: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(record))


def _statement(
    record: type[Any], table: Table, order: int, *, keeps: bool = False, extra: tuple[str, ...] = ()
) -> Statement:
    """Make the statement for records whose fields have the names of the table's columns.

    Without a key of their own rows are added, and repeats ignored; with one they replace the row
    there. `keeps`: what a record does not know stays as it was.
    """
    names = (*_names(record), *extra)
    keys = tuple(column.name for column in table.primary_key)
    columns = tuple(table.c[name] for name in names)
    if not set(keys) <= set(names):
        return Statement(
            table.name, _FIRST_ORDER + order, columns, insert(table, names, ignore=True)
        )
    kept = tuple(name for name in names if name not in keys) if keeps else ()
    places = [names.index(key) for key in keys]
    return Statement(
        table.name,
        _FIRST_ORDER + order,
        columns,
        insert(table, names, replace=True, kept=kept),
        lambda row: tuple(row[place] for place in places),
    )


def _battery_swaps() -> Statement:
    """Make the statement for events without a time of their own: repeats are those told soon."""
    table, names = tables.battery_swaps, (*_names(BatterySwapEvent), "digest")
    columns = ", ".join(f"new.{name}" for name in names)
    seconds = int(REPEATED_WITHIN.total_seconds())
    # Only names of our own columns are put into the text.
    change = f"""INSERT INTO battery_swaps ({", ".join(names)}) SELECT {columns} FROM {{rows}}
        WHERE NOT EXISTS (
            SELECT FROM battery_swaps AS kept
            WHERE kept.charge_point_key = new.charge_point_key AND kept.digest = new.digest
                AND kept.received_at > new.received_at - interval '{seconds} seconds')"""  # noqa: S608
    places = (names.index("charge_point_key"), names.index("digest"))
    return Statement(
        table.name,
        _FIRST_ORDER,
        tuple(table.c[name] for name in names),
        change,
        lambda row: tuple(row[place] for place in places),
    )


_STATEMENTS: Final[dict[type[Any], Statement]] = {
    BatterySwapEvent: _battery_swaps(),
    DerControl: _statement(DerControl, tables.der_controls, 1),
    DerControlRun: _statement(DerControlRun, tables.der_control_runs, 2),
    DynamicSchedule: _statement(DynamicSchedule, tables.dynamic_schedules, 3, keeps=True),
    EventStream: _statement(EventStream, tables.event_streams, 4, keeps=True),
    EventStreamProgress: Statement(
        "event_stream_progress",
        _FIRST_ORDER + 7,
        tuple(tables.event_streams.c[name] for name in _names(EventStreamProgress)),
        update(tables.event_streams, _names(EventStreamProgress), 2),
        lambda row: row[:2],
    ),
    Settlement: _statement(Settlement, tables.settlements, 5, extra=("digest",)),
    TransactionDetails: _statement(TransactionDetails, tables.transaction_details, 6, keeps=True),
}


def _writes(record: Any) -> list[tuple[Statement, Row]]:
    statement = _STATEMENTS[type(record)]
    values = [getattr(record, name) for name in _names(type(record))]
    if isinstance(record, Settlement):
        values.append(_digest(record.told))
    elif isinstance(record, BatterySwapEvent):
        values.append(record.digest)
    row = tuple(
        json_text(value) if isinstance(column.type, JSONB) and value is not None else value
        for column, value in zip(statement.columns, values, strict=True)
    )
    return [(statement, row)]


def _digest(told: dict[str, Any]) -> int:
    content = orjson.dumps(told, default=str, option=orjson.OPT_SORT_KEYS)
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)


WRITES: Final[dict[type[Any], Callable[[Any], list[tuple[Statement, Row]]]]] = dict.fromkeys(
    _STATEMENTS, _writes
)
