"""Which EVSE the electrician should turn, and what it gains."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import Circuit, Evse, EvseKey, Network, PerPhase, Site, parse_wiring
from csms.smart_charging.rotation_advice import Advice, Usage, advise_rotations

ONE_PHASE_32 = Usage(current_a=32.0, phases=1)


def garage(
    *wirings: str,
    limit: PerPhase | float = 32.0,
    max_imbalance_a: float | None = None,
    network: Network = Network.THREE_PHASE,
    assumed: PerPhase | None = None,
) -> Site:
    breaker_a = limit if isinstance(limit, PerPhase) else PerPhase.all(limit)
    root = Circuit(
        id="root",
        name="Garage",
        parent_id=None,
        breaker_a=breaker_a,
        max_imbalance_a=max_imbalance_a,
        assumed_load_a=assumed or PerPhase.all(0.0),
    )
    evses = tuple(
        Evse(
            key=EvseKey("ABCDEFGHI"[index], 1),
            circuit_id="root",
            wiring=parse_wiring(wiring),
            rated_a=32.0,
        )
        for index, wiring in enumerate(wirings)
    )
    return Site(id="g", name="G", network=network, circuits=(root,), evses=evses)


def all_want(site: Site, usage: Usage = ONE_PHASE_32) -> dict[EvseKey, Usage]:
    return {evse.key: usage for evse in site.evses}


def told(advice: list[Advice]) -> list[tuple[str, str, float]]:
    return [(a.key.charge_point_id, str(a.better), round(a.gain_a, 1)) for a in advice]


def test_three_single_phase_cars_on_l1_are_spread_over_the_phases() -> None:
    site = garage("RST", "RST", "RST")

    advice = advise_rotations(site, all_want(site))

    assert told(advice) == [("A", "L2L3L1", 32.0), ("B", "L3L1L2", 32.0)]
    assert advice[0].reason == "L2 has room where L1 is full: 32 A more in all"


def test_evses_on_one_phase_can_be_moved_too() -> None:
    site = garage("L1", "L1")

    assert told(advise_rotations(site, all_want(site))) == [("A", "L2", 32.0)]


@pytest.mark.parametrize("wirings", [("RST", "STR", "TRS"), ("RST",)])
def test_what_is_spread_already_needs_no_advice(wirings: tuple[str, ...]) -> None:
    site = garage(*wirings)

    assert advise_rotations(site, all_want(site)) == []


def test_three_phase_cars_need_no_turning() -> None:
    site = garage("RST", "RST", "RST")

    assert advise_rotations(site, all_want(site, Usage(current_a=32.0, phases=3))) == []


def test_imbalance_that_costs_nothing_is_left_alone() -> None:
    site = garage("RST", "RST", limit=63.0)

    assert advise_rotations(site, all_want(site, Usage(current_a=16.0, phases=1))) == []


def test_an_imbalance_limit_is_a_cost_too() -> None:
    site = garage("RST", "RST", "RST", limit=63.0, max_imbalance_a=20.0)

    advice = advise_rotations(site, all_want(site, Usage(current_a=16.0, phases=1)))

    assert told(advice) == [("A", "L2L3L1", 16.0), ("B", "L3L1L2", 12.0)]


def test_a_phase_that_the_house_needs_is_avoided() -> None:
    site = garage("RST", "RST", assumed=PerPhase(0.0, 30.0, 0.0))

    assert told(advise_rotations(site, all_want(site))) == [("A", "L3L1L2", 32.0)]


def test_a_phase_that_the_circuit_lacks_is_no_choice() -> None:
    site = garage("L1", "L1", limit=PerPhase(32.0, 0.0, 32.0))

    assert told(advise_rotations(site, all_want(site))) == [("A", "L3", 32.0)]


def test_where_the_main_breaker_is_full_turning_in_a_part_gains_nothing() -> None:
    site = garage("RST", "RST", limit=10.0)
    part = Circuit(id="part", name="Part", parent_id="root", breaker_a=PerPhase(32.0, 0.0, 0.0))
    evses = tuple(
        Evse(key=e.key, circuit_id="part", wiring=parse_wiring("L1"), rated_a=32.0)
        for e in site.evses
    )
    site = Site(id="g", name="G", circuits=(*site.circuits, part), evses=evses)

    assert advise_rotations(site, all_want(site)) == []


@pytest.mark.parametrize("network", [Network.IT, Network.SINGLE_PHASE])
def test_other_networks_get_no_advice(network: Network) -> None:
    site = garage("L1", "L1", network=network)

    assert advise_rotations(site, all_want(site)) == []


@settings(deadline=None)
@given(
    wirings=st.lists(
        st.sampled_from(["RST", "STR", "TRS", "RTS", "L1", "L2", "L3"]), min_size=1, max_size=8
    ),
    amps=st.lists(st.floats(6.0, 32.0), min_size=8, max_size=8),
    phases=st.lists(st.sampled_from([1, 2, 3]), min_size=8, max_size=8),
    limit=st.floats(16.0, 125.0),
)
def test_following_all_advice_leaves_none_and_every_step_gains(
    wirings: list[str], amps: list[float], phases: list[int], limit: float
) -> None:
    site = garage(*wirings, limit=limit)
    usage = {
        evse.key: Usage(current_a=amps[i], phases=phases[i]) for i, evse in enumerate(site.evses)
    }

    advice = advise_rotations(site, usage)

    assert all(a.gain_a >= 1.0 for a in advice)
    followed = dict(zip([e.key for e in site.evses], wirings, strict=True))
    for each in advice:
        assert str(parse_wiring(followed[each.key])) == str(each.now)
        followed[each.key] = str(each.better)
    if len(advice) < 10:
        assert advise_rotations(garage(*followed.values(), limit=limit), usage) == []
