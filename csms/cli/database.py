"""The database of the settings, whether a server is running on it or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from csms.config import Settings
from csms.errors import CsmsError, DatabaseUnavailableError
from csms.store.embedded import EmbeddedPostgres, is_in_use, running_url
from csms.store.errors import EmbeddedPostgresError, MigrationError, UnfitDatabaseError

if TYPE_CHECKING:
    from csms.store.database import Database

_START_WAIT_S: Final = 30.0
_POLL_S: Final = 0.1


class DatabaseSettingError(CsmsError):
    """The database that the settings name can't be used."""


def place_of(settings: Settings) -> str:
    """Return where the records are, without any secret."""
    if settings.database_url is None:
        return str((settings.data_dir / "postgres").absolute())
    url = urlsplit(settings.database_url)
    port = f" port {url.port}" if url.port else ""
    return f"PostgreSQL on {url.hostname or 'this machine'}{port}, database {url.path.strip('/')}"


@contextmanager
def named(settings: Settings) -> Iterator[None]:
    """Say of a database that can't be used which one it is, and who named it."""
    try:
        yield
    except (DatabaseUnavailableError, MigrationError, UnfitDatabaseError) as error:
        if settings.database_url is None:
            raise
        place = f"CSMS_DATABASE_URL names {place_of(settings)}"
        raise DatabaseSettingError(f"{error}\n  {place}") from error


@asynccontextmanager
async def database_url(settings: Settings, *, make: bool) -> AsyncIterator[str]:
    """Lend the URL of the database; an embedded one that isn't running runs for the moment.

    Raises DatabaseSettingError if there is none and it is not to be made.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    if not make and not is_in_use(settings.data_dir):
        raise DatabaseSettingError(
            f"CSMS_DATA_DIR: there is no database in {settings.data_dir.absolute()}; "
            "`csms serve` makes one there"
        )
    if (url := await _url_of_running(settings)) is not None:
        yield url
    else:
        async with EmbeddedPostgres(settings.data_dir) as postgres:
            yield postgres.url


@asynccontextmanager
async def opened(settings: Settings, *, make: bool = False) -> AsyncIterator[Database]:
    """Lend the database, migrated; with `make` an embedded one is made if there is none.

    Raises DatabaseSettingError, EmbeddedPostgresError.
    """
    from csms.store.database import Database
    from csms.store.migrate import migrate

    async with database_url(settings, make=make) as url:
        with named(settings):
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
