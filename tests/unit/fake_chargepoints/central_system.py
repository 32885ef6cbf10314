"""A tiny OCPP-J server for the tests of the fakes: answers by a table, remembers everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fake_chargepoints.errors import CallError
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Payload = dict[str, Any]
Answer = Payload | CallError | Callable[[Payload], Payload | CallError | None]


class CentralSystem:
    """Answers calls by `answers[action]`, sends calls with `call`, keeps `received`."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.received: list[tuple[str, Payload]] = []
        self.texts: list[str] = []
        self.sockets: list[ServerConnection] = []
        self.url = ""
        self.sent: dict[str, str] = {}
        self._pending: dict[str, asyncio.Future[Payload]] = {}
        self._changed = asyncio.Condition()

    async def handle(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        await self._notify()
        try:
            async for message in socket:
                text = message if isinstance(message, str) else message.decode()
                self.texts.append(text)
                await self._take(socket, text)
                await self._notify()
        except ConnectionClosed:
            return

    async def _take(self, socket: ServerConnection, text: str) -> None:
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        if frame[0] == 2:
            self.received.append((frame[2], frame[3]))
            answer = self.answers.get(frame[2], {})
            outcome = answer(frame[3]) if callable(answer) else answer
            if isinstance(outcome, CallError):
                await socket.send(orjson.dumps([4, frame[1], outcome.code, "", {}]).decode())
            elif outcome is not None:
                await socket.send(orjson.dumps([3, frame[1], outcome]).decode())
        elif future := self._pending.pop(frame[1], None):
            if frame[0] == 3:
                future.set_result(frame[2])
            else:
                future.set_exception(CallError(frame[2], frame[3]))

    async def call(self, action: str, payload: Payload, message_id: str | None = None) -> Payload:
        """Send a call on the newest connection; its answer. Raises CallError, TimeoutError."""
        future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        message_id = message_id or f"central-{len(self.sent)}-{action}"
        self._pending[message_id] = future
        self.sent[message_id] = action
        await self.sockets[-1].send(orjson.dumps([2, message_id, action, payload]).decode())
        async with asyncio.timeout(5):
            return await future

    async def until(self, condition: Callable[[], bool], timeout_s: float = 10) -> None:
        """Wait until something received makes the condition true."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(condition)

    def of(self, action: str) -> list[Payload]:
        """The payloads of this action, in order of arrival."""
        return [payload for name, payload in self.received if name == action]

    async def got(self, action: str, count: int = 1) -> Payload:
        """Wait for the `count`-th call of this action."""
        await self.until(lambda: len(self.of(action)) >= count)
        return self.of(action)[count - 1]

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def central_system(
    answers: dict[str, Answer] | None = None,
    subprotocols: tuple[str, ...] = ("ocpp1.6", "ocpp2.0.1"),
    **options: Any,
) -> AsyncIterator[CentralSystem]:
    """A running server on a free port; `url` is where charge points connect."""
    server = CentralSystem(answers or {})
    names = [Subprotocol(name) for name in subprotocols]
    listener = serve(
        server.handle, "127.0.0.1", 0, subprotocols=names, select_subprotocol=choose, **options
    )
    async with listener as running:
        port = next(iter(running.sockets)).getsockname()[1]
        server.url = f"ws://127.0.0.1:{port}/ocpp"
        yield server


def choose(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The first offer, or none: as tolerant as a server should be."""
    return offered[0] if offered else None


async def together(*steps: Awaitable[Any]) -> list[Any]:
    """Run the steps at the same time, with a limit."""
    async with asyncio.timeout(10):
        return list(await asyncio.gather(*steps))
