"""What must hold for fair shares on any installation, and that they equal the slow reference."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smart_charging.fair_reference import Row, fair_shares, fraction, rows_of

from csms.smart_charging.allocation import (
    Capacity,
    Demands,
    Topology,
    allocate,
    allocate_matrix,
)
from csms.smart_charging.grid import (
    Circuit,
    Evse,
    EvseKey,
    Network,
    PerPhase,
    Phase,
    Site,
    Wiring,
    parse_wiring,
)

WIRINGS = ("L1L2L3", "L2L3L1", "L3L1L2", "L1", "L2", "L3", "L1L2", "L3L1")
BETWEEN_LINES = ("L1-L2", "L2-L3", "L3-L1", "L1L2L3")
NOISE_A = 1e-9


@dataclass
class World:
    site: Site
    topology: Topology
    capacity: Capacity
    demands: Demands

    def shares(self, *, strict: bool = False, continuous: bool = False) -> list[float]:
        limits = allocate(
            self.topology, self.capacity, self.demands, strict=strict, continuous=continuous
        ).limit_a
        return [float(amperes) for amperes in limits]

    def rows(self) -> list[Row]:
        return rows_of(self.topology, self.capacity, self.demands)


def tenths(low: float, high: float) -> st.SearchStrategy[float]:
    return st.integers(round(low * 10), round(high * 10)).map(lambda number: number / 10)


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    circuits: int = 5,
    evses: int = 8,
    plain: bool = False,
    between_lines: bool = False,
    step_a: tuple[float, ...] = (1.0, 0.1, 2.0, 0.5),
) -> World:
    """`plain`: breakers alone, one priority, everybody's minimum below 3 A."""
    count = draw(st.integers(1, circuits))
    limits = st.builds(PerPhase, *[tenths(30 if plain else 0, 80)] * 3)
    rarely = st.sampled_from([None, None, 20.0, 33.3])
    site = Site(
        id="s",
        name="S",
        network=Network.IT if between_lines else Network.THREE_PHASE,
        circuits=tuple(
            Circuit(
                id=str(number),
                name=f"Circuit {number}",
                parent_id=str(draw(st.integers(0, number - 1))) if number else None,
                breaker_a=draw(limits),
                max_imbalance_a=None if plain or between_lines else draw(rarely),
                max_power_w=None
                if plain
                else draw(st.one_of(st.none(), st.integers(3000, 40000).map(float))),
            )
            for number in range(count)
        ),
        evses=tuple(
            Evse(
                key=EvseKey(f"CP{number}", 1),
                circuit_id=str(draw(st.integers(0, count - 1))),
                wiring=parse_wiring(
                    draw(st.sampled_from(BETWEEN_LINES if between_lines else WIRINGS))
                ),
                rated_a=draw(tenths(4, 32)),
                min_a=draw(st.just(1.0) if plain else st.sampled_from([6.0, 6.0, 8.0, 6.5, 13.0])),
                step_a=draw(st.sampled_from(step_a)),
                weight=1.0 if plain else draw(st.sampled_from([1.0, 1.0, 2.0, 0.5])),
                priority=0 if plain else draw(st.integers(0, 2)),
            )
            for number in range(draw(st.integers(1, evses)))
        ),
    )
    topology = Topology.prepare(site)
    capacity, demands = Capacity.of(site, topology), Demands.none(topology)
    size = len(topology.evses)
    demands.wants[:] = (
        True
        if plain
        else draw(
            st.lists(st.sampled_from([True, True, True, False]), min_size=size, max_size=size)
        )
    )
    demands.turn[:] = draw(st.permutations(range(size)))
    if not plain:
        demands.hold[:] = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        for number in draw(st.lists(st.integers(0, size - 1), max_size=2)):
            demands.reserved_a[number] = draw(st.tuples(*[tenths(0, 16)] * 3))
        for number in draw(st.lists(st.integers(0, size - 1), max_size=4)):
            demands.measured_a[number] = np.where(demands.draws[number], draw(tenths(0, 20)), 0)
        for number in range(count):
            capacity.load_a[number] = draw(st.tuples(*[tenths(-5, 20)] * 3))
    return World(site, topology, capacity, demands)


