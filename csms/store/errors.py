"""What can go wrong before there is a database to work with."""

from __future__ import annotations

from csms.errors import CsmsError


class EmbeddedPostgresError(CsmsError):
    """The embedded PostgreSQL can't be set up, started or stopped; the message says why."""


class DataDirectoryError(EmbeddedPostgresError):
    """The data directory can't be made or used."""


class DataDirectoryInUseError(DataDirectoryError):
    """Another csms process holds the data directory."""


class MigrationError(CsmsError):
    """The database can't be brought to this version's schema."""
