"""An installation as arrays, and what can't be one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csms.smart_charging.allocation import Capacity, Demands, allocate
from csms.smart_charging.grid import Circuit, Evse, EvseKey, PerPhase, Site, parse_wiring
from csms.smart_charging.topology import Topology

MAIN = Circuit(id="main", name="Main", parent_id=None, breaker_a=PerPhase.all(63), margin=0.1)
FLOOR = Circuit(id="floor", name="Floor", parent_id="main", breaker_a=PerPhase.all(32))
FIRST = Evse(
    key=EvseKey("CP1", 1), circuit_id="floor", wiring=parse_wiring("STR"), rated_a=16, priority=3
)
SECOND = replace(FIRST, key=EvseKey("CP1", 2), circuit_id="main", wiring=parse_wiring("L2"))
SITE = Site(id="site", name="Site", circuits=(MAIN, FLOOR), evses=(FIRST, SECOND))


def test_rows_keep_the_order_of_the_site() -> None:
    topology = Topology.prepare(SITE)
    assert topology.evses == (FIRST.key, SECOND.key)
    assert topology.index == {FIRST.key: 0, SECOND.key: 1}
    assert (topology.circuits, topology.circuit_index) == (
        ("main", "floor"),
        {"main": 0, "floor": 1},
    )


def test_nobody_wants_anything_at_first() -> None:
    topology = Topology.prepare(SITE)
    demands = Demands.none(topology)
    assert not demands.wants.any()
    assert demands.max_a.tolist() == [16, 16]
    assert demands.priority.tolist() == [3, 3]
    assert demands.draws.tolist() == [[True, True, True], [False, True, False]]


def test_capacity_has_the_margin_taken_off() -> None:
    capacity = Capacity.of(SITE, Topology.prepare(SITE))
    assert np.allclose(capacity.limit_a, [[56.7] * 3, [32.0] * 3])


def test_a_copy_of_demands_goes_its_own_way() -> None:
    demands = Demands.none(Topology.prepare(SITE))
    copy = demands.copy()
    copy.wants[0] = True
    assert not demands.wants[0]


def test_a_site_without_evses_has_nothing_to_share() -> None:
    site = replace(SITE, evses=())
    topology = Topology.prepare(site)
    assert allocate(topology, Capacity.of(site, topology), Demands.none(topology)).limit_a.size == 0


def test_a_site_without_anything_has_nothing_to_share() -> None:
    site = Site(id="empty", name="Empty")
    topology = Topology.prepare(site)
    assert allocate(topology, Capacity.of(site, topology), Demands.none(topology)).limit_a.size == 0


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        (replace(SITE, circuits=(MAIN, MAIN)), "circuit main is there twice"),
        (replace(SITE, evses=(FIRST, FIRST)), "EVSE CP1/1 is there twice"),
        (replace(SITE, circuits=(MAIN,)), "EVSE CP1/1 hangs on unknown circuit 'floor'"),
        (replace(SITE, circuits=(FLOOR,)), "circuit 'floor' is fed by unknown 'main'"),
        (
            replace(SITE, circuits=(replace(MAIN, parent_id="floor"), FLOOR)),
            "circuit 'main' feeds itself",
        ),
        (replace(SITE, voltage_v=0), "a voltage of 0 V can't be"),
        (
            replace(SITE, circuits=(replace(MAIN, breaker_a=PerPhase(-1, 0, 0)), FLOOR)),
            "circuit 'main': a limit of",
        ),
        (replace(SITE, evses=(replace(FIRST, step_a=0),)), "step and weight must be above 0"),
        (replace(SITE, evses=(replace(FIRST, rated_a=float("nan")),)), "must be 0 or more"),
    ],
)
def test_what_can_t_be_is_refused_with_the_reason(site: Site, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Topology.prepare(site)


def test_values_that_can_t_be_are_refused() -> None:
    topology = Topology.prepare(SITE)
    capacity, demands = Capacity.of(SITE, topology), Demands.none(topology)
    demands.weight[0] = 0
    with pytest.raises(ValueError, match="weights"):
        allocate(topology, capacity, demands)


def test_a_load_that_is_no_number_is_refused() -> None:
    topology = Topology.prepare(SITE)
    capacity, demands = Capacity.of(SITE, topology), Demands.none(topology)
    capacity.load_a[0, 0] = np.nan
    with pytest.raises(ValueError, match="loads"):
        allocate(topology, capacity, demands)
