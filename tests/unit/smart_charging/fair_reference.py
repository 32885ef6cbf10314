"""Fair shares worked out slowly and plainly, in fractions: what the fast allocation must equal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from csms.smart_charging.allocation import Capacity, Demands, Topology

PAIRS = [(p, q) for p in range(3) for q in range(3) if p != q]


@dataclass(frozen=True)
class Row:
    name: str
    limit: Fraction
    coefficients: dict[int, Fraction]

    def used(self, values: Sequence[Fraction]) -> Fraction:
        return sum((k * values[i] for i, k in self.coefficients.items()), Fraction(0))

    def holds(self, values: Sequence[Fraction]) -> bool:
        return self.used(values) <= self.limit


def fraction(value: float) -> Fraction:
    """The decimal number that was meant."""
    return Fraction(str(round(float(value), 9)))


def rows_of(topology: Topology, capacity: Capacity, demands: Demands) -> list[Row]:
    rows = []
    volts = fraction(topology.site.voltage_v)
    for c in range(len(topology.circuits)):
        below = [i for i, at in enumerate(topology.circuit_of) if c in topology.path(int(at))]
        reserved = [sum(fraction(demands.reserved_a[i, p]) for i in below) for p in range(3)]
        load = [fraction(capacity.load_a[c, p]) for p in range(3)]
        mine = [i for i in below if demands.wants[i]]
        for p in range(3):
            limit = fraction(capacity.limit_a[c, p]) - load[p] - reserved[p]
            on_phase = {i: Fraction(1) for i in mine if demands.draws[i, p]}
            rows.append(Row(f"{c} L{p + 1}", max(limit, Fraction(0)), on_phase))
        if math.isfinite(capacity.max_power_w[c]):
            limit = fraction(capacity.max_power_w[c]) - volts * sum(load) - volts * sum(reserved)
            watts = {i: volts * int(demands.draws[i].sum()) for i in mine}
            rows.append(Row(f"{c} power", max(limit, Fraction(0)), watts))
        if math.isfinite(capacity.max_imbalance_a[c]):
            rows.extend(_imbalances(c, below, load, capacity, demands))
    return rows


def _imbalances(
    c: int, below: Sequence[int], load: Sequence[Fraction], capacity: Capacity, demands: Demands
) -> Iterator[Row]:
    for p, q in PAIRS:
        limit = fraction(capacity.max_imbalance_a[c]) + load[q] - load[p]
        on_p = {}
        for i in below:
            reserved = [fraction(amperes) for amperes in demands.reserved_a[i]]
            limit -= max(reserved[p] - reserved[q], Fraction(0))
            if demands.wants[i] and demands.draws[i, p] and not demands.draws[i, q]:
                on_p[i] = Fraction(1)
            if demands.wants[i] and demands.draws[i, q] and not demands.draws[i, p]:
                measured = demands.measured_a[i, q]
                known = 0 if np.isnan(measured) else min(measured, demands.max_a[i])
                limit += fraction(known)
        yield Row(f"{c} L{p + 1} against L{q + 1}", max(limit, Fraction(0)), on_p)


def fair_shares(
    rows: Sequence[Row], demands: Demands, *, strict: bool = False, continuous: bool = False
) -> list[Fraction]:
    size = len(demands.wants)
    steps = [fraction(step) for step in demands.step_a]
    low = [fraction(value) for value in demands.min_a]
    high = [fraction(value) for value in demands.max_a]
    if not continuous:
        low = [math.ceil(a / step) * step for a, step in zip(low, steps, strict=True)]
        high = [math.floor(a / step) * step for a, step in zip(high, steps, strict=True)]
    values = [Fraction(0)] * size
    candidates = [i for i in range(size) if demands.wants[i] and low[i] <= high[i]]
    classes = sorted({int(demands.priority[i]) for i in candidates}, reverse=True)
    admitted: set[int] = set()
    if not strict:
        admitted = admit(rows, demands, candidates, low, values)
    for priority in classes:
        peers = [i for i in candidates if demands.priority[i] == priority]
        if strict:
            admitted |= admit(rows, demands, peers, low, values)
        peers = [i for i in peers if i in admitted]
        weights = [fraction(weight) for weight in demands.weight]
        fill(rows, peers, weights, low, high, values)
        if not continuous:
            whole_steps(rows, peers, steps, high, values)
    return values


def admit(
    rows: Sequence[Row],
    demands: Demands,
    candidates: Sequence[int],
    low: Sequence[Fraction],
    values: list[Fraction],
) -> set[int]:
    def precedence(i: int) -> tuple[int, bool, float, int]:
        return -int(demands.priority[i]), not demands.hold[i], float(demands.turn[i]), i

    admitted = set()
    for i in sorted(candidates, key=precedence):
        values[i] = low[i]
        if all(row.holds(values) for row in rows):
            admitted.add(i)
        else:
            values[i] = Fraction(0)
    return admitted


def fill(
    rows: Sequence[Row],
    peers: Sequence[int],
    weights: Sequence[Fraction],
    low: Sequence[Fraction],
    high: Sequence[Fraction],
    values: list[Fraction],
) -> None:
    """Raise the common level until a row is full; its members stay there; again."""
    rising = set(peers)

    def at(level: Fraction) -> list[Fraction]:
        return [
            min(max(weights[i] * level, low[i]), high[i]) if i in rising else values[i]
            for i in range(len(values))
        ]

    while rising:
        marks = sorted({bound[i] / weights[i] for i in rising for bound in (low, high)})
        level = marks[0]
        for mark in marks:
            level = mark
            if not all(row.holds(at(mark)) for row in rows):
                level = min(_full_at(row, at, marks, mark) for row in rows)
                break
        reached = at(level)
        full = [
            row
            for row in rows
            if rising & row.coefficients.keys() and row.used(reached) == row.limit
        ]
        done = {
            i for i in rising if reached[i] == high[i] or any(i in row.coefficients for row in full)
        }
        for i in done:
            values[i] = reached[i]
        rising -= done


def _full_at(row: Row, at: object, marks: Sequence[Fraction], mark: Fraction) -> Fraction:
    """Between the mark before and this one the row grows in a straight line."""
    assert callable(at)
    if row.holds(at(mark)):
        return mark
    before = marks[marks.index(mark) - 1]
    first, last = row.used(at(before)), row.used(at(mark))
    return before + (mark - before) * (row.limit - first) / (last - first)


def whole_steps(
    rows: Sequence[Row],
    peers: Sequence[int],
    steps: Sequence[Fraction],
    high: Sequence[Fraction],
    values: list[Fraction],
) -> None:
    exact = list(values)
    for i in peers:
        values[i] = math.floor(exact[i] / steps[i]) * steps[i]
    stopped: set[int] = set()
    while rest := [i for i in peers if i not in stopped and values[i] + steps[i] <= high[i]]:
        i = min(rest, key=lambda i: (-(exact[i] - values[i]) / steps[i], i))
        values[i] += steps[i]
        if not all(row.holds(values) for row in rows):
            values[i] -= steps[i]
            stopped.add(i)
