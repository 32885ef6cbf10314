"""Swift time is a time like any other, only faster."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from swift_time import SharedSwiftLoop, SwiftClock, run_swiftly

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
MOMENT_S = 20.0


def test_an_hour_passes_in_a_moment() -> None:
    async def wait() -> timedelta:
        clock = SwiftClock(asyncio.get_running_loop(), NOON)
        before = clock.now()
        await asyncio.sleep(3600)
        return clock.now() - before

    began_s = time.monotonic()
    assert run_swiftly(wait()) == pytest.approx(timedelta(hours=1), abs=timedelta(seconds=0.01))
    assert time.monotonic() - began_s < MOMENT_S


def test_a_busy_machine_makes_nothing_late() -> None:
    async def work_hard() -> float:
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        until_s = time.perf_counter() + 0.1
        while time.perf_counter() < until_s:
            pass
        await asyncio.sleep(0)
        return loop.time() - before_s

    assert run_swiftly(work_hard()) == 0.0


def test_time_waits_for_the_database(database_server: str) -> None:
    async def ask() -> float:
        loop = asyncio.get_running_loop()
        connection = await asyncpg.connect(database_server, timeout=1.0)
        ticking = asyncio.create_task(asyncio.sleep(3600))
        await connection.execute("SELECT pg_sleep(0.2)", timeout=0.1)
        passed_s = loop.time()
        ticking.cancel()
        await connection.close()
        return passed_s

    assert run_swiftly(ask()) < 0.1


def test_time_waits_for_threads() -> None:
    async def think() -> float:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(0.01):
            await asyncio.to_thread(time.sleep, 0.2)
        return loop.time()

    assert run_swiftly(think()) < 0.01


def test_sockets_talk_while_hardly_any_time_passes() -> None:
    async def tick() -> None:
        while True:
            await asyncio.sleep(1)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    async def talk() -> float:
        loop = asyncio.get_running_loop()
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        ticking = asyncio.create_task(tick())
        for _ in range(100):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            writer.close()
            await writer.wait_closed()
        passed_s = loop.time()
        ticking.cancel()
        server.close()
        return passed_s

    assert run_swiftly(talk()) < 10


def test_timeouts_are_as_swift() -> None:
    async def wait_in_vain() -> None:
        async with asyncio.timeout(600):
            await asyncio.Event().wait()

    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        run_swiftly(wait_in_vain())
    assert time.monotonic() - began_s < MOMENT_S


def test_two_loops_of_one_origin_show_the_same_time() -> None:
    origin_s = time.monotonic() - 10
    one, other = SharedSwiftLoop(60, origin_s), SharedSwiftLoop(60, origin_s)
    try:
        assert one.time() == pytest.approx(600, abs=60)
        assert SwiftClock(one, NOON).now() - SwiftClock(other, NOON).now() < timedelta(seconds=1)
    finally:
        one.close()
        other.close()
