"""For the check of a meter a car draws less for a while, and nobody draws more for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from csms.smart_charging.grid import PerPhase
from csms.smart_charging.steered_evse import HeldDown

from .steered_garage import SteeredGarage, evse, garage


def two_cars() -> SteeredGarage:
    world = garage(evse(1), evse(2))
    world.run(60)
    world.arrive(1)
    world.arrive(2)
    world.run(120)
    assert world.limits() == [16.0, 16.0]
    return world


def hold(world: SteeredGarage, ceiling_a: float, seconds: float = 300.0) -> None:
    until = world.now + timedelta(seconds=seconds)
    world.steering.hold_down(world.key(1), HeldDown(ceiling_a, PerPhase.all(16.0), until))


@pytest.mark.parametrize("ceiling_a", [6.0, 0.0])
def test_nobody_gets_what_a_car_that_is_held_down_leaves(ceiling_a: float) -> None:
    world = two_cars()
    hold(world, ceiling_a)
    world.run(120)
    assert world.limits() == [ceiling_a, 16.0]


def test_after_the_check_it_gets_its_share_again() -> None:
    world = two_cars()
    hold(world, 6.0)
    world.run(60)
    world.steering.hold_down(world.key(1), None)
    world.run(120)
    assert world.limits() == [16.0, 16.0]


def test_a_check_that_nobody_ends_ends_by_itself() -> None:
    world = two_cars()
    hold(world, 6.0, seconds=60.0)
    world.run(200)
    assert world.limits() == [16.0, 16.0]


def test_a_check_never_raises_anybody() -> None:
    world = two_cars()
    world.run(60)
    world.sent.clear()
    hold(world, 20.0)
    world.run(120)
    raised = [i for _, i in world.sent if i.is_raise and (i.limit_a or 0.0) > 16.0]
    assert raised == []
    assert world.overloads == []
