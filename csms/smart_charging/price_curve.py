"""What a kilowatt-hour costs over a plan's blocks: in money or in grams of CO2."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from csms.smart_charging.planning_rows import Floats


class Goal(StrEnum):
    """What a plan keeps low once every car gets what it needs."""

    COST = "cost"
    EMISSIONS = "emissions"


@dataclass(frozen=True, slots=True)
class PriceCurve:
    """Per block: what a kWh from the grid costs and what a kWh into the grid earns.

    The unit is the currency's or g of CO2. Earning more than importing costs is taken as earning
    as much: a plan never runs energy round in circles.
    """

    goal: Goal
    import_per_kwh: Floats
    export_per_kwh: Floats

    @property
    def earned_per_kwh(self) -> Floats:
        return np.minimum(self.import_per_kwh, self.export_per_kwh)


def cost_curve(import_per_kwh: Floats, export_per_kwh: Floats | float = 0.0) -> PriceCurve:
    """Money per kWh."""
    earned = np.broadcast_to(np.asarray(export_per_kwh, dtype=np.float64), import_per_kwh.shape)
    return PriceCurve(Goal.COST, import_per_kwh, earned)


def emission_curve(grid_g_per_kwh: Floats) -> PriceCurve:
    """Grams of CO2 per kWh of the grid; the site's own surplus has none, exported or not."""
    return PriceCurve(Goal.EMISSIONS, grid_g_per_kwh, np.zeros_like(grid_g_per_kwh))
