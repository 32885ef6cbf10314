"""The truth table of fair shares, and single stories beside it."""

from __future__ import annotations

import numpy as np
import pytest
from unit.smart_charging.allocation_cases import CASES, Amperes, Car, Case, Node

from csms.smart_charging.allocation import Allocation, Capacity, Demands, Pool, Topology, allocate
from csms.smart_charging.grid import (
    Circuit,
    Evse,
    EvseKey,
    Network,
    PerPhase,
    Phase,
    Site,
    parse_wiring,
)


def site_of(nodes: tuple[Node, ...], cars: tuple[Car, ...]) -> Site:
    between_lines = any("-" in car.wiring for car in cars)
    return Site(
        id="site",
        name="Site",
        network=Network.IT if between_lines else Network.THREE_PHASE,
        circuits=tuple(
            Circuit(
                id=node.id,
                name=f"Circuit {node.id}",
                parent_id=node.under,
                breaker_a=_per_phase(node.limit_a),
                max_power_w=node.max_power_w,
                max_imbalance_a=node.max_imbalance_a,
                margin=node.margin,
            )
            for node in nodes
        ),
        evses=tuple(
            Evse(
                key=EvseKey(f"CP{number}", 1),
                circuit_id=car.node,
                wiring=parse_wiring(car.wiring),
                rated_a=car.max_a,
                min_a=car.min_a,
                weight=car.weight,
                priority=car.priority,
            )
            for number, car in enumerate(cars, start=1)
        ),
    )


def _per_phase(limit_a: float | Amperes) -> PerPhase:
    return PerPhase(*limit_a) if isinstance(limit_a, tuple) else PerPhase.all(limit_a)


def everybody_charges(
    nodes: tuple[Node, ...], cars: tuple[Car, ...]
) -> tuple[Topology, Capacity, Demands]:
    site = site_of(nodes, cars)
    topology = Topology.prepare(site)
    capacity, demands = Capacity.of(site, topology), Demands.none(topology)
    demands.wants[:] = True
    capacity.load_a += [_sum(node.load_a, node.reserved_a) for node in nodes]
    for number, car in enumerate(cars):
        if car.measured_a is not None:
            demands.measured_a[number] = np.where(demands.draws[number], car.measured_a, 0.0)
    return topology, capacity, demands


def _sum(first: Amperes, second: Amperes) -> list[float]:
    return [a + b for a, b in zip(first, second, strict=True)]


def shares(nodes: tuple[Node, ...], cars: tuple[Car, ...]) -> Allocation:
    return allocate(*everybody_charges(nodes, cars))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_whole_amperes_of_the_table(case: Case) -> None:
    world = everybody_charges(case.nodes, case.cars)
    assert allocate(*world, strict=case.strict).limit_a.tolist() == list(case.whole_a)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_exact_shares_of_the_table_in_tenths(case: Case) -> None:
    world = everybody_charges(case.nodes, case.cars)
    exact = allocate(*world, strict=case.strict, continuous=True).limit_a
    assert (np.floor(exact * 10 + 1e-6) / 10).tolist() == list(case.tenths_a)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.story)
def test_who_gets_nothing_waits(case: Case) -> None:
    world = everybody_charges(case.nodes, case.cars)
    waiting = allocate(*world, strict=case.strict).waiting
    assert waiting.tolist() == [amperes == 0 for amperes in case.whole_a]


def test_steps_of_a_tenth_use_up_the_last_tenth() -> None:
    topology, capacity, demands = everybody_charges((Node("main", 32),), (Car("main", "L1"),) * 3)
    demands.step_a[:] = 0.1
    assert allocate(topology, capacity, demands).limit_a.tolist() == [10.7, 10.7, 10.6]


THREE_ON_16_A = ((Node("main", 16),), (Car("main", "L1L2L3"),) * 3)


def test_whose_turn_it_is_goes_before_the_order_of_installation() -> None:
    topology, capacity, demands = everybody_charges(*THREE_ON_16_A)
    demands.turn[:] = [2, 1, 0]
    assert allocate(topology, capacity, demands).limit_a.tolist() == [0, 8, 8]


