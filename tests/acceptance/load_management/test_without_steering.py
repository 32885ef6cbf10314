"""The simulated garage can be overloaded: without steering it is, with sound limits it is not."""

from __future__ import annotations

from pathlib import Path

from fake_chargepoints.garage_plan import full_house, random_garage
from fake_chargepoints.garage_site import GarageSite
from fake_chargepoints.other_loads import House

from .fixed_limits import fix_limits
from .garage_world import GarageWorld, live_in_garage

SITE = random_garage(seed=3, evses=16)


def charging_for_minutes(
    database_server: str, data_dir: Path, limits_a: dict[str, float], minutes: float
) -> GarageWorld:
    async def story(world: GarageWorld) -> None:
        await fix_limits(world.server, SITE, limits_a)
        world.garage.welcome(full_house(SITE, world.clock.now()))
        await world.pass_time(seconds=60 * minutes)
        worlds.append(world)

    worlds: list[GarageWorld] = []
    live_in_garage(database_server, data_dir, SITE, story)
    return worlds[0]


def even_shares_a(site: GarageSite) -> dict[str, float]:
    """The same for all behind a breaker, as if all hung on the same phase."""
    board = site.board()
    shares_a = {evse.charge_point_id: evse.rated_a for evse in site.evses if evse.controllable}
    for circuit in site.circuits:
        behind = [evse for evse in site.evses if circuit.id in board.path(evse.circuit_id)]
        fixed_a = sum(evse.rated_a for evse in behind if not evse.controllable)
        fixed_a += sum(
            load.most_a[0]
            for other in site.circuits
            for load in other.others
            if isinstance(load, House) and circuit.id in board.path(other.id)
        )
        steered = [evse.charge_point_id for evse in behind if evse.controllable]
        for name in steered:
            share_a = (circuit.plan.breaker_a[0] - fixed_a) / len(steered)
            shares_a[name] = min(shares_a[name], share_a)
    return shares_a


def test_chargers_without_limits_trip_the_breakers_of_a_full_garage(
    database_server: str, tmp_path: Path
) -> None:
    garage = charging_for_minutes(database_server, tmp_path, {}, 10).garage
    assert garage.board.trips
    tripped = garage.board.trips[0]
    behind = [o for o in garage.outlets if o.plan.circuit_id == tripped.circuit_id]
    assert not any(outlet.station.is_online for outlet in behind)


def test_limits_that_promise_too_much_trip_breakers_too(
    database_server: str, tmp_path: Path
) -> None:
    limits_a = {name: 2.5 * amps for name, amps in even_shares_a(SITE).items()}
    garage = charging_for_minutes(database_server, tmp_path, limits_a, 15).garage
    assert garage.board.trips


def test_fixed_shares_hold_all_breakers_and_every_car_charges(
    database_server: str, tmp_path: Path
) -> None:
    garage = charging_for_minutes(database_server, tmp_path, even_shares_a(SITE), 20).garage
    assert garage.board.trips == []
    assert garage.overloads(longer_than_s=0) == []
    assert all(outlet.energy_wh > 100 for outlet in garage.outlets)
