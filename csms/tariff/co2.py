"""Emissions of a transaction's energy, and what was avoided by not burning fuel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from csms.tariff.series import Series
from csms.tariff.splitting import curve_of
from csms.tariff.usage import Usage

ZERO: Final = Decimal(0)
_WH_PER_KWH: Final = 1000


class IntensityPoint(NamedTuple):
    """How much CO₂ a kWh from the grid stands for, from a moment on."""

    starts_at: datetime
    g_per_kwh: Decimal


class GridIntensity(Series[Decimal]):
    """A region's series; each point counts until the next, but not longer than `longest`."""

    def __init__(
        self, points: Iterable[IntensityPoint], longest: timedelta = timedelta(hours=1)
    ) -> None:
        super().__init__({point.starts_at: point.g_per_kwh for point in points}, longest)


@dataclass(frozen=True, slots=True)
class CombustionCar:
    """The car that would have been driven instead."""

    g_per_km: Decimal
    electric_wh_per_km: Decimal
    """What the electric one needs for the same way."""


@dataclass(frozen=True, slots=True)
class Emissions:
    """Grams of CO₂ of a transaction's energy; energy of unknown origin is told apart."""

    grid_g: Decimal
    unknown_wh: Decimal
    avoided_g: Decimal
    """Negative where the grid is worse than fuel. Of the energy of known origin alone."""


def emissions(usage: Usage, grid: GridIntensity, instead_of: CombustionCar) -> Emissions:
    """Return what a transaction's energy emitted, split over time by its readings."""
    whole_wh = usage.energy_wh or ZERO
    curve = curve_of(usage, whole_wh)
    borders = grid.borders(usage.started_at, usage.ended_at)
    grid_g, unknown_wh, flowed_wh = ZERO, ZERO, ZERO
    for start, end in pairwise([usage.started_at, *borders, usage.ended_at]):
        until_wh = whole_wh if end == usage.ended_at else curve.wh_at(end)
        part_wh, flowed_wh = until_wh - flowed_wh, until_wh
        g_per_kwh = grid.at(start)
        if g_per_kwh is None:
            unknown_wh += part_wh
        else:
            grid_g += part_wh * g_per_kwh / _WH_PER_KWH
    known_wh = whole_wh - unknown_wh
    fuel_g = known_wh / instead_of.electric_wh_per_km * instead_of.g_per_km
    return Emissions(grid_g, unknown_wh, fuel_g - grid_g)