def test_who_runs_within_its_minimum_on_time_keeps_its_place() -> None:
    topology, capacity, demands = everybody_charges(*THREE_ON_16_A)
    demands.turn[:] = [2, 1, 0]
    demands.hold[0] = True
    assert allocate(topology, capacity, demands).limit_a.tolist() == [8, 0, 8]


def test_priority_goes_before_the_minimum_on_time() -> None:
    topology, capacity, demands = everybody_charges(*THREE_ON_16_A)
    demands.hold[:2] = True
    demands.priority[2] = 1
    assert allocate(topology, capacity, demands).limit_a.tolist() == [6, 0, 10]


def test_everybody_is_filled_to_the_plan_before_anybody_gets_more() -> None:
    topology, capacity, demands = everybody_charges((Node("main", 32),), (Car("main", "L1"),) * 2)
    demands.target_a[:] = [20, 8]
    assert allocate(topology, capacity, demands).limit_a.tolist() == [20, 12]


def test_who_has_no_plan_takes_part_as_ever() -> None:
    topology, capacity, demands = everybody_charges((Node("main", 30),), (Car("main", "L1"),) * 2)
    demands.target_a[0] = 10
    assert allocate(topology, capacity, demands).limit_a.tolist() == [10, 20]


def test_what_is_reserved_for_an_evse_counts_in_every_circuit_above_it() -> None:
    nodes = (Node("main", 32), Node("floor", 32, under="main"))
    cars = (Car("floor", "L1L2L3"), Car("main", "L1L2L3"))
    topology, capacity, demands = everybody_charges(nodes, cars)
    demands.wants[0] = False
    demands.reserved_a[0] = [16, 16, 0]
    assert allocate(topology, capacity, demands).limit_a.tolist() == [0, 16]


def test_what_is_reserved_for_a_charging_evse_comes_on_top() -> None:
    topology, capacity, demands = everybody_charges((Node("main", 32),), (Car("main", "L1"),) * 2)
    demands.reserved_a[0] = [4, 0, 0]
    assert allocate(topology, capacity, demands).limit_a.tolist() == [14, 14]


def test_nobody_is_admitted_where_other_load_is_above_the_limit() -> None:
    topology, capacity, demands = everybody_charges((Node("main", 32),), (Car("main", "L1"),) * 2)
    capacity.load_a[0] = [40, 0, 0]
    assert allocate(topology, capacity, demands).limit_a.tolist() == [0, 0]


def test_a_learned_phase_frees_the_others() -> None:
    cars = (Car("main", "L1L2L3"), Car("main", "L2"))
    topology, capacity, demands = everybody_charges((Node("main", 16),), cars)
    before = allocate(topology, capacity, demands).limit_a.tolist()
    demands.draws[0] = [True, False, False]
    after = allocate(topology, capacity, demands).limit_a.tolist()
    assert (before, after) == ([8, 8], [16, 16])


def test_no_phase_learned_counts_as_all_that_are_wired() -> None:
    cars = (Car("main", "L1L2L3"), Car("main", "L2"))
    topology, capacity, demands = everybody_charges((Node("main", 16),), cars)
    demands.draws[0] = False
    assert allocate(topology, capacity, demands).limit_a.tolist() == [8, 8]


def test_surplus_is_shared_by_those_who_charge_from_it_alone() -> None:
    cars = (Car("main", "L1"), Car("main", "L2"), Car("main", "L3"))
    world = everybody_charges((Node("main", 32),), cars)
    surplus = Pool("Surplus", np.array([True, True, False]), max_power_w=4600)
    assert allocate(*world, pools=[surplus]).limit_a.tolist() == [10, 10, 32]


def test_without_surplus_nobody_charges_from_it() -> None:
    cars = (Car("main", "L1"), Car("main", "L2"))
    world = everybody_charges((Node("main", 32),), cars)
    surplus = Pool("Surplus", np.array([True, False]), max_power_w=-300)
    assert allocate(*world, pools=[surplus]).limit_a.tolist() == [0, 32]


