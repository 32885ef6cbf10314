"""`csms simulate --site`: a charger for each EVSE of a site, and breakers that may trip."""

from __future__ import annotations

import argparse
import asyncio
import re
import ssl
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from csms.cli.options import number
from csms.errors import CsmsError

if TYPE_CHECKING:
    from fake_chargepoints.breakers import CircuitState
    from fake_chargepoints.garage import Garage
    from fake_chargepoints.garage_api import GarageApi, Imagination
    from fake_chargepoints.garage_plan import Incident, IncidentKind, Stay
    from fake_chargepoints.garage_site import GarageSite

LINE_EVERY_S: Final = 10.0
_FOREVER_S: Final = 1e9
_LINES: Final = ("L1", "L2", "L3")


class SiteSimulationError(CsmsError):
    """The site could not be simulated; the message tells why."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something is lost `at_s` seconds after the start for `lasts_s`: `subject`, or the first."""

    at_s: float
    lasts_s: float
    subject: str | None

    def incident(self, kind: IncidentKind, subjects: Sequence[str], start: datetime) -> Incident:
        """Raises SiteSimulationError if there is no such subject."""
        from fake_chargepoints.garage_plan import Incident

        if not subjects:
            raise SiteSimulationError(f"--lose-{kind}-at: the site has no {kind}")
        subject = self.subject or subjects[0]
        if subject not in subjects:
            known = ", ".join(subjects)
            raise SiteSimulationError(f"--lose-{kind}-at: no {subject!r}, only {known}")
        return Incident(kind, subject, start + timedelta(seconds=self.at_s), self.lasts_s)


def loss(written: str) -> Loss:
    """Read `120`, `120+300` or `120+300:GARAGE-1`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?(?::(.+))?", written)
    if found is None:
        raise argparse.ArgumentTypeError("as 120, 120+300 or 120+300:SUBJECT")
    at, lasts, subject = found.groups()
    return Loss(float(at), float(lasts or _FOREVER_S), subject)


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kind of simulation."""
    group = parser.add_argument_group(
        "a site (--site)",
        "a charger for each EVSE that is set up at the site, all connected through its breakers; "
        "ends with 1 when a breaker trips",
    )
    add = group.add_argument
    add("--site", metavar="ID", help="the site; needs --api and --key")
    add(
        "--house-load",
        type=_amount,
        default=1.0,
        metavar="SHARE",
        help="of assumed_load_a, what else draws at most (%(default)g)",
    )
    add(
        "--arrivals",
        type=_amount,
        default=120.0,
        help="seconds until all cars are there (%(default)g)",
    )
    add("--meter-interval", type=_amount, default=5.0, help="seconds between posts (%(default)g)")
    add(
        "--lose-meter-at",
        type=loss,
        action="append",
        default=[],
        metavar="AT[+FOR][:CIRCUIT]",
        help="a meter falls silent so many seconds after the start",
    )
    add(
        "--lose-charger-at",
        type=loss,
        action="append",
        default=[],
        metavar="AT[+FOR][:CHARGER]",
        help="a charger loses its connection and goes on charging by itself",
    )
    add("--seed", type=int, default=1, help="of all that happens by chance (%(default)s)")


def _amount(written: str) -> float:
    return number(written, 10_000)


async def simulate_site(
    options: argparse.Namespace,
    imagination: Imagination,
    tls: ssl.SSLContext | None,
    stop: asyncio.Event,
) -> int:
    """Simulate until --duration is over or `stop` is set; the exit code."""
    from fake_chargepoints.garage_api import GarageApi, GarageApiError
    from fake_chargepoints.garage_plan import full_house

    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(GarageApi(options.api, options.key))
        try:
            site = await api.site(options.site, imagination)
            stays = full_house(site, datetime.now(UTC), options.arrivals)
            await api.welcome(site, (stay.card for stay in stays))
        except GarageApiError as error:
            raise SiteSimulationError(str(error)) from error
        garage = await stack.enter_async_context(_garage(site, options, tls, api))
        await _live(garage, options, stays, stop)
    console = Console()
    console.print(_picture(garage))
    return 1 if garage.board.trips else 0


