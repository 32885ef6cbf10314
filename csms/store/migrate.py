"""Brings a database to the schema this version needs."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from asyncpg import InsufficientPrivilegeError, UndefinedTableError
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

import csms
from csms.store.database import Database
from csms.store.errors import MigrationError

_log = logging.getLogger(__name__)

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
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            return await connection.run_sync(_upgrade)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
            raise
        raise MigrationError(
            "the database's user may not make tables in it; make that user the database's owner"
        ) from error
    finally:
        await database.close()


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrations_dir() -> Path:
    """Return where the migrations are: inside an installed csms, beside it in a checkout."""
    package = Path(csms.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


async def is_current(database: Database) -> bool:
    """Tell by one question, at almost every start the only one, whether nothing is missing.

    Raises DatabaseUnavailableError.
    """
    async with database.raw() as connection:
        try:
            current = await connection.fetchval("SELECT version_num FROM alembic_version")
        except (UndefinedTableError, InsufficientPrivilegeError):
            return False
    return bool(current == _known().get_current_head())


@cache
def _known() -> ScriptDirectory:
    """The migrations of this csms, read and compiled once."""
    return ScriptDirectory.from_config(alembic_config())


def _upgrade(connection: Connection) -> list[str]:
    known = _known()
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        missing = list(known.iterate_revisions("head", current or "base"))
    except RevisionError as error:
        raise MigrationError(
            f"the database has schema {current}, which this csms {csms.__version__} does not "
            f"know; it was made by a newer one"
        ) from error
    if not missing:
        return []
    command.upgrade(alembic_config(connection), "head")
    steps = [script.doc for script in reversed(missing)]
    _log.info("database migrated: %s", "; ".join(steps), extra={"revision": missing[0].revision})
    return steps
