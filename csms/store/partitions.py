"""Room for what comes, and an end for what is old.

Partitions are made ahead of time, and dropped whole when all they hold has passed its retention;
tables without partitions lose their old rows in small bites. Rows whose time lies outside every
partition (a charger's clock is years off) live in the DEFAULT partition, move when their
partition is made, and are deleted one by one.

Everything may be interrupted and repeated. Among many nodes one does it, and a lock that isn't
free within a moment is left for the next time: housekeeping never holds up the chargers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import asyncpg
from sqlalchemy import Table

from csms.clock import Clock
from csms.store.database import Database, LentConnection, RawConnection, driver_errors_wrapped
from csms.store.load_tables import load_alarms, phase_switches, price_points
from csms.store.provisioning_tables import configuration_jobs, device_reports
from csms.store.tables import (
    audit_log,
    connector_status_history,
    message_log,
    meter_values,
    notifications,
)
from csms.store.tariff_tables import charging_states, withheld_energy

_log = logging.getLogger(__name__)

HOUSEKEEPING_LOCK: Final = 0x6373_6D73_0002
BITE_ROWS: Final = 5000
_MAX_BITES: Final = 200
"""Bites per table and round, so that a first clean-up of years doesn't take hours at once."""
_STATEMENT_TIMEOUT_S: Final = 600.0
HOUSEKEEPING_S: Final = 3600.0
_RETRY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days of each kind of record are kept."""

    meter_values_days: int
    message_log_days: int
    history_days: int


@dataclass(slots=True)
class Housekeeping:
    """What a round did."""

    made: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    deleted_rows: dict[str, int] = field(default_factory=dict)
    postponed: list[str] = field(default_factory=list)
    """What had to wait because somebody held a lock on it."""


@dataclass(frozen=True, slots=True)
class _Partitioned:
    table: Table
    time_column: str
    span: Literal["day", "month"]
    ahead: int

    @property
    def default(self) -> str:
        return f"{self.table.name}_default"

    def wanted(self, now: datetime) -> Iterator[_Partition]:
        """The partition before this one, this one and those ahead."""
        start = self._start_of(self._start_of(now) - timedelta(days=1))
        for _ in range(self.ahead + 2):
            end = self._start_of(start + timedelta(days=1 if self.span == "day" else 31))
            yield _Partition(f"{self.table.name}_{start:{self._suffix}}", start, end)
            start = end

    def end_of(self, partition_name: str) -> datetime | None:
        """Return where a partition made here ends, or None for any other table."""
        suffix = partition_name.removeprefix(f"{self.table.name}_")
        if not re.fullmatch(r"y\d{4}m\d\d(d\d\d)?", suffix):
            return None
        start = datetime.strptime(suffix, self._suffix).replace(tzinfo=UTC)
        return self._start_of(start + timedelta(days=1 if self.span == "day" else 31))

    @property
    def _suffix(self) -> str:
        return "y%Ym%md%d" if self.span == "day" else "y%Ym%m"

    def _start_of(self, moment: datetime) -> datetime:
        midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight if self.span == "day" else midnight.replace(day=1)


@dataclass(frozen=True, slots=True)
class _Partition:
    name: str
    start: datetime
    end: datetime


_METER_VALUES: Final = _Partitioned(meter_values, "sampled_at", "month", ahead=2)
_MESSAGE_LOG: Final = _Partitioned(message_log, "received_at", "day", ahead=3)
_PARTITIONED: Final = (_METER_VALUES, _MESSAGE_LOG)
_HISTORY: Final[Sequence[tuple[Table, str]]] = (
    (connector_status_history, "received_at"),
    (notifications, "received_at"),
    (audit_log, "at"),
    (load_alarms, "cleared_at"),
    (phase_switches, "at"),
    (charging_states, "at"),
    (withheld_energy, "at"),
    (price_points, "starts_at"),
    (device_reports, "requested_at"),
    (configuration_jobs, "updated_at"),
)
"""Limit orders are not among them: who was told to draw less, and when, may be asked for years."""


async def keep_house(
    database: Database, retention: Retention, now: datetime
) -> Housekeeping | None:
    """Make the partitions that are due and remove what has passed its retention.

    Returns None if another node is at it. Raises DatabaseUnavailableError.
    """
    connection = await database.open_connection()
    try:
        with driver_errors_wrapped():
            if not await connection.fetchval(f"SELECT pg_try_advisory_lock({HOUSEKEEPING_LOCK})"):
                return None
            await connection.execute("SET lock_timeout = '2s'")
            return await _keep_house(connection, retention, now)
    finally:
        await connection.close(timeout=5.0)  # its end gives the lock back


async def make_room(database: Database, now: datetime) -> None:
    """Make the partitions that are due, before anything is written.

    Later they are made while others write: that is safe, but rows that move are out of sight of
    a reader who asked a moment before. Raises DatabaseUnavailableError.
    """
    wanted = {each.name for partitioned in _PARTITIONED for each in partitioned.wanted(now)}
    async with database.raw() as lent:
        if wanted <= await _partitions_of(lent, *(each.table for each in _PARTITIONED)):
            return
    connection = await database.open_connection()
    try:
        with driver_errors_wrapped():
            # Another node that is at it makes the same ones.
            await connection.execute(f"SELECT pg_advisory_lock({HOUSEKEEPING_LOCK})")
            await connection.execute("SET lock_timeout = '2s'")
            for partitioned in _PARTITIONED:
                existing = await _partitions_of(connection, partitioned.table)
                await _make_ahead(connection, partitioned, existing, now, Housekeeping())
    finally:
        await connection.close(timeout=5.0)


class Housekeeper:
    """Keeps house now and then, and again soon when something had to wait."""

    def __init__(self, database: Database, retention: Retention, clock: Clock) -> None:
        self._database = database
        self._retention = retention
        self._clock = clock

    async def keep_house(self) -> float | None:
        """Keep house; returns in how many seconds again, if that is soon.

        Raises DatabaseUnavailableError.
        """
        done = await keep_house(self._database, self._retention, self._clock.now())
        return _RETRY_S if done is not None and done.postponed else None


async def _keep_house(
    connection: RawConnection, retention: Retention, now: datetime
) -> Housekeeping:
    done = Housekeeping()
    for partitioned, days in (
        (_METER_VALUES, retention.meter_values_days),
        (_MESSAGE_LOG, retention.message_log_days),
    ):
        cutoff = now - timedelta(days=days)
        existing = await _partitions_of(connection, partitioned.table)
        await _make_ahead(connection, partitioned, existing, now, done)
        await _drop_old(connection, partitioned, existing, cutoff, done)
        await _delete_old(connection, partitioned.default, partitioned.time_column, cutoff, done)
    for table, column in _HISTORY:
        cutoff = now - timedelta(days=retention.history_days)
        await _delete_old(connection, table.name, column, cutoff, done)
    if done.made or done.dropped or done.deleted_rows:
        _log.info(
            "housekeeping: %d partitions made, %d dropped, %d old rows deleted",
            len(done.made),
            len(done.dropped),
            sum(done.deleted_rows.values()),
        )
    return done


async def _partitions_of(connection: RawConnection | LentConnection, *tables: Table) -> set[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = ANY($1::text[]::regclass[])",
        [table.name for table in tables],
    )
    return {row["relname"] for row in rows}


async def _make_ahead(
    connection: RawConnection,
    partitioned: _Partitioned,
    existing: set[str],
    now: datetime,
    done: Housekeeping,
) -> None:
    for partition in partitioned.wanted(now):
        if partition.name not in existing:
            try:
                await _make(connection, partitioned, partition)
            except asyncpg.LockNotAvailableError:
                done.postponed.append(partition.name)
                return  # the others need the same lock
            done.made.append(partition.name)


async def _make(
    connection: RawConnection, partitioned: _Partitioned, partition: _Partition
) -> None:
    """Attach a new table: unlike CREATE ... PARTITION OF this lets others write meanwhile."""
    parent, default = partitioned.table.name, partitioned.default
    columns = ", ".join(column.name for column in partitioned.table.columns)
    start, end = f"'{partition.start.isoformat()}'", f"'{partition.end.isoformat()}'"
    within = f"{partitioned.time_column} >= {start} AND {partitioned.time_column} < {end}"
    make = (
        f"CREATE TABLE {partition.name} (LIKE {parent} INCLUDING DEFAULTS "
        "INCLUDING CONSTRAINTS INCLUDING INDEXES INCLUDING STORAGE)"
    )
    move = (
        f"WITH moved AS (DELETE FROM {default} WHERE {within} RETURNING {columns}) "  # noqa: S608
        f"INSERT INTO {partition.name} ({columns}) SELECT {columns} FROM moved"
    )
    attach = (
        f"ALTER TABLE {parent} ATTACH PARTITION {partition.name} "
        f"FOR VALUES FROM ({start}) TO ({end})"
    )
    async with connection.transaction():
        for step in (make, f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE", move, attach):
            await connection.execute(step, timeout=_STATEMENT_TIMEOUT_S)


async def _drop_old(
    connection: RawConnection,
    partitioned: _Partitioned,
    existing: set[str],
    cutoff: datetime,
    done: Housekeeping,
) -> None:
    for name in sorted(existing):
        end = partitioned.end_of(name)
        if end is not None and end <= cutoff:
            try:
                await connection.execute(f"DROP TABLE {name}")
            except asyncpg.LockNotAvailableError:
                done.postponed.append(name)
                return
            done.dropped.append(name)


async def _delete_old(
    connection: RawConnection, table: str, time_column: str, cutoff: datetime, done: Housekeeping
) -> None:
    statement = (
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("  # noqa: S608 - names from tables.py
        f"SELECT ctid FROM {table} WHERE {time_column} < $1 LIMIT {BITE_ROWS}))"
    )
    for _ in range(_MAX_BITES):
        status = await connection.execute(statement, cutoff, timeout=_STATEMENT_TIMEOUT_S)
        deleted = int(status.rpartition(" ")[2])
        if deleted:
            done.deleted_rows[table] = done.deleted_rows.get(table, 0) + deleted
        if deleted < BITE_ROWS:
            return
    done.postponed.append(table)
