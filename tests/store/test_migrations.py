"""Migrations lead to exactly the schema that tables.py describes."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from database import empty
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.store.cluster import program
from csms.store.database import Database
from csms.store.errors import MigrationError, UnfitDatabaseError
from csms.store.fitness import unfitness
from csms.store.migrate import migrate
from csms.store.revisions import newest_revision
from csms.store.tables import metadata
from csms.store.upgrading import alembic_config


async def test_a_migrated_database_is_what_the_tables_say(
    database_server: str, empty_database_url: str
) -> None:
    await migrate(empty_database_url)
    async with empty(database_server) as url:
        async with _connection(url) as connection:
            await connection.run_sync(metadata.create_all)
        assert _schema(empty_database_url) == _schema(url)


async def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    assert await migrate(empty_database_url)
    assert await migrate(empty_database_url) == []


async def test_of_two_nodes_that_start_together_one_migrates(empty_database_url: str) -> None:
    steps = await asyncio.gather(migrate(empty_database_url), migrate(empty_database_url))
    assert sorted(map(bool, steps)) == [False, True]


async def test_a_database_of_a_newer_csms_is_refused_by_name(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    async with _connection(empty_database_url) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MigrationError, match=r"9999.*made by a newer one"):
        await migrate(empty_database_url)


async def test_a_database_of_another_program_is_not_touched(empty_database_url: str) -> None:
    async with _connection(empty_database_url) as connection:
        await connection.execute(text("CREATE TABLE charge_points (name text)"))
    with pytest.raises(MigrationError, match=r'"charge_points" already exists.*an empty one'):
        await migrate(empty_database_url)
    async with _connection(empty_database_url) as connection:
        tables = await connection.scalars(text("SELECT tablename FROM pg_tables " + _OURS))
        assert tables.all() == ["charge_points"]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_can_not_hold_every_name_is_refused(
    database_server: str, encoding: str
) -> None:
    async with empty(database_server, encoding) as url:
        with pytest.raises(UnfitDatabaseError, match=f"{encoding} is not allowed; expected UTF8"):
            await migrate(url)


@pytest.mark.parametrize("version", [9, 14])
def test_a_server_that_is_too_old_is_refused(version: int) -> None:
    assert unfitness(version, "UTF8") == (
        f"the server is PostgreSQL {version}, which is not allowed; expected 15 or newer"
    )


def test_the_oldest_server_allowed_is_fit() -> None:
    assert unfitness(15, "UTF8") is None


async def test_every_migration_can_be_undone(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    async with _connection(empty_database_url) as connection:
        await connection.run_sync(_downgrade)
        left = await connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                "AND relname NOT LIKE 'alembic_version%'"
            )
        )
        assert left.all() == []


def test_migrations_form_one_line_in_the_order_of_their_names() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [newest_revision()]


_OURS = "WHERE schemaname = 'public'"


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[AsyncConnection]:
    database = Database(url)
    async with database.begin() as connection:
        yield connection
    await database.close()


def _downgrade(connection: Connection) -> None:
    command.downgrade(alembic_config(connection), "base")


def _schema(url: str) -> list[str]:
    """Return the schema as pg_dump writes it, without partitions and Alembic's own table."""
    options = ["--schema-only", "--no-owner", "--exclude-table=alembic_version"]
    options += ["--exclude-table=*_default"]
    dump = subprocess.run(
        [program("pg_dump"), *options, url], capture_output=True, text=True, check=True
    )
    return [line for line in dump.stdout.splitlines() if not line.startswith("\\")]