def test_cars_between_the_same_lines_add_up_plainly() -> None:
    cars = (Car("main", "L1-L2"), Car("main", "L1-L2"))
    assert shares((Node("main", 32),), cars).limit_a.tolist() == [16, 16]


def test_cars_between_neighbouring_lines_share_their_line_as_phasors() -> None:
    cars = (Car("main", "L1-L2", max_a=16), Car("main", "L2-L3"))
    limits = shares((Node("main", (63, 27, 63)),), cars).limit_a.tolist()
    assert limits == [16, 15], "sqrt(16² + 15² + 16 x 15) = 26.85"


def test_a_three_phase_car_adds_plainly_to_the_lines() -> None:
    cars = (Car("main", "L1L2L3", max_a=16), Car("main", "L1-L2"))
    assert shares((Node("main", 32),), cars).limit_a.tolist() == [16, 16]


def test_balancing_cars_may_rise_with_each_other_and_fall_when_one_stops() -> None:
    nodes = (Node("main", 63, max_imbalance_a=20),)
    cars = (Car("main", "L1"), Car("main", "L2"), Car("main", "L3"))
    topology, capacity, demands = everybody_charges(nodes, cars)
    steps = []
    for _ in range(2):
        limits = allocate(topology, capacity, demands).limit_a
        steps.append(limits.tolist())
        demands.measured_a[:] = np.where(demands.draws, limits[:, None], 0.0)
    demands.wants[2] = False
    steps.append(allocate(topology, capacity, demands).limit_a.tolist())
    assert steps == [[20, 20, 20], [32, 32, 32], [20, 20, 0]]


def test_power_behind_an_it_connection_counts_the_voltage_between_lines() -> None:
    cars = (Car("main", "L1-L2"), Car("main", "L1L2L3"))
    limits = shares((Node("main", 63, max_power_w=230 * 16 + 230 * 3**0.5 * 16),), cars).limit_a
    assert limits.tolist() == [16, 16]


class TestBinding:
    def test_the_full_phase_of_a_circuit(self) -> None:
        nodes = (Node("main", 63), Node("P3", 32, under="main"))
        allocation = shares(nodes, (Car("P3", "L1L2L3"), Car("P3", "L2")))
        assert str(allocation.binding(0)) == "Circuit P3, L2, 32 A"

    def test_its_own_maximum(self) -> None:
        allocation = shares((Node("main", 63),), (Car("main", "L1", max_a=16),))
        binding = allocation.binding(0)
        assert binding is not None
        assert (binding.kind, str(binding)) == ("evse", "CP1/1, 16 A")

    def test_contracted_power(self) -> None:
        allocation = shares((Node("main", 63, max_power_w=4200),), (Car("main", "L1"),))
        binding = allocation.binding(0)
        assert binding is not None
        assert (binding.kind, str(binding)) == ("power", "Circuit main, 4200 W")

    def test_imbalance(self) -> None:
        allocation = shares((Node("main", 63, max_imbalance_a=20),), (Car("main", "L2"),))
        binding = allocation.binding(0)
        assert binding is not None
        assert (binding.kind, binding.phase, binding.limit) == ("imbalance", Phase.L2, 20)

    def test_a_line_between_which_cars_hang(self) -> None:
        allocation = shares((Node("main", 16),), (Car("main", "L1-L2"), Car("main", "L2-L3")))
        binding = allocation.binding(1)
        assert binding is not None
        assert (binding.kind, binding.phase) == ("line", Phase.L2)

    def test_surplus(self) -> None:
        world = everybody_charges((Node("main", 63),), (Car("main", "L1"),))
        surplus = Pool("Surplus", np.array([True]), max_power_w=2000)
        binding = allocate(*world, pools=[surplus]).binding(0)
        assert binding is not None
        assert (binding.kind, str(binding)) == ("pool", "Surplus, 2000 W")

    def test_who_waits_learns_which_circuit_is_full_of_minima(self) -> None:
        nodes = (Node("main", 63), Node("P3", 16, under="main"))
        allocation = shares(nodes, (Car("P3", "L1L2L3"),) * 3)
        binding = allocation.binding(2)
        assert binding is not None
        assert (binding.kind, str(binding)) == ("waiting", "Circuit P3, L1, 16 A")

    def test_who_wants_nothing_is_held_by_nothing(self) -> None:
        topology, capacity, demands = everybody_charges((Node("main", 6),), (Car("main", "L1"),))
        demands.wants[0] = False
        assert allocate(topology, capacity, demands).binding(0) is None

    def test_it_tells_of_the_moment_of_the_allocation(self) -> None:
        topology, capacity, demands = everybody_charges((Node("main", 20),), (Car("main", "L1"),))
        allocation = allocate(topology, capacity, demands)
        capacity.limit_a[:] = 63
        demands.wants[:] = False
        assert str(allocation.binding(0)) == "Circuit main, L1, 20 A"


