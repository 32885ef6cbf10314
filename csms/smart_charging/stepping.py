"""Whole steps: down to what chargers can be told, then up again while every row holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from csms.smart_charging.admission import take_in_order
from csms.smart_charging.filling import narrowed
from csms.smart_charging.levels import tolerance
from csms.smart_charging.rows import Rows
from csms.smart_charging.topology import Bools, Floats

_SNAP: Final = 1e-7
_FRACTIONS: Final = 50_000
"""Lost fractions of a step that differ by less than one in so many are equal."""


def step_down(values: Floats, step: Floats) -> Floats:
    """The largest multiple of the step that isn't above, but for float noise."""
    return multiple(np.floor(values / step + _SNAP), step)


def step_up(values: Floats, step: Floats) -> Floats:
    """The smallest multiple of the step that isn't below, but for float noise."""
    return multiple(np.ceil(values / step - _SNAP), step)


def multiple(count: Floats, step: Floats) -> Floats:
    """`count` steps as the float next to the decimal number: 106 x 0.1 is 10.6."""
    return np.asarray(np.rint(count * step * 1e9) / 1e9)


def whole_steps(
    blocks: Sequence[Rows],
    moving: Bools,
    values: Floats,
    step: Floats,
    low: Floats,
    high: Floats,
    guesses: Sequence[Bools] = (),
) -> tuple[Floats, Sequence[Bools]]:
    """(fair shares in whole steps, who got another step the first time, the second time, ...).

    `low` and `high` are whole steps already, and `low` fits. Everybody is rounded down; then one
    step at a time goes to the one who lost the largest fraction of a step, the first one of
    equals, as long as all rows hold. In the end nobody could get another step. `guesses`: who it
    was the last time.
    """
    whole = np.where(moving, np.minimum(np.maximum(step_down(values, step), low), high), values)
    _take_back_noise(blocks, moving & (whole > values) & (whole > low), whole, step)
    who = np.flatnonzero(moving & (whole + step <= high + _SNAP))
    order = who[np.argsort(_precedence(values[who], whole[who], step[who]), kind="stable")]
    stepped: list[Bools] = []
    while order.size:
        if len(stepped) > 1:
            still = np.zeros(len(values), np.bool_)
            still[order] = True
            blocks = narrowed(blocks, still, whole, high)
        guess = guesses[len(stepped)] if len(stepped) < len(guesses) else None
        stepped.append(take_in_order(blocks, order, step, whole, guess))
        order = order[stepped[-1][order]]
        whole[order] = multiple(np.rint(whole[order] / step[order]) + 1.0, step[order])
        order = order[whole[order] + step[order] <= high[order] + _SNAP]
    return whole, stepped


def _precedence(values: Floats, whole: Floats, step: Floats) -> npt.NDArray[np.uint16]:
    """Smaller where a larger fraction of a step was lost; in two bytes, which sort fast."""
    return np.rint((1.0 - (values - whole) / step) * _FRACTIONS).astype(np.uint16)


def _take_back_noise(
    blocks: Sequence[Rows], rounded_up: Bools, whole: Floats, step: Floats
) -> None:
    """Where rounding noise away has filled a row above its capacity, round down after all."""
    if not rounded_up.any():
        return
    in_full_row = np.zeros_like(rounded_up)
    for rows in blocks:
        over = rows.used(whole) > rows.capacity + tolerance(rows.capacity)
        rows.touching(over, in_full_row)
    back = rounded_up & in_full_row
    whole[back] = multiple(np.rint(whole[back] / step[back]) - 1.0, step[back])
