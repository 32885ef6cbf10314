"""Brings a database to the schema this version needs."""

from __future__ import annotations

from typing import Final

from asyncpg import (
    DuplicateFunctionError,
    DuplicateObjectError,
    DuplicateTableError,
    InsufficientPrivilegeError,
    UndefinedTableError,
)
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from csms.store.database import Database
from csms.store.errors import MigrationError
from csms.store.fitness import check_fitness
from csms.store.revisions import newest_revision

MIGRATION_LOCK: Final = 0x6373_6D73_0001
"""The advisory lock that lets one node migrate while the others wait."""

_TAKEN: Final = frozenset(
    error.sqlstate for error in (DuplicateFunctionError, DuplicateObjectError, DuplicateTableError)
)

_TIMEOUT_S: Final = 86_400.0
"""For one statement, waiting for another node included; a big table may take hours."""


async def migrate(url: str) -> list[str]:
    """Apply every migration that is missing, all or none, and return what they did.

    Safe with many nodes at once: one works, the others wait and find nothing left to do.
    Raises MigrationError if the database was made by a newer csms or another program, or its
    user may not change it; UnfitDatabaseError; DatabaseUnavailableError.
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
        reason = _reason(error)
        if reason is None:
            raise
        raise MigrationError(reason) from error
    finally:
        await database.close()


def _reason(error: ProgrammingError) -> str | None:
    """Return why nothing can be made in this database, None for a mistake of ours."""
    code = getattr(error.orig, "sqlstate", None)
    if code == InsufficientPrivilegeError.sqlstate:
        return "the database's user may not make tables in it; make that user the database's owner"
    if code in _TAKEN:
        found = str(error.orig and error.orig.__cause__)
        return f"the database belongs to another program ({found}); give csms an empty one"
    return None


async def is_current(database: Database) -> bool:
    """Tell by one question, at almost every start the only one, whether nothing is missing.

    Raises UnfitDatabaseError, DatabaseUnavailableError.
    """
    async with database.raw() as connection:
        check_fitness(connection)
        try:
            current = await connection.fetchval("SELECT version_num FROM alembic_version")
        except (UndefinedTableError, InsufficientPrivilegeError):
            return False
    return bool(current == newest_revision())
