"""`csms demo --month`: simulated chargers live through a month, and every user has a statement."""

from __future__ import annotations

import argparse
import asyncio
import csv
import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from csms.cli.admin_api import AdminApi
from csms.cli.demo_display import DemoDisplay
from csms.cli.entering import Entry, enter
from csms.cli.options import whole
from csms.cli.serve import loopback_of
from csms.config import Settings
from csms.errors import CsmsError
from csms.tariff.months import Month

if TYPE_CHECKING:
    from fake_chargepoints.clock import SteppedClock
    from fake_chargepoints.demo_cast import DemoStation
    from fake_chargepoints.demo_month import MeterLog

_ZONE: Final = ZoneInfo("Europe/Lisbon")
_SITE: Final = "garage"
_TARIFF: Final = "tariff"
_HEARTBEAT_S: Final = 3600
"""So that a month is not mostly heartbeats."""
_PRICING_S: Final = 60.0
_LOOK_S: Final = 0.5


class DemoMonthError(CsmsError):
    """The month could not be lived or stated; the message tells why."""


@dataclass(frozen=True, slots=True)
class MonthPlan:
    """A month at the garage: its first `days`, with these chargers, under this tariff."""

    month: Month
    days: int
    stations: tuple[DemoStation, ...]
    tariff: dict[str, Any]
    directory: Path

    @property
    def begins_at(self) -> datetime:
        return self.month.bounds(_ZONE)[0]

    @property
    def is_over_at(self) -> datetime:
        return self.month.bounds(_ZONE)[1]

    @property
    def closes_at(self) -> datetime:
        return min(self.begins_at + timedelta(days=self.days), self.is_over_at)


class _Clock:
    """The car park's time as the server's; what it waits for it waits for really."""

    def __init__(self, park: SteppedClock) -> None:
        self._park = park

    def now(self) -> datetime:
        return self._park.now()

    def monotonic(self) -> float:
        return time.monotonic()


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options of this kind of demo."""
    group = parser.add_argument_group(
        "a month (--month)",
        "a garage in Lisbon lives through a month in fast-forward; then every user's statement is "
        "issued, and it ends",
    )
    add = group.add_argument
    add("--month", type=_month, metavar="YYYY-MM", help="the month; the server follows its clock")
    add("--days", type=_days, default=31, help="of the month in which cars come (all)")
    add("--chargers", type=_chargers, default=12, help="of the garage (%(default)s)")
    add("--tariff", type=Path, metavar="FILE", help="JSON, as for PUT /tariffs (four periods)")
    add("--statements", type=Path, metavar="DIR", help="for them (CSMS_DATA_DIR/demo/statements)")


async def live_month(settings: Settings, plan: MonthPlan) -> int:
    """Live through the month and state it; the exit code. Raises DemoMonthError."""
    from fake_chargepoints.clock import SteppedClock
    from fake_chargepoints.days import DemoOptions
    from fake_chargepoints.demo_month import run_demo_month

    from csms.app import Application
    from csms.store import api_keys

    clock = SteppedClock(plan.begins_at)
    settings = dataclasses.replace(settings, heartbeat_interval=_HEARTBEAT_S)
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(Application(settings, _Clock(clock)))
        async with app.database.begin() as connection:
            _, key = await api_keys.create(connection, "demo", "admin")
        url = f"http://{loopback_of(settings.api_host)}:{app.api_port}"
        await enter(url, key, list(_entries(plan)))
        api = await stack.enter_async_context(AdminApi(url, key))
        assignment = {"tariff_id": _TARIFF, "scope": "site", "subject_id": _SITE}
        await api.download("POST", "tariff-assignments", assignment)
        demo = DemoOptions(
            url=f"ws://{loopback_of(settings.ocpp_host)}:{app.ocpp_port}/demo",
            stations=plan.stations,
            step_s=60.0,
            sample_interval_s=0,
            aligned_interval_s=900,
            closes_at=plan.closes_at,
        )
        with DemoDisplay() as display:
            log = await run_demo_month(demo, clock, display.show)
        clock.advance(max(0.0, (plan.is_over_at - clock.now()).total_seconds()))
        _write_meters(plan.directory, log)
        stated = await _state(api, plan)
    return _tell(plan, stated, log, settings)


# -- what is asked for ---------------------------------------------------------------------------


def plan_of(settings: Settings, options: argparse.Namespace) -> MonthPlan:
    """What to live through. Raises DemoMonthError if it can't be."""
    from fake_chargepoints import demo_cast, demo_month

    month: Month = options.month
    if options.speed is not None or options.duration is not None:
        raise DemoMonthError("--month is lived as fast as it goes, whole: no --speed or --duration")
    file = options.tariff or Path(demo_month.__file__).with_name("four_periods.json")
    try:
        tariff = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise DemoMonthError(f"--tariff: {file} can't be read: {error}") from error
    if not isinstance(tariff, dict):
        raise DemoMonthError(f"--tariff: {file} is no JSON object")
    directory = (options.statements or settings.data_dir / "statements") / _text(month)
    stations = demo_cast.DEMO_STATIONS[: options.chargers]
    return MonthPlan(month, options.days, stations, tariff, directory)


