"""Room is made before it is needed, old records go, and nothing in between is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.store import partitions
from csms.store.database import Database
from csms.store.partitions import HOUSEKEEPING_LOCK, Housekeeping, Retention, keep_house

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
YEAR_2019 = datetime(2019, 5, 4, tzinfo=UTC)
IN_APRIL_2026 = datetime(2026, 4, 2, tzinfo=UTC)
RETENTION = Retention(meter_values_days=60, message_log_days=7, history_days=30)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def test_partitions_are_made_ahead_for_months_and_days(database: Database) -> None:
    done = await housekeeping(database, NOON)
    assert done.made == [
        "meter_values_y2025m10",
        "meter_values_y2025m11",
        "meter_values_y2025m12",
        "meter_values_y2026m01",
        "message_log_y2025m11d20",
        "message_log_y2025m11d21",
        "message_log_y2025m11d22",
        "message_log_y2025m11d23",
        "message_log_y2025m11d24",
    ]


async def test_a_second_round_finds_nothing_to_do(database: Database) -> None:
    await housekeeping(database, NOON)
    assert await housekeeping(database, NOON) == Housekeeping()


async def test_a_reading_goes_into_the_partition_of_its_month(database: Database) -> None:
    await housekeeping(database, NOON)
    await add_reading(database, NOON)
    assert await place_of_readings(database) == ["meter_values_y2025m11"]


async def test_a_reading_of_a_clock_that_is_years_off_is_kept(database: Database) -> None:
    await housekeeping(database, NOON)
    await add_reading(database, IN_APRIL_2026)
    assert await place_of_readings(database) == ["meter_values_default"]


async def test_readings_move_when_the_partition_of_their_month_is_made(database: Database) -> None:
    await housekeeping(database, NOON)
    await add_reading(database, IN_APRIL_2026)
    await housekeeping(database, NOON + timedelta(days=85))
    assert await place_of_readings(database) == ["meter_values_y2026m04"]


async def test_the_numbers_of_logged_messages_go_on_in_new_partitions(database: Database) -> None:
    await housekeeping(database, NOON)
    for day in range(2):
        await add_log_line(database, NOON + timedelta(days=day))
    async with raw(database) as connection:
        rows = await connection.fetch("SELECT id FROM message_log ORDER BY id")
    assert [row["id"] for row in rows] == [1, 2]


async def test_a_month_of_readings_is_dropped_when_all_of_it_is_too_old(
    database: Database,
) -> None:
    await housekeeping(database, NOON)
    await add_reading(database, datetime(2025, 10, 31, 23, 59, tzinfo=UTC))
    last_day = datetime(2025, 12, 30, 23, tzinfo=UTC)
    assert "meter_values_y2025m10" not in (await housekeeping(database, last_day)).dropped
    done = await housekeeping(database, last_day + timedelta(hours=1))
    assert done.dropped == ["meter_values_y2025m10"]


async def test_a_day_of_the_message_log_is_dropped_when_it_is_too_old(database: Database) -> None:
    await housekeeping(database, NOON)
    done = await housekeeping(database, datetime(2025, 11, 28, tzinfo=UTC))
    assert done.dropped == ["message_log_y2025m11d20"]


async def test_old_readings_outside_all_partitions_are_deleted(database: Database) -> None:
    await add_reading(database, YEAR_2019)
    await add_reading(database, NOON - timedelta(days=59))
    done = await housekeeping(database, NOON)
    assert done.deleted_rows == {"meter_values_default": 1}
    assert len(await place_of_readings(database)) == 1


async def test_old_history_is_deleted_in_bites(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "BITE_ROWS", 10)
    await add_audit_lines(database, NOON - timedelta(days=31), count=25)
    await add_audit_lines(database, NOON - timedelta(days=29), count=3)
    done = await housekeeping(database, NOON)
    assert done.deleted_rows == {"audit_log": 25}


async def test_while_one_node_keeps_house_another_leaves_it_alone(database: Database) -> None:
    async with raw(database) as connection:
        await connection.execute(f"SELECT pg_advisory_lock({HOUSEKEEPING_LOCK})")
        assert await keep_house(database, RETENTION, NOON) is None


async def test_two_nodes_at_once_make_every_partition_once(database: Database) -> None:
    rounds = await asyncio.gather(*(keep_house(database, RETENTION, NOON) for _ in range(3)))
    made = [name for done in rounds if done is not None for name in done.made]
    assert len(made) == len(set(made)) == 9


async def test_a_table_that_is_in_use_is_left_for_the_next_round(database: Database) -> None:
    async with raw(database) as connection, connection.transaction():
        await connection.execute("SELECT FROM message_log_default")
        done = await housekeeping(database, NOON)
        assert done.postponed[0] == "message_log_y2025m11d20"
        assert "meter_values_y2025m11" in done.made
    assert "message_log_y2025m11d20" in (await housekeeping(database, NOON)).made


async def housekeeping(database: Database, now: datetime) -> Housekeeping:
    done = await keep_house(database, RETENTION, now)
    assert done is not None
    return done


@asynccontextmanager
async def raw(database: Database) -> AsyncIterator[Any]:
    connection = await database.open_connection()
    try:
        yield connection
    finally:
        await connection.close()


async def add_reading(database: Database, sampled_at: datetime) -> None:
    async with raw(database) as connection:
        await connection.execute(
            "INSERT INTO meter_values (charge_point_key, sampled_at, evse_id, digest, "
            "connector_id, received_at, context) VALUES (1, $1, 1, 1, 1, now(), '')",
            sampled_at,
        )


async def add_log_line(database: Database, received_at: datetime) -> None:
    async with raw(database) as connection:
        await connection.execute(
            "INSERT INTO message_log (received_at, charge_point_key, ocpp_version, "
            "from_charge_point, outcome) VALUES ($1, 1, 'ocpp1.6', true, 'answered')",
            received_at,
        )


async def add_audit_lines(database: Database, at: datetime, *, count: int) -> None:
    async with raw(database) as connection:
        await connection.execute(
            "INSERT INTO audit_log (at, actor, action, target, data) "
            "SELECT $1, '', '', '', '{}' FROM generate_series(1, $2::int)",
            at,
            count,
        )


async def place_of_readings(database: Database) -> list[str]:
    async with raw(database) as connection:
        rows = await connection.fetch("SELECT tableoid::regclass::text AS place FROM meter_values")
    return [row["place"] for row in rows]
