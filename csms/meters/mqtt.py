"""Meters whose values are published over MQTT, by topic or in JSON."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiomqtt

from csms.clock import Clock
from csms.meters.errors import MeterError
from csms.meters.published import Published
from csms.meters.secrets import SecretFiles
from csms.meters.settings import MqttSettings
from csms.meters.sources import Intake
from csms.meters.tls import client_context

PORT: Final = 1883
TLS_PORT: Final = 8883
KEEP_ALIVE_S: Final = 20
"""A broker that is gone without a word is noticed within twice this."""
MAX_WAITING: Final = 1000
REFUSED: Final = 0x80
"""From here on the codes of a SUBACK are refusals."""
PATIENCE_S: Final = 10.0
"""After this long without all values it is said which are missing."""


class MqttLink:
    def __init__(self, settings: MqttSettings, secrets: SecretFiles, clock: Clock) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._leaving: set[asyncio.Future[None]] = set()

    async def stay(self, intake: Intake) -> None:
        """Subscribe and listen. Raises MeterError, OSError."""
        client = await self._client()
        try:
            async with self._connected(client):
                await self._listen(client, intake)
        except aiomqtt.MqttError as error:
            raise MeterError(f"MQTT: {error}") from None

    async def _client(self) -> aiomqtt.Client:
        settings = self._settings
        tls = password = None
        if settings.tls is not None:
            tls = await asyncio.to_thread(client_context, settings.tls, self._secrets)
        if settings.password is not None:
            password = await asyncio.to_thread(self._secrets.read, settings.password)
        return aiomqtt.Client(
            settings.host,
            settings.port or (PORT if tls is None else TLS_PORT),
            username=settings.username,
            password=password,
            tls_context=tls,
            timeout=settings.timeout_s,
            keepalive=KEEP_ALIVE_S,
            max_queued_incoming_messages=MAX_WAITING,
        )

    @asynccontextmanager
    async def _connected(self, client: aiomqtt.Client) -> AsyncIterator[None]:
        """Connect and disconnect, also if cancelled while a thread of the library's connects."""
        entering = asyncio.ensure_future(client.__aenter__())
        try:
            await asyncio.shield(entering)
        except asyncio.CancelledError:
            entering.add_done_callback(lambda entered: self._leave_late(client, entered))
            raise
        except aiomqtt.MqttError:
            _hang_up(client)
            raise
        try:
            yield
        finally:
            await _leave(client)

    def _leave_late(self, client: aiomqtt.Client, entered: asyncio.Future[Any]) -> None:
        if entered.cancelled() or entered.exception() is not None:
            _hang_up(client)
            return
        leaving = asyncio.ensure_future(_leave(client))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _listen(self, client: aiomqtt.Client, intake: Intake) -> None:
        published = Published(self._settings)
        refused = await self._subscribe(client, published.topics)
        if refused:
            raise MeterError(f"the broker refuses to give {', '.join(refused)}")
        loop = asyncio.get_running_loop()
        given_s = loop.time()
        async for message in client.messages:
            if message.retain:
                continue  # kept by the broker since nobody knows when
            now_s = loop.time()
            try:
                published.take(message.topic.value, message.payload, self._clock.now(), now_s)
                measured = published.measured(now_s)
            except MeterError as error:
                intake.complain(str(error))
                continue
            if measured is not None:
                given_s = now_s
                intake.take(*measured)
            elif now_s - given_s > PATIENCE_S and (missing := published.missing(now_s)):
                given_s = now_s
                intake.complain(f"waiting for {', '.join(missing)}")

    async def _subscribe(self, client: aiomqtt.Client, topics: frozenset[str]) -> list[str]:
        """Return the topics that were refused."""
        wanted = sorted(topics)
        codes = await client.subscribe([(topic, 0) for topic in wanted])
        answers = [getattr(code, "value", code) for code in codes]
        return [topic for topic, code in zip(wanted, answers, strict=True) if code >= REFUSED]


def _hang_up(client: aiomqtt.Client) -> None:
    """Close the socket of a broker that never greeted; aiomqtt leaves it open."""
    client._client.disconnect()


async def _leave(client: aiomqtt.Client) -> None:
    with contextlib.suppress(aiomqtt.MqttError):  # it must not hide why we leave
        await client.__aexit__(None, None, None)
    ended = client._disconnected
    if ended.done() and not ended.cancelled():
        ended.exception()  # nobody else asks if the broker went just when we did
