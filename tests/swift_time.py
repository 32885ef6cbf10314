"""Hours in minutes: event loops on which all time passes faster, and the clock that fits them.

Everything that waits on such a loop (`asyncio.sleep`, timeouts, database, sockets) lives in its
swift time, so neither the server nor the simulated chargers know of it. Two kinds:

`SwiftLoop` is for a world in one process: its time stands still while anybody has something to do
(also the database behind its unix socket, and threads), and jumps to the next timer when nobody
has. So a slow machine makes the day longer in real time, but nothing in it late.

`SharedSwiftLoop` is for several processes: time is strictly `factor` times that since `origin_s`
(of `time.monotonic`, the same for all processes of the machine). What takes real milliseconds takes
`factor` times as long in swift time there; choose it with that in mind.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import time
from asyncio import selector_events
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar, TypeVarTuple, Unpack

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PATIENCE_S: Final = 2.0
"""Whoever outside needs longer (really) is not waited for: it may wait for us."""


class TimedLoop(Protocol):
    def time(self) -> float: ...


class _Errands:
    """What was asked of others outside the loop and has not been answered yet."""

    def __init__(self) -> None:
        self._asked_at_s: dict[object, float] = {}

    def begin(self, errand: object) -> None:
        self._asked_at_s.setdefault(errand, time.monotonic())

    def end(self, errand: object) -> None:
        self._asked_at_s.pop(errand, None)

    def are_worth_waiting_for(self) -> bool:
        latest_s = time.monotonic() - PATIENCE_S
        return any(asked_at_s > latest_s for asked_at_s in self._asked_at_s.values())


class _SwiftSelector(selectors.DefaultSelector):
    """Keeps the time of a `SwiftLoop`."""

    def __init__(self, errands: _Errands) -> None:
        super().__init__()
        self.now_s = 0.0
        self._errands = errands

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        while not ready and timeout != 0 and self._errands.are_worth_waiting_for():
            ready = super().select(PATIENCE_S / 10)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
        self.now_s += max(0.0, timeout)
        return []


_Transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]  # no public one


class _AnsweringTransport(_Transport):  # type: ignore[misc]  # its base has no types
    """A socket whose other end is another process, and answers all that is written."""

    def write(self, data: bytes) -> None:
        self._loop.errands.begin(self)
        super().write(data)

    def _read_ready(self) -> None:
        self._loop.errands.end(self)
        super()._read_ready()

    def _call_connection_lost(self, error: Exception | None) -> None:
        self._loop.errands.end(self)
        super()._call_connection_lost(error)


class SwiftLoop(asyncio.SelectorEventLoop):
    """Time stands still while there is something to do and jumps when there is nothing."""

    def __init__(self) -> None:
        self.errands = _Errands()
        self._swift = _SwiftSelector(self.errands)
        super().__init__(self._swift)

    def time(self) -> float:
        return self._swift.now_s

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **options: Any) -> Any:
        # TCP stays inside this process here; unix sockets are the database's.
        is_database = sock.family == getattr(socket, "AF_UNIX", None)
        transport = _AnsweringTransport if is_database else _Transport
        return transport(self, sock, *args, **options)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        work = super().run_in_executor(executor, func, *args)
        self.errands.begin(work)
        work.add_done_callback(self.errands.end)
        return work


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


def in_swift_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Let a test live in a `SwiftLoop`: what it waits for costs nothing, and nothing is late."""

    @wraps(test)
    def live(*args: P.args, **options: P.kwargs) -> None:
        run_swiftly(test(*args, **options))

    return live


def run_swiftly(main: Coroutine[Any, Any, T]) -> T:
    """Run in a `SwiftLoop` of its own."""
    with asyncio.Runner(loop_factory=SwiftLoop) as runner:
        return runner.run(main)