def _month(written: str) -> Month:
    try:
        first = date.fromisoformat(f"{written}-01")
    except ValueError:
        raise argparse.ArgumentTypeError("a month such as 2026-06") from None
    return Month(first.year, first.month)


def _days(written: str) -> int:
    return whole(written, 31)


def _chargers(written: str) -> int:
    return whole(written, 12)


def _text(month: Month) -> str:
    return f"{month.year}-{month.month:02}"


def _entries(plan: MonthPlan) -> Iterator[Entry]:
    """All that an operator enters before the month begins."""
    from fake_chargepoints.demo_cast import DEMO_ID_TOKENS

    yield Entry(f"sites/{_SITE}", {"name": "Garage", "time_zone": _ZONE.key, "country": "PT"})
    issuer = {"name": "Garage", "series": "GARAGE"}
    yield Entry(f"sites/{_SITE}/statement-issuer", issuer)
    yield Entry(f"tariffs/{_TARIFF}", plan.tariff)
    for token in DEMO_ID_TOKENS:
        user = token.holder.lower().replace(" ", "-")
        yield Entry(f"users/{user}", {"name": token.holder})
        body = {"id_token": token.value, "status": token.status, "user_id": user}
        yield Entry(f"id-tokens/{quote(token.value, safe='')}", body)
    for station in plan.stations:
        path = f"charge-points/{quote(station.identity, safe='')}"
        yield Entry(path, {"registration_status": "accepted", "site_id": _SITE})


# -- what comes of it ----------------------------------------------------------------------------


async def _state(api: AdminApi, plan: MonthPlan) -> list[dict[str, Any]]:
    """Issue the statements of all users and of the site, and write their files; what they say."""
    order = {"site_id": _SITE, "month": _text(plan.month)}
    await _state_users(api, order)
    await api.download("POST", "statements", {**order, "kind": "site"})
    listed = json.loads(await api.download("GET", f"statements?site_id={_SITE}&limit=100"))
    stated = []
    for statement in reversed(listed["items"]):
        for kind in ("pdf", "csv"):
            file = plan.directory / f"{statement['subject_id']}.{kind}"
            file.write_bytes(await api.download("GET", f"statements/{statement['id']}/{kind}"))
        stated.append(json.loads(await api.download("GET", f"statements/{statement['id']}")))
    return stated


async def _state_users(api: AdminApi, order: dict[str, Any]) -> None:
    """Issue the statements of all users, again while what ended last waits for its price."""
    patient_until_s = time.monotonic() + _PRICING_S
    while refused := await _run_statements(api, order):
        if time.monotonic() > patient_until_s:
            raise DemoMonthError(f"no statement of {refused[0]}")
        await asyncio.sleep(_LOOK_S)


async def _run_statements(api: AdminApi, order: dict[str, Any]) -> Sequence[str]:
    """Issue what can be issued; who is still without a statement, and why."""
    run = json.loads(await api.download("POST", "statement-runs", order))
    while run["state"] in ("waiting", "running"):
        await asyncio.sleep(_LOOK_S)
        run = json.loads(await api.download("GET", f"statement-runs/{run['id']}"))
    return [f"{each['user_id']}: {each['reason']}" for each in run["refusals"]]


def _write_meters(directory: Path, log: MeterLog) -> None:
    """Write down what the chargers' own meters showed: to check the statements by."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "meters.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("at", "charge_point_id", "evse_id", "id_token", "register_wh"))
        for row in log.rows:
            at = row.at.isoformat().replace("+00:00", "Z")
            place = row.charge_point_id, row.evse_id
            writer.writerow((at, *place, row.id_token, row.register_wh))


def _tell(
    plan: MonthPlan, stated: Sequence[dict[str, Any]], log: MeterLog, settings: Settings
) -> int:
    """Show what everybody owes, and whether that is what the meters counted; the exit code."""
    table = Table(title=f"{_text(plan.month)} at the garage")
    for heading in ("", "number", "transactions", "kWh", "to pay"):
        table.add_column(heading, justify="left" if heading in ("", "number") else "right")
    for each in stated:
        said = each["document"]
        totals = ", ".join(f"{total['gross']:.2f} {total['currency']}" for total in each["totals"])
        table.add_row(
            each["subject_name"] if each["kind"] == "user" else "Together",
            each["number"],
            str(len(said["entries"])),
            f"{said['energy_kwh']:.3f}",
            totals,
        )
    Console().print(table)
    counted = Decimal(log.energy_wh) / 1000
    users = [each["document"] for each in stated if each["kind"] == "user"]
    on_statements = sum((Decimal(str(each["energy_kwh"])) for each in users), Decimal())
    print(
        f"The chargers' own meters counted {counted} kWh, the statements say {on_statements} kWh."
    )
    print(f"Statements, and meters.csv to check them by: {plan.directory}")
    print(f"To look at it all: CSMS_DATA_DIR={settings.data_dir} csms serve")
    return 0 if counted == on_statements else 1
