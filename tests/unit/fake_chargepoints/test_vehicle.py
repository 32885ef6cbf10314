"""A car never takes more than it is offered, and its battery only fills."""

from __future__ import annotations

import pytest
from fake_chargepoints.vehicle import (
    Vehicle,
    VehicleModel,
    catalogue,
    city_car,
    commuter,
    family_car,
    fast_ac_car,
    two_phase,
)
from fake_chargepoints.wallbox import Offer, Rotation, Wallbox, WallboxModel
from hypothesis import given
from hypothesis import strategies as st

models = st.sampled_from(catalogue)
amps = st.floats(0, 80)
offers = st.tuples(amps, amps, amps)
steps = st.floats(0, 7200)


@given(model=models, soc=st.floats(0, 1), offer=offers, dt_s=steps)
def test_a_car_never_draws_more_than_offered_on_any_phase(
    model: VehicleModel, soc: float, offer: tuple[float, float, float], dt_s: float
) -> None:
    _, draw = Vehicle.at(model, soc).step(dt_s, offer)
    assert all(drawn <= offered for drawn, offered in zip(draw.current_a, offer, strict=True))
    assert draw.energy_wh <= sum(offer) * 230.0 * dt_s / 3600 + 1e-9


@given(model=models, soc=st.floats(0, 1), course=st.lists(st.tuples(offers, steps), max_size=20))
def test_the_state_of_charge_only_rises_and_never_passes_full(
    model: VehicleModel,
    soc: float,
    course: list[tuple[tuple[float, float, float], float]],
) -> None:
    car = Vehicle.at(model, soc)
    for offer, dt_s in course:
        later, draw = car.step(dt_s, offer)
        assert car.soc <= later.soc <= max(car.soc, 1.0) + 1e-9
        assert later.stored_wh - car.stored_wh == pytest.approx(
            draw.energy_wh * model.efficiency, abs=1e-6
        )
        car = later


@given(model=models, soc=st.floats(0, 1), watts=st.floats(0, 400_000), dt_s=steps)
def test_dc_energy_never_exceeds_the_offer(
    model: VehicleModel, soc: float, watts: float, dt_s: float
) -> None:
    later, draw = Vehicle.at(model, soc).step_dc(dt_s, watts)
    assert draw.energy_wh <= watts * dt_s / 3600 + 1e-9
    assert draw.power_w <= model.max_dc_power_w
    assert later.soc <= max(soc, 1.0) + 1e-9


@pytest.mark.parametrize(
    ("model", "drawn"),
    [
        (city_car, (16, 0, 0)),
        (commuter, (32, 0, 0)),
        (two_phase, (16, 16, 0)),
        (family_car, (16, 16, 16)),
        (fast_ac_car, (32, 32, 32)),
    ],
)
def test_a_car_uses_its_own_phases_up_to_its_own_maximum(
    model: VehicleModel, drawn: tuple[float, float, float]
) -> None:
    _, draw = Vehicle.at(model, 0.3).step(60, (32, 32, 32))
    assert draw.current_a == pytest.approx(drawn)


def test_less_than_six_ampere_is_no_offer() -> None:
    _, draw = Vehicle.at(family_car, 0.3).step(60, (5.9, 5.9, 5.9))
    assert draw.energy_wh == 0


def test_a_three_phase_car_on_one_phase_uses_that_one() -> None:
    _, draw = Vehicle.at(family_car, 0.3).step(60, (10, 0, 0))
    assert draw.current_a == (10, 0, 0)


def test_charging_slows_down_before_the_battery_is_full() -> None:
    _, early = Vehicle.at(family_car, 0.5).step(60, (16, 16, 16))
    _, late = Vehicle.at(family_car, 0.98).step(60, (16, 16, 16))
    assert 0 < late.power_w < early.power_w / 2


def test_a_satisfied_car_stops_at_its_target() -> None:
    car, draw = Vehicle.at(family_car, 0.79, target_soc=0.8).step(7200, (16, 16, 16))
    assert car.soc == pytest.approx(0.8)
    assert draw.energy_wh == pytest.approx(0.01 * 77_000 / 0.9)
    assert car.step(60, (16, 16, 16))[1].energy_wh == 0


@given(phases=st.integers(1, 3), limit_a=st.floats(0, 40), hours=st.floats(0, 5))
def test_the_register_counts_what_flowed_and_no_more_than_offered(
    phases: int, limit_a: float, hours: float
) -> None:
    box = Wallbox(WallboxModel(phases, 32, initial_register_wh=500))
    box.supply(hours * 3600, Vehicle.at(fast_ac_car, 0.1), Offer(limit_a, phases))
    assert 0 <= box.register_wh - 500 <= limit_a * phases * 230 * hours + 1e-6


@pytest.mark.parametrize(
    ("rotation", "grid"),
    [("RST", (20, 0, 0)), ("STR", (0, 20, 0)), ("TRS", (0, 0, 20)), ("SRT", (0, 20, 0))],
)
def test_rotation_decides_which_phase_of_the_building_a_single_phase_car_loads(
    rotation: Rotation, grid: tuple[float, float, float]
) -> None:
    box = Wallbox(WallboxModel(3, 32, rotation=rotation))
    box.supply(60, Vehicle.at(commuter, 0.3), Offer(20, 3))
    assert box.grid_currents_a() == pytest.approx(grid)


def test_nothing_flows_without_an_offer() -> None:
    box = Wallbox(WallboxModel())
    car = box.supply(3600, Vehicle.at(family_car, 0.3), None)
    assert car == Vehicle.at(family_car, 0.3)
    assert box.register_wh == 0
