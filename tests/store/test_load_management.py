"""What load management keeps outlives the server, and one node alone steers a site."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from csms.metrics import Metrics
from csms.services.load_management.alarms import Alarms
from csms.services.load_management.keeper import Keeper
from csms.services.load_management.ports import (
    CircuitReading,
    EvseMemory,
    LoadAlarm,
    LoadManagementStore,
    PhaseSwitch,
)
from csms.smart_charging.grid import EvseKey, GridSignal, Mode, Network, PerPhase
from csms.smart_charging.wishes import ChargingNeed, ModeSettings, SolarPlusSettings
from csms.store.database import Database
from csms.store.installations import mode_columns
from csms.store.load_management import LoadStore

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
KEY = EvseKey("CP-1", 1)
SOLAR = ModeSettings(
    mode=Mode.SOLAR_PLUS,
    solar_plus=SolarPlusSettings(floor="50%", solar_share=0.6),
    time_plan=((Mode.LOCK,) * 24,) * 7,
    phases="1",
)


class StoppedClock:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0


@dataclass
class Node:
    database: Database
    store: LoadStore

    async def execute(self, query: str, *parameters: object) -> None:
        async with self.database.raw() as connection:
            await connection.execute(query, *parameters)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        async with self.database.raw() as connection:
            return [dict(row) for row in await connection.fetch(query)]


@asynccontextmanager
async def node(url: str) -> AsyncIterator[Node]:
    database = Database(url)
    store = LoadStore(database, StoppedClock())
    try:
        yield Node(database, store)
    finally:
        await store.close()
        await database.close()


async def set_up(node: Node, site_id: str = "home") -> None:
    """A site with two circuits and one EVSE."""
    await node.execute(
        "INSERT INTO sites (id, name, network, voltage_v, time_zone, max_meter_age_s, slot_s, "
        "strict_priority, battery_counts_as_surplus) "
        "VALUES ($1, 'Home', 'three_phase', 230, 'Europe/Lisbon', 60, 900, false, true)",
        site_id,
    )
    await node.execute(
        "INSERT INTO circuits (id, site_id, name, breaker_a, margin, assumed_load_a, "
        "signal_failsafe_power_w, signal_heartbeat_timeout_s, signal_failsafe_duration_s, "
        "signal_at) VALUES ('main', $1, 'Main', '{63,63,63}', 0.1, '{20,20,20}', "
        "4200, 120, 7200, $2)",
        site_id,
        NOON,
    )
    await node.execute(
        "INSERT INTO circuits (id, site_id, parent_id, name, breaker_a, operating_limit_a, margin, "
        "assumed_load_a) VALUES ('garage', $1, 'main', 'Garage', '{32,32,32}', '{25,25,20}', 0, "
        "'{0,0,0}')",
        site_id,
    )
    await node.execute(
        "INSERT INTO charge_points (id, registration_status, site_id) "
        "VALUES ('CP-1', 'accepted', $1)",
        site_id,
    )
    columns = mode_columns(SOLAR)
    await node.execute(
        "INSERT INTO evses SELECT key, 1, 'garage', 'STR', 32, 6, 1, 'A', true, true, 1, 2, $1, $2 "
        "FROM charge_points",
        columns["mode"],
        orjson.dumps(columns["mode_settings"]).decode(),
    )


async def test_a_site_is_read_whole(database_url: str) -> None:
    async with node(database_url) as one:
        await set_up(one)
        steered = await one.store.load("home")
        assert steered is not None
        site = steered.site
        assert (site.network, site.time_zone) == (Network.THREE_PHASE, "Europe/Lisbon")
        assert site.battery_counts_as_surplus
        garage, main = site.circuits
        assert (garage.parent_id, main.parent_id) == ("main", None)
        assert garage.limit_a == PerPhase(25, 25, 20)
        assert main.signal == GridSignal(failsafe_power_w=4200)
        (evse,) = site.evses
        assert (evse.key, str(evse.wiring), evse.weight) == (KEY, "L2L3L1", 2)
        assert steered.modes == {KEY: SOLAR}
        assert steered.signal_at == {"main": NOON}
        assert await one.store.site_versions() == {"home": steered.version}


async def test_a_site_that_is_gone_is_none(database_url: str) -> None:
    async with node(database_url) as one:
        assert await one.store.load("home") is None
        assert await one.store.site_versions() == {}


async def test_the_latest_reading_of_a_circuit_stays(database_url: str) -> None:
    def reading(minute: int, amps: float, circuit_id: str = "main") -> CircuitReading:
        at = NOON + timedelta(minutes=minute)
        return CircuitReading(
            circuit_id=circuit_id,
            measured_at=at,
            current_a=PerPhase(amps, 0, -amps),
            battery_w=-500.0,
        )

    async with node(database_url) as one:
        await set_up(one)
        await one.store.keep_readings([reading(2, 12.0), reading(1, 11.0), reading(0, 1.0, "gone")])
        await one.store.keep_readings([reading(0, 10.0)])
        steered = await one.store.load("home")
        assert steered is not None
        assert steered.readings == [reading(2, 12.0)]
        assert steered.site.circuit("main").has_meter
        assert not steered.site.circuit("garage").has_meter


async def test_orders_that_are_over_or_cancelled_are_not_read(database_url: str) -> None:
    order = (
        "INSERT INTO limit_orders (site_id, circuit_id, starts_at, ends_at, limit_a, power_w, "
        "reason, source, created_by, cancelled_at) "
        "VALUES ('home', 'main', $1, $2, $3, $4, $5, 'operator', 'tests', $6)"
    )
    hour = timedelta(hours=1)
    async with node(database_url) as one:
        await set_up(one)
        await one.execute(order, NOON - hour, NOON, None, 1000, "over", None)
        await one.execute(order, NOON - hour, None, None, 1000, "cancelled", NOON)
        await one.execute(order, NOON + hour, None, [10, 10, 10], None, "later", None)
        await one.execute(order, NOON - hour, NOON + hour, None, 4200, "now", None)
        steered = await one.store.load("home")
        assert steered is not None
        assert [found.reason for found in steered.orders] == ["now", "later"]
        assert steered.orders[1].limit_a == PerPhase(10, 10, 10)
        assert steered.orders[0].power_w == 4200


async def test_what_an_evse_holds_is_remembered(database_url: str) -> None:
    first = EvseMemory(key=KEY, standing_a=6.0, strategy={"unit": "W"})
    latest = replace(first, last_limit_a=16.0, last_limit_at=NOON, phases=1, switches=2)
    unknown = EvseMemory(key=EvseKey("CP-9", 1))
    async with node(database_url) as one:
        await set_up(one)
        await one.store.remember([first, unknown])
        await one.store.remember([latest])
        steered = await one.store.load("home")
        assert steered is not None
        assert steered.memories == {KEY: latest}


async def test_needs_of_open_transactions_are_read(database_url: str) -> None:
    transaction = (
        "INSERT INTO transactions (id, charge_point_key, evse_id, connector_id, ocpp_version, "
        "ocpp_transaction_id, started_at, stopped_at, updated_at) "
        "SELECT $1, key, 1, 1, 'ocpp1.6', '1', $2, $3, $2 FROM charge_points"
    )
    async with node(database_url) as one:
        await set_up(one)
        await one.execute(transaction, 1, NOON, NOON)
        await one.execute(transaction, 2, NOON, None)
        await one.execute(
            "INSERT INTO charging_needs (transaction_id, departure_at, energy_wh) "
            "SELECT n, $1, 12000 FROM generate_series(1, 2) n",
            NOON,
        )
        steered = await one.store.load("home")
        assert steered is not None
        assert steered.needs == {2: ChargingNeed(departure_at=NOON, energy_wh=12_000)}


async def test_what_cars_drew_in_the_last_minute_is_read(database_url: str) -> None:
    transaction = (
        "INSERT INTO transactions (id, charge_point_key, evse_id, connector_id, ocpp_version, "
        "ocpp_transaction_id, started_at, updated_at) "
        "SELECT 1, key, 1, 1, 'ocpp1.6', '1', $1, $1 FROM charge_points"
    )
    reading = (
        "INSERT INTO meter_values (charge_point_key, sampled_at, evse_id, digest, connector_id, "
        "transaction_id, received_at, context, current_l1_a, energy_wh) "
        "SELECT key, $1, 1, $2, 1, 1, $1, 'Sample.Periodic', $3, 5 FROM charge_points"
    )
    async with node(database_url) as one:
        await set_up(one)
        await one.execute(transaction, NOON - timedelta(hours=1))
        for ago_s, current_a in [(70, 16.0), (30, 6.0), (20, 7.0), (10, None), (-60, 32.0)]:
            await one.execute(reading, NOON - timedelta(seconds=ago_s), ago_s, current_a)
        steered = await one.store.load("home")
        assert steered is not None
        assert {key: value.current_l1_a for key, value in steered.drawn.items()} == {KEY: 7.0}


async def test_an_alarm_is_raised_once_and_cleared(database_url: str) -> None:
    alarm = LoadAlarm(
        site_id="home",
        kind="meter_silent",
        subject="main",
        severity="warning",
        message="silent for 60 s",
        at=NOON,
    )
    later = NOON + timedelta(minutes=1)
    async with node(database_url) as one:
        await set_up(one)
        await one.store.raise_alarm(alarm)
        await one.store.raise_alarm(replace(alarm, message="silent for 120 s", at=later))
        await one.store.clear_alarm("home", "meter_silent", "main", later)
        await one.store.raise_alarm(alarm)
        rows = await one.rows("SELECT * FROM load_alarms ORDER BY id")
    assert [(row["message"], row["raised_at"], row["cleared_at"]) for row in rows] == [
        ("silent for 120 s", NOON, later),
        ("silent for 60 s", NOON, None),
    ]


async def test_active_alarms_are_read_with_the_site(database_url: str) -> None:
    active = LoadAlarm(
        site_id="home", kind="offline", subject="CP-1/1", severity="warning", message="m", at=NOON
    )
    async with node(database_url) as one:
        await set_up(one)
        for alarm in (active, replace(active, kind="meter_silent")):
            await one.store.raise_alarm(alarm)
        await one.store.clear_alarm("home", "meter_silent", "CP-1/1", NOON)
        steered = await one.store.load("home")
        assert steered is not None
        assert steered.alarms == [active]


async def test_an_alarm_that_is_over_when_another_takes_over_is_cleared(database_url: str) -> None:
    alarm = LoadAlarm(
        site_id="home", kind="offline", subject="CP-1/1", severity="warning", message="m", at=NOON
    )
    async with node(database_url) as one:
        await set_up(one)
        await one.store.raise_alarm(alarm)
        metrics = Metrics()
        keeper = Keeper(one.store, metrics)
        alarms = Alarms("home", keeper, metrics)
        steered = await one.store.load("home")
        assert steered is not None
        alarms.take_over(steered.alarms)
        alarms.update((), NOON)
        await keeper.flush()
        assert [row["cleared_at"] for row in await one.rows("SELECT * FROM load_alarms")] == [NOON]


async def test_an_alarm_of_a_site_that_is_gone_is_dropped(database_url: str) -> None:
    alarm = LoadAlarm(site_id="gone", kind="k", subject="s", severity="info", message="m", at=NOON)
    async with node(database_url) as one:
        await one.store.raise_alarm(alarm)
        assert await one.rows("SELECT * FROM load_alarms") == []


async def test_what_was_learned_of_a_model_counts_for_its_other_firmwares(
    database_url: str,
) -> None:
    async with node(database_url) as one:
        assert await one.store.recall_strategy("ACME", "One", "1.0") is None
        await one.store.learn_strategy("ACME", "One", "1.0", {"unit": "A"})
        await one.store.learn_strategy("ACME", "One", "2.0", {"unit": "W"})
        await one.store.learn_strategy("ACME", "One", "1.0", {"unit": "A", "stack_level": 0})
        assert await one.store.recall_strategy("ACME", "One", "2.0") == {"unit": "W"}
        newest = {"unit": "A", "stack_level": 0}
        assert await one.store.recall_strategy("ACME", "One", "3.0") == newest
        assert await one.store.recall_strategy("ACME", "One", None) == newest
        assert await one.store.recall_strategy("ACME", "Two", "1.0") is None


async def test_switches_between_one_and_three_phases_are_logged(database_url: str) -> None:
    switch = PhaseSwitch(key=KEY, at=NOON, from_phases=3, to_phases=1, reason="little sun")
    async with node(database_url) as one:
        await set_up(one)
        await one.store.log_switch(switch)
        (row,) = await one.rows("SELECT * FROM phase_switches")
    assert (row["from_phases"], row["to_phases"], row["reason"]) == (3, 1, "little sun")


async def test_of_two_nodes_one_holds_a_site(database_url: str) -> None:
    async with node(database_url) as one, node(database_url) as two:
        async with one.store.hold_site("home") as first, two.store.hold_site("home") as second:
            assert (first, second) == (True, False)
            assert await one.store.still_held("home")
            assert not await two.store.still_held("home")
            async with two.store.hold_site("other") as other:
                assert other
        assert not await one.store.still_held("home")
        async with two.store.hold_site("home") as afterwards:
            assert afterwards


async def test_a_node_holds_a_site_once(database_url: str) -> None:
    async with node(database_url) as one, one.store.hold_site("home") as first:
        async with one.store.hold_site("home") as second:
            assert (first, second) == (True, False)
        assert await one.store.still_held("home")


async def kill_lock_holders(node: Node) -> None:
    """End the connections that hold advisory locks, as if their machine had died."""
    await node.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )


async def test_another_node_takes_over_when_the_holder_dies(database_url: str) -> None:
    async with (
        node(database_url) as one,
        node(database_url) as two,
        one.store.hold_site("home") as first,
    ):
        assert first
        await kill_lock_holders(two)
        await until_taken(two)
        assert not await one.store.still_held("home")


async def until_taken(node: Node) -> None:
    async with asyncio.timeout(5):
        while True:
            async with node.store.hold_site("home") as taken:
                if taken:
                    assert await node.store.still_held("home")
                    return
            await asyncio.sleep(0.05)


async def test_who_lost_a_site_does_not_give_it_back_for_who_has_it_now(database_url: str) -> None:
    async with node(database_url) as one, node(database_url) as two:
        async with one.store.hold_site("home") as first:
            assert first
            await kill_lock_holders(two)
            assert not await one.store.still_held("home")
            again = one.store.hold_site("home")
            assert await again.__aenter__()
        assert await one.store.still_held("home")
        async with two.store.hold_site("home") as other:
            assert not other
        await again.__aexit__(None, None, None)


async def test_while_the_database_is_away_no_site_is_held() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing", connect_timeout_s=1.0)
    store: LoadManagementStore = LoadStore(database, StoppedClock())
    async with store.hold_site("home") as held:
        assert not held
    assert not await store.still_held("home")
    await database.engine.dispose()


async def test_what_a_car_tells_is_kept_beside_what_its_driver_told(database_url: str) -> None:
    transaction = (
        "INSERT INTO transactions (id, charge_point_key, evse_id, connector_id, ocpp_version, "
        "ocpp_transaction_id, started_at, updated_at) "
        "SELECT 1, key, 1, 1, 'ocpp2.0.1', '1', $1, $1 FROM charge_points"
    )
    async with node(database_url) as one:
        await set_up(one)
        await one.execute(transaction, NOON)
        await one.store.keep_need(1, ChargingNeed(departure_at=NOON, energy_wh=9000.0))
        await one.store.keep_need(1, ChargingNeed(energy_wh=8000.0, max_current_a=20.0))
        await one.store.keep_need(2, ChargingNeed(energy_wh=1.0))
        steered = await one.store.load("home")
        assert steered is not None
        told = ChargingNeed(departure_at=NOON, energy_wh=8000.0, max_current_a=20.0)
        assert steered.needs == {1: told}
