"""What a solar mode gives a car by the phases that it was seen to use."""

from __future__ import annotations

from csms.smart_charging.grid import Mode, PerPhase
from csms.smart_charging.steering import Installation
from csms.smart_charging.wishes import ModeSettings

from .steered_garage import Car, SteeredGarage, circuit, evse, site


def in_the_sun(car: Car) -> SteeredGarage:
    metered = circuit("main", 63.0, has_meter=True, assumed_load_a=PerPhase.all(10.0))
    world = SteeredGarage(site([evse(1)], metered))
    modes = {world.key(1): ModeSettings(mode=Mode.SOLAR_PURE)}
    world.install(Installation(site=world.site, modes=modes))
    world.run(30)
    world.arrive(1, car)
    export_w(world, 4200.0)
    world.run(180)
    assert world.limit_a(1) >= 6.0
    return world


def export_w(world: SteeredGarage, surplus_w: float) -> None:
    world.house_changes(PerPhase.all(-surplus_w / 3 / 230.0))


def test_a_single_phase_car_gets_all_the_sun_on_its_phase() -> None:
    world = in_the_sun(Car(phases=1))
    export_w(world, 6000.0)
    world.run(120)
    assert world.limit_a(1) == 26.0


def test_a_single_phase_car_goes_on_with_what_its_phase_needs() -> None:
    world = in_the_sun(Car(phases=1))
    export_w(world, 2000.0)
    world.run(1200)
    assert world.limit_a(1) == 8.0


def test_a_three_phase_car_pauses_where_the_sun_is_enough_for_one_phase_alone() -> None:
    world = in_the_sun(Car(phases=3))
    export_w(world, 2000.0)
    world.run(400)
    assert world.limit_a(1) == 0.0
