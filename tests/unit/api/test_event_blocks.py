"""The event stream: events, heartbeats while there are none, and what was lost."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

from csms.api.resources.event_stream import blocks, event_kinds
from csms.events import ChargePointDisconnected, Event, Events

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SOON_S = 0.01
LATE_S = 60.0


def gone(number: int) -> Event:
    return ChargePointDisconnected(at=NOON, charge_point_id=f"CP-{number}", reason="closed")


def everything(_: Event) -> bool:
    return True


async def test_an_event_is_a_block_with_its_name_and_its_data() -> None:
    events = Events()
    stream = blocks(events.subscribe(), everything, LATE_S, lambda _: None)
    events.publish(gone(1))
    name, data = (await anext(stream)).decode().rstrip("\n").split("\n")
    assert name == "event: charge_point_disconnected"
    assert json.loads(data.removeprefix("data: ")) == {
        "at": "2026-01-31T12:00:00Z",
        "charge_point_id": "CP-1",
        "reason": "closed",
    }
    await stream.aclose()


async def test_while_nothing_happens_a_comment_keeps_the_stream_alive() -> None:
    events = Events()
    stream = blocks(events.subscribe(), everything, SOON_S, lambda _: None)
    assert await anext(stream) == b": still here\n\n"
    assert await anext(stream) == b": still here\n\n"
    events.publish(gone(1))
    assert b"CP-1" in await anext(stream)
    await stream.aclose()


async def test_a_slow_watcher_is_told_once_how_much_it_missed() -> None:
    events, lost = Events(), [0]

    def count(number: int) -> None:
        lost[0] += number

    subscription = events.subscribe(limit=2)
    stream = blocks(subscription, everything, LATE_S, count)
    for number in range(5):
        events.publish(gone(number))
    assert await anext(stream) == b'event: lost\ndata: {"count":3}\n\n'
    assert b"CP-3" in await anext(stream)
    assert b"CP-4" in await anext(stream)
    assert lost == [3]
    await stream.aclose()


async def test_the_stream_ends_with_its_subscription() -> None:
    events = Events()
    subscription = events.subscribe()
    stream = blocks(subscription, everything, LATE_S, lambda _: None)
    reading = asyncio.ensure_future(anext(stream, b"ended"))
    await asyncio.sleep(0)
    subscription.close()
    async with asyncio.timeout(5):
        assert await reading == b"ended"


def test_kinds_are_named_in_small_letters() -> None:
    kinds = event_kinds()
    assert {"charge_point_connected", "transaction_started", "meter_values_received"} <= set(kinds)
