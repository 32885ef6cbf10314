"""Every fault switch does what its name says, to a link, a script or a whole charge point."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from fake_chargepoints.clock import SkewedClock, SteppedClock
from fake_chargepoints.errors import CallTimeoutError, LinkClosedError
from fake_chargepoints.faults import (
    Faults,
    FaultyLink,
    always,
    by_chance,
    every,
    faulty,
    on_action,
    on_answers,
    once,
)
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint
from fake_chargepoints.v16 import ChargePoint16

from .central_system import central_system
from .stations import answers_v16, car, card, noon, options_for


async def test_a_dropped_message_never_arrives() -> None:
    faults = Faults(drop_sent=on_action("Heartbeat"))
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        with pytest.raises(CallTimeoutError):
            await link.call("Heartbeat", {}, timeout_s=0.05)
        await link.call("DataTransfer", {})
        assert [action for action, _ in server.received] == ["DataTransfer"]


async def test_a_dropped_answer_leaves_the_call_open() -> None:
    faults = Faults(drop_received=on_answers)
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        with pytest.raises(CallTimeoutError):
            await link.call("Heartbeat", {}, timeout_s=0.05)
        assert len(server.received) == 1


async def test_a_duplicated_message_arrives_twice_with_the_same_id() -> None:
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=Faults(duplicate=always)) as link,
    ):
        await link.call("Heartbeat", {})
        await server.until(lambda: len(server.texts) == 2)
        assert server.texts[0] == server.texts[1]


async def test_a_truncated_message_arrives_as_a_stump() -> None:
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=Faults(truncate=once(always))) as link,
    ):
        await link.send_raw('[2,"1","Heartbeat",{}]')
        await server.until(lambda: len(server.texts) == 1)
        assert server.texts == ['[2,"1","Heartb']


async def test_a_reordered_message_arrives_behind_the_next() -> None:
    faults = Faults(reorder=once(always))
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        await asyncio.gather(link.call_now("First", {}), link.call_now("Second", {}))
        assert [action for action, _ in server.received] == ["Second", "First"]


async def test_a_delayed_message_arrives_late() -> None:
    faults = Faults(delay=on_action("Slow"), delay_s=0.05)
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        await asyncio.gather(link.call_now("Slow", {}), link.call_now("Fast", {}))
        assert [action for action, _ in server.received] == ["Fast", "Slow"]


async def test_the_connection_can_break_right_behind_a_message() -> None:
    faults = Faults(abort_after=on_action("Heartbeat"))
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        with pytest.raises(LinkClosedError):
            await link.call("Heartbeat", {})
        assert link.close_code == 1006


async def test_the_connection_can_break_before_a_message() -> None:
    faults = Faults(abort_before=on_action("Heartbeat"))
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        with pytest.raises(LinkClosedError):
            await link.call("Heartbeat", {})
        assert server.received == []


async def test_a_connection_can_go_half_open_behind_a_message() -> None:
    faults = Faults(freeze_after=on_action("Heartbeat"))
    async with (
        central_system() as server,
        FaultyLink(LinkOptions(server.url, "CP1"), faults=faults) as link,
    ):
        with pytest.raises(CallTimeoutError):
            await link.call("Heartbeat", {}, timeout_s=0.05)
        assert link.is_open


def test_chance_strikes_the_same_messages_for_the_same_seed() -> None:
    one, other = by_chance(0.3, seed=5), by_chance(0.3, seed=5)
    struck = [one("x") for _ in range(200)]
    assert struck == [other("x") for _ in range(200)]
    assert 30 < sum(struck) < 90


def test_every_third_message_is_struck() -> None:
    switch = every(3)
    assert [switch("x") for _ in range(6)] == [False, False, True, False, False, True]


async def test_a_script_can_have_a_faulty_link() -> None:
    factory = faulty(Faults(duplicate=on_answers))
    async with central_system() as server:
        options = LinkOptions(server.url, "CP1")
        async with ScriptedChargePoint(options, link_factory=factory) as charge_point:
            charge_point.expect("ClearCache")
            await server.call("ClearCache", {})
            await server.until(lambda: len(server.texts) == 2)
    assert server.texts[0] == server.texts[1]


async def test_a_charge_point_loses_no_transaction_message_over_a_bad_link() -> None:
    faults = Faults(abort_after=by_chance(0.2, seed=1), abort_before=by_chance(0.2, seed=2))
    async with central_system(answers_v16()) as server:
        clock = SteppedClock(noon)
        async with ChargePoint16(options_for(server.url), clock, faulty(faults)) as station:
            await station.until_ready()
            await station.plug_in(1, car())
            await station.start(1, card)
            clock.advance(600)
            await station.tick()
            await station.stop(1)
            await server.got("StopTransaction")
        times = {m["meterValue"][0]["timestamp"] for m in server.of("MeterValues")}
        assert len(times) == 10
        assert server.of("StopTransaction")[-1]["transactionId"] >= 1


async def test_a_bad_clock_shows_in_every_timestamp() -> None:
    async with central_system(answers_v16()) as server:
        clock = SkewedClock(SteppedClock(noon), timedelta(hours=-3))
        async with ChargePoint16(options_for(server.url), clock) as station:
            await station.until_ready()
            await station.flush()
        stamps = {status["timestamp"] for status in server.of("StatusNotification")}
        assert stamps == {"2025-06-02T09:00:00.000Z"}
