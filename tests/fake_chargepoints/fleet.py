"""Thousands of simple stations in one process, against any central system.

One task dials at the ramp-up rate, one wakes whoever's pause is over; the stations themselves
are generators (`lives`) on thin sockets (`wire`), without a task or timer of their own.
"""

from __future__ import annotations

import asyncio
import base64
import heapq
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import orjson
from websockets.uri import WebSocketURI, parse_uri

from .frames import Payload
from .link import LinkOptions
from .lives import Habits, Life, Pause, Say, Simulated, life_v16, life_v201
from .statistics import FleetStatistics
from .wire import Wire

OnProgress = Callable[[FleetStatistics], None]

simple_answers: dict[str, Payload] = {
    "ChangeAvailability": {"status": "Accepted"},
    "ChangeConfiguration": {"status": "Accepted"},
    "ClearCache": {"status": "Accepted"},
    "ClearChargingProfile": {"status": "Accepted"},
    "DataTransfer": {"status": "UnknownVendorId"},
    "GetConfiguration": {"configurationKey": []},
    "RemoteStartTransaction": {"status": "Rejected"},
    "RemoteStopTransaction": {"status": "Rejected"},
    "RequestStartTransaction": {"status": "Rejected"},
    "RequestStopTransaction": {"status": "Rejected"},
    "Reset": {"status": "Rejected"},
    "SetChargingProfile": {"status": "Accepted"},
    "TriggerMessage": {"status": "Rejected"},
}
"""A simple station says yes to settings and no to everything that would be work."""


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """How many stations do what, where.

    Station n is `identity_prefix` + n with five digits. `versions` are dealt out in turn.
    `id_token` is used by all. `duration_s` None runs until `stop` is set or the task cancelled.
    """

    url: str
    stations: int = 10
    versions: tuple[Literal["1.6", "2.0.1", "2.1"], ...] = ("1.6",)
    identity_prefix: str = "SIM-"
    id_token: str = "SIMULATED"
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    habits: Habits = field(default_factory=Habits)
    ramp_up_per_s: float = 50.0
    duration_s: float | None = None
    answer_timeout_s: float = 30.0
    redial_s: float = 5.0
    progress_interval_s: float = 1.0
    ending_s: float = 10.0
    seed: int = 0

    def identity(self, number: int) -> str:
        """The identity of station `number` (from 1)."""
        return f"{self.identity_prefix}{number:05d}"

    @property
    def identities(self) -> list[str]:
        """All identities, to register them beforehand."""
        return [self.identity(number) for number in range(1, self.stations + 1)]


async def run_fleet(
    options: FleetOptions,
    on_progress: OnProgress | None = None,
    stop: asyncio.Event | None = None,
) -> FleetStatistics:
    """Run the stations until `duration_s` is over, `stop` is set, or the task is cancelled.

    In the first two cases running transactions are ended first (for at most `ending_s`). The
    statistics object is the same in every call of `on_progress`. Bad addresses raise
    `websockets.exceptions.InvalidURI`; a server that is not there only shows in the statistics.
    """
    fleet = _Fleet(options)
    clock = asyncio.create_task(fleet.wake_sleepers())
    dialler = asyncio.create_task(fleet.dial_all())
    try:
        await fleet.report_until_end(on_progress, stop or asyncio.Event())
        await fleet.end()
    finally:
        for task in (clock, dialler):
            task.cancel()
        await asyncio.gather(clock, dialler, return_exceptions=True)
        await fleet.hang_up()
    if on_progress is not None:
        fleet.update()
        on_progress(fleet.statistics)
    return fleet.statistics


