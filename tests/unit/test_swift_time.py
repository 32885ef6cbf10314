"""Swift time is a time like any other, only faster."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from swift_time import SharedSwiftLoop, SwiftClock, run_swiftly

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def test_an_hour_passes_in_a_moment() -> None:
    async def wait() -> timedelta:
        clock = SwiftClock(asyncio.get_running_loop(), NOON)
        before = clock.now()
        await asyncio.sleep(3600)
        return clock.now() - before

    began_s = time.monotonic()
    assert run_swiftly(wait(), factor=50_000) == pytest.approx(
        timedelta(hours=1), abs=timedelta(seconds=1)
    )
    assert time.monotonic() - began_s < 20


def test_a_busy_machine_makes_nothing_late() -> None:
    async def work_hard() -> float:
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        until_s = time.perf_counter() + 0.2
        while time.perf_counter() < until_s:
            pass
        await asyncio.sleep(0)
        return loop.time() - before_s

    assert run_swiftly(work_hard(), factor=1000) <= 0.2


def test_timeouts_are_as_swift() -> None:
    async def wait_in_vain() -> None:
        async with asyncio.timeout(600):
            await asyncio.Event().wait()

    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        run_swiftly(wait_in_vain(), factor=10_000)
    assert time.monotonic() - began_s < 20


def test_two_loops_of_one_origin_show_the_same_time() -> None:
    origin_s = time.monotonic() - 10
    one, other = SharedSwiftLoop(60, origin_s), SharedSwiftLoop(60, origin_s)
    try:
        assert one.time() == pytest.approx(600, abs=60)
        assert SwiftClock(one, NOON).now() - SwiftClock(other, NOON).now() < timedelta(seconds=1)
    finally:
        one.close()
        other.close()
