"""Whether a PostgreSQL server and the database on it are of a kind that csms works with."""

from __future__ import annotations

from typing import Final

from csms.store.database import LentConnection
from csms.store.errors import UnfitDatabaseError

OLDEST_VERSION: Final = 15
"""The statements need 14 (date_bin); this is the oldest that its makers still maintain."""
ENCODING: Final = "UTF8"


def check_fitness(connection: LentConnection) -> None:
    """Raise UnfitDatabaseError; what it takes to know, the server said when it let us in."""
    problem = unfitness(
        connection.get_server_version().major, connection.get_settings().server_encoding
    )
    if problem is not None:
        raise UnfitDatabaseError(problem)


def unfitness(version: int, encoding: str) -> str | None:
    """Return what is wrong with a server of this major version and a database's encoding."""
    if version < OLDEST_VERSION:
        return (
            f"the server is PostgreSQL {version}, which is not allowed; "
            f"expected {OLDEST_VERSION} or newer"
        )
    if encoding != ENCODING:
        return (
            f"the database's encoding {encoding} is not allowed; expected {ENCODING}: "
            f"CREATE DATABASE csms ENCODING '{ENCODING}' TEMPLATE template0"
        )
    return None
