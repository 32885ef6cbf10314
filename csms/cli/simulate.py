"""`csms simulate`: many simple chargers against any central system."""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from rich.console import Console
from websockets.exceptions import InvalidURI

from csms import logs
from csms.cli import simulate_site
from csms.cli.entering import Entry, enter
from csms.cli.options import add_command, positive, run, websocket_url, whole
from csms.errors import CsmsError

if TYPE_CHECKING:
    from fake_chargepoints.fleet import FleetOptions
    from fake_chargepoints.statistics import FleetStatistics

    from csms.cli.options import Commands

_VERSIONS: Final[dict[str, tuple[Literal["1.6", "2.0.1", "2.1"], ...]]] = {
    "1.6": ("1.6",),
    "2.0.1": ("2.0.1",),
    "2.1": ("2.1",),
    "both": ("1.6", "2.0.1"),
}
_LINE_EVERY_S: Final = 10.0

_DESCRIPTION: Final = """\
Connect many simple chargers to a central system, this one or any other. Each boots, charges one
car after the other and sends readings, until --duration is over or you press Ctrl-C.

A server accepts only chargers and cards that it knows. For this server either give --api and
--key, so that they are entered first, or start it with CSMS_UNKNOWN_CHARGE_POINTS=accept and
CSMS_UNKNOWN_ID_TOKENS=accept.

With --site it plays a whole garage instead: a charger for each EVSE that is set up there, an empty
car at each, the rest of the building, the meters, and breakers that trip as real ones do.
"""
_EXAMPLES: Final = """\
examples:
  csms simulate --count 100 --api http://localhost:8080 --key csms_...
  csms simulate --url wss://csms.example.org/ocpp --count 5000 --ramp-up 100 --version both
  csms simulate --count 20 --interval 1 --charging 30 --idle 10 --duration 600
  csms simulate --site garage --api http://localhost:8080 --key csms_... --lose-meter-at 120+300
"""


class SimulationError(CsmsError):
    """The simulation could not do what it was asked to."""


def add_to(commands: Commands, summary: str) -> None:
    parser = add_command(
        commands,
        "simulate",
        summary=summary,
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    add = parser.add_argument
    add(
        "--url",
        type=websocket_url,
        default="ws://localhost:9000/ocpp",
        help="without identity (%(default)s)",
    )
    add("--count", type=_count, default=10, help="how many chargers (%(default)s)")
    add("--version", choices=tuple(_VERSIONS), help="of OCPP (1.6, at a --site both)")
    add("--prefix", default="SIM-", help="of their identities (%(default)s)")
    add("--password", help="for basic authentication, the same for all")
    add("--ca", type=Path, metavar="FILE", help="PEM file of who signed the server's certificate")
    add("--id-token", default="SIMULATED", help="the card that all use (%(default)s)")
    add("--interval", type=positive, default=10.0, help="seconds between readings (%(default)g)")
    add("--charging", type=positive, default=300.0, help="seconds a car charges (%(default)g)")
    add("--idle", type=positive, default=60.0, help="seconds between two cars (%(default)g)")
    add("--ramp-up", type=positive, default=50.0, help="connections per second (%(default)g)")
    add("--duration", type=positive, help="seconds until the end (default: Ctrl-C)")
    add("--api", metavar="URL", help="enter chargers and card here first, with --key")
    add("--key", help="API key of an admin")
    simulate_site.add_to(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    logs.set_up("warning", "text")
    if (options.api is None) != (options.key is None):
        raise SimulationError("--api and --key belong together")
    if options.site is not None:
        if options.api is None:
            raise SimulationError("--site needs --api and --key")
        return run(_simulate_site(options))
    statistics = run(_simulate(options))
    print(_summary(statistics))
    if not statistics.answered:
        raise SimulationError(
            f"no charger got an answer from {options.url}: {statistics.last_refusal or 'timeout'}"
        )
    return 0


async def _simulate(options: argparse.Namespace) -> FleetStatistics:
    from fake_chargepoints.fleet import run_fleet

    fleet = _fleet_options(options)
    if options.api is not None:
        await enter(options.api, options.key, list(_entries(fleet)))
    stop = _stop_event()
    console = Console(stderr=True)
    with console.status("Dialling ...") as status:
        last_line_s = 0.0

        def report(statistics: FleetStatistics) -> None:
            nonlocal last_line_s
            line = str(statistics)
            if not statistics.connected and statistics.last_refusal:
                line += f"; nobody gets in: {statistics.last_refusal}"
            if console.is_terminal:
                status.update(line)
            elif statistics.elapsed_s - last_line_s >= _LINE_EVERY_S:
                last_line_s = statistics.elapsed_s
                print(line, file=sys.stderr, flush=True)

        try:
            return await run_fleet(fleet, report, stop)
        except InvalidURI as error:
            raise SimulationError(f"--url: {error}") from error


async def _simulate_site(options: argparse.Namespace) -> int:
    from fake_chargepoints.garage_api import Imagination

    versions = _VERSIONS[options.version or "both"]
    imagination = Imagination(options.house_load, versions, options.seed)
    tls = None if options.ca is None else _tls(options.ca)
    return await simulate_site.simulate_site(options, imagination, tls, _stop_event())


def _stop_event() -> asyncio.Event:
    """Set by Ctrl-C and SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _fleet_options(options: argparse.Namespace) -> FleetOptions:
    from fake_chargepoints.fleet import FleetOptions
    from fake_chargepoints.lives import Habits

    return FleetOptions(
        url=options.url,
        stations=options.count,
        versions=_VERSIONS[options.version or "1.6"],
        identity_prefix=options.prefix,
        id_token=options.id_token,
        password=options.password,
        tls=None if options.ca is None else _tls(options.ca),
        habits=Habits(
            meter_interval_s=options.interval,
            transaction_s=options.charging,
            idle_s=options.idle,
        ),
        ramp_up_per_s=options.ramp_up,
        duration_s=options.duration,
    )


def _tls(file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one
        raise SimulationError(f"--ca: {file} can't be used: {error}") from error


def _entries(fleet: FleetOptions) -> Iterator[Entry]:
    yield Entry(f"id-tokens/{quote(fleet.id_token, safe='')}", {"id_token": fleet.id_token})
    for identity in fleet.identities:
        path = f"charge-points/{quote(identity, safe='')}"
        yield Entry(path, {"registration_status": "accepted"})


def _summary(statistics: FleetStatistics) -> str:
    latencies = statistics.latencies
    return (
        f"{statistics.accepted} of {statistics.stations} chargers were accepted; "
        f"{statistics.answered} messages answered in {statistics.elapsed_s:.0f} s, "
        f"{statistics.errors} errors, {statistics.timeouts} timeouts, "
        f"{statistics.disconnects} connections lost; "
        f"{statistics.transactions_started} transactions started, "
        f"{statistics.transactions_ended} ended; "
        f"half of the answers within {latencies.quantile_s(0.5) * 1000:.1f} ms, "
        f"99 % within {latencies.quantile_s(0.99) * 1000:.1f} ms"
    )


def _count(written: str) -> int:
    return whole(written, 100_000)
