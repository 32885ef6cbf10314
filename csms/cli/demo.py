"""`csms demo`: the server and a car park full of simulated chargers."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from csms.cli import demo_month
from csms.cli.addresses import check_addresses
from csms.cli.demo_display import DemoDisplay
from csms.cli.entering import Entry, enter
from csms.cli.files import check_files
from csms.cli.options import add_command, add_config, non_negative, positive, read_settings, run
from csms.cli.serve import greeting, loopback_of
from csms.config import Settings
from csms.store import data_directory
from csms.store.cluster import Cluster

if TYPE_CHECKING:
    from csms.app import Application
    from csms.cli.options import Commands

_DESCRIPTION: Final = """\
Run the server with a dozen simulated chargers (OCPP 1.6 and 2.0.1, one- and three-phase cars, a
fast charger) that live realistic days: the last hours first, as fast as the server answers, then
on in real time, in a garage whose breakers can't feed all cars at once. The records are in a
database of their own, CSMS_DATA_DIR/demo, which every demo empties first; yours is never touched.

With --month they live through a whole month instead, by a clock that the server follows, under a
tariff of four periods; at its end there is a statement of every user.
"""
_EXAMPLES: Final = """\
examples:
  csms demo
  csms demo --hours 72           begin three days ago
  csms demo --hours 0            real time only
  csms demo --speed 600          ten minutes a second until now is reached
  csms demo --month 2026-06      a June with its statements, in a few minutes

afterwards, to look at what was recorded:
  CSMS_DATA_DIR=data/demo csms serve
"""


def add_to(commands: Commands, summary: str) -> None:
    parser = add_command(
        commands,
        "demo",
        summary=summary,
        description=_DESCRIPTION,
        examples=_EXAMPLES,
    )
    add = parser.add_argument
    add("--hours", type=non_negative, default=24.0, help="before now to begin (%(default)g)")
    add("--speed", type=positive, help="times real time until now is reached (default: any)")
    add("--duration", type=positive, help="seconds until the end (default: Ctrl-C)")
    demo_month.add_to(parser)
    add_config(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    settings = read_settings(options)
    settings = dataclasses.replace(settings, data_dir=settings.data_dir / "demo", database_url=None)
    month = None if options.month is None else demo_month.plan_of(settings, options)
    check_addresses(settings)
    check_files(settings)
    with data_directory.held(settings.data_dir):
        Cluster(settings.data_dir).remove()
    if month is not None:
        return run(demo_month.live_month(settings, month))
    run(_demo(settings, options))
    return 0


async def _demo(settings: Settings, options: argparse.Namespace) -> None:
    from fake_chargepoints.days import DemoOptions, run_demo_day
    from fake_chargepoints.demo_garage import DemoGarage, demo_site
    from fake_chargepoints.garage_api import GarageApi

    from csms.app import Application
    from csms.store import api_keys

    # The server ends first: whatever is gone while it runs looks like a failure.
    async with AsyncExitStack() as surroundings, Application(settings) as app:
        async with app.database.begin() as connection:
            _, key = await api_keys.create(connection, "demo", "admin")
        api = f"http://{loopback_of(settings.api_host)}:{app.api_port}"
        await enter(api, key, list(_entries()))
        _greet(settings, app, api, key)
        demo = DemoOptions(
            url=f"ws://{loopback_of(settings.ocpp_host)}:{app.ocpp_port}/demo",
            history_h=options.hours,
            speed=options.speed,
        )
        installer = await surroundings.enter_async_context(GarageApi(api, key))
        garage = DemoGarage(demo_site(demo.stations), installer)
        with DemoDisplay() as display:
            days = asyncio.create_task(run_demo_day(demo, display.show, garage=garage))
            surroundings.push_async_callback(_end, days)
            await _play(app, days, options.duration)


def _greet(settings: Settings, app: Application, api: str, key: str) -> None:
    print("\n".join(greeting(settings, app)))
    print(f"\n  API key of the demo  {key}")
    print(f"  Enter it at          {api}")
    print(f'  or try               curl -H "Authorization: Bearer {key}" \\')
    print(f"                         {api}/api/v1/transactions", end="\n\n", flush=True)


async def _play(app: Application, days: asyncio.Task[None], duration_s: float | None) -> None:
    """Let the days be lived until the time is over or somebody ends them."""
    signalled = asyncio.create_task(app.run_until_signal())
    await asyncio.wait((days, signalled), timeout=duration_s, return_when=asyncio.FIRST_COMPLETED)
    await _end(signalled)
    if days.done():
        days.result()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _entries() -> Iterator[Entry]:
    """The cast of the demo: groups, cards and stations."""
    from fake_chargepoints.demo_cast import DEMO_ID_TOKENS, DEMO_STATIONS

    for group in sorted({token.group for token in DEMO_ID_TOKENS if token.group}):
        yield Entry(f"id-token-groups/{group}", {"id": group})
    for token in DEMO_ID_TOKENS:
        body = {"id_token": token.value, "status": token.status, "note": token.holder}
        if token.group:
            body["group_id"] = token.group
        yield Entry(f"id-tokens/{quote(token.value, safe='')}", body)
    for station in DEMO_STATIONS:
        path = f"charge-points/{quote(station.identity, safe='')}"
        yield Entry(path, {"registration_status": "accepted"})
