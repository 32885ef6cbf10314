"""Hours in minutes: an event loop on which all time passes faster, and the clock that fits it.

Everything that waits on such a loop (`asyncio.sleep`, timeouts, database, sockets) lives in the
swift time, so neither the server nor the simulated chargers know of it. Two kinds:

`SwiftLoop` is for a world in one process. While the loop is busy its time hardly moves (at most
`stride_s` a turn), and while nothing is ready it passes `factor` times as fast. So a slow machine
makes the day longer in real time, but no answer in it late.

`SharedSwiftLoop` is for several processes: time is strictly `factor` times that since `origin_s`
(of `time.monotonic`, the same for all processes of the machine). What takes real milliseconds takes
`factor` times as long in swift time there; choose it with that in mind.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class TimedLoop(Protocol):
    def time(self) -> float: ...


class _SwiftSelector(selectors.SelectSelector):
    """Keeps the time of a `SwiftLoop`: what was waited for, and a little of what was worked."""

    def __init__(self, factor: float, stride_s: float) -> None:
        super().__init__()
        self.now_s = 0.0
        self._factor = factor
        self._stride_s = stride_s
        self._left_at_s = time.perf_counter()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began_s = time.perf_counter()
        self.now_s += min((began_s - self._left_at_s) * self._factor, self._stride_s)
        ready = super().select(None if timeout is None else max(0.0, timeout) / self._factor)
        self._left_at_s = time.perf_counter()
        if ready or timeout is None:
            self.now_s += (self._left_at_s - began_s) * self._factor
        else:
            # Woken late by the machine: only what was asked for has passed.
            self.now_s += max(0.0, timeout)
        return ready


class SwiftLoop(asyncio.SelectorEventLoop):
    """Time passes up to `factor` times as fast, but never faster than the loop follows."""

    def __init__(self, factor: float, stride_s: float = 0.1) -> None:
        self._swift = _SwiftSelector(factor, stride_s)
        super().__init__(self._swift)

    def time(self) -> float:
        return self._swift.now_s


class _ScaledSelector(selectors.DefaultSelector):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self._factor = factor

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / self._factor)


class SharedSwiftLoop(asyncio.SelectorEventLoop):
    """Time passes exactly `factor` times as fast since `origin_s`, in every process alike."""

    def __init__(self, factor: float, origin_s: float) -> None:
        self._factor = factor
        self._origin_s = origin_s
        super().__init__(_ScaledSelector(factor))

    def time(self) -> float:
        return (time.monotonic() - self._origin_s) * self._factor


class SwiftClock:
    """The clock of whoever lives on such a loop: it was `start` when the loop's time was 0."""

    def __init__(self, loop: TimedLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()


def run_swiftly(main: Coroutine[Any, Any, T], factor: float = 500.0) -> T:
    """Run in a `SwiftLoop` of its own."""
    with asyncio.Runner(loop_factory=lambda: SwiftLoop(factor)) as runner:
        return runner.run(main)
