"""What would happen if."""

from __future__ import annotations

from dataclasses import replace

import pytest

from csms.smart_charging.grid import Circuit, Evse, EvseKey, PerPhase, Phase, Site, parse_wiring
from csms.smart_charging.trial import Car, try_out

A, B = EvseKey("A", 1), EvseKey("B", 1)


def site(*evses: Evse) -> Site:
    main = Circuit(
        id="main",
        name="Main",
        parent_id=None,
        breaker_a=PerPhase.all(32),
        has_meter=True,
        assumed_load_a=PerPhase.all(10),
    )
    return Site(id="home", name="Home", circuits=(main,), evses=evses)


def evse(key: EvseKey, phases: str = "L1L2L3", *, controllable: bool = True) -> Evse:
    wiring = parse_wiring(phases)
    return Evse(key=key, circuit_id="main", wiring=wiring, rated_a=32, controllable=controllable)


def test_without_cars_one_wants_to_charge_at_every_evse() -> None:
    tried = try_out(site(evse(A), evse(B)), None, {})
    assert [one.limit_a for one in tried.evses] == [11, 11]
    assert str(tried.evses[0].binding) == "Main, L1, 32 A"
    (main,) = tried.circuits
    assert (main.load_a, main.chargers_a) == (PerPhase.all(10), PerPhase.all(22))


def test_other_load_takes_the_place_of_what_is_assumed() -> None:
    tried = try_out(site(evse(A)), None, {"main": PerPhase(0, 0, 20)})
    assert tried.evses[0].limit_a == 12


def test_what_is_assumed_at_a_meter_includes_what_is_below_it() -> None:
    main = replace(site().circuits[0], assumed_load_a=PerPhase.all(10))
    floor = Circuit(
        id="floor",
        name="Floor",
        parent_id="main",
        breaker_a=PerPhase.all(32),
        assumed_load_a=PerPhase.all(8),
    )
    (tried, _) = try_out(replace(site(), circuits=(main, floor)), None, {}).circuits
    assert tried.load_a == PerPhase.all(10)


def test_a_car_on_one_phase_leaves_the_others_free() -> None:
    cars = [Car(key=A, phases=1), Car(key=B, max_current_a=16)]
    first, second = try_out(site(evse(A), evse(B, "L2")), cars, {}).evses
    assert (first.phases, first.limit_a) == (frozenset({Phase.L1}), 22)
    assert second.limit_a == 16


def test_what_follows_no_profile_is_counted_at_its_rated_current() -> None:
    first, second = try_out(
        site(evse(A, "L1", controllable=False), evse(B, "L2")), None, {"main": PerPhase.all(0)}
    ).evses
    assert (first.limit_a, str(first.binding)) == (32, "A/1 follows no charging profile")
    assert second.limit_a == 32


def test_who_gets_no_minimum_waits() -> None:
    tried = try_out(site(evse(A), evse(B)), None, {"main": PerPhase.all(24)})
    assert [one.waiting for one in tried.evses] == [False, True]


def test_a_car_at_no_evse_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        try_out(site(evse(A)), [Car(key=B)], {})
