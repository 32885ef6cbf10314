"""Finds connections that are dead, with one task for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from websockets.frames import CloseCode

from csms.clock import Clock
from csms.config import Settings
from csms.gateway.connection import Connection

logger = logging.getLogger(__name__)

_STEPS: Final = 8
"""Looks per ping interval; what is told of silence is this exact."""


class Liveness:
    """Pings chargers that are silent and closes connections that stay so.

    Anything received proves life: some chargers never answer pings.
    """

    def __init__(
        self,
        settings: Settings,
        connections: Callable[[], Iterable[Connection]],
        heartbeat_interval_s: float,
        clock: Clock,
    ) -> None:
        self._ping_interval_s = settings.ping_interval
        self._limit_s = max(settings.silence_limit, 3 * heartbeat_interval_s)
        self._connections = connections
        self._clock = clock

    async def run(self) -> None:
        pause_s = min(self._ping_interval_s, self._limit_s) / _STEPS
        while True:
            await asyncio.sleep(pause_s)
            self.look(self._clock.monotonic())

    def look(self, now: float) -> None:
        """Look at every connection once."""
        for connection in self._connections():
            socket = connection.socket
            if socket.heard or socket.inbox.paused:  # paused: it is we who don't listen
                socket.heard = False
                connection.heard_at = connection.pinged_at = now
            elif now - connection.heard_at >= self._limit_s:
                logger.warning(
                    "%s was silent for %d s, closing its connection",
                    connection.charge_point.id,
                    now - connection.heard_at,
                )
                connection.close(CloseCode.GOING_AWAY, "silent", "silent for too long")
            elif (
                now - connection.pinged_at >= self._ping_interval_s and connection.charge_point.ping
            ):
                connection.pinged_at = now
                socket.ping_now()
