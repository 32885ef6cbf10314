"""What chargers hold by themselves is safe, whenever the server dies."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest
from fake_chargepoints.garage_plan import full_house, random_garage

from .garage_world import GarageWorld, live_in_garage

SITE = random_garage(seed=7, evses=24)
EXPIRED_S = 300.0 + 60.0 + 10.0
"""After so long every loan has run out: 300 s, a clock that is late, and a car that reacts."""


@pytest.mark.long(20)
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_sum_stays_below_every_breaker_for_half_an_hour_without_a_server(
    database_server: str, tmp_path: Path, seed: int
) -> None:
    alive_s = random.Random(seed).uniform(200, 900)
    late: list[str] = []

    async def story(world: GarageWorld) -> None:
        world.garage.welcome(full_house(SITE, world.clock.now()))
        await world.pass_time(seconds=alive_s)
        assert world.garage.energy_wh > 0
        await world.stop_server()
        expired_at = world.clock.now() + timedelta(seconds=EXPIRED_S)
        await world.pass_time(seconds=1800)
        late.extend(
            world.garage.overloads(
                longer_than_s=0, excused=lambda overload: overload.ended_at < expired_at
            )
        )
        await world.start_server()

    garage = live_in_garage(
        database_server, tmp_path, SITE, story, hour=16, steered=True, tick_s=2.0
    )
    assert garage.board.trips == []
    assert late == []
