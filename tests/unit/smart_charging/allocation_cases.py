"""Installations, cars and the amperes that each must get: a table to read, not to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Amperes = tuple[float, float, float]


@dataclass(frozen=True)
class Node:
    id: str
    limit_a: float | Amperes
    under: str | None = None
    load_a: Amperes = (0, 0, 0)
    reserved_a: Amperes = (0, 0, 0)
    max_power_w: float | None = None
    max_imbalance_a: float | None = None
    margin: float = 0.0


@dataclass(frozen=True)
class Car:
    node: str
    wiring: str
    min_a: float = 6
    max_a: float = 32
    weight: float = 1
    priority: int = 0
    measured_a: float | None = None


@dataclass(frozen=True)
class Case:
    story: str
    nodes: tuple[Node, ...]
    cars: tuple[Car, ...]
    tenths_a: tuple[float, ...]
    """The exact share, cut to tenths."""
    whole_a: tuple[float, ...]
    """In steps of one ampere."""
    strict: bool = False


CASES: Final = (
    Case(
        "three equal cars share a breaker, the odd amperes go to the first",
        (Node("root", 32),),
        (Car("root", "L1L2L3"),) * 3,
        tenths_a=(10.6, 10.6, 10.6),
        whole_a=(11, 11, 10),
    ),
    Case(
        "a single-phase car shares L1 evenly with two three-phase cars",
        (Node("root", 32),),
        (
            Car("root", "L1L2L3"),
            Car("root", "L1L2L3"),
            Car("root", "L1"),
        ),
        tenths_a=(10.6, 10.6, 10.6),
        whole_a=(11, 11, 10),
    ),
    Case(
        "a single-phase car on a free phase gets what the loaded phase keeps from the others",
        (Node("root", 32, load_a=(12, 0, 0)),),
        (
            Car("root", "L1L2L3"),
            Car("root", "L1L2L3"),
            Car("root", "L2"),
        ),
        tenths_a=(10, 10, 12),
        whole_a=(10, 10, 12),
    ),
    Case(
        "rotated wiring lets three single-phase cars charge at full current",
        (Node("root", 32),),
        (
            Car("root", "L1"),
            Car("root", "L2"),
            Car("root", "L3"),
        ),
        tenths_a=(32, 32, 32),
        whole_a=(32, 32, 32),
    ),
    Case(
        "without rotation the same three cars share one phase",
        (Node("root", 32),),
        (Car("root", "L1"),) * 3,
        tenths_a=(10.6, 10.6, 10.6),
        whole_a=(11, 11, 10),
    ),
    Case(
        "the third car waits where three minima don't fit",
        (Node("root", 16),),
        (Car("root", "L1L2L3"),) * 3,
        tenths_a=(8, 8, 0),
        whole_a=(8, 8, 0),
    ),
    Case(
        "two cars on a small fuse get half each",
        (Node("root", 15),),
        (Car("root", "L1L2L3"),) * 2,
        tenths_a=(7.5, 7.5),
        whole_a=(8, 7),
    ),
    Case(
        "a third car on a small fuse queues",
        (Node("root", 15),),
        (Car("root", "L1L2L3"),) * 3,
        tenths_a=(7.5, 7.5, 0),
        whole_a=(8, 7, 0),
    ),
    Case(
        "what a sub-circuit can't use goes to the car beside it",
        (
            Node("root", 32),
            Node("s1", 16, under="root"),
            Node("s2", 32, under="root"),
        ),
        (
            Car("s1", "L1L2L3"),
            Car("s1", "L1L2L3"),
            Car("s2", "L1L2L3"),
        ),
        tenths_a=(8, 8, 16),
        whole_a=(8, 8, 16),
    ),
    Case(
        "large sub-circuits don't matter where only the grid connection is full",
        (
            Node("root", 30),
            Node("s1", 25, under="root"),
            Node("s2", 25, under="root"),
        ),
        (
            Car("s1", "L1L2L3"),
            Car("s1", "L1L2L3"),
            Car("s2", "L1L2L3"),
        ),
        tenths_a=(10, 10, 10),
        whole_a=(10, 10, 10),
    ),
    Case(
        "a car that takes little leaves the rest to the others",
        (Node("root", 32),),
        (
            Car("root", "L1L2L3", max_a=6),
            Car("root", "L1L2L3"),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(6, 13, 13),
        whole_a=(6, 13, 13),
    ),
    Case(
        "a single-phase and a three-phase car get equal currents",
        (Node("root", 20),),
        (
            Car("root", "L1", max_a=16),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(10, 10),
        whole_a=(10, 10),
    ),
    Case(
        "a two-phase car shares two of the three phases",
        (Node("root", 20),),
        (
            Car("root", "L1L2", max_a=16),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(10, 10),
        whole_a=(10, 10),
    ),
    Case(
        "two-phase cars on three different pairs each share with two others",
        (Node("root", 24),),
        (
            Car("root", "L1L2"),
            Car("root", "L2L3"),
            Car("root", "L3L1"),
        ),
        tenths_a=(12, 12, 12),
        whole_a=(12, 12, 12),
    ),
    Case(
        "double weight gets double current",
        (Node("root", 30),),
        (
            Car("root", "L1L2L3", weight=2),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(20, 10),
        whole_a=(20, 10),
    ),
    Case(
        "triple weight doesn't push the other below its minimum",
        (Node("root", 16),),
        (
            Car("root", "L1L2L3", weight=3),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(10, 6),
        whole_a=(10, 6),
    ),
    Case(
        "the first priority is filled after everybody has the minimum",
        (Node("root", 20),),
        (
            Car("root", "L1L2L3", max_a=16, priority=1),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(14, 6),
        whole_a=(14, 6),
    ),
    Case(
        "strict priority lets the other car wait",
        (Node("root", 20),),
        (
            Car("root", "L1L2L3", max_a=16, priority=1),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(16, 0),
        whole_a=(16, 0),
        strict=True,
    ),
    Case(
        "what an offline charger may draw is kept for it",
        (Node("root", 32, reserved_a=(10, 10, 10)),),
        (Car("root", "L1L2L3"),) * 2,
        tenths_a=(11, 11),
        whole_a=(11, 11),
    ),
    Case(
        "two outlets share their station's feeder, the rest goes to the neighbour",
        (
            Node("root", 63),
            Node("cs", 32, under="root"),
        ),
        (
            Car("cs", "L1L2L3"),
            Car("cs", "L1L2L3"),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(16, 16, 31),
        whole_a=(16, 16, 31),
    ),
    Case(
        "contracted power shared by three cars",
        (Node("root", 63, max_power_w=15000),),
        (Car("root", "L1L2L3"),) * 3,
        tenths_a=(7.2, 7.2, 7.2),
        whole_a=(7, 7, 7),
    ),
    Case(
        "contracted power is shared in equal currents, not in equal power",
        (Node("root", 32, max_power_w=11040),),
        (
            Car("root", "L1L2L3"),
            Car("root", "L1"),
        ),
        tenths_a=(12, 12),
        whole_a=(12, 12),
    ),
    Case(
        "dimmed to 4.2 kW a three-phase car just has its minimum",
        (Node("root", 32, max_power_w=4200),),
        (Car("root", "L1L2L3"),),
        tenths_a=(6.0,),
        whole_a=(6,),
    ),
    Case(
        "dimmed to 4.2 kW a single-phase car has all of it on its phase",
        (Node("root", 32, max_power_w=4200),),
        (Car("root", "L1"),),
        tenths_a=(18.2,),
        whole_a=(18,),
    ),
    Case(
        "dimmed to 7.56 kW only one of two three-phase cars charges",
        (Node("root", 32, max_power_w=7560),),
        (Car("root", "L1L2L3"),) * 2,
        tenths_a=(10.9, 0),
        whole_a=(10, 0),
    ),
    Case(
        "a lone single-phase car may carry no more than the imbalance allows",
        (Node("root", 63, max_imbalance_a=20),),
        (Car("root", "L1"),),
        tenths_a=(20,),
        whole_a=(20,),
    ),
    Case(
        "cars on two phases don't balance each other against the idle third",
        (Node("root", 63, max_imbalance_a=20),),
        (
            Car("root", "L1"),
            Car("root", "L2"),
        ),
        tenths_a=(20, 20),
        whole_a=(20, 20),
    ),
    Case(
        "the house's load on the other phases lets a single-phase car have more",
        (Node("root", 63, load_a=(0, 5, 8), max_imbalance_a=20),),
        (Car("root", "L1"),),
        tenths_a=(25,),
        whole_a=(25,),
    ),
    Case(
        "a three-phase car unbalances nothing",
        (Node("root", 63, max_imbalance_a=20),),
        (
            Car("root", "L1L2L3"),
            Car("root", "L1"),
        ),
        tenths_a=(32, 20),
        whole_a=(32, 20),
    ),
    Case(
        "cars measured on the other phases lift the imbalance limit",
        (Node("root", 63, max_imbalance_a=20),),
        (
            Car("root", "L1", measured_a=20),
            Car("root", "L2", measured_a=20),
            Car("root", "L3", measured_a=20),
        ),
        tenths_a=(32, 32, 32),
        whole_a=(32, 32, 32),
    ),
    Case(
        "three cars between three pairs of lines load each line with 1.73 times their current",
        (Node("root", 32),),
        (
            Car("root", "L1-L2"),
            Car("root", "L2-L3"),
            Car("root", "L3-L1"),
        ),
        tenths_a=(18.4, 18.4, 18.4),
        whole_a=(18, 18, 18),
    ),
    Case(
        "of twenty-five cars ten charge and fifteen wait",
        (Node("root", 63),),
        (Car("root", "L1L2L3"),) * 25,
        tenths_a=(6.3,) * 10 + (0,) * 15,
        whole_a=(7,) * 3 + (6,) * 7 + (0,) * 15,
    ),
    Case(
        "the margin is kept free",
        (Node("root", 32, margin=0.07),),
        (Car("root", "L1L2L3"),) * 2,
        tenths_a=(14.8, 14.8),
        whole_a=(15, 14),
    ),
    Case(
        "a car falls to what the house leaves on the fullest phase",
        (Node("root", 35, load_a=(24, 10, 10)),),
        (Car("root", "L1L2L3", max_a=16),),
        tenths_a=(11,),
        whole_a=(11,),
    ),
    Case(
        "who comes first gets in, also with the larger minimum",
        (Node("root", 13),),
        (
            Car("root", "L1L2L3", min_a=8),
            Car("root", "L1L2L3", min_a=6),
        ),
        tenths_a=(13, 0),
        whole_a=(13, 0),
    ),
    Case(
        "a car that can't take its own minimum gets nothing",
        (Node("root", 16),),
        (
            Car("root", "L1L2L3", max_a=5),
            Car("root", "L1L2L3"),
        ),
        tenths_a=(0, 16),
        whole_a=(0, 16),
    ),
    Case(
        "three single-phase cars on phases with different limits",
        (
            Node("root", (14, 30, 31)),
            Node("g", (16, 12, 14), under="root"),
        ),
        (
            Car("root", "L1", min_a=10, max_a=16),
            Car("g", "L2", max_a=16),
            Car("g", "L3", max_a=16),
        ),
        tenths_a=(14, 12, 14),
        whole_a=(14, 12, 14),
    ),
    Case(
        "a capped car leaves the rest of the breaker to the other",
        (Node("root", 32),),
        (
            Car("root", "L1L2L3"),
            Car("root", "L1L2L3", max_a=8),
        ),
        tenths_a=(24, 8),
        whole_a=(24, 8),
    ),
    Case(
        "a current reserved for an unplugged outlet is taken off",
        (Node("root", 32, reserved_a=(6, 6, 6)),),
        (Car("root", "L1L2L3"),),
        tenths_a=(26,),
        whole_a=(26,),
    ),
)
