from __future__ import annotations

import pytest
from unit.world import World, make_world

from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint

AC_W = 22_000


@pytest.fixture
def world() -> World:
    """A world with one known card, whose chargers give 22 kW at most."""
    world = make_world(max_plausible_power_w=AC_W * 5 // 4)
    world.add_token("CARD-1")
    return world


@pytest.fixture
async def charge_point(world: World) -> ChargePoint:
    return await world.connect("CP-1")


@pytest.fixture
async def station(world: World) -> ChargePoint:
    """A charge point that speaks OCPP 2.0.1."""
    return await world.connect("CS-1", OcppVersion.V201)
