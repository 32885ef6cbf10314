"""The demo's garage: a newcomer sees limits with reasons, and nothing to worry about."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from database import cloned
from fake_chargepoints.days import DemoOptions, run_demo_day
from fake_chargepoints.demo_cast import DEMO_STATIONS
from fake_chargepoints.demo_garage import DEMO_CIRCUITS, DemoGarage, demo_site
from fake_chargepoints.garage_api import GarageApi
from running import running_app
from swift_time import SwiftClock, run_swiftly

from .garage_world import today

MINUTES = 12


@dataclass
class Seen:
    """What a newcomer sees after some minutes."""

    garage: DemoGarage
    evses: list[dict[str, Any]]
    warnings: list[str]


def live(database_server: str, data_dir: Path, log: pytest.LogCaptureFixture, hour: int) -> Seen:
    """Live from two hours before `hour` on."""

    async def demo() -> Seen:
        clock = SwiftClock(asyncio.get_running_loop(), today(hour))
        async with (
            cloned(database_server) as url,
            running_app(url, data_dir, clock, "installer", unknown_id_tokens="accept") as server,
        ):
            key = server.http.headers["Authorization"].removeprefix("Bearer ")
            async with GarageApi(server.api_url, key) as installer:
                garage = DemoGarage(demo_site(), installer)
                days = asyncio.create_task(
                    run_demo_day(DemoOptions(server.url, history_h=2), now=clock.now, garage=garage)
                )
                await asyncio.wait([days], timeout=60 * MINUTES)
                evses = (await server.get("/sites/garage/allocation"))["evses"]
                warned = [one.getMessage() for one in log.records if one.levelno > logging.INFO]
                days.cancel()
                await asyncio.gather(days, return_exceptions=True)
        return Seen(garage, evses, warned)

    return run_swiftly(demo())


@pytest.mark.long(30)
@pytest.mark.parametrize("hour", [pytest.param(3, marks=pytest.mark.slow), 19])
def test_at_any_hour_cars_are_limited_with_reasons_and_nothing_warns_or_trips(
    database_server: str, data_dir: Path, caplog: pytest.LogCaptureFixture, hour: int
) -> None:
    seen = live(database_server, data_dir, caplog, hour)
    assert seen.garage.board.trips == []
    assert max(pole.worst_a for pole in seen.garage.board.circuits["grid"].poles) > 50
    names = tuple(circuit.plan.name for circuit in DEMO_CIRCUITS)
    limited = [evse for evse in seen.evses if (evse["binding"] or "").startswith(names)]
    assert len(limited) >= 6
    assert seen.warnings == []


def test_every_outlet_of_the_demo_hangs_in_a_circuit_on_mixed_phases() -> None:
    site = demo_site()
    assert len(site.evses) == sum(len(station.evses) for station in DEMO_STATIONS)
    assert {evse.circuit_id for evse in site.evses} <= {circuit.id for circuit in site.circuits}
    assert {"RST", "STR", "TRS", "L1", "L2", "L3"} == {evse.phases for evse in site.evses}
