"""The WebSocket layer: `websockets`, with a shorter way for what chargers send all day.

A whole text frame is unmasked and handed on without passing the general parser; everything else
(fragments, pings, closing, violations) goes through it unchanged. The parser only ever sees whole
frames, so both ways can alternate.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, cast

from websockets.asyncio.messages import Assembler
from websockets.asyncio.server import Server, ServerConnection
from websockets.datastructures import Headers
from websockets.frames import BINARY, TEXT, CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import CLOSING, CONNECTING, OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.utils import apply_mask

from csms.gateway.request_head import straightened
from csms.gateway.tls_door import TlsDoor
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint

logger = logging.getLogger("csms.gateway.websocket")
logger.setLevel(logging.WARNING)  # websockets tells of every single connection at INFO

MAX_WAITING: Final = 16
"""Messages of one charger that wait to be read; then its socket is not read any further."""
CLOSE_TIMEOUT_S: Final = 5.0
BACKLOG: Final = 4096
"""Connections the kernel holds while we are busy: thousands redial at once after a power cut."""

_ONCE: Final = ("Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version")
_ANSWERS: Final = frozenset({b"[3", b"[4"})
_END_OF_REQUEST: Final = b"\r\n\r\n"
_WHOLE_TEXT: Final = 0x80 | TEXT
_WHOLE: Final = frozenset({_WHOLE_TEXT, 0x80 | BINARY})
_MASKED: Final = 0x80
_HEADER_16: Final = struct.Struct("!BBH")
_HEADER_64: Final = struct.Struct("!BBQ")
_DONE: Final = Request("", Headers())
"""Stands for the handshake's request once it is over: nobody needs its headers any more."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the handshake found out."""

    charge_point: ChargePoint
    version: OcppVersion


class Listener(Protocol):
    """Is told at once what can't wait for its turn."""

    def take_answer(self, text: bytes) -> None:
        """An answer to a call of ours arrived."""
        ...

    def ended(self) -> None:
        """The connection is closing or dead."""
        ...


class ChargerProtocol(ServerProtocol):
    """The opening handshake as chargers do it."""

    chosen: Subprotocol | None = None

    def process_request(self, request: Request) -> tuple[str, str | None, str | None]:
        """Some chargers leave out or repeat headers; what they want is clear anyway."""
        headers = request.headers
        if not any("upgrade" in value.lower() for value in headers.get_all("Connection")):
            headers["Connection"] = "Upgrade"
        for name in _ONCE:
            told = headers.get_all(name)
            if len(told) > 1 and len({value.strip().lower() for value in told}) == 1:
                del headers[name]
                headers[name] = told[0]
        if not headers.get_all("Sec-WebSocket-Version"):
            headers["Sec-WebSocket-Version"] = "13"
        return super().process_request(request)

    def process_subprotocol(self, headers: Headers) -> Subprotocol | None:  # noqa: ARG002
        """The choice was made before, by `handshake`."""
        return self.chosen


