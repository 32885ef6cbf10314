"""What the embedded PostgreSQL is told: who may log in, and settings for one small server."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ACCESS_RULES: Final = """\
# Written by csms at every start.
# One role, over the unix socket, with its password; nobody else, and no superuser.
local all csms scram-sha-256
"""

_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    # One reader must not take the cores that answer the chargers.
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.simple",
    # A week of logs, a file for each weekday; values of parameters stay out of them.
    "logging_collector": "on",
    "log_filename": "%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "log_min_duration_statement": "5s",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

_DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_DISPOSABLE: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "max_connections": "200",
    "autovacuum": "off",
}


def configuration(socket_dir: Path, *, disposable: bool) -> str:
    """Return the whole postgresql.conf; `custom.conf` beside it may overrule it."""
    settings = _SETTINGS | {"unix_socket_directories": str(socket_dir)}
    settings |= _DISPOSABLE if disposable else _DURABLE
    lines = [f"{name} = '{_quoted(value)}'" for name, value in settings.items()]
    return "\n".join(
        [
            "# Written by csms at every start; put settings of your own into custom.conf.",
            *lines,
            "include_if_exists = 'custom.conf'",
            "",
        ]
    )


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
