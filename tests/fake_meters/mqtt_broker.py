"""A minimal MQTT 3.1.1 broker: as much as a subscriber of meters needs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 12, 13, 14
ACCEPTED, NOT_AUTHORIZED = 0, 5
REFUSED = 0x80


@dataclass(slots=True, eq=False)
class _Subscriber:
    writer: asyncio.StreamWriter
    topics: dict[str, int] = field(default_factory=dict)
    """Quality of service by topic."""


class Broker:
    """Keeps retained messages and hands out what is published; topics have no wildcards."""

    def __init__(self, users: Mapping[str, str] | None = None) -> None:
        self.port = 0
        self.forbidden: set[str] = set()
        """Topics that nobody may subscribe."""
        self.subscribed = asyncio.Event()
        self._users = users
        self._retained: dict[str, bytes] = {}
        self._subscribers: set[_Subscriber] = set()

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish as if a device had."""
        data = payload.encode() if isinstance(payload, str) else payload
        if retain:
            self._retained[topic] = data
        for subscriber in self._subscribers:
            if topic in subscriber.topics:
                self._send_message(subscriber, topic, data, retain=False)

    def hang_up(self) -> None:
        for subscriber in self._subscribers:
            subscriber.writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subscriber = _Subscriber(writer)
        try:
            await self._talk(subscriber, reader)
        except (OSError, EOFError):
            pass
        finally:
            self._subscribers.discard(subscriber)
            writer.transport.abort()

    async def _talk(self, subscriber: _Subscriber, reader: asyncio.StreamReader) -> None:
        while True:
            first = (await reader.readexactly(1))[0]
            kind, flags = first >> 4, first & 0x0F
            body = await reader.readexactly(await _remaining_length(reader))
            if kind == CONNECT:
                code = self._login(body)
                _send(subscriber.writer, CONNACK, bytes([0, code]))
                if code != ACCEPTED:
                    await subscriber.writer.drain()
                    return
                self._subscribers.add(subscriber)
            elif kind == SUBSCRIBE:
                self._subscribe(subscriber, body)
            elif kind == PUBLISH:
                self._take_message(subscriber, flags, body)
            elif kind == PINGREQ:
                _send(subscriber.writer, PINGRESP, b"")
            elif kind == DISCONNECT:
                return

    def _login(self, body: bytes) -> int:
        if self._users is None:
            return ACCEPTED
        flags, fields = body[7], _strings(body[10:])
        next(fields)  # the client's own name
        user = next(fields).decode() if flags & 0x80 else ""
        password = next(fields).decode() if flags & 0x40 else ""
        return ACCEPTED if self._users.get(user) == password else NOT_AUTHORIZED

    def _subscribe(self, subscriber: _Subscriber, body: bytes) -> None:
        codes = bytearray()
        position = 2
        wanted = []
        while position < len(body):
            length = int.from_bytes(body[position : position + 2], "big")
            topic = body[position + 2 : position + 2 + length].decode()
            quality = body[position + 2 + length]
            position += 3 + length
            if topic in self.forbidden:
                codes.append(REFUSED)
                continue
            codes.append(min(quality, 1))
            subscriber.topics[topic] = min(quality, 1)
            wanted.append(topic)
        _send(subscriber.writer, SUBACK, body[:2] + bytes(codes))
        for topic in wanted:
            if topic in self._retained:
                self._send_message(subscriber, topic, self._retained[topic], retain=True)
        self.subscribed.set()

    def _take_message(self, subscriber: _Subscriber, flags: int, body: bytes) -> None:
        length = int.from_bytes(body[:2], "big")
        topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
        if flags & 0x06:  # quality of service 1
            _send(subscriber.writer, PUBACK, rest[:2])
            rest = rest[2:]
        self.publish(topic, rest, retain=bool(flags & 1))

    def _send_message(
        self, subscriber: _Subscriber, topic: str, payload: bytes, *, retain: bool
    ) -> None:
        name = topic.encode()
        quality = subscriber.topics[topic]
        number = b"\x00\x01" if quality else b""
        body = len(name).to_bytes(2, "big") + name + number + payload
        _send(subscriber.writer, PUBLISH, body, flags=quality << 1 | retain)


def _strings(data: bytes) -> Iterator[bytes]:
    """Yield length-prefixed fields, one after the other."""
    while data:
        length = int.from_bytes(data[:2], "big")
        yield data[2 : 2 + length]
        data = data[2 + length :]


async def _remaining_length(reader: asyncio.StreamReader) -> int:
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length


def _send(writer: asyncio.StreamWriter, kind: int, body: bytes, flags: int = 0) -> None:
    head = bytearray([kind << 4 | flags])
    length = len(body)
    while True:
        length, low = divmod(length, 128)
        head.append(low | (0x80 if length else 0))
        if not length:
            break
    writer.write(bytes(head) + body)


@asynccontextmanager
async def mqtt_broker(
    users: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Broker]:
    broker = Broker(users)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, ssl=tls)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        broker.hang_up()
        with suppress(OSError):
            await server.wait_closed()
