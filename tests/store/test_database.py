"""The pool of connections for admin work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from csms.store.database import Database
from csms.store.errors import DatabaseUrlError


async def test_a_connection_that_ended_in_the_pool_is_replaced_unnoticed(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    try:
        first = await backend_of(database)
        await end(database, first)
        assert await backend_of(database) != first
    finally:
        await database.close()


async def test_a_connection_that_lives_is_used_again(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    try:
        assert await backend_of(database) == await backend_of(database)
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://csms@127.0.0.1:1/csms?sslmode=bogus", "`sslmode` parameter must be one of"),
        ("postgresql://csms@127.0.0.1:1/csms?sslmode=verify-full", r"root\.crt.* does not exist"),
        ("postgresql://csms@bogus..host/csms", "no host name"),
        ("postgresql://csms@127.0.0.1:1/csms?password=hunter2&hunter3", "it can't be read as"),
    ],
)
async def test_a_url_that_makes_no_sense_is_told_as_such(
    url: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    database = Database(url)
    with pytest.raises(DatabaseUrlError, match=why) as told:
        await database.ping()
    assert "hunter" not in str(told.value)
    await database.close()


async def backend_of(database: Database) -> int:
    """Return the number of the process at the other end of a pooled connection."""
    async with database.begin() as connection:
        process: int = await connection.scalar(text("SELECT pg_backend_pid()"))
        return process


async def end(database: Database, process: int) -> None:
    """Let PostgreSQL end a connection, and wait until it is gone."""
    async with database.raw() as connection, asyncio.timeout(10):
        await connection.execute("SELECT pg_terminate_backend($1)", process)
        while await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", process
        ):
            await asyncio.sleep(0.01)
