"""Load: N chargers, each with one message under way (closed loop) or at a given rate (open)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import orjson

from benchmarks import mix
from benchmarks.charger import ChargerSocket, connect


@dataclass
class Tally:
    answered: int = 0
    errors: list[str] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)

    def quantile_ms(self, q: float) -> float:
        ordered = sorted(self.latencies_s)
        if not ordered:
            return float("nan")
        return 1000 * ordered[min(int(q * len(ordered)), len(ordered) - 1)]


class Load:
    """Drives one charger through transaction after transaction."""

    def __init__(self, socket: ChargerSocket, subprotocol: str, number: int, tally: Tally) -> None:
        self._socket = socket
        self._subprotocol = subprotocol
        self._number = number
        self._tally = tally
        self._register_wh = 1000
        self._count = 0
        self._cycle: mix.Cycle | None = None
        self._sent_at = 0.0
        self._interval_s = 0.0
        self._next_at = 0.0
        self._running = False
        self._reply: asyncio.Future[Any] | None = None
        socket.on_text = self._on_text

    async def boot(self) -> None:
        self._reply = asyncio.get_running_loop().create_future()
        self._send(*mix.boot(self._subprotocol))
        answer = await asyncio.wait_for(self._reply, 60)
        if answer[2].get("status") != "Accepted":
            raise RuntimeError(f"boot was answered {answer}")
        self._reply = None

    def start(self, interval_s: float = 0.0, delay_s: float = 0.0) -> None:
        """Send the next message as soon as the last is answered, or every `interval_s`."""
        self._running = True
        self._interval_s = interval_s
        loop = asyncio.get_running_loop()
        self._next_at = loop.time() + delay_s
        loop.call_at(self._next_at, self._step, {})

    def stop(self) -> None:
        self._running = False

    def _step(self, answer: dict[str, Any]) -> None:
        if not self._running:
            return
        try:
            if self._cycle is None:
                self._cycle = mix.cycle(self._subprotocol, self._number, self._register_wh)
                action, payload = next(self._cycle)
            else:
                action, payload = self._cycle.send(answer)
        except StopIteration:
            self._cycle = None
            self._register_wh += 10
            self._step({})
            return
        self._send(action, payload)

    def _send(self, action: str, payload: dict[str, Any]) -> None:
        self._count += 1
        self._socket.send(mix.call(str(self._count), action, payload))
        self._sent_at = time.perf_counter()

    def _on_text(self, text: bytes) -> None:
        latency_s = time.perf_counter() - self._sent_at
        answer = orjson.loads(text)
        if answer[0] == 2:
            return
        if answer[0] != 3 or answer[1] != str(self._count):
            self._tally.errors.append(text.decode())
            self._running = False
            return
        if self._reply is not None:
            self._reply.set_result(answer)
            return
        self._tally.answered += 1
        self._tally.latencies_s.append(latency_s)
        if not self._interval_s:
            self._step(answer[2])
            return
        self._next_at += self._interval_s
        asyncio.get_running_loop().call_at(self._next_at, self._step, answer[2])


async def connect_all(
    port: int, count: int, subprotocol: str, tally: Tally, *, prefix: str = "B"
) -> list[tuple[ChargerSocket, Load]]:
    """Connect and boot chargers, a hundred at a time."""
    chargers: list[tuple[ChargerSocket, Load]] = []

    async def one(number: int) -> None:
        path = f"/bench/{prefix}{number:05d}"
        socket = await connect("127.0.0.1", port, path, subprotocol)
        load = Load(socket, subprotocol, number, tally)
        await load.boot()
        chargers.append((socket, load))

    for first in range(0, count, 100):
        await asyncio.gather(*(one(n) for n in range(first, min(first + 100, count))))
    return chargers
