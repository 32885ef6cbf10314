"""`csms`: reads the command line, runs one command, turns errors into exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from csms import __version__
from csms.config import SettingsError
from csms.errors import CsmsError

EXIT_FAILURE: Final = 1
EXIT_USAGE: Final = 2

_COMMANDS: Final = {
    "serve": "run the server",
    "demo": "see it work, with a dozen simulated chargers",
    "simulate": "connect many simulated chargers to a server",
    "migrate": "bring the database to this version",
    "key": "make, list and revoke API keys",
}
"""Each in its module, which is only imported for who asks for it."""

_EXAMPLES: Final = """\
examples:
  csms demo                                      see it work, with a dozen simulated chargers
  csms serve                                     run it, with a PostgreSQL of its own
  csms key create --name alice --role admin      an API key for the running server
  csms simulate --count 100                      load it with chargers

Settings are variables (CSMS_OCPP_PORT=9001) or lines of csms.toml (ocpp_port = 9001);
`csms serve --help` lists them all.
"""


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line. Raises SystemExit: with 2 for wrong usage, with 0 after help."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    return _parser(next((word for word in given if word in _COMMANDS), None)).parse_args(given)


def perform(options: argparse.Namespace) -> int:
    """Run one command and return the exit code: 0, 1 for a failure, 2 for wrong usage."""
    try:
        code: int = options.run(options)
    except SettingsError as error:
        return _complain(error, EXIT_USAGE)
    except CsmsError as error:
        return _complain(error, EXIT_FAILURE)
    except OSError as error:  # a port that is taken, a disk that is full
        return _complain(error, EXIT_FAILURE)
    return code


def _parser(wanted: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="csms",
        description="Central system for EV chargers: OCPP 1.6J to 2.1, PostgreSQL included.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"csms {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in _COMMANDS.items():
        if name == wanted:
            import_module(f"csms.cli.{name}").add_to(commands, summary)
        else:
            commands.add_parser(name, help=summary)
    return parser


def _complain(error: Exception, code: int) -> int:
    print(f"csms: {error}", file=sys.stderr)
    return code