class _Fleet:
    """The stations and the heap of their alarms."""

    def __init__(self, options: FleetOptions) -> None:
        self.options = options
        self.statistics = FleetStatistics(options.stations)
        self.is_ending = False
        self.chance = random.Random(options.seed)
        self._started_s = time.monotonic()
        self._rates: list[tuple[float, int]] = [(self._started_s, 0)]
        self._alarms: list[tuple[float, int, _Station, int]] = []
        self._alarm_no = 0
        self._earlier = asyncio.Event()
        self._stations = [_Station(self, n) for n in range(1, options.stations + 1)]
        self._dialling: set[asyncio.Task[None]] = set()

    # -- time ------------------------------------------------------------------------------

    def wake_at(self, due_s: float, station: _Station, generation: int) -> None:
        """Wake the station at this loop time, unless its generation has changed by then."""
        self._alarm_no += 1
        heapq.heappush(self._alarms, (due_s, self._alarm_no, station, generation))
        if self._alarms[0][1] == self._alarm_no:
            self._earlier.set()

    async def wake_sleepers(self) -> None:
        """Wake everybody in time, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            while self._alarms and self._alarms[0][0] <= loop.time():
                _, _, station, generation = heapq.heappop(self._alarms)
                station.wake(generation)
            self._earlier.clear()
            wait_s = self._alarms[0][0] - loop.time() if self._alarms else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._earlier.wait()
            except TimeoutError:
                continue

    async def dial_all(self) -> None:
        """Connect one station after the other at the ramp-up rate."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        for number, station in enumerate(self._stations):
            due_s = begun_s + number / self.options.ramp_up_per_s
            if due_s > loop.time():
                await asyncio.sleep(due_s - loop.time())
            self.dial(station)

    def dial(self, station: _Station) -> None:
        """Connect this station in the background."""
        task = asyncio.create_task(station.dial())
        self._dialling.add(task)
        task.add_done_callback(self._dialling.discard)

    # -- reports ---------------------------------------------------------------------------

    async def report_until_end(self, on_progress: OnProgress | None, stop: asyncio.Event) -> None:
        """Report regularly until it is time to end."""
        duration_s = self.options.duration_s
        end_s = None if duration_s is None else self._started_s + duration_s
        while not stop.is_set():
            wait_s = self.options.progress_interval_s
            if end_s is not None:
                wait_s = min(wait_s, end_s - time.monotonic())
                if wait_s <= 0:
                    return
            await _wait(stop, wait_s)
            self.update()
            if on_progress is not None:
                on_progress(self.statistics)

    def update(self) -> None:
        """Work out the rates over the last reports, and give up what is overdue."""
        loop_s = asyncio.get_running_loop().time()
        for station in self._stations:
            station.give_up_if_overdue(loop_s)
        now_s = time.monotonic()
        statistics = self.statistics
        statistics.elapsed_s = now_s - self._started_s
        self._rates = [*self._rates[-9:], (now_s, statistics.sent)]
        begun_s, sent = self._rates[0]
        statistics.sent_per_s = (statistics.sent - sent) / max(now_s - begun_s, 1e-9)

    # -- end -------------------------------------------------------------------------------

    async def end(self) -> None:
        """Let every station end its transaction, for at most `ending_s`."""
        self.is_ending = True
        for station in self._stations:
            station.wake(station.generation)
        deadline_s = time.monotonic() + self.options.ending_s
        while time.monotonic() < deadline_s and any(s.is_charging for s in self._stations):
            await asyncio.sleep(0.02)

    async def hang_up(self) -> None:
        """Close all connections."""
        self.is_ending = True
        for task in list(self._dialling):
            task.cancel()
        for station in self._stations:
            station.close()
        deadline_s = time.monotonic() + 2.0
        while time.monotonic() < deadline_s and self.statistics.connected:
            await asyncio.sleep(0.02)
        for station in self._stations:
            station.abort()


