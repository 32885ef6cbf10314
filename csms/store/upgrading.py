"""Applies migrations by Alembic, which is only loaded for a database that lacks some."""

from __future__ import annotations

import logging
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection

import csms
from csms.store.errors import MigrationError
from csms.store.revisions import migrations_dir

_log = logging.getLogger(__name__)


def upgrade(connection: Connection) -> list[str]:
    """Apply what is missing and return what it did. Raises MigrationError."""
    known = _known()
    current = MigrationContext.configure(connection).get_current_revision()
    try:
        missing = list(known.iterate_revisions("head", current or "base"))
    except RevisionError as error:
        raise MigrationError(
            f"the database has schema {current}, which this csms {csms.__version__} does not "
            f"know; it was made by a newer one, or by another program"
        ) from error
    if not missing:
        return []
    command.upgrade(alembic_config(connection), "head")
    steps = [script.doc for script in reversed(missing)]
    _log.info("database migrated: %s", "; ".join(steps), extra={"revision": missing[0].revision})
    return steps


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@cache
def _known() -> ScriptDirectory:
    """The migrations of this csms, read and compiled once."""
    return ScriptDirectory.from_config(alembic_config())
