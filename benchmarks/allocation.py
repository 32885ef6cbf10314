"""How long the fair allocation takes, on installations of several sizes.

    python -m benchmarks --only allocation

Best and median of many runs in process time: the machine has other work to do. `scarce` is a
night where not even all minima fit, `full` one where all charge and breakers bind at every level.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from csms.smart_charging.allocation import (
    Capacity,
    Demands,
    Topology,
    allocate,
    allocate_matrix,
)
from csms.smart_charging.grid import Circuit, Evse, EvseKey, PerPhase, Site, parse_wiring

_WIRINGS = ("RST", "STR", "TRS", "RST", "STR", "TRS", "L1", "L2", "L3", "L1L2")


@dataclass(frozen=True)
class Measured:
    name: str
    goal_ms: float
    best_ms: float
    median_ms: float


def garage(children: tuple[int, ...], evses: int, *, amperes_each: float, seed: int = 7) -> Site:
    """A tree with this many children per circuit at each level; EVSEs on the lowest circuits.

    Every circuit has between 0.8 and 1.3 times `amperes_each` per EVSE and phase.
    """
    random = np.random.default_rng(seed)
    levels = [1]
    for count in children:
        levels.append(levels[-1] * count)
    circuits = []
    for depth, count in enumerate(levels):
        share = evses / count * amperes_each
        for number in range(count):
            parent = f"{depth - 1}-{number * levels[depth - 1] // count}" if depth else None
            breaker = PerPhase(*np.maximum(np.round(share * random.uniform(0.8, 1.3, 3)), 16))
            circuits.append(
                Circuit(id=f"{depth}-{number}", name="", parent_id=parent, breaker_a=breaker)
            )
    lowest = len(levels) - 1
    return Site(
        id="garage",
        name="Garage",
        circuits=tuple(circuits),
        evses=tuple(
            Evse(
                key=EvseKey(f"CP{number}", 1),
                circuit_id=f"{lowest}-{number * levels[lowest] // evses}",
                wiring=parse_wiring(_WIRINGS[number % len(_WIRINGS)]),
                rated_a=float(random.choice([16, 32])),
            )
            for number in range(evses)
        ),
    )


def night(site: Site, seed: int = 11) -> tuple[Topology, Capacity, Demands]:
    """Nine of ten charge, one in four is known to draw less than its EVSE could give."""
    random = np.random.default_rng(seed)
    topology = Topology.prepare(site)
    capacity, demands = Capacity.of(site, topology), Demands.none(topology)
    capacity.load_a[:] = capacity.limit_a * random.uniform(0, 0.1, capacity.limit_a.shape)
    demands.wants[:] = random.random(len(topology.evses)) < 0.9
    modest = random.random(len(topology.evses)) < 0.25
    demands.max_a[modest] = np.round(random.uniform(7, 16, modest.sum()))
    return topology, capacity, demands


def delta_wired_site(seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """54 EVSEs between the lines of a 208 V panel behind a delta-wye transformer."""
    between = np.array([0] * 26 + [1] * 14 + [2] * 14)
    phasors = np.exp(1j * np.pi / 6 * np.array([1, -3, 5]))[between]
    legs = [(between == leg) * phasors for leg in range(3)]
    secondary = [legs[0] - legs[2], legs[1] - legs[0], legs[2] - legs[1]]
    primary = [(secondary[i] - secondary[i - 1]) / 4 for i in range(3)]
    pods = [(between == 0) * (np.arange(54) < 8), (between == 2) * (np.arange(54) >= 46)]
    rows = np.array([*secondary, *primary, *pods], np.complex128)
    return rows, np.array([180.0] * 3 + [80.0] * 3 + [80.0, 80.0])


def measure(name: str, goal_ms: float, run: Callable[[], object], repeats: int) -> Measured:
    run()
    times = []
    for _ in range(repeats):
        begun = time.process_time_ns()
        run()
        times.append((time.process_time_ns() - begun) / 1e6)
    return Measured(name, goal_ms, min(times), float(np.median(times)))


def measurements(repeats: int) -> Iterator[Measured]:
    for name, children, evses, goal_ms in (
        ("100 EVSEs, 11 circuits, 3 levels", (2, 4), 100, 1.0),
        ("1,000 EVSEs, 60 circuits, 3 levels", (4, 14), 1000, 5.0),
        ("10,000 EVSEs, 600 circuits, 4 levels", (6, 9, 10), 10_000, 25.0),
    ):
        for kind, amperes_each in (("full", 8.0), ("scarce", 4.0)):
            world = night(garage(children, evses, amperes_each=amperes_each))
            yield measure(f"{name}: {kind}", goal_ms, partial(allocate, *world), repeats)
    yield one_event(repeats)
    rows, limits = delta_wired_site()
    yield measure(
        "54 EVSEs, phasor matrix",
        5.0,
        lambda: allocate_matrix(rows, limits, min_a=6, max_a=32),
        repeats,
    )


def one_event(repeats: int) -> Measured:
    """A car comes or goes, then another one."""
    topology, capacity, demands = night(garage((4, 14), 1000, amperes_each=8.0))
    turn = iter(np.random.default_rng(13).permutation(1000).tolist())
    last = allocate(topology, capacity, demands)

    def event() -> None:
        nonlocal last
        number = next(turn)
        demands.wants[number] = not demands.wants[number]
        last = allocate(topology, capacity, demands, like=last)

    return measure("1,000 EVSEs after one event", 2.0, event, repeats)


def show_allocation(console: Console, repeats: int = 60) -> None:
    table = Table(title="Fair allocation, process time of one run")
    for heading in ("installation", "goal ms", "best ms", "median ms"):
        table.add_column(heading, justify="right" if "ms" in heading else "left")
    for each in measurements(repeats):
        figures = (f"{ms:.2f}" for ms in (each.goal_ms, each.best_ms, each.median_ms))
        table.add_row(each.name, *figures)
    console.print(table)