@given(worlds(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_whole_steps_equal_the_slow_reference(world: World, strict: bool) -> None:
    expected = fair_shares(world.rows(), world.demands, strict=strict)
    assert np.allclose(world.shares(strict=strict), [float(a) for a in expected], atol=1e-9)


@given(worlds(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_exact_shares_equal_the_slow_reference(world: World, strict: bool) -> None:
    expected = fair_shares(world.rows(), world.demands, strict=strict, continuous=True)
    found = world.shares(strict=strict, continuous=True)
    assert np.allclose(found, [float(a) for a in expected], atol=1e-6)


@given(worlds(evses=7), st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_plain_matrix_gives_what_the_tree_gives(world: World, strict: bool) -> None:
    rows, demands = world.rows(), world.demands
    matrix = np.zeros((len(rows), len(demands.wants)))
    for number, row in enumerate(rows):
        for evse, coefficient in row.coefficients.items():
            matrix[number, evse] = float(coefficient)
    found = allocate_matrix(
        matrix,
        [float(row.limit) for row in rows],
        wants=demands.wants,
        min_a=demands.min_a,
        max_a=demands.max_a,
        step_a=demands.step_a,
        weight=demands.weight,
        priority=demands.priority,
        turn=demands.turn,
        hold=demands.hold,
        strict=strict,
    )
    assert found.tolist() == world.shares(strict=strict)


def line_currents(world: World, amperes: list[float]) -> list[tuple[float, float]]:
    """(carried, limit) per line of each circuit; three-phase cars added plainly."""
    topology, turn = world.topology, np.exp(2j * np.pi / 3)
    found = []
    for c in range(len(topology.circuits)):
        phasors, plain = np.zeros(3, np.complex128), np.zeros(3)
        for i, evse in enumerate(world.site.evses):
            if c not in topology.path(int(topology.circuit_of[i])):
                continue
            plain += world.demands.reserved_a[i]
            if evse.wiring.between_lines:
                first, second = evse.wiring.phases
                voltage = turn ** -int(first) - turn ** -int(second)
                phasors[first] += amperes[i] * voltage / abs(voltage)
                phasors[second] -= amperes[i] * voltage / abs(voltage)
            else:
                plain += np.where(world.demands.draws[i], amperes[i], 0.0)
        room = np.maximum(world.capacity.limit_a[c] - world.capacity.load_a[c], 0.0)
        found += list(zip(np.abs(phasors) + plain, room, strict=True))
    return found


def lines_hold(world: World, amperes: list[float]) -> bool:
    return all(carried <= limit + NOISE_A for carried, limit in line_currents(world, amperes))


def without_power_limits(world: World) -> World:
    world.capacity.max_power_w[:] = np.inf
    world.demands.reserved_a[:] = 0.0
    return world


@given(worlds(between_lines=True).map(without_power_limits))
@settings(max_examples=60, deadline=None)
def test_no_line_between_cars_is_overloaded_and_nobody_could_get_another_step(world: World) -> None:
    shares = world.shares()
    assert lines_hold(world, shares)
    for i, share in enumerate(shares):
        if share > 0 and share + world.demands.step_a[i] <= world.demands.max_a[i] + NOISE_A:
            more = [*shares[:i], share + world.demands.step_a[i], *shares[i + 1 :]]
            assert not lines_hold(world, more)


@given(worlds(between_lines=True).map(without_power_limits))
@settings(max_examples=50, deadline=None)
def test_between_lines_who_is_below_his_maximum_has_a_full_line_without_anybody_higher(
    world: World,
) -> None:
    world.demands.priority[:] = 0
    shares = world.shares(continuous=True)
    assert lines_hold(world, shares)
    level = np.array(shares) / world.demands.weight
    floored = np.array(shares) <= world.demands.min_a + 1e-6
    for i, share in enumerate(shares):
        if 0 < share < world.demands.max_a[i] - 1e-6:
            assert _has_a_full_line(world, shares, level, floored, i)


def _has_a_full_line(
    world: World, shares: list[float], level: np.ndarray, floored: np.ndarray, i: int
) -> bool:
    currents = line_currents(world, shares)
    topology = world.topology
    for c in topology.path(int(topology.circuit_of[i])):
        below = [j for j, at in enumerate(topology.circuit_of) if c in topology.path(int(at))]
        for phase in world.site.evses[i].wiring.phases:
            carried, limit = currents[3 * c + phase]
            beside = [j for j in below if phase in world.site.evses[j].wiring]
            highest = max((level[j] for j in beside if not floored[j]), default=0.0)
            if carried >= limit - 1e-5 and (highest <= level[i] + 1e-5 or floored[i]):
                return True
    return False


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_a_share_is_nothing_or_a_whole_number_of_steps_within_its_bounds(world: World) -> None:
    demands = world.demands
    for i, share in enumerate(world.shares()):
        steps = share / demands.step_a[i]
        assert abs(steps - round(steps)) < 1e-6
        assert share == 0 or demands.min_a[i] <= share <= demands.max_a[i]
        assert share == 0 or demands.wants[i]


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_everybody_held_back_is_told_by_what(world: World) -> None:
    allocation = allocate(world.topology, world.capacity, world.demands)
    rows, shares = world.rows(), [fraction(amperes) for amperes in allocation.limit_a]
    for i, wants in enumerate(world.demands.wants):
        binding = allocation.binding(i)
        assert (binding is not None) == wants
        if binding is not None and binding.kind in ("circuit", "power", "imbalance"):
            more = [*shares[:i], shares[i] + fraction(world.demands.step_a[i]), *shares[i + 1 :]]
            full = [row.name for row in rows if i in row.coefficients and not row.holds(more)]
            assert any(name.split()[0] == binding.name.split()[1] for name in full)


@given(worlds(), st.data())
@settings(max_examples=60, deadline=None)
def test_more_priority_never_means_less(world: World, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(world.demands.wants) - 1))
    before = world.shares(continuous=True)[number]
    world.demands.priority[number] += data.draw(st.integers(1, 2))
    assert world.shares(continuous=True)[number] >= before - 1e-6


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_under_strict_priority_the_first_don_t_notice_the_others(world: World) -> None:
    together = np.array(world.shares(strict=True))
    first = world.demands.priority == world.demands.priority.max()
    world.demands.wants &= first
    assert np.array(world.shares(strict=True))[first].tolist() == together[first].tolist()


@given(worlds(), st.data())
@settings(max_examples=50, deadline=None)
def test_the_order_of_installation_doesn_t_matter(world: World, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(world.topology.evses))))
    before = np.array(world.shares(continuous=True))[order]
    demands = world.demands
    site = replace(world.site, evses=tuple(world.site.evses[i] for i in order))
    for each in fields(demands):
        setattr(demands, each.name, getattr(demands, each.name)[order])
    moved = World(site, Topology.prepare(site), world.capacity, demands)
    assert np.allclose(moved.shares(continuous=True), before, atol=1e-7)


@given(worlds(), st.integers(1, 2))
@settings(max_examples=50, deadline=None)
def test_turning_all_phases_round_turns_nothing_else(world: World, turn: int) -> None:
    before = world.shares()
    site = replace(
        world.site,
        circuits=tuple(
            replace(each, breaker_a=PerPhase(*np.roll(each.breaker_a, turn).tolist()))
            for each in world.site.circuits
        ),
        evses=tuple(
            replace(each, wiring=Wiring(tuple(Phase((p + turn) % 3) for p in each.wiring.phases)))
            for each in world.site.evses
        ),
    )
    topology, demands = Topology.prepare(site), world.demands
    capacity = Capacity.of(site, topology)
    capacity.load_a[:] = np.roll(world.capacity.load_a, turn, axis=1)
    for array in (demands.draws, demands.reserved_a, demands.measured_a):
        array[:] = np.roll(array, turn, axis=1)
    assert World(site, topology, capacity, demands).shares() == before


@given(worlds(), st.data())
@settings(max_examples=50, deadline=None)
def test_a_circuit_that_can_t_be_full_changes_nothing(world: World, data: st.DataObject) -> None:
    before = world.shares()
    site = world.site
    chosen = data.draw(st.integers(0, len(site.circuits) - 1))
    wide = Circuit(
        id="wide",
        name="Wide",
        parent_id=site.circuits[chosen].parent_id,
        breaker_a=PerPhase.all(9999),
    )
    between = replace(site.circuits[chosen], parent_id="wide")
    circuits = (*site.circuits[:chosen], between, *site.circuits[chosen + 1 :], wide)
    site = replace(site, circuits=circuits)
    topology = Topology.prepare(site)
    capacity = Capacity.of(site, topology)
    capacity.load_a[:-1] = world.capacity.load_a
    assert World(site, topology, capacity, world.demands).shares() == before


@given(worlds(plain=True), st.data())
@settings(max_examples=60, deadline=None)
def test_a_higher_limit_never_makes_the_worst_served_worse(
    world: World, data: st.DataObject
) -> None:
    before = sorted(world.shares(continuous=True))
    number = data.draw(st.integers(0, len(world.site.circuits) - 1))
    world.capacity.limit_a[number, data.draw(st.integers(0, 2))] += data.draw(tenths(0.1, 30))
    after = sorted(world.shares(continuous=True))
    changed = [new - old for new, old in zip(after, before, strict=True) if abs(new - old) > 1e-6]
    assert not changed or changed[0] > 0


@given(worlds(plain=True, circuits=1), st.integers(0, 2), tenths(0.1, 20))
@settings(max_examples=60, deadline=None)
def test_more_load_on_a_phase_never_raises_a_car_on_it(
    world: World, phase: int, load_a: float
) -> None:
    before = np.array(world.shares(continuous=True))
    world.capacity.load_a[0, phase] += load_a
    after = np.array(world.shares(continuous=True))
    on_phase = world.demands.draws[:, phase]
    assert (after <= before + 1e-6)[on_phase].all()


@given(worlds(), st.data())
@settings(max_examples=50, deadline=None)
def test_counting_all_phases_is_safe_whichever_a_car_draws_on(
    world: World, data: st.DataObject
) -> None:
    world.capacity.max_imbalance_a[:] = np.inf
    shares = [fraction(amperes) for amperes in world.shares()]
    for i in range(len(shares)):
        wired = np.flatnonzero(world.demands.draws[i]).tolist()
        drawn = data.draw(st.sets(st.sampled_from(wired), min_size=1))
        world.demands.draws[i] = [phase in drawn for phase in range(3)]
    assert all(row.holds(shares) for row in world.rows())


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_the_same_question_has_the_same_answer(world: World) -> None:
    assert world.shares() == world.shares()


Change = tuple[str, int, float]


def changes() -> st.SearchStrategy[list[Change]]:
    kind = st.sampled_from(["comes or goes", "limit", "load", "maximum", "turn", "reserved"])
    return st.lists(st.tuples(kind, st.integers(0, 99), tenths(0, 40)), min_size=1, max_size=6)


def apply(change: Change, world: World) -> None:
    kind, number, amperes = change
    evse, circuit = number % len(world.demands.wants), number % len(world.site.circuits)
    match kind:
        case "comes or goes":
            world.demands.wants[evse] = not world.demands.wants[evse]
        case "limit":
            world.capacity.limit_a[circuit, number % 3] = amperes
        case "load":
            world.capacity.load_a[circuit, number % 3] = amperes / 2
        case "maximum":
            world.demands.max_a[evse] = amperes
        case "turn":
            world.demands.turn[:] = np.roll(world.demands.turn, number)
        case _:
            world.demands.reserved_a[evse] = amperes / 2


@given(st.one_of(worlds(evses=20), worlds(evses=20, between_lines=True)), changes(), st.booleans())
@settings(max_examples=50, deadline=None)
def test_what_was_shared_out_before_never_changes_what_is_shared_out_now(
    world: World, events: list[Change], strict: bool
) -> None:
    last = None
    for event in events:
        apply(event, world)
        last = allocate(world.topology, world.capacity, world.demands, strict=strict, like=last)
        assert last.limit_a.tolist() == world.shares(strict=strict)


@st.composite
def phasor_matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose directions are a few (lines, transformers) or any at all."""
    rows, evses = draw(st.integers(1, 4)), draw(st.integers(1, 14))
    few = st.integers(0, 11).map(lambda number: number * np.pi / 6)
    angles = draw(st.sampled_from([few, st.floats(0, 6.283)]))
    entry = st.tuples(st.sampled_from([0.0, 0.5, 1.0, 2.0]), angles)
    row = st.lists(entry, min_size=evses, max_size=evses)
    drawn = draw(st.lists(row, min_size=rows, max_size=rows))
    matrix = np.array([[size * np.exp(1j * angle) for size, angle in each] for each in drawn])
    limits = draw(st.lists(tenths(5, 60), min_size=rows, max_size=rows))
    return matrix, np.array(limits)


@given(phasor_matrices(), st.data())
@settings(max_examples=80, deadline=None)
def test_phasor_rows_hold_whatever_less_is_drawn(
    network: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    matrix, limits = network
    shares = allocate_matrix(matrix, limits, min_a=6, max_a=32)
    used = data.draw(
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=len(shares), max_size=len(shares))
    )
    assert (np.abs(matrix @ shares) <= limits + NOISE_A).all()
    assert (np.abs(matrix @ (shares * used)) <= limits + NOISE_A).all()
