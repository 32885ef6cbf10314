"""The horizon of a plan: blocks of time that grow, and values that change over it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil
from typing import Final

import numpy as np

from csms.smart_charging.planning_rows import Floats

QUARTER_S: Final = 900.0
BLOCK_S: Final = 300.0
GROWTH: Final = (1, 2, 3, 3, 3, 6, 6, 6)
"""Lengths of the first blocks in units of five minutes; all later ones last an hour."""


def growing_blocks(horizon_s: float) -> Floats:
    """Lengths [s] of blocks that together last at least the horizon."""
    lengths: list[float] = []
    total = 0.0
    while total < horizon_s or not lengths:
        units = GROWTH[len(lengths)] if len(lengths) < len(GROWTH) else 12
        lengths.append(units * BLOCK_S)
        total += lengths[-1]
    return np.array(lengths)


def clock_blocks(now: datetime, horizon_s: float) -> Floats:
    """Growing blocks whose edges fall on quarters of an hour, later on full hours (UTC).

    Prices and quarter-hour peaks change there. The first block is short: the plan is renewed
    before it ends.
    """
    start = now.astimezone(UTC).timestamp()
    edges = [start]
    for length in growing_blocks(horizon_s):
        grid = 3600.0 if length > 1800.0 else QUARTER_S if length >= QUARTER_S else BLOCK_S
        edge = ceil((edges[-1] + length) / grid - 0.5) * grid
        if edge > edges[-1] + 1.0:
            edges.append(edge)
    if edges[-1] < start + horizon_s:
        edges.append(ceil((start + horizon_s) / 3600.0) * 3600.0)
    return np.diff(np.array(edges))


@dataclass(frozen=True, slots=True)
class Steps:
    """A value over time that stays until the next change.

    `starts` are aware moments in ascending order, `values` what rules from each one on. Before the
    first, the first rules.
    """

    starts: tuple[datetime, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.starts or len(self.starts) != len(self.values):
            raise ValueError("a value for each start, and at least one")
        if any(later <= earlier for earlier, later in pairwise(self.starts)):
            raise ValueError("starts must ascend")

    def means(self, now: datetime, block_s: Floats) -> Floats:
        """The mean over each block."""
        edges = np.concatenate(([0.0], np.cumsum(block_s)))
        offsets = self._offsets(now)
        values = np.array(self.values)
        below = np.concatenate(([0.0], np.cumsum(values[:-1] * np.diff(offsets))))
        at = np.clip(np.searchsorted(offsets, edges, side="right") - 1, 0, None)
        integral = below[at] + (edges - offsets[at]) * values[at]
        return np.asarray(np.diff(integral) / block_s, dtype=np.float64)

    def least(self, now: datetime, block_s: Floats) -> Floats:
        """The least value that rules during each block: for limits."""
        edges = np.concatenate(([0.0], np.cumsum(block_s)))
        offsets = self._offsets(now)
        values = np.array(self.values)
        first = np.clip(np.searchsorted(offsets, edges[:-1], side="right") - 1, 0, None)
        last = np.searchsorted(offsets, edges[1:], side="left")
        spans = zip(first.tolist(), last.tolist(), strict=True)
        return np.array([values[lo : max(hi, lo + 1)].min() for lo, hi in spans])

    def _offsets(self, now: datetime) -> Floats:
        return np.array([(start - now).total_seconds() for start in self.starts])
