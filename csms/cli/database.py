"""The database of the settings, whether a server is running on it or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from csms.config import Settings
from csms.store.database import Database
from csms.store.embedded import EmbeddedPostgres, running_url
from csms.store.errors import EmbeddedPostgresError
from csms.store.migrate import migrate

_START_WAIT_S: Final = 30.0
_POLL_S: Final = 0.1


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """Lend the URL of the database; an embedded one that isn't running runs for the moment."""
    if settings.database_url is not None:
        yield settings.database_url
    elif (url := await _url_of_running(settings)) is not None:
        yield url
    else:
        async with EmbeddedPostgres(settings.data_dir) as postgres:
            yield postgres.url


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """Lend the database, migrated."""
    async with database_url(settings) as url:
        await migrate(url)
        database = Database(url, pool_size=1)
        try:
            yield database
        finally:
            await database.close()


async def _url_of_running(settings: Settings) -> str | None:
    """Return the URL of a running server's PostgreSQL, and wait for one that is starting."""
    deadline = asyncio.get_running_loop().time() + _START_WAIT_S
    while True:
        try:
            return running_url(settings.data_dir)
        except EmbeddedPostgresError:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(_POLL_S)
