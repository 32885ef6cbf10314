"""The embedded PostgreSQL in the life of a server: held, started, watched, stopped."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from csms.store import data_directory
from csms.store.cluster import Cluster
from csms.store.errors import DataDirectoryInUseError, EmbeddedPostgresError

_log = logging.getLogger(__name__)

_LOCK_WAIT_S: Final = 5.0
"""A short-lived command (`csms key`) may hold the directory for a moment."""
_WATCH_S: Final = 0.5
_RESTART_PAUSE_S: Final = 2.0


class EmbeddedPostgres:
    """A PostgreSQL of our own for as long as the context lasts.

    It holds the data directory, so that two servers never share one, and restarts PostgreSQL
    should that end by itself: whoever waits for the database gets it back at the same URL.

    Raises DataDirectoryInUseError, EmbeddedPostgresError.
    """

    def __init__(self, data_dir: Path, *, lock_wait_s: float = _LOCK_WAIT_S) -> None:
        self._data_dir = data_dir
        self._lock_wait_s = lock_wait_s
        self._cluster = Cluster(data_dir)
        self._held = ExitStack()
        self._watcher: asyncio.Task[None] | None = None
        self.url = ""
        """Where to connect, once the context is entered."""

    async def __aenter__(self) -> Self:
        holder = data_directory.held(self._data_dir, wait_s=self._lock_wait_s)
        await asyncio.to_thread(self._held.enter_context, holder)
        try:
            await asyncio.to_thread(self._cluster.start)
        except BaseException:
            # Cancelled, the thread goes on starting it: stopping waits for that.
            await self._release()
            raise
        self.url = self._cluster.url
        self._watcher = asyncio.create_task(self._watch(), name="embedded-postgres-watch")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self._release()

    async def _release(self) -> None:
        try:
            await asyncio.to_thread(self._cluster.stop)
        finally:
            self._held.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_S)
            if self._cluster.has_ended():
                _log.error("PostgreSQL ended by itself; starting it again")
                await self._restart()

    async def _restart(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._cluster.start)
            except EmbeddedPostgresError as error:
                _log.error("PostgreSQL can't be started again yet: %s", error)
                await asyncio.sleep(_RESTART_PAUSE_S)
            else:
                return


def running_url(data_dir: Path) -> str | None:
    """Return the URL of the PostgreSQL that another csms runs in this directory, if one does.

    Raises EmbeddedPostgresError while that one is still starting.
    """
    try:
        with data_directory.held(data_dir):
            return None
    except DataDirectoryInUseError:
        return Cluster(data_dir).url


def is_in_use(data_dir: Path) -> bool:
    """Tell whether a database is in this directory, or is being made there just now."""
    if Cluster(data_dir).directory.exists():
        return True
    if not (data_dir / "lock").exists():
        return False
    try:
        with data_directory.held(data_dir):
            return False
    except DataDirectoryInUseError:
        return True
