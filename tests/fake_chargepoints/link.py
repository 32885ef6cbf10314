"""The OCPP-J client transport of a charge point over a real WebSocket.

A `Link` is one connection. It sends calls one at a time (as OCPP-J demands of both sides),
answers the calls of the central system through a responder, keeps a journal of everything
that crossed, and can be closed cleanly, aborted, or frozen half-open.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from .errors import CallError, CallTimeoutError, ConnectRefusedError, LinkClosedError
from .frames import Call, Error, Frame, Payload, Result, Send, decode
from .journal import Direction, Entry, Journal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """Where and how to connect.

    `url` is the address without the identity (``ws://host:9000/prefix``); `raw_path` replaces
    prefix and identity by exactly this path. Empty `subprotocols` sends no
    Sec-WebSocket-Protocol header, None offers what the charge point speaks (a bare link: 1.6).
    `user` defaults to the identity when a password is given.
    """

    url: str
    identity: str
    subprotocols: tuple[str, ...] | None = None
    user: str | None = None
    password: str | bytes | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw_path: str | None = None
    open_timeout_s: float = 10.0
    call_timeout_s: float = 30.0
    close_timeout_s: float = 5.0
    ping_interval_s: float | None = None
    journal_limit: int | None = None

    @property
    def address(self) -> str:
        """The whole address of the handshake."""
        if self.raw_path is not None:
            scheme, _, rest = self.url.partition("://")
            return f"{scheme}://{rest.partition('/')[0]}/{self.raw_path.lstrip('/')}"
        return f"{self.url.rstrip('/')}/{quote(self.identity, safe='')}"

    def handshake_headers(self) -> dict[str, str]:
        """The extra headers, with Basic authentication when a password is set."""
        headers = dict(self.headers)
        if self.password is not None:
            secret = self.password if isinstance(self.password, bytes) else self.password.encode()
            user = self.identity if self.user is None else self.user
            token = base64.b64encode(user.encode() + b":" + secret).decode()
            headers["Authorization"] = f"Basic {token}"
        return headers


@dataclass(frozen=True, slots=True)
class Reply:
    """How to answer a call of the central system.

    A `CallError` as the payload becomes a CALLERROR, None sends nothing at all. `copies` > 1 sends
    the same answer again. `then` runs when the answer is on its way (start the transaction,
    reboot, ...).
    """

    payload: Payload | CallError | None
    copies: int = 1
    then: Callable[[], Awaitable[None]] | None = None


Responder = Callable[[Call], Awaitable[Reply]]


async def refuse_everything(call: Call) -> Reply:
    """The responder of a link that has none: every call is NotImplemented."""
    raise CallError("NotImplemented", f"{call.action} is not known here")


class Link:
    """One connection to a central system. Subclasses override `transmit` and `receive`."""

    def __init__(self, options: LinkOptions, responder: Responder = refuse_everything) -> None:
        self.options = options
        self.responder = responder
        self.journal = Journal(options.journal_limit)
        self.closed = asyncio.Event()
        self.frozen = False
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: dict[str, tuple[str, asyncio.Future[Payload]]] = {}
        self._turn = asyncio.Lock()
        self._changed = asyncio.Condition()

    # -- life ------------------------------------------------------------------------------

    async def open(self) -> Self:
        """Connect. Raises `ConnectRefusedError` when there is no WebSocket at the end."""
        options = self.options
        names = ("ocpp1.6",) if options.subprotocols is None else options.subprotocols
        try:
            self._socket = await connect(
                options.address,
                subprotocols=[Subprotocol(name) for name in names] or None,
                additional_headers=options.handshake_headers(),
                user_agent_header="fake-charge-point",
                compression=None,
                proxy=None,
                ssl=options.tls,
                open_timeout=options.open_timeout_s,
                close_timeout=options.close_timeout_s,
                ping_interval=options.ping_interval_s,
                max_size=2**24,
            )
        except InvalidStatus as error:
            raise ConnectRefusedError(str(error), error.response.status_code) from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise ConnectRefusedError(f"{type(error).__name__}: {error}") from error
        self._reader = asyncio.create_task(self._read(self._socket), name="link reader")
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def is_open(self) -> bool:
        """Whether messages can cross, as far as this side knows."""
        return self._socket is not None and not self.closed.is_set()

    @property
    def subprotocol(self) -> str | None:
        """What the server chose, None when it sent no such header."""
        return self._socket.subprotocol if self._socket else None

    @property
    def close_code(self) -> int | None:
        """The WebSocket close code once closed; 1006 when there was no closing handshake."""
        return self._socket.close_code if self._socket else None

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close with a closing handshake, or abort a frozen link."""
        if self._socket is None:
            return
        if self.frozen:
            self.abort()
        else:
            await self._socket.close(code, reason)
        await self._finish()

    def abort(self) -> None:
        """Cut the TCP connection without a closing handshake."""
        if self._socket is not None:
            self._socket.transport.abort()

    def freeze(self) -> None:
        """Go half-open: the socket stays, but nothing is read or written any more."""
        if self._socket is not None:
            self.frozen = True
            self._socket.transport.pause_reading()

    async def wait_closed(self, timeout_s: float = 10.0) -> int | None:
        """Wait for the end of the connection; the close code. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self.closed.wait()
        return self.close_code

    async def _finish(self) -> None:
        if self._reader is not None:
            await asyncio.wait([self._reader])
        for task in list(self._tasks):
            if task is not asyncio.current_task():
                task.cancel()

    # -- sending ---------------------------------------------------------------------------

    async def call(
        self,
        action: str,
        payload: Payload,
        *,
        message_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Payload:
        """Send a CALL when no other is outstanding and return the payload of its CALLRESULT.

        Raises `CallError`, `CallTimeoutError` or `LinkClosedError`.
        """
        async with self._turn:
            return await self.call_now(action, payload, message_id=message_id, timeout_s=timeout_s)

    async def call_now(
        self,
        action: str,
        payload: Payload,
        *,
        message_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Payload:
        """Like `call`, without waiting for the turn: breaks OCPP-J's one-outstanding rule."""
        limit_s = self.options.call_timeout_s if timeout_s is None else timeout_s
        call = Call(message_id or str(uuid.uuid4()), action, payload)
        future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._pending[call.message_id] = (action, future)
        try:
            async with asyncio.timeout(limit_s):
                await self.send_raw(call.encode())
                return await future
        except TimeoutError:
            raise CallTimeoutError(action, limit_s) from None
        finally:
            self._pending.pop(call.message_id, None)

    async def send_unconfirmed(self, action: str, payload: Payload) -> None:
        """Send a SEND (OCPP 2.1), which gets no answer. Raises `LinkClosedError`."""
        await self.transmit(Send(str(uuid.uuid4()), action, payload).encode())

    async def send_raw(self, text: str) -> None:
        """Send this text as it is. Raises `LinkClosedError`."""
        await self.transmit(text)

    async def transmit(self, text: str) -> None:
        """The last step of everything that is sent; fault switches sit here."""
        if self._socket is None or self.closed.is_set():
            raise self._closed_error()
        await self._note("sent", decode(text), text)
        if self.frozen:
            return
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            raise self._closed_error() from None

    # -- receiving -------------------------------------------------------------------------

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                text = message if isinstance(message, str) else message.decode(errors="replace")
                await self.receive(text)
        except ConnectionClosed:
            pass
        finally:
            self.closed.set()
            for _, future in self._pending.values():
                if not future.done():
                    future.set_exception(self._closed_error())
            async with self._changed:
                self._changed.notify_all()

    async def receive(self, text: str) -> None:
        """The first step of everything that is received; fault switches sit here."""
        frame = decode(text)
        await self._note("received", frame, text)
        match frame:
            case Call():
                task = asyncio.create_task(self._answer(frame), name=f"answer {frame.action}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Result(message_id, payload):
                self._settle(message_id, payload)
            case Error(message_id, code, description, details):
                self._settle(message_id, CallError(code, description, details))

    def _settle(self, message_id: str, outcome: Payload | CallError) -> None:
        _, future = self._pending.get(message_id, (None, None))
        if future is None or future.done():
            return
        if isinstance(outcome, CallError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    async def _answer(self, call: Call) -> None:
        try:
            try:
                reply = await self.responder(call)
            except CallError as error:
                reply = Reply(error)
            await self._send_reply(call, reply)
        except (LinkClosedError, CallTimeoutError) as error:
            logger.debug("%s of %s stays unanswered: %s", call.action, self.options.identity, error)
            return
        except Exception:
            # A task boundary: the fault is ours, so the other side gets an honest answer.
            logger.exception("%s failed in %s", call.action, self.options.identity)
            await self._apologise(call)
            return
        if reply.then is not None:
            await self._follow_up(call, reply.then)

    async def _send_reply(self, call: Call, reply: Reply) -> None:
        if reply.payload is None:
            return
        frame: Result | Error
        if isinstance(reply.payload, CallError):
            refusal = reply.payload
            frame = Error(call.message_id, refusal.code, refusal.description, refusal.details)
        else:
            frame = Result(call.message_id, reply.payload)
        for _ in range(reply.copies):
            await self.transmit(frame.encode())

    async def _apologise(self, call: Call) -> None:
        try:
            await self._send_reply(
                call, Reply(CallError("InternalError", "fake charge point failed"))
            )
        except LinkClosedError:
            logger.debug("no link left to answer %s", call.action)

    async def _follow_up(self, call: Call, then: Callable[[], Awaitable[None]]) -> None:
        try:
            await then()
        except (CallError, LinkClosedError, CallTimeoutError) as error:
            logger.debug("what %s started ended early: %s", call.action, error)

    # -- watching --------------------------------------------------------------------------

    async def wait_for_call(self, action: str, count: int = 1, timeout_s: float = 10.0) -> Call:
        """Wait until the central system has sent `count` calls of this action; the last one."""
        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(
                lambda: len(self.journal.calls("received", action)) >= count
            )
        return self.journal.calls("received", action)[count - 1]

    async def _note(self, direction: Direction, frame: Frame, text: str) -> None:
        now_s = asyncio.get_running_loop().time()
        self.journal.add(Entry(direction, now_s, frame, text))
        async with self._changed:
            self._changed.notify_all()

    def _closed_error(self) -> LinkClosedError:
        reason = self._socket.close_reason if self._socket else None
        return LinkClosedError(self.close_code, reason or "")