def large_garage(seed: int) -> tuple[Topology, Capacity, Demands]:
    """600 EVSEs on 31 circuits in three levels, scarce on some and plenty on others."""
    random = np.random.default_rng(seed)
    nodes = [Node("main", (1900, 1700, 2100), max_power_w=1_200_000)]
    for floor in range(6):
        first, second, third = (float(amperes) for amperes in random.integers(200, 500, 3))
        nodes.append(Node(f"floor {floor}", (first, second, third), under="main"))
        breakers = random.integers(50, 160, 4).astype(float).tolist()
        nodes += [
            Node(f"row {floor}-{row}", limit_a, f"floor {floor}")
            for row, limit_a in enumerate(breakers)
        ]
    wirings = ("L1L2L3", "L2L3L1", "L3L1L2", "L1", "L2", "L3", "L1L2")
    cars = tuple(
        Car(
            f"row {random.integers(6)}-{random.integers(4)}",
            wirings[random.integers(len(wirings))],
            max_a=float(random.integers(6, 33)),
            weight=float(random.choice([1, 1, 2])),
            priority=int(random.choice([0, 0, 1])),
        )
        for _ in range(600)
    )
    topology, capacity, demands = everybody_charges(tuple(nodes), cars)
    demands.step_a[:] = random.choice([1.0, 0.1], 600)
    return topology, capacity, demands


def limits_of(
    topology: Topology, capacity: Capacity, demands: Demands
) -> tuple[np.ndarray, np.ndarray]:
    """Every row of the tree as a matrix, the plain way."""
    rows, limits = [], []
    paths = [set(topology.path(int(circuit))) for circuit in topology.circuit_of]
    for circuit in range(len(topology.circuits)):
        below = np.array([circuit in path for path in paths])
        for phase in Phase:
            rows.append(below & demands.draws[:, phase])
            limits.append(capacity.limit_a[circuit, phase])
        rows.append(below * demands.draws.sum(axis=1) * 230.0)
        limits.append(capacity.max_power_w[circuit])
    return np.array(rows, np.float64), np.array(limits)


@pytest.mark.parametrize("seed", range(4))
def test_in_a_large_garage_no_limit_is_exceeded_and_nobody_could_get_another_step(
    seed: int,
) -> None:
    topology, capacity, demands = large_garage(seed)
    allocation = allocate(topology, capacity, demands)
    matrix, limits = limits_of(topology, capacity, demands)
    room = limits - matrix @ allocation.limit_a
    assert room.min() >= -1e-9
    charging = allocation.limit_a + demands.step_a <= demands.max_a + 1e-9
    charging &= ~allocation.waiting
    fits = np.where(matrix > 0, room[:, None] / np.maximum(matrix, 1e-9), np.inf).min(axis=0)
    assert (fits[charging] < demands.step_a[charging] - 1e-9).all()
    assert 0 < allocation.waiting.sum() < 400
