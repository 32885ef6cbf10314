"""A charger as light as can be: prebuilt frames over a bare socket, so that the load costs little.

Client frames are masked with the key 0, which leaves the payload as it is and is allowed
(RFC 6455 5.3 asks for an unpredictable key of browsers' sake; this is a benchmark on loopback).
"""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast


def frame(payload: bytes) -> bytes:
    """One masked text frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x81, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x81, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, size)
    return head + b"\0\0\0\0" + payload


class ChargerSocket(asyncio.Protocol):
    """Connects, upgrades, then calls `on_text` with each text message that comes in."""

    def __init__(self, host: str, path: str, subprotocol: str) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        ).encode()
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.on_text: Callable[[bytes], None] = lambda _text: None
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by type
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.upgraded.done():
            self.upgraded.set_exception(exc or ConnectionError("closed in the handshake"))
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, payload: bytes) -> None:
        assert self._transport is not None
        self._transport.write(frame(payload))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        if not self.upgraded.done():
            head, separator, buffer = buffer.partition(b"\r\n\r\n")
            if not separator:
                self._buffer = head
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.upgraded.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self.upgraded.set_result(None)
        self._buffer = self._read_frames(buffer)

    def _read_frames(self, buffer: bytes) -> bytes:
        position = 0
        available = len(buffer)
        while available - position >= 2:
            size = buffer[position + 1] & 0x7F
            start = position + 2
            if size == 126:
                if available - position < 4:
                    break
                size = int.from_bytes(buffer[position + 2 : position + 4], "big")
                start = position + 4
            elif size == 127:
                if available - position < 10:
                    break
                size = int.from_bytes(buffer[position + 2 : position + 10], "big")
                start = position + 10
            if available < start + size:
                break
            opcode = buffer[position] & 0x0F
            if opcode == 1:
                self.on_text(buffer[start : start + size])
            elif opcode == 9:
                self._pong(buffer[start : start + size])
            position = start + size
        return buffer[position:]

    def _pong(self, payload: bytes) -> None:
        assert self._transport is not None
        head = struct.pack("!BB", 0x8A, 0x80 | len(payload))
        self._transport.write(head + b"\0\0\0\0" + payload)


async def connect(host: str, port: int, path: str, subprotocol: str) -> ChargerSocket:
    loop = asyncio.get_running_loop()
    _, socket = await loop.create_connection(
        lambda: ChargerSocket(f"{host}:{port}", path, subprotocol), host, port
    )
    await socket.upgraded
    return socket
