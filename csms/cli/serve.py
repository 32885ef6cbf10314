"""`csms serve`: the server itself."""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from csms import __version__
from csms.cli.addresses import check_addresses
from csms.cli.database import named, place_of
from csms.cli.files import check_files
from csms.cli.options import add_command, add_config, read_settings, run
from csms.cli.process import keep_what_is_loaded
from csms.config import Settings, describe

if TYPE_CHECKING:
    from csms.app import Application
    from csms.cli.options import Commands

_EXAMPLES: Final = """\
examples:
  csms serve
  CSMS_OCPP_PORT=9001 CSMS_UNKNOWN_CHARGE_POINTS=accept csms serve
  CSMS_DATABASE_URL=postgresql://csms:PASSWORD@db/csms csms serve
  csms serve --config /etc/csms/csms.toml

settings (as variables; in csms.toml without CSMS_ and in small letters):
"""


def add_to(commands: Commands, summary: str) -> None:
    parser = add_command(
        commands,
        "serve",
        summary=summary,
        description=(
            "Run the server: chargers connect to it, people and programs use its API.\n"
            "Without CSMS_DATABASE_URL it runs a PostgreSQL of its own in CSMS_DATA_DIR."
        ),
        examples=_EXAMPLES + "\n".join(_settings_help()),
    )
    add_config(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    settings = read_settings(options)
    check_addresses(settings)
    check_files(settings)
    with named(settings):
        run(_serve(settings, options.config))
    return 0


async def _serve(settings: Settings, config: Path | None) -> None:
    from csms.app import Application  # here, so that help and refusals come at once
    from csms.store import api_keys

    async with Application(settings) as app:
        async with app.database.begin() as connection:
            has_keys = bool(await api_keys.list_all(connection))
        keep_what_is_loaded()
        signalled = asyncio.create_task(app.run_until_signal())
        await asyncio.sleep(0)  # from here on a signal ends it well; only then it says so
        print("\n".join(greeting(settings, app)))
        if not has_keys:
            print("\n".join(how_to_make_a_key(settings, config)))
        print(flush=True)
        await signalled


def greeting(settings: Settings, app: Application) -> Iterator[str]:
    """What somebody who just started the server wants to know."""
    chargers = address_of(settings.ocpp_host)
    api = f"http://{address_of(settings.api_host)}:{app.api_port}"
    yield f"csms {__version__} is running; Ctrl-C stops it."
    yield ""
    yield f"  Chargers connect to  ws://{chargers}:{app.ocpp_port}/ocpp/IDENTITY"
    if app.ocpp_tls_port is not None:
        yield f"                       wss://{chargers}:{app.ocpp_tls_port}/ocpp/IDENTITY"
    yield f"  Web page             {api}"
    yield f"  API                  {api}/api/v1 (described in {api}/api/v1/openapi.json)"
    yield f"  Metrics              {api}/metrics"
    yield f"  Records are in       {place_of(settings)}"
    yield ""
    yield {
        "pending": "  A new charger waits until you accept it, on the web page or by the API.",
        "accept": "  A new charger is accepted at once.",
        "reject": "  A charger that nobody entered is turned away.",
    }[settings.unknown_charge_points]


def how_to_make_a_key(settings: Settings, config: Path | None) -> Iterator[str]:
    """The command for the first API key, ready to be copied into another terminal."""
    yield f"  Make your API key:   {this_program(config)} key create --name admin --role admin"
    if settings.database_url is not None and os.environ.get("CSMS_DATABASE_URL"):
        yield "                       (with the same CSMS_DATABASE_URL as this server)"


def address_of(host: str) -> str:
    """Return the host as others write it in a URL: of "all addresses" the one they can reach."""
    if host in {"0.0.0.0", "::", "*"}:  # noqa: S104 - compared, not bound
        return _own_address()
    return f"[{host}]" if ":" in host else host


def loopback_of(host: str) -> str:
    """Return the host as this machine itself writes it in a URL."""
    if host in {"0.0.0.0", "::", "*"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return address_of(host)


def this_program(config: Path | None = None) -> str:
    """Return how to start this program again from the same directory, settings included."""
    program = Path(sys.argv[0])
    found = shutil.which(program.name)
    if found is not None and Path(found).samefile(program):
        command = program.name
    elif program.name == "__main__.py":
        command = f"{sys.executable} -m csms"
    else:
        near = os.path.relpath(program)
        command = shlex.quote(str(program.absolute()) if near.startswith("..") else near)
    given = {name: os.environ.get(name, "") for name in ("CSMS_CONFIG", "CSMS_DATA_DIR")}
    if config is not None:
        given["CSMS_CONFIG"] = str(config)
    return " ".join(
        [f"{name}={shlex.quote(said)}" for name, said in given.items() if said] + [command]
    )


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; asks which way it would go
        except OSError:
            return "localhost"
        address: str = probe.getsockname()[0]
        return address


def _settings_help() -> Iterator[str]:
    for setting in describe():
        default = f"; default {setting.default}" if setting.default else ""
        yield f"  {setting.variable}"
        yield f"      {setting.about}: {setting.allowed}{default}"