def _garage(
    site: GarageSite, options: argparse.Namespace, tls: ssl.SSLContext | None, api: GarageApi
) -> Garage:
    from fake_chargepoints.clock import WallClock
    from fake_chargepoints.garage import Garage
    from fake_chargepoints.garage_stations import GarageOptions

    garage_options = GarageOptions(
        options.url,
        sample_interval_s=max(1, round(options.interval)),
        meter_interval_s=options.meter_interval,
        password=options.password,
        tls=tls,
    )
    try:
        return Garage(site, garage_options, WallClock(), api.send_reading)
    except ValueError as error:
        raise SiteSimulationError(f"site {site.id!r}: {error}") from error


async def _live(
    garage: Garage, options: argparse.Namespace, stays: Sequence[Stay], stop: asyncio.Event
) -> None:
    start = garage.clock.now()
    garage.play(_incidents(garage.site, options, start))
    garage.welcome(stays)
    until = None if options.duration is None else start + timedelta(seconds=options.duration)
    with _Display(garage) as display:
        living = asyncio.create_task(garage.live(until, display.show))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((living, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if living.done():
            living.result()
        living.cancel()
        await asyncio.gather(living, stopping, return_exceptions=True)


def _incidents(
    site: GarageSite, options: argparse.Namespace, start: datetime
) -> Iterator[Incident]:
    meters = [circuit.id for circuit in site.circuits if circuit.has_meter]
    for each in options.lose_meter_at:
        yield each.incident("meter", meters, start)
    for each in options.lose_charger_at:
        yield each.incident("charger", site.charge_point_ids, start)


class _Display:
    """Shows the breakers: on a terminal a table that changes, else a line now and then."""

    def __init__(self, garage: Garage) -> None:
        self._garage = garage
        console = Console(stderr=True)
        self._live = Live(console=console, transient=True) if console.is_terminal else None
        self._shown_at: datetime | None = None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self) -> None:
        now = self._garage.clock.now()
        if self._live is not None:
            self._live.update(_picture(self._garage))
        elif self._shown_at is None or (now - self._shown_at).total_seconds() >= LINE_EVERY_S:
            self._shown_at = now
            print("; ".join(_sentences(self._garage)), file=sys.stderr, flush=True)


def _picture(garage: Garage) -> Group:
    table = Table("circuit", "breaker", *_LINES, "worst now", "highest", "above breaker", "")
    for circuit in garage.board.circuits.values():
        table.add_row(*_row(circuit))
    return Group(table, Text(". ".join(_sentences(garage)) + "."))


def _row(circuit: CircuitState) -> Iterator[str]:
    yield circuit.plan.name or circuit.plan.id
    ratings = circuit.plan.breaker_a
    yield "/".join(f"{amps:g}" for amps in ratings) if len(set(ratings)) > 1 else f"{ratings[0]:g}"
    yield from (f"{amps:.1f}" for amps in circuit.current_a)
    yield f"{100 * circuit.worst_load:.0f} %"
    worst = max(circuit.poles, key=lambda pole: pole.worst_a - pole.rated_a)
    yield f"{worst.worst_a:.1f} A"
    yield f"{circuit.longest_overload_s:.0f} s" if circuit.longest_overload_s else "never"
    yield f"TRIPPED {circuit.trip.at:%H:%M:%S}" if circuit.trip else "holds"


def _sentences(garage: Garage) -> Iterator[str]:
    outlets = garage.outlets
    charging = sum(outlet.evse.box.draw.power_w > 0 for outlet in outlets)
    online = sum(station.is_online for station in garage.stations.values())
    yield f"{online} of {len(garage.stations)} chargers online"
    yield f"{charging} of {len(outlets)} EVSEs charging"
    yield f"{garage.energy_wh / 1000:.2f} kWh delivered"
    yield f"{garage.readings_sent} meter readings taken, {garage.readings_lost} lost"
    worst = max(garage.board.circuits.values(), key=lambda circuit: circuit.worst_load)
    yield f"highest load {100 * worst.worst_load:.0f} % at {worst.plan.name or worst.plan.id}"
    tripped = ", ".join(trip.circuit_id for trip in garage.board.trips)
    yield f"TRIPPED: {tripped}" if tripped else "no breaker tripped"
