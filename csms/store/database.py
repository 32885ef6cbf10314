"""The one door to PostgreSQL: a small pool for admin work, raw connections for the batch writer.

Driver errors are wrapped here and nowhere else: what a caller may see is `ConflictError` (a
constraint said no) and `DatabaseUnavailableError` (no answer; asking again later may help).
Everything else the driver raises is a bug in a statement and passes through unchanged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from typing import Any, TypeAlias, cast

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from csms.errors import ConflictError, DatabaseUnavailableError
from csms.store.errors import DatabaseUrlError

RawConnection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
LentConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

DRIVER_ERRORS = (
    DBAPIError,
    PoolTimeoutError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""All that may come out of asyncpg, directly or through SQLAlchemy."""

_AWAY_STATES = ("08", "25006", "28", "3D", "53", "57014", "57P")
"""SQLSTATE classes: connection, a server that takes no writes (after a failover), login, no such
database, out of resources, out of time, shutting down."""


class Database:
    """A PostgreSQL server, named by a libpq-style URL.

    The URL is parsed by asyncpg for the pool and for raw connections alike, so both always mean
    the same server (unix sockets as `?host=/directory`, `sslmode` and the like included).
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        connect_timeout_s: float = 10.0,
        command_timeout_s: float = 30.0,
    ) -> None:
        self._dsn = driver_url(url)
        self._connect_timeout_s = connect_timeout_s
        self._command_timeout_s = command_timeout_s
        self._raw_pool = asyncpg.create_pool(
            min_size=0, max_size=pool_size, connect=self._connect_raw, reset=_leave_as_is
        )
        self._pool_size = pool_size

    @cached_property
    def engine(self) -> AsyncEngine:
        """The pool for admin work, made when it is first asked for."""
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=self._pool_size,
            max_overflow=0,
            pool_timeout=self._connect_timeout_s,
            json_serializer=_dump_json,
            json_deserializer=orjson.loads,
        )
        event.listen(engine.sync_engine, "checkout", _replace_if_closed)
        return engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection in a transaction: committed at the end, rolled back on any error.

        Raises ConflictError, DatabaseUnavailableError.
        """
        with driver_errors_wrapped():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def raw(self) -> AsyncIterator[LentConnection]:
        """Lend a raw connection for a few quick reads; it keeps its prepared statements.

        Raises DatabaseUnavailableError.
        """
        with driver_errors_wrapped():
            await self._raw_pool
            async with self._raw_pool.acquire(timeout=self._connect_timeout_s) as connection:
                yield connection

    async def open_connection(self) -> RawConnection:
        """Open a raw connection outside the pool; the caller closes it.

        Raises DatabaseUnavailableError.
        """
        with driver_errors_wrapped():
            return await self._connect()

    async def ping(self) -> None:
        """Ask the server whether it takes writes; raises DatabaseUnavailableError."""
        async with self.raw() as connection:
            read_only = await connection.fetchval("SELECT current_setting('transaction_read_only')")
        if read_only == "on":
            raise DatabaseUnavailableError("it takes no writes")

    async def close(self) -> None:
        await self._raw_pool  # asyncpg closes only a pool that was ready once
        await self._raw_pool.close()
        if "engine" in vars(self):
            await self.engine.dispose()

    async def _connect_raw(self, *_args: Any, **_options: Any) -> RawConnection:
        return await self._connect()

    async def _connect(self) -> RawConnection:
        try:
            return await asyncpg.connect(
                self._dsn,
                timeout=self._connect_timeout_s,
                command_timeout=self._command_timeout_s,
                server_settings={"application_name": "csms", "timezone": "UTC"},
            )
        except asyncpg.PostgresError as error:  # whatever its reason, nobody gets in
            raise ConnectionRefusedError(str(error)) from error
        except ValueError as error:
            raise DatabaseUrlError(_what_it_says(error)) from error


def _replace_if_closed(connection: Any, *_: Any) -> None:
    """Let the pool open another if this one ended in it; a ping would be three questions more."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


async def _leave_as_is(_connection: Any) -> None:
    """Only reads are made on the raw pool, so there is nothing to reset after them."""


async def driver_of(connection: AsyncConnection) -> RawConnection:
    """Return what a lent connection is to asyncpg, for statements that are sent very often.

    They belong to its transaction once anything else was executed in it.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return cast("RawConnection", driver)


def _what_it_says(error: ValueError) -> str:
    """Return what is wrong with a URL; only the driver's own words repeat nothing secret."""
    if isinstance(error, asyncpg.ClientConfigurationError):
        return str(error.args[0])
    if isinstance(error, UnicodeError):
        return "it holds no host name"
    return "it can't be read as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


def driver_url(url: str) -> str:
    """Return the URL as asyncpg reads it, without SQLAlchemy's name of the driver."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def is_away(error: BaseException) -> bool:
    """Tell whether a driver error means that the database can't be reached just now."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (
            error.orig is not None and is_away(error.orig.__cause__ or error.orig)
        )
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "").startswith(_AWAY_STATES)
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)  # its other uses are mistakes in calling the driver
    # A server that ends a connection in the very moment of a question confuses the driver.
    return isinstance(error, OSError | PoolTimeoutError | asyncpg.InternalClientError)


def passes_by_itself(error: BaseException) -> bool:
    """Tell whether the same statement may well succeed if it is sent again at once.

    Deadlocks and the like (SQLSTATE class 40), and a partition that was attached while a row was
    on its way to the default partition: such a violation names no constraint.
    """
    if isinstance(error, asyncpg.CheckViolationError):
        return error.constraint_name is None
    return isinstance(error, asyncpg.TransactionRollbackError)


@contextmanager
def driver_errors_wrapped() -> Iterator[None]:
    """Turn driver errors into ConflictError and DatabaseUnavailableError; for raw connections."""
    try:
        yield
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as error:
        raise ConflictError(_first_line(error)) from error
    except DRIVER_ERRORS as error:
        if not is_away(error):
            raise
        raise DatabaseUnavailableError(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    """Return what went wrong, without the statement and its parameters."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _dump_json(value: Any) -> str:
    return orjson.dumps(value).decode()