class Inbox(Assembler):
    """Whole messages in the order of their arrival; replaces the queue of frames."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._messages: deque[bytes] | None = None
        self._fragments: bytearray | None = None
        self._waiter: asyncio.Future[None] | None = None
        self.paused = False
        """Whether the socket is not read because too much waits."""
        self.closed = False

    def put(self, frame: Frame) -> None:
        """Take a frame from the general parser."""
        if self._fragments is None:
            if frame.fin:
                self.feed(bytes(frame.data))
                return
            self._fragments = bytearray()
        self._fragments += frame.data
        if frame.fin:
            message, self._fragments = bytes(self._fragments), None
            self.feed(message)

    def feed(self, message: bytes) -> None:
        if self._messages is None:
            self._messages = deque()
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if (
            len(self._messages) > MAX_WAITING
            and not self.paused
            and not self._transport.is_closing()
        ):
            self.paused = True
            self._transport.pause_reading()

    def put_back(self, messages: list[bytes]) -> None:
        """Have messages that were taken come again, before all that wait."""
        self._messages = deque([*messages, *(self._messages or ())])

    async def next(self) -> bytes | None:
        """Return the next message, None when the connection ended and all were read."""
        if not self._messages:
            if self.closed:
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
            if not self._messages:
                return None
        message = self._messages.popleft()
        if self.paused and not self._messages:
            self.paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
        return message

    def close(self) -> None:
        self.closed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class ChargerSocket(ServerConnection):
    """One charger's WebSocket."""

    heard = False
    """Set by anything that arrives; whoever watches for silence clears it."""
    secure = False
    listener: Listener | None = None
    admission: Admission | None = None
    unnamed: OcppVersion | None = None
    """The version agreed with a charger that did not say who it is."""
    _partial = b""
    _short_way = True
    _begins = True

    @property
    def inbox(self) -> Inbox:
        return cast("Inbox", self.recv_messages)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.recv_messages = Inbox(cast("asyncio.Transport", transport))

    def agree_on(self, subprotocol: str | None) -> None:
        """Set what the handshake will answer; None sends no such header."""
        if subprotocol is not None:
            cast("ChargerProtocol", self.protocol).chosen = Subprotocol(subprotocol)

    def forget_handshake(self) -> None:
        """Let go of what only the handshake needed."""
        self.request = _DONE
        self.response = None

    # -- reading

    def data_received(self, data: bytes) -> None:
        self.heard = True
        protocol = self.protocol
        if protocol._state is OPEN and self._short_way:
            self._take_frames(self._partial + data if self._partial else data)
            return
        if protocol._state is CONNECTING and self._begins:
            self._begins = False
            data = straightened(data)
        super().data_received(data)
        if protocol._state is CLOSING:
            self._end()
        elif protocol._state is CONNECTING and not data.endswith(_END_OF_REQUEST):
            self._short_way = False  # more than the request: the parser may hold half a frame

    def _take_frames(self, data: bytes) -> None:
        limit = self.protocol.max_message_size or 0
        at = 0
        end = len(data)
        while end - at >= 2:
            length = data[at + 1]
            if length < _MASKED:  # not masked: the parser closes the connection
                super().data_received(data[at:])
                return
            length &= 0x7F
            start = at + 6
            if length == 126:
                start = at + 8
                length = int.from_bytes(data[at + 2 : at + 4], "big")
            elif length == 127:
                start = at + 14
                length = int.from_bytes(data[at + 2 : at + 10], "big")
            if end < start:
                break
            stop = start + length
            if length > limit:
                super().data_received(data[at:])
                return
            if end < stop:
                break
            head = data[at]
            if head in _WHOLE and self.protocol.current_size is None:
                self._deliver(apply_mask(data[start:stop], data[start - 4 : start]))
            else:
                super().data_received(data[at:stop])
                if self.protocol._state is not OPEN:
                    self._partial = b""
                    self._end()
                    return
            at = stop
        self._partial = data[at:] if at < end else b""

    def _deliver(self, message: bytes) -> None:
        """Answers to our calls are taken at once, the rest waits for its turn."""
        if self.listener is not None and message[:2] in _ANSWERS:
            self.listener.take_answer(message)
        else:
            self.inbox.feed(message)

    def _end(self) -> None:
        if self.listener is not None:
            self.listener.ended()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end()

    # -- writing

    @property
    def is_open(self) -> bool:
        return self.protocol._state is OPEN and not self.transport.is_closing()

    def send_now(self, text: bytes) -> bool:
        """Write a text frame; False if the connection is over."""
        if not self.is_open:
            return False
        length = len(text)
        if length < 126:
            head = bytes((_WHOLE_TEXT, length))
        elif length < 65536:
            head = _HEADER_16.pack(_WHOLE_TEXT, 126, length)
        else:
            head = _HEADER_64.pack(_WHOLE_TEXT, 127, length)
        self.transport.write(head + text)
        return True

    async def drained(self) -> None:
        """Wait until the charger read most of what was written, or the connection ended."""
        try:
            await self.drain()
        except OSError:
            return  # whoever reads next is told of the end

    def ping_now(self) -> None:
        """Send a ping; its pong counts as any other sign of life."""
        if self.is_open:
            self.protocol.send_ping(b"")
            self.send_data()

    def close_soon(self, code: CloseCode, reason: str) -> None:
        """Start closing and return; the TCP connection is cut if the charger doesn't follow."""
        if self.is_open:
            self.protocol.send_close(code, reason)
            self.send_data()
            self.loop.call_later(CLOSE_TIMEOUT_S, self.transport.abort)


Handler: TypeAlias = Callable[[ChargerSocket], Coroutine[Any, Any, None]]


async def listen(
    handler: Handler,
    host: str,
    port: int,
    *,
    max_size: int,
    dead_after_s: float,
    tls: TlsDoor | None = None,
) -> Server:
    """Listen for chargers; each connection runs `handler` in a task of its own.

    `dead_after_s` is how long the kernel waits for a peer to acknowledge what was sent before it
    calls the connection dead: half-open connections are found even if a charger ignores pings.
    """
    loop = asyncio.get_running_loop()

    def connection() -> ChargerSocket:
        protocol = ChargerProtocol(max_size=max_size, logger=logger)
        charger = ChargerSocket(
            protocol,
            server,
            ping_interval=None,
            ping_timeout=None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_queue=None,
        )
        charger.secure = tls is not None
        return charger

    async def create_server() -> asyncio.Server:
        arriving = connection if tls is None else tls.before(connection)
        return await loop.create_server(arriving, host, port, backlog=BACKLOG)

    server = Server(create_server, cast("Any", handler), logger)
    await server
    for listening in server.sockets:
        _watch_for_dead_peers(listening, dead_after_s)
    return server


def _watch_for_dead_peers(listening: socket.socket, dead_after_s: float) -> None:
    """Set what accepted connections inherit."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        seconds = max(1, int(dead_after_s))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, seconds)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, seconds // 4))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)
