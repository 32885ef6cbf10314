"""What may happen to a test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True)
class Administrator:
    """May change one database while nobody gets into it."""

    connection: asyncpg.Connection[asyncpg.Record]
    database: str

    async def alter(self, how: str) -> None:
        """Change the database and throw everybody out of it."""
        await self.connection.execute(f"ALTER DATABASE {self.database} {how}")
        await self.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
            self.database,
        )


@asynccontextmanager
async def _administrator(server_url: str, database_url: str) -> AsyncIterator[Administrator]:
    inside = await asyncpg.connect(database_url)
    database = await inside.fetchval("SELECT current_database()")
    await inside.close()
    connection = await asyncpg.connect(server_url)
    try:
        yield Administrator(connection, database)
    finally:
        await connection.close()


@asynccontextmanager
async def _altered(server_url: str, database_url: str, how: str, back: str) -> AsyncIterator[None]:
    async with _administrator(server_url, database_url) as administrator:
        await administrator.alter(how)
        try:
            yield
        finally:
            await administrator.alter(back)


def database_away(server_url: str, database_url: str) -> AbstractAsyncContextManager[None]:
    """Cut off everybody from one database, and let them back in."""
    return _altered(server_url, database_url, "ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true")


def database_read_only(server_url: str, database_url: str) -> AbstractAsyncContextManager[None]:
    """Let one database take no writes, as a standby does after a failover."""
    setting = "default_transaction_read_only"
    return _altered(server_url, database_url, f"SET {setting} = on", f"RESET {setting}")


@asynccontextmanager
async def disk_full(database_url: str) -> AsyncIterator[None]:
    """Let a database answer every question and take no transaction, as one on a full disk."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("""
            CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END$$;
            CREATE TRIGGER no_space BEFORE INSERT ON transactions
            FOR EACH STATEMENT EXECUTE FUNCTION no_space();
        """)
        try:
            yield
        finally:
            await connection.execute("DROP FUNCTION no_space CASCADE")
    finally:
        await connection.close()
