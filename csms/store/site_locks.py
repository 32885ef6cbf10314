"""Which node steers a site: advisory locks, all on one connection that lives as long as the node.

PostgreSQL frees them the moment it sees that connection end, which TCP keepalives make a matter
of seconds even if a whole machine vanishes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.store.database import (
    DRIVER_ERRORS,
    Database,
    RawConnection,
    driver_errors_wrapped,
)

_log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S: Final = 3.0
"""A node that gets no answer for so long gives its sites up, sooner than the server frees them."""
_SEED: Final = 0x6373_6D73_0020
_NOTICE_THE_DEAD: Final = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
)
_LOCK: Final = "SELECT pg_try_advisory_lock(hashtextextended($1, $2))"
_UNLOCK: Final = "SELECT pg_advisory_unlock(hashtextextended($1, $2))"


class SiteLocks:
    """The sites that this node holds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._busy = asyncio.Lock()
        self._connection: RawConnection | None = None
        self._held: dict[str, RawConnection] = {}
        """Each site and the connection that holds it; another connection is another holder."""

    @asynccontextmanager
    async def hold(self, site_id: str) -> AsyncIterator[bool]:
        """Try to take a site, and give it back at the end; False inside if another has it."""
        holder = await self._take(site_id)
        try:
            yield holder is not None
        finally:
            if holder is not None:
                await self._give_back(site_id, holder)

    async def still_held(self, site_id: str) -> bool:
        """Ask the server through the connection that took the site."""
        async with self._busy:
            holder = self._held.get(site_id)
            return holder is not None and await self._answers(holder)

    async def close(self) -> None:
        """Give all sites back."""
        async with self._busy:
            self._held.clear()
            connection, self._connection = self._connection, None
            if connection is not None:
                try:
                    await connection.close(timeout=ANSWER_TIMEOUT_S)
                except DRIVER_ERRORS:
                    connection.terminate()

    async def _take(self, site_id: str) -> RawConnection | None:
        async with self._busy:
            if site_id in self._held and await self._answers(self._held[site_id]):
                return None  # somebody in this very node has it
            try:
                connection = await self._connected()
                with driver_errors_wrapped():
                    taken = await connection.fetchval(
                        _LOCK, site_id, _SEED, timeout=ANSWER_TIMEOUT_S
                    )
            except DatabaseUnavailableError as error:
                _log.warning("site %s can't be taken now: %s", site_id, error)
                self._drop()
                return None
            except asyncio.CancelledError:
                self._drop()  # whether it was taken is not known
                raise
            if not taken:
                return None
            self._held[site_id] = connection
            return connection

    async def _give_back(self, site_id: str, holder: RawConnection) -> None:
        async with self._busy:
            if self._held.get(site_id) is not holder:
                return  # the lock ended with its connection
            del self._held[site_id]
            try:
                with driver_errors_wrapped():
                    await holder.execute(_UNLOCK, site_id, _SEED, timeout=ANSWER_TIMEOUT_S)
            except DatabaseUnavailableError as error:
                _log.warning("site %s is given back with its connection: %s", site_id, error)
                self._drop()
            except asyncio.CancelledError:
                self._drop()
                raise

    async def _connected(self) -> RawConnection:
        if self._connection is None or self._connection.is_closed():
            self._drop()
            connection = await self._database.open_connection()
            with driver_errors_wrapped():
                await connection.execute(_NOTICE_THE_DEAD, timeout=ANSWER_TIMEOUT_S)
            self._connection = connection
        return self._connection

    async def _answers(self, connection: RawConnection) -> bool:
        if connection is not self._connection or connection.is_closed():
            return False
        try:
            with driver_errors_wrapped():
                await connection.execute("SELECT 1", timeout=ANSWER_TIMEOUT_S)
        except DatabaseUnavailableError as error:
            _log.warning("sites are given up, the database does not answer: %s", error)
            self._drop()
            return False
        return True

    def _drop(self) -> None:
        """End the connection, and with it all that it held."""
        connection, self._connection = self._connection, None
        self._held = {s: holder for s, holder in self._held.items() if holder is not connection}
        if connection is not None:
            connection.terminate()
