"""`csms migrate`: brings the database to this version's schema without serving."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

from csms.cli.database import database_url, named
from csms.cli.options import add_command, add_config, read_settings, run
from csms.config import Settings

if TYPE_CHECKING:
    from csms.cli.options import Commands

_EXAMPLES: Final = """\
examples:
  csms migrate
  CSMS_DATABASE_URL=postgresql://csms:PASSWORD@db/csms csms migrate
"""


def add_to(commands: Commands, summary: str) -> None:
    parser = add_command(
        commands,
        "migrate",
        summary=summary,
        description=(
            "Bring the database to this version's schema. `csms serve` does the same at its\n"
            "start; this is for doing it ahead of time. It may be repeated and interrupted."
        ),
        examples=_EXAMPLES,
    )
    add_config(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    settings = read_settings(options)
    with Console(file=sys.stderr).status("Migrating the database ..."):
        steps = run(_migrate(settings))
    for step in steps:
        print(f"done: {step}")
    if not steps:
        print("The database is up to date already.")
    return 0


async def _migrate(settings: Settings) -> list[str]:
    from csms.store.migrate import migrate

    async with database_url(settings, make=True) as url:
        with named(settings):
            return await migrate(url)
