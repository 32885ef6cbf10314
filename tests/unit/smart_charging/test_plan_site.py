"""An installation as rows that a plan works on, and the scheduler for a whole site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from csms.smart_charging.demands import Capacity
from csms.smart_charging.grid import Circuit, Evse, EvseKey, PerPhase, Site, parse_wiring
from csms.smart_charging.planning_site import site_rows
from csms.smart_charging.scheduler import Scheduler, Session
from csms.smart_charging.topology import Topology

NOON = datetime(2025, 3, 3, 12, tzinfo=UTC)


def evse(number: int, circuit_id: str, phases: str) -> Evse:
    key = EvseKey(f"CP-{number}", 1)
    return Evse(key=key, circuit_id=circuit_id, wiring=parse_wiring(phases), rated_a=32.0)


SITE = Site(
    id="garage",
    name="Garage",
    circuits=(
        Circuit(
            id="main", name="Main", parent_id=None, breaker_a=PerPhase.all(50.0), max_power_w=20e3
        ),
        Circuit(id="sub", name="Sub", parent_id="main", breaker_a=PerPhase(25.0, 20.0, 0.0)),
    ),
    evses=(evse(1, "main", "L2L3L1"), evse(2, "sub", "L1"), evse(3, "sub", "L2")),
)


def test_every_phase_of_every_circuit_is_a_row_and_every_power() -> None:
    rows = site_rows(Topology.prepare(SITE)).coefficients
    assert rows.tolist() == [
        [1, 1, 0],
        [1, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
        [690, 230, 230],
        [0, 230, 230],
    ]


def test_other_load_is_taken_off_each_phase_and_the_power() -> None:
    topology = Topology.prepare(SITE)
    capacity = Capacity.of(SITE, topology)
    capacity.load_a[0] = [10.0, 0.0, 60.0]
    left = site_rows(topology).capacity(capacity)
    assert left == pytest.approx([40, 50, 0, 25, 20, 0, 20e3 - 70 * 230, np.inf])


def test_a_car_on_fewer_phases_than_its_outlet_loads_those_alone() -> None:
    draws = np.array([[False, True, False], [True, False, False], [False, True, False]])
    rows = site_rows(Topology.prepare(SITE), draws)
    assert rows.coefficients[:3].tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert rows.power_w_per_a.tolist() == [230, 230, 230]


def test_the_scheduler_keeps_every_limit_of_a_site() -> None:
    scheduler = Scheduler.for_site(SITE)
    leaves = NOON + timedelta(hours=2)
    sessions = [
        Session(evse=index, arrived_at=NOON, departs_at=leaves, energy_wh=40_000.0)
        for index in range(3)
    ]
    amps = scheduler.schedule(sessions, NOON)
    assert amps[1] <= 25.0
    assert amps[2] <= 20.0
    assert amps[0] * 690 + (amps[1] + amps[2]) * 230 <= 20e3
    assert (amps >= 6.0).all()
