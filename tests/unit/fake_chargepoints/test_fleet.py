"""A fleet of simple stations boots, charges, reports, and ends cleanly."""

from __future__ import annotations

import asyncio

from fake_chargepoints.fleet import FleetOptions, run_fleet
from fake_chargepoints.lives import Habits
from fake_chargepoints.statistics import FleetStatistics, Latencies
from websockets.asyncio.server import basic_auth

from .central_system import CentralSystem, central_system
from .schemas import complaints
from .stations import answers_both, answers_v16, answers_v201

quick = Habits(meter_interval_s=0.05, transaction_s=0.2, idle_s=0.05)


def fleet_of(server: CentralSystem, stations: int = 5, **more: object) -> FleetOptions:
    settings: dict[str, object] = {
        "habits": quick,
        "ramp_up_per_s": 200,
        "duration_s": 1.0,
        "redial_s": 0.05,
        "progress_interval_s": 0.1,
        **more,
    }
    return FleetOptions(server.url, stations, **settings)  # type: ignore[arg-type]  # test sugar


async def test_every_station_charges_and_ends_what_it_began() -> None:
    async with central_system(answers_v16()) as server:
        statistics = await run_fleet(fleet_of(server))
        assert statistics.accepted == 5
        assert len(server.of("StartTransaction")) == len(server.of("StopTransaction")) >= 5
        assert statistics.open_transactions == 0
        assert statistics.answered == statistics.sent
        assert complaints(server, "v16") == []


async def test_stations_of_201_fit_their_schemas() -> None:
    async with central_system(answers_v201()) as server:
        await run_fleet(fleet_of(server, versions=("2.0.1",)))
        kinds = {event["eventType"] for event in server.of("TransactionEvent")}
        assert kinds == {"Started", "Updated", "Ended"}
        assert complaints(server, "v201") == []


async def test_versions_are_dealt_out_in_turn() -> None:
    async with central_system(answers_both()) as server:
        await run_fleet(fleet_of(server, 4, versions=("1.6", "2.0.1", "2.1"), duration_s=0.3))
        protocols = [socket.subprotocol for socket in server.sockets]
        assert protocols == ["ocpp1.6", "ocpp2.0.1", "ocpp2.1", "ocpp1.6"]


async def test_progress_is_reported_while_it_runs() -> None:
    seen: list[int] = []

    def note(statistics: FleetStatistics) -> None:
        seen.append(statistics.connected)
        assert "connected" in str(statistics)

    async with central_system(answers_v16()) as server:
        await run_fleet(fleet_of(server), note)
    assert max(seen) == 5
    assert seen[-1] == 0


async def test_it_can_be_stopped_and_then_ends_its_transactions() -> None:
    stop = asyncio.Event()
    async with central_system(answers_v16()) as server:
        options = fleet_of(server, habits=Habits(60, 600, 0.01), duration_s=None)
        running = asyncio.create_task(run_fleet(options, None, stop))
        await server.got("StartTransaction", 5)
        stop.set()
        statistics = await running
        assert len(server.of("StopTransaction")) == 5
        assert statistics.open_transactions == 0


async def test_a_cut_station_comes_back_and_repeats_what_was_never_answered() -> None:
    async with central_system(answers_v16() | {"StartTransaction": lambda _: None}) as server:
        options = fleet_of(server, 1, duration_s=None)
        stop = asyncio.Event()
        running = asyncio.create_task(run_fleet(options, None, stop))
        first = await server.got("StartTransaction")
        server.sockets[0].transport.abort()
        assert await server.got("StartTransaction", 2) == first
        stop.set()
        statistics = await running
        assert statistics.disconnects == 1
        assert len(server.of("BootNotification")) == 1


async def test_a_silent_server_is_given_up_after_the_timeout() -> None:
    async with central_system({"BootNotification": lambda _: None}) as server:
        options = fleet_of(server, 1, answer_timeout_s=0.1, duration_s=0.6)
        statistics = await run_fleet(options)
        assert statistics.timeouts >= 1
        assert len(server.sockets) >= 2


async def test_refused_handshakes_are_counted_with_the_reason() -> None:
    guard = basic_auth(credentials=("SIM-00001", "right"))
    async with central_system(answers_v16(), process_request=guard) as server:
        options = fleet_of(server, 2, password="right", duration_s=0.3, redial_s=60)
        statistics = await run_fleet(options)
        assert (statistics.accepted, statistics.refused) == (1, 1)
        assert "401" in statistics.last_refusal


async def test_nobody_at_the_address_is_counted_not_raised() -> None:
    options = FleetOptions("ws://127.0.0.1:1", 2, duration_s=0.2, redial_s=60)
    statistics = await run_fleet(options)
    assert (statistics.refused, statistics.connected) == (2, 0)


async def test_commands_are_answered() -> None:
    async with central_system(answers_v16()) as server:
        running = asyncio.create_task(run_fleet(fleet_of(server, 1)))
        await server.got("BootNotification")
        assert await server.call("ClearCache", {}) == {"status": "Accepted"}
        statistics = await running
        assert statistics.commands == 1


def test_quantiles_are_exact_to_a_tenth() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000)
    assert 0.5 <= latencies.quantile_s(0.5) <= 0.55
    assert 0.99 <= latencies.quantile_s(0.99) <= 1.0
    assert Latencies().quantile_s(0.5) == 0
