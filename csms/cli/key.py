"""`csms key`: makes, lists and revokes API keys, beside a running server or without one."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from csms.cli.database import opened
from csms.cli.options import add_command, add_config, read_settings, run
from csms.config import Settings
from csms.store import api_keys
from csms.store.api_keys import ApiKey, Role

if TYPE_CHECKING:
    from csms.cli.options import Commands

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MAX_NAME_CHARS: Final = 100
_PIPE_COLUMNS: Final = 250
"""Wide enough that nothing is cut off for a program that reads the list."""

_EXAMPLES: Final = """\
examples:
  csms key create --name alice --role admin
  csms key create --name grafana --role read-only --expires 365d
  csms key list
  csms key revoke alice

  KEY=$(csms key create --name script --role admin)
  curl -H "Authorization: Bearer $KEY" http://localhost:8080/api/v1/charge-points
"""


def add_to(commands: Commands, summary: str) -> None:
    parser = add_command(
        commands,
        "key",
        summary=summary,
        description="Make, list and revoke API keys, while the server is running or not.",
        examples=_EXAMPLES,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _add_create(actions)
    listing = actions.add_parser("list", help="show all keys, without their secrets")
    add_config(listing)
    listing.set_defaults(run=_list)
    revoking = actions.add_parser("revoke", help="end a key for good")
    revoking.add_argument("name", help="the key's name")
    add_config(revoking)
    revoking.set_defaults(run=_revoke)


def _add_create(actions: Commands) -> None:
    parser = actions.add_parser(
        "create",
        help="make a key; it is printed alone on standard output, and never again",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--name", required=True, type=_name, help="whose key it is, or what for")
    parser.add_argument(
        "--role",
        choices=api_keys.ROLES,
        default="read-only",
        help="what it may do (default: %(default)s)",
    )
    parser.add_argument(
        "--expires",
        type=_moment,
        metavar="WHEN",
        help="a time from now (12h, 90d, 52w) or a date (2027-01-31, UTC); default: never",
    )
    add_config(parser)
    parser.set_defaults(run=_create)


def _create(options: argparse.Namespace) -> int:
    settings = read_settings(options)
    secret = run(_make(settings, options.name, options.role, options.expires))
    if sys.stdout.isatty():
        print("Keep this key; it is not shown again:", file=sys.stderr)
    print(secret)
    return 0


async def _make(settings: Settings, name: str, role: Role, expires_at: datetime | None) -> str:
    async with opened(settings, make=True) as database, database.begin() as connection:
        _, secret = await api_keys.create(connection, name, role, expires_at=expires_at)
        return secret


def _list(options: argparse.Namespace) -> int:
    keys = run(_read(read_settings(options)))
    table = Table("name", "role", "key", "made", "expires", "last used", "state", box=None)
    now = datetime.now(UTC)
    for key in keys:
        table.add_row(
            key.name,
            key.role,
            f"{key.prefix}...",
            _written(key.created_at),
            _written(key.expires_at, "never"),
            _written(key.last_used_at, "never"),
            _state(key, now),
        )
    Console(width=None if sys.stdout.isatty() else _PIPE_COLUMNS).print(table)
    return 0


async def _read(settings: Settings) -> list[ApiKey]:
    async with opened(settings) as database, database.begin() as connection:
        return await api_keys.list_all(connection)


def _revoke(options: argparse.Namespace) -> int:
    run(_end(read_settings(options), options.name))
    print(f"The key {options.name!r} opens nothing any more.")
    return 0


async def _end(settings: Settings, name: str) -> None:
    async with opened(settings) as database, database.begin() as connection:
        await api_keys.revoke(connection, name)


def _name(written: str) -> str:
    name = written.strip()
    if not name or len(name) > _MAX_NAME_CHARS or not name.isprintable():
        raise argparse.ArgumentTypeError(f"a name has 1 to {_MAX_NAME_CHARS} printable characters")
    return name


def _moment(written: str) -> datetime:
    now = datetime.now(UTC)
    span = re.fullmatch(r"(\d{1,5})([hdw])", written.strip(), re.ASCII)
    try:
        if span:
            moment = now + int(span[1]) * _UNITS[span[2]]
        else:
            moment = datetime.fromisoformat(written.strip())
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{written!r} is neither a time from now (12h, 90d, 52w) nor a date (2027-01-31)"
        ) from None
    if moment <= now:
        raise argparse.ArgumentTypeError(f"{written!r} is in the past")
    return moment


def _written(moment: datetime | None, without: str = "") -> str:
    return without if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "valid" if key.is_valid(now) else "expired"