class _Station:
    """One simple station: a life, a wire, and at most one call in flight."""

    __slots__ = (
        "_asked_at_s",
        "_call_id",
        "_call_no",
        "_fleet",
        "_is_open",
        "_life",
        "_me",
        "_unanswered",
        "_version",
        "_wire",
        "generation",
        "is_charging",
    )

    def __init__(self, fleet: _Fleet, number: int) -> None:
        options = fleet.options
        self._fleet = fleet
        self._version = options.versions[(number - 1) % len(options.versions)]
        self._me = Simulated(
            options.identity(number),
            options.id_token,
            options.habits,
            fleet.chance,
            lambda: fleet.is_ending,
            self._started,
            self._ended,
        )
        self._wire: Wire | None = None
        self._life: Life | None = None
        self._call_no = 0
        self._call_id: str | None = None
        self._unanswered: Say | None = None
        self._asked_at_s = 0.0
        self._is_open = False
        self.generation = 0
        self.is_charging = False

    # -- connection ------------------------------------------------------------------------

    async def dial(self) -> None:
        fleet, options = self._fleet, self._fleet.options
        subprotocol = f"ocpp{self._version}"
        uri = parse_uri(LinkOptions(options.url, self._me.identity).address)
        self._wire = Wire(
            uri,
            (subprotocol,),
            _headers(self._me.identity, options.password),
            on_open=self._opened,
            on_text=self._take,
            on_lost=self._lost,
        )
        fleet.statistics.dialled += 1
        try:
            await _connect(self._wire, uri, options.tls)
        except OSError as error:
            self._lost(str(error))

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()

    def abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def _opened(self) -> None:
        self._is_open = True
        self._fleet.statistics.connected += 1
        if self._life is None:
            self._life = (life_v16 if self._version == "1.6" else life_v201)(self._me)
        if self._unanswered is not None:
            # Like a real station: what was never answered is said again, word for word.
            self._say(self._unanswered)
        else:
            self._go_on(None)

    def _lost(self, reason: str) -> None:
        statistics = self._fleet.statistics
        if self._is_open:
            statistics.connected -= 1
            statistics.disconnects += not self._fleet.is_ending
        else:
            statistics.refused += 1
            statistics.last_refusal = reason
        self._is_open, self._wire, self._call_id = False, None, None
        self.generation += 1
        if not self._fleet.is_ending:
            wait_s = self._fleet.options.redial_s * (0.5 + self._me.chance.random())
            due_s = asyncio.get_running_loop().time() + wait_s
            self._fleet.wake_at(due_s, self, self.generation)

    # -- life ------------------------------------------------------------------------------

    def wake(self, generation: int) -> None:
        """A pause is over, or it is time to dial again."""
        if generation != self.generation:
            return
        if self._wire is None:
            if not self._fleet.is_ending:
                self.generation += 1
                self._fleet.dial(self)
        elif self._call_id is None and self._is_open:
            self._go_on(None)

    def give_up_if_overdue(self, now_s: float) -> None:
        """Cut a connection on which an answer is overdue."""
        if self._call_id is None or self._wire is None:
            return
        if now_s - self._asked_at_s >= self._fleet.options.answer_timeout_s:
            self._fleet.statistics.timeouts += 1
            self._wire.abort()

    def _go_on(self, answer: Payload | None) -> None:
        if self._life is None:
            return
        self.generation += 1
        try:
            step = self._life.send(answer)
        except StopIteration:
            self._life = None
            return
        if isinstance(step, Pause):
            due_s = asyncio.get_running_loop().time() + step.seconds
            self._fleet.wake_at(due_s, self, self.generation)
        else:
            self._say(step)

    def _say(self, call: Say) -> None:
        self._call_no += 1
        self._unanswered = call
        self._asked_at_s = asyncio.get_running_loop().time()
        self._call_id = f"{self._call_no}"
        text = orjson.dumps([2, self._call_id, call.action, call.payload])
        if self._wire is not None and self._wire.send(text):
            self._fleet.statistics.sent += 1

    def _take(self, text: bytes) -> None:
        try:
            frame = orjson.loads(text)
            kind, message_id = frame[0], frame[1]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            self._fleet.statistics.errors += 1
            return
        if kind == 2:
            self._obey(message_id, frame[2])
        elif message_id == self._call_id:
            self._answered(frame[2] if kind == 3 else None)

    def _answered(self, answer: Payload | None) -> None:
        statistics = self._fleet.statistics
        self._call_id, self._unanswered = None, None
        statistics.latencies.add(asyncio.get_running_loop().time() - self._asked_at_s)
        statistics.answered += 1
        statistics.errors += answer is None
        if answer is not None and "interval" in answer:
            statistics.accepted += answer.get("status") == "Accepted"
        self._go_on(answer)

    def _obey(self, message_id: str, action: str) -> None:
        self._fleet.statistics.commands += 1
        answer = simple_answers.get(action)
        if answer is None:
            frame = [4, message_id, "NotImplemented", "a simple station", {}]
        else:
            frame = [3, message_id, answer]
        if self._wire is not None:
            self._wire.send(orjson.dumps(frame))

    def _started(self) -> None:
        self.is_charging = True
        self._fleet.statistics.transactions_started += 1

    def _ended(self) -> None:
        self.is_charging = False
        self._fleet.statistics.transactions_ended += 1


def _headers(identity: str, password: str | None) -> dict[str, str]:
    if password is None:
        return {}
    token = base64.b64encode(f"{identity}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


async def _connect(wire: Wire, uri: WebSocketURI, tls: ssl.SSLContext | None) -> None:
    context = (tls or ssl.create_default_context()) if uri.secure else None
    await asyncio.get_running_loop().create_connection(
        lambda: wire, uri.host, uri.port, ssl=context
    )


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
