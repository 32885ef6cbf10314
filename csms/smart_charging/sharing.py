"""Admission, shares and steps, priority by priority: the one algorithm behind every door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from csms.smart_charging.admission import admission_order, take_in_order
from csms.smart_charging.demands import Demands
from csms.smart_charging.filling import fill, narrowed
from csms.smart_charging.levels import tolerance
from csms.smart_charging.rows import Rows
from csms.smart_charging.stepping import step_down, step_up, whole_steps
from csms.smart_charging.topology import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """What EVSEs ask for, on the grid of their steps unless shares are continuous."""

    wanting: Bools
    possible: Bools
    """Wants, and its maximum isn't below its minimum."""
    most: Floats
    """Its maximum as it was said; the others are 0 where it isn't possible."""
    low: Floats
    high: Floats
    target: Floats
    step: Floats
    weight: Floats
    priority: Ints
    hold: Bools
    turn: Floats
    continuous: bool

    @staticmethod
    def of(demands: Demands, *, continuous: bool) -> Bounds:
        return Bounds.of_values(
            wants=demands.wants,
            min_a=demands.min_a,
            max_a=demands.max_a,
            step_a=demands.step_a,
            weight=demands.weight,
            priority=demands.priority,
            hold=demands.hold,
            turn=demands.turn,
            target_a=demands.target_a,
            continuous=continuous,
        )

    @staticmethod
    def of_values(
        *,
        wants: Bools,
        min_a: Floats,
        max_a: Floats,
        step_a: Floats,
        weight: Floats,
        priority: Ints,
        hold: Bools,
        turn: Floats,
        target_a: Floats,
        continuous: bool,
    ) -> Bounds:
        """Raises ValueError for values that can't be. Copies what it keeps."""
        _check(min_a, max_a, step_a, weight)
        low, high = min_a, max_a
        if not continuous:
            low, high = step_up(low, step_a), step_down(high, step_a)
        possible = wants & (low <= high)
        low, high = np.where(possible, low, 0.0), np.where(possible, high, 0.0)
        target = np.minimum(np.maximum(np.where(np.isnan(target_a), high, target_a), low), high)
        return Bounds(
            wanting=wants.copy(),
            possible=possible,
            most=max_a.copy(),
            low=low,
            high=high,
            target=target,
            step=step_a.copy(),
            weight=weight.copy(),
            priority=priority.copy(),
            hold=hold.copy(),
            turn=turn.copy(),
            continuous=continuous,
        )


def _check(min_a: Floats, max_a: Floats, step_a: Floats, weight: Floats) -> None:
    if not min_a.size:
        return
    if not (min_a.min() >= 0 and min_a.max() < np.inf and np.isfinite(max_a).all()):
        raise ValueError("minimum and maximum of EVSEs must be numbers, the minimum 0 or more")
    if not 0 < weight.min() <= weight.max() < np.inf:
        raise ValueError("weights of EVSEs must be numbers above 0")
    if not 0 < step_a.min() <= step_a.max() < np.inf:
        raise ValueError("steps of EVSEs must be numbers above 0")


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    limit_a: Floats
    """Amperes per EVSE."""
    admitted: Bools
    """Who got its minimum."""
    stepped: tuple[Bools, ...] = ()
    """Who got another step after shares were rounded down, once, twice, ..."""


def share(
    blocks: Sequence[Rows], bounds: Bounds, *, strict: bool, like: Shares | None = None
) -> Shares:
    """`like` is the outcome of a similar question: with it the answer comes sooner."""
    values = np.zeros(len(bounds.low))
    admitted = nobody = np.zeros(len(values), np.bool_)
    stepped: list[Bools] = []
    before = like if like is not None and len(like.limit_a) == len(values) else None
    if not strict:
        admitted = _admit(blocks, bounds, bounds.possible, values, before)
        np.copyto(values, bounds.low, where=admitted)
    for priority in _priorities(bounds):
        peers = bounds.possible & (bounds.priority == priority)
        if strict:
            admitted = admitted | _admit(blocks, bounds, peers, values, before)
            np.copyto(values, bounds.low, where=admitted & peers)
        values, steps = _raise(blocks, bounds, peers & admitted, values, before)
        stepped = [a | b for a, b in zip_longest(stepped, steps, fillvalue=nobody)]
    return Shares(values, admitted, tuple(stepped))


def _priorities(bounds: Bounds) -> Sequence[int]:
    """Those of all who might get something, the highest first."""
    if not np.count_nonzero(bounds.possible):
        return ()
    first = int(bounds.priority[bounds.possible.argmax()])
    if not np.count_nonzero((bounds.priority != first) & bounds.possible):
        return (first,)
    return sorted(set(bounds.priority[bounds.possible].tolist()), reverse=True)


def _admit(
    blocks: Sequence[Rows], bounds: Bounds, who: Bools, values: Floats, like: Shares | None
) -> Bools:
    minima = np.where(who, bounds.low, values)
    if all(
        (rows.used(minima) <= rows.capacity + tolerance(rows.capacity)).all() for rows in blocks
    ):
        return who
    order = admission_order(who, bounds.priority, bounds.hold, bounds.turn)
    return take_in_order(blocks, order, bounds.low, values, like.admitted if like else None)


def _raise(
    blocks: Sequence[Rows], bounds: Bounds, peers: Bools, values: Floats, like: Shares | None
) -> tuple[Floats, Sequence[Bools]]:
    """From their minima to their shares; all others stay as they are."""
    low, high = values, np.where(peers, bounds.high, values)
    blocks = narrowed(blocks, peers, values, high)
    weight = _even(bounds.weight, peers)
    if np.count_nonzero((bounds.target < high) & peers):
        target = np.where(peers, bounds.target, values)
        values = fill(narrowed(blocks, peers, values, target), peers, weight, values, target)
    values = fill(blocks, peers, weight, values, high)
    if bounds.continuous:
        return values, ()
    steps = like.stepped if like else ()
    return whole_steps(blocks, peers, values, bounds.step, low, high, steps)


def _even(weight: Floats, peers: Bools) -> Floats:
    """Weights count in comparison: equal ones may all be 1, which is faster."""
    first = weight[peers.argmax()] if len(weight) else 1.0
    uneven = np.count_nonzero((weight != first) & peers)
    return weight if uneven else np.ones_like(weight)
