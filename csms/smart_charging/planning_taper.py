"""The end of a charge: the fuller the battery, the less a car takes, however much it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from csms.smart_charging.planning_rows import Floats

Indices = npt.NDArray[np.intp]

SHORTEST_H: Final = 1 / 24


class Taper(NamedTuple):
    """With energy e still to come until it is full, a car takes e / time_h [W] at most."""

    time_h: float
    left_wh: float
    """What it takes from now until it is full."""


@dataclass(frozen=True, slots=True)
class Charges:
    """The current of a car in a block, one entry each, the blocks of a car in order."""

    car: Indices
    hours: Floats
    kwh_per_a: Floats
    most_a: Floats


@dataclass(frozen=True, slots=True)
class TaperRows:
    """Sums of value × current, one for each car and block in which the taper may be felt."""

    upper: Floats
    row: Indices
    charge: Indices
    """Which of the charges an entry is about."""
    value: Floats


def taper_rows(tapers: dict[int, Taper], charges: Charges) -> TaperRows:
    """In a block of h hours a car gets at most 1 - exp(-h / time_h) of what was left before it."""
    parts: list[tuple[float, Indices, Floats]] = []
    begins = np.searchsorted(charges.car, np.arange(charges.car.max(initial=-1) + 2))
    for car, taper in tapers.items():
        mine = np.arange(begins[car], begins[car + 1])
        kwh_per_a = charges.kwh_per_a[mine]
        share = -np.expm1(-charges.hours[mine] / max(taper.time_h, SHORTEST_H))
        most_kwh = kwh_per_a * charges.most_a[mine]
        left_kwh = taper.left_wh / 1000.0
        # Where it can't be that full yet, the row would never bind.
        felt = np.cumsum(most_kwh) - most_kwh + most_kwh / share > left_kwh
        for block in np.flatnonzero(felt).tolist():
            value = kwh_per_a[: block + 1].copy()
            value[block] /= share[block]
            parts.append((left_kwh, mine[: block + 1], value))
    sizes = [value.size for _, _, value in parts]
    none = np.zeros(0)
    return TaperRows(
        np.array([upper for upper, _, _ in parts]),
        np.repeat(np.arange(len(parts)), sizes),
        np.concatenate([np.zeros(0, np.intp), *(charge for _, charge, _ in parts)]),
        np.concatenate([none, *(value for _, _, value in parts)]),
    )
