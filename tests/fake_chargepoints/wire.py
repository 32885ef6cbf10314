"""A thin WebSocket client for thousands of stations in one process.

It drives the sans-I/O core of `websockets` directly: no task, no queue and no stream per
connection, text frames go straight to a callback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import WebSocketURI


class Wire(asyncio.Protocol):
    """One connection. Calls `on_open`, `on_text` (bytes) and at its end once `on_lost`."""

    __slots__ = (
        "_core",
        "_headers",
        "_is_open",
        "_partial",
        "_transport",
        "on_lost",
        "on_open",
        "on_text",
    )

    def __init__(
        self,
        uri: WebSocketURI,
        subprotocols: tuple[str, ...],
        headers: dict[str, str],
        *,
        on_open: Callable[[], None],
        on_text: Callable[[bytes], None],
        on_lost: Callable[[str], None],
    ) -> None:
        names = [Subprotocol(name) for name in subprotocols] or None
        self._core = ClientProtocol(uri, subprotocols=names, max_size=2**22)
        self._headers = headers
        self._transport: asyncio.Transport | None = None
        self._is_open = False
        self._partial = b""
        self.on_open = on_open
        self.on_text = on_text
        self.on_lost = on_lost

    def send(self, text: bytes) -> bool:
        """Send a text message; False when the connection is not (or no longer) open."""
        if not self._is_open:
            return False
        try:
            self._core.send_text(text)
        except InvalidState:
            return False
        self._flush()
        return True

    def close(self) -> None:
        """Begin the closing handshake, or cut a connection that is not open."""
        if self._transport is None:
            return
        if self._is_open:
            self._is_open = False
            self._core.send_close(1000)
            self._flush()
        else:
            self._transport.abort()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit
        request = self._core.connect()
        request.headers.update(self._headers)
        self._core.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._core.receive_data(data)
        self._take_events()
        self._flush()

    def eof_received(self) -> None:
        self._core.receive_eof()
        self._take_events()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        self._transport = None
        self.on_lost(str(self._core.handshake_exc or exc or "closed"))

    def _take_events(self) -> None:
        for event in self._core.events_received():
            if isinstance(event, Response):
                self._opened(self._core.handshake_exc)
            elif isinstance(event, Frame):
                self._take_frame(event)

    def _opened(self, refusal: Exception | None) -> None:
        if refusal is None:
            self._is_open = True
            self.on_open()
        elif isinstance(refusal, InvalidHandshake) and self._transport is not None:
            self._transport.close()

    def _take_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._is_open = False
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._partial += frame.data
            if frame.fin:
                text, self._partial = self._partial, b""
                self.on_text(text)

    def _flush(self) -> None:
        if self._transport is None:
            return
        for data in self._core.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
