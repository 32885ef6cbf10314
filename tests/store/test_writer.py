"""Group commit on a real PostgreSQL: durable before done, nothing lost, nothing written twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
from store.running_store import RunningStore, running_store

from csms.errors import RecordRefusedError
from csms.model import ConnectorStatus, Flag, MeterValue, OcppVersion, Place, RegistrationStatus
from csms.services.charge_point import ChargePoint, Connector
from csms.services.records import (
    ConnectorReport,
    LoggedMessage,
    MeterValueRecord,
    Notification,
    VariableValue,
)
from csms.services.station_records import BatterySwapEvent
from csms.services.transactions.model import RegisterRun, Transaction

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


async def known_charge_point(store: RunningStore, identity: str = "CP-1") -> ChargePoint:
    return await store.live.create(identity, RegistrationStatus.ACCEPTED, NOON)


def meter_value(charge_point: ChargePoint, minute: int, wh: int = 1500) -> MeterValueRecord:
    at = NOON + timedelta(minutes=minute)
    value = MeterValue(sampled_at=at, energy_wh=Decimal(wh), current_l1_a=16.0)
    return MeterValueRecord(charge_point.key, 1, 1, 7, at, value)


def transaction(charge_point: ChargePoint, number: int = 1) -> Transaction:
    return Transaction(
        id=number,
        charge_point_key=charge_point.key,
        evse_id=1,
        connector_id=1,
        ocpp_version=OcppVersion.V16,
        ocpp_transaction_id=str(number),
        started_at=NOON,
        id_token="CARD",
        meter_start_wh=Decimal("1000.5"),
        start_received_at=NOON,
    )


async def test_a_reading_is_in_the_database_when_its_commit_is_done(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        await store.writer.commit(meter_value(charge_point, 0))
        (row,) = await store.rows("SELECT * FROM meter_values")
        assert (row["energy_wh"], row["current_l1_a"], row["transaction_id"]) == (1500, 16.0, 7)


async def test_many_chargers_share_one_commit(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        before = store.metric("csms_commit_rows_count")
        await asyncio.gather(
            *(store.writer.commit(meter_value(charge_point, m)) for m in range(90))
        )
        assert len(await store.rows("SELECT 1 FROM meter_values")) == 90
        assert store.metric("csms_commit_rows_count") - before == 1


async def test_a_reading_sent_twice_is_kept_once(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        await store.writer.commit(meter_value(charge_point, 0))
        await store.writer.commit(meter_value(charge_point, 0))
        assert len(await store.rows("SELECT 1 FROM meter_values")) == 1


async def test_a_battery_swap_is_kept_again_only_after_a_day(database_url: str) -> None:
    """What was sent twice around a restart is one event; the same next week is another."""
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        for hours in (0, 0, 5, 24 * 7):
            swap = BatterySwapEvent(
                charge_point_key=charge_point.key,
                event="BatteryIn",
                received_at=NOON + timedelta(hours=hours),
                request_id=7,
                batteries=({"serialNumber": "B-1"},),
            )
            await store.writer.commit(swap, swap)
        kept = await store.rows("SELECT received_at FROM battery_swaps ORDER BY id")
        assert [row["received_at"] - NOON for row in kept] == [timedelta(), timedelta(days=7)]


async def test_two_readings_of_one_moment_are_both_kept(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        first, second = meter_value(charge_point, 0, 1500), meter_value(charge_point, 0, 1501)
        await store.writer.commit(first, second)
        assert len(await store.rows("SELECT 1 FROM meter_values")) == 2


async def test_a_reading_from_a_clock_years_off_is_kept(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        record = meter_value(charge_point, 0)
        record.meter_value.sampled_at = NOON.replace(year=2044)
        await store.writer.commit(record)
        assert len(await store.rows("SELECT 1 FROM meter_values")) == 1


async def test_the_newest_state_of_a_transaction_is_the_one_kept(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        running = transaction(charge_point)
        first = store.writer.commit(running)
        running.stopped_at = NOON + timedelta(hours=1)
        running.energy_wh = Decimal("7000.25")
        running.flags = {Flag.OFFLINE, Flag.CLOCK_WRONG}
        await asyncio.gather(first, store.writer.commit(running))
        (row,) = await store.rows("SELECT * FROM transactions")
        assert row["stopped_at"] == NOON + timedelta(hours=1)
        assert row["energy_wh"] == Decimal("7000.25")
        assert sorted(row["flags"]) == ["clock_wrong", "offline"]


async def test_a_transaction_comes_back_after_a_restart_with_its_evidence(
    database_url: str,
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        running = transaction(charge_point)
        run = RegisterRun(NOON, Decimal("1000.5"), NOON + timedelta(minutes=1), Decimal(1200), 2)
        running.runs = [run]
        running.seen_seq = [(0, 3), (5, 5)]
        running.last_seq = 5
        run.second_at, run.second_wh = NOON + timedelta(seconds=30), Decimal("1100.5")
        running.start_corrected = True
        running.claimed_id = "-1"
        await store.writer.commit(running)
        loaded = await store.live.load("cp-1")
        assert loaded is not None
        assert loaded.open_transactions == {1: running}


async def test_readings_newer_than_the_saved_transaction_count_after_a_crash(
    database_url: str,
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        running = transaction(charge_point, 7)
        await store.writer.commit(running)
        await store.writer.commit(meter_value(charge_point, 1, 1200), meter_value(charge_point, 2))
        loaded = await store.live.load("CP-1")
        assert loaded is not None
        (run,) = loaded.open_transactions[7].runs
        assert (int(run.first_wh), int(run.last_wh), run.count) == (1200, 1500, 2)


async def test_one_record_that_cannot_be_stored_fails_alone(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        stranger = Notification(9999, "boot", "info", "nobody", {}, NOON, NOON)
        results = await asyncio.gather(
            store.writer.commit(meter_value(charge_point, 0)),
            store.writer.commit(stranger),
            store.writer.commit(meter_value(charge_point, 1)),
            return_exceptions=True,
        )
        assert [type(r) for r in results] == [type(None), RecordRefusedError, type(None)]
        assert len(await store.rows("SELECT 1 FROM meter_values")) == 2
        assert store.metric("csms_commit_failures_total", why="refused") == 1


async def test_a_transaction_with_absurd_values_is_mended_and_kept(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        odd = transaction(charge_point)
        odd.stop_id_token = "CA\x00RD"
        odd.connector_id = 2**40
        odd.meter_stop_wh = Decimal(10) ** 20
        await store.writer.commit(odd)
        (row,) = await store.rows("SELECT * FROM transactions")
        assert row["stop_id_token"] == "CARD"
        assert row["connector_id"] == 2**31 - 1
        assert row["meter_stop_wh"] is None


async def test_a_reading_is_kept_while_the_partition_of_its_month_is_made(
    database_url: str,
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        other = await asyncpg.connect(database_url)
        async with other.transaction():
            await other.execute("CREATE TABLE june (LIKE meter_values INCLUDING ALL)")
            await other.execute("LOCK TABLE meter_values_default IN ACCESS EXCLUSIVE MODE")
            saving = asyncio.ensure_future(store.writer.commit(meter_value(charge_point, 0)))
            while not await other.fetchval(
                "SELECT count(*) FROM pg_locks "
                "WHERE relation = 'meter_values_default'::regclass AND NOT granted"
            ):
                await asyncio.sleep(0.01)
            await other.execute(
                "ALTER TABLE meter_values ATTACH PARTITION june "
                "FOR VALUES FROM ('2026-06-01') TO ('2026-07-01')"
            )
        await other.close()
        await saving
        (row,) = await store.rows("SELECT tableoid::regclass::text AS place FROM meter_values")
        assert row["place"] == "june"


async def test_while_the_database_is_away_commits_wait_and_then_succeed(
    database_url: str, database_server: str
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        await store.writer.commit(meter_value(charge_point, 0))
        async with away(database_url, database_server):
            waiting = asyncio.ensure_future(store.writer.commit(meter_value(charge_point, 1)))
            await until_metric(store, "csms_commit_failures_total", why="unavailable")
            assert not waiting.done()
        await asyncio.wait_for(waiting, 20)
        assert len(await store.rows("SELECT 1 FROM meter_values")) == 2


async def test_a_writer_can_be_stopped_while_the_database_is_away(
    database_url: str, database_server: str
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        await store.writer.commit(meter_value(charge_point, 0))
        async with away(database_url, database_server):
            waiting = asyncio.ensure_future(store.writer.commit(meter_value(charge_point, 1)))
            await until_metric(store, "csms_commit_failures_total", why="unavailable")
            await asyncio.wait_for(store.writer.stop(), 5)
            assert not waiting.done()  # nobody is told that it was stored


@asynccontextmanager
async def away(database_url: str, database_server: str) -> AsyncIterator[None]:
    """Cut everybody off from the database for a while."""
    name = database_url.split("@/", 1)[1].split("?", 1)[0]
    admin = await asyncpg.connect(database_server)
    try:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
        )
        yield
    finally:
        await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        await admin.close()


async def until_metric(store: RunningStore, name: str, **labels: str) -> None:
    async with asyncio.timeout(10):
        while not store.metric(name, **labels):
            await asyncio.sleep(0.01)


async def test_a_connectors_status_is_kept_with_its_history(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        for minute, status in enumerate((ConnectorStatus.AVAILABLE, ConnectorStatus.CHARGING)):
            at = NOON + timedelta(minutes=minute)
            connector = Connector(status, at, "NoError")
            report = ConnectorReport(charge_point.key, Place(1), connector, at)
            await store.writer.commit(report)
        (now,) = await store.rows("SELECT status FROM connectors")
        history = await store.rows("SELECT status FROM connector_status_history ORDER BY id")
        assert now["status"] == "Charging"
        assert [row["status"] for row in history] == ["Available", "Charging"]


async def test_a_variable_reported_again_replaces_its_value(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        for value in ("300", "600"):
            await store.writer.commit(
                VariableValue(charge_point.key, "OCPPCommCtrlr", "HeartbeatInterval", value, NOON)
            )
        (row,) = await store.rows("SELECT value FROM variables")
        assert row["value"] == "600"


async def test_what_was_left_for_later_is_written_before_the_writer_ends(
    database_url: str,
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        charge_point.vendor = "Wallbox"
        store.writer.later(charge_point)
    async with running_store(database_url) as store:
        loaded = await store.live.load("CP-1")
        assert loaded is not None
        assert loaded.vendor == "Wallbox"


async def test_the_message_log_keeps_both_sides_of_an_exchange(database_url: str) -> None:
    message = LoggedMessage(
        charge_point_key=1,
        received_at=NOON,
        ocpp_version="ocpp1.6",
        from_charge_point=True,
        message_id="42",
        action="Heartbeat",
        request='[2,"42"]',
        response='[3,"4\x002"]',
        outcome="answered",
        repairs=("wrapped_array",),
        duration_s=0.004,
    )
    async with running_store(database_url) as store:
        store.writer.log(message)
    async with running_store(database_url) as store:
        (row,) = await store.rows("SELECT * FROM message_log")
        assert (row["request"], row["response"]) == ('[2,"42"]', '[3,"4\\u00002"]')
        assert row["repairs"] == ["wrapped_array"]


async def test_one_charge_point_that_talks_without_end_fills_its_own_share_of_the_log(
    database_url: str,
) -> None:
    def said_by(charge_point_key: int) -> LoggedMessage:
        return LoggedMessage(
            charge_point_key=charge_point_key,
            received_at=NOON,
            ocpp_version="ocpp1.6",
            from_charge_point=True,
            message_id="1",
            action="DataTransfer",
            request="x" * 400,
            response=None,
            outcome="ok",
        )

    async with running_store(database_url, log_chars_per_day=1000) as store:
        for charge_point_key in (1, 1, 1, 1, 2):
            store.writer.log(said_by(charge_point_key))
        assert store.metric("csms_message_log_dropped_total") == 2
    async with running_store(database_url) as store:
        rows = await store.rows("SELECT charge_point_key FROM message_log ORDER BY 1")
        assert [row["charge_point_key"] for row in rows] == [1, 1, 2]


@pytest.mark.parametrize("status", [RegistrationStatus.PENDING, RegistrationStatus.REJECTED])
async def test_saving_a_charge_point_never_undoes_what_the_operator_decided(
    database_url: str, status: RegistrationStatus
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        async with store.database.raw() as connection:
            await connection.execute(
                "UPDATE charge_points SET registration_status = $1", status.value
            )
        await store.writer.commit(charge_point)
        loaded = await store.live.load("CP-1")
        assert loaded is not None
        assert loaded.registration_status is status


async def test_a_value_asked_for_alone_leaves_what_a_report_told_of_the_variable(
    database_url: str,
) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        told = VariableValue(
            charge_point.key,
            "EVSE",
            "Power",
            "11000",
            NOON,
            mutability="ReadOnly",
            characteristics={"unit": "W"},
        )
        await store.writer.commit(told)
        asked = VariableValue(charge_point.key, "EVSE", "Power", "22000", NOON)
        await store.writer.commit(asked)
        (row,) = await store.rows("SELECT value, mutability, characteristics FROM variables")
    assert (row["value"], row["mutability"]) == ("22000", "ReadOnly")
    assert row["characteristics"] is not None


async def test_a_message_without_anything_to_keep_waits_for_nothing(database_url: str) -> None:
    async with running_store(database_url) as store:
        await asyncio.wait_for(store.writer.commit(), 5)


async def test_records_of_every_kind_are_kept_together(database_url: str) -> None:
    async with running_store(database_url) as store:
        charge_point = await known_charge_point(store)
        charge_point.vendor = 'Ä "quoted" \\ vendor'
        ended = transaction(charge_point)
        ended.flags = {Flag.OFFLINE, Flag.DUPLICATE}
        notice = Notification(charge_point.key, "kind", "info", "text", {"a": [1]}, NOON, NOON)
        await store.writer.commit(charge_point, ended, meter_value(charge_point, 0), notice)
        (kept,) = await store.rows("SELECT vendor FROM charge_points")
        assert kept["vendor"] == 'Ä "quoted" \\ vendor'
        (kept,) = await store.rows("SELECT flags, meter_start_wh, started_at FROM transactions")
        assert tuple(kept.values()) == (["duplicate", "offline"], Decimal("1000.5"), NOON)
        (kept,) = await store.rows("SELECT data->'a'->>0 AS a FROM notifications")
        assert kept["a"] == "1"
        assert len(await store.rows("SELECT * FROM meter_values")) == 1
