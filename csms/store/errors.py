"""What can go wrong before there is a database to work with."""

from __future__ import annotations

from csms.errors import CsmsError, DatabaseUnavailableError


class EmbeddedPostgresError(CsmsError):
    """The embedded PostgreSQL can't be set up, started or stopped; the message says why."""


class DataDirectoryError(EmbeddedPostgresError):
    """The data directory can't be made or used."""


class DataDirectoryInUseError(DataDirectoryError):
    """Another csms process holds the data directory."""


class DatabaseUrlError(DatabaseUnavailableError):
    """The driver can't make sense of the database's URL, or of a file that it names."""

    def __init__(self, why: str) -> None:
        CsmsError.__init__(self, f"the database's URL can't be used: {why}")


class UnfitDatabaseError(CsmsError):
    """The database is of a kind that csms can't work with; the message says what it needs."""


class MigrationError(CsmsError):
    """The database can't be brought to this version's schema."""
