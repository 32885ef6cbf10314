"""Brings a database to the schema this version needs."""

from __future__ import annotations

from typing import Final

from asyncpg import InsufficientPrivilegeError, UndefinedTableError
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from csms.store.database import Database
from csms.store.errors import MigrationError
from csms.store.revisions import newest_revision

MIGRATION_LOCK: Final = 0x6373_6D73_0001
"""The advisory lock that lets one node migrate while the others wait."""

INSUFFICIENT_PRIVILEGE: Final = "42501"
"""PostgreSQL's code."""

_TIMEOUT_S: Final = 86_400.0
"""For one statement, waiting for another node included; a big table may take hours."""


async def migrate(url: str) -> list[str]:
    """Apply every migration that is missing, all or none, and return what they did.

    Safe with many nodes at once: one works, the others wait and find nothing left to do.
    Raises MigrationError if the database was made by a newer csms or its user may not change
    it; DatabaseUnavailableError.
    """
    database = Database(url, pool_size=1, command_timeout_s=_TIMEOUT_S)
    try:
        if await is_current(database):
            return []
        async with database.begin() as connection:
            from csms.store.upgrading import upgrade

            await connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            return await connection.run_sync(upgrade)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise MigrationError(
            "the database's user may not make tables in it; make that user the database's owner"
        ) from error
    finally:
        await database.close()


async def is_current(database: Database) -> bool:
    """Tell by one question, at almost every start the only one, whether nothing is missing.

    Raises DatabaseUnavailableError.
    """
    async with database.raw() as connection:
        try:
            current = await connection.fetchval("SELECT version_num FROM alembic_version")
        except (UndefinedTableError, InsufficientPrivilegeError):
            return False
    return bool(current == newest_revision())
