"""Keeps a charge point connected: dials, greets, delivers, and dials again with back-off."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from .errors import CallError, CallTimeoutError, ConnectRefusedError, LinkClosedError
from .link import Link, LinkOptions, Responder
from .outbox import Outbox

logger = logging.getLogger(__name__)

LinkFactory = Callable[[LinkOptions, Responder], Link]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between attempts: doubling from `min_s` to `max_s`, half of it by chance."""

    min_s: float = 0.5
    max_s: float = 30.0

    def wait_s(self, attempt: int, chance: random.Random) -> float:
        """The wait before this attempt (0: the first after a loss)."""
        longest_s: float = min(self.max_s, self.min_s * 2.0 ** min(attempt, 16))
        return longest_s * (0.5 + chance.random() / 2)


class Uplink:
    """The connection of one charge point over its life, through all reconnects.

    `greet` runs on every new link: it boots if need be and then attaches the outbox.
    """

    def __init__(
        self,
        options: LinkOptions,
        responder: Responder,
        greet: Callable[[Link], Awaitable[None]],
        outbox: Outbox,
        *,
        link_factory: LinkFactory = Link,
        backoff: Backoff | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.options = options
        self.link: Link | None = None
        self.connections = 0
        self.ready = asyncio.Event()
        self._responder = responder
        self._greet = greet
        self._outbox = outbox
        self._link_factory = link_factory
        self._backoff = backoff or Backoff()
        self._chance = chance or random.Random()
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._attempt = 0

    @property
    def is_ready(self) -> bool:
        """Connected, accepted and delivering."""
        return self.ready.is_set()

    def forbid(self, *, abruptly: bool = True) -> None:
        """Cut the link and stay away until `allow`."""
        self._allowed.clear()
        self._leave()
        if self.link is not None and abruptly:
            self.link.abort()

    def allow(self) -> None:
        """Dial again."""
        self._attempt = 0
        self._allowed.set()

    async def hang_up(self) -> None:
        """Close the present link; the next dial follows unless forbidden."""
        self._leave()
        if self.link is not None:
            await self.link.close()

    async def run(self) -> None:
        """Stay connected for ever, until cancelled."""
        try:
            while True:
                await self._allowed.wait()
                await self._connect_once()
                await asyncio.sleep(self._backoff.wait_s(self._attempt, self._chance))
                self._attempt += 1
        finally:
            self._leave()
            if self.link is not None:
                await self.link.close()

    async def _connect_once(self) -> None:
        link = self._link_factory(self.options, self._responder)
        try:
            await link.open()
        except ConnectRefusedError as error:
            logger.debug("%s: %s", self.options.identity, error)
            return
        self.link = link
        self.connections += 1
        try:
            # `forbid` may have been called while the handshake or the greeting was under way.
            if self._allowed.is_set():
                await self._greet(link)
            if not self._allowed.is_set():
                return
            self._attempt = 0
            if link.is_open:
                self.ready.set()
            await link.closed.wait()
        except (CallError, CallTimeoutError, LinkClosedError) as error:
            logger.debug("%s lost its link: %s", self.options.identity, error)
        finally:
            self._leave()
            await link.close()

    def _leave(self) -> None:
        self.ready.clear()
        self._outbox.detach()
