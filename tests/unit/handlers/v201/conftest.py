from __future__ import annotations

import pytest
from unit.world import World, make_world

from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint


@pytest.fixture
async def world() -> World:
    world = make_world()
    world.add_token("CARD-1")
    return world


@pytest.fixture
async def charge_point(world: World) -> ChargePoint:
    return await world.connect("CP-1", OcppVersion.V201)
