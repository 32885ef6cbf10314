"""What owners and drivers want of an EVSE: its mode, its departure, its energy. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from csms.smart_charging.grid import Mode

StartSetting: TypeAlias = Literal["min", "50%", "75%", "max"]
PhaseChoice: TypeAlias = Literal["auto", "1", "3"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarPlusSettings:
    """A floor that is always given, plus the surplus.

    `solar_share` is the part of the EVSE's power that must be surplus: at 0.6 and 5.5 kW wanted,
    3.3 kW of surplus are needed before it starts.
    """

    floor: StartSetting = "min"
    solar_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSettings:
    """The mode of an EVSE and all that belongs to it."""

    mode: Mode = Mode.POWER
    solar_plus: SolarPlusSettings = SolarPlusSettings()
    time_plan: tuple[tuple[Mode, ...], ...] = ()
    """Seven days from Monday, 24 hours each, in the site's time; never TIME_PLAN itself."""
    phases: PhaseChoice = "auto"
    """Where the EVSE can switch: 1 or 3 whatever comes, or by surplus and capacity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingNeed:
    """What a car needs until when; what is unknown is None."""

    departure_at: datetime | None = None
    energy_wh: float | None = None
    max_current_a: float | None = None
    """The car's own limit per phase (2.0.1 EVMaxCurrent)."""

    def over(self, known: ChargingNeed) -> ChargingNeed:
        """Return this, and where it says nothing what was known."""
        return ChargingNeed(
            departure_at=self.departure_at or known.departure_at,
            energy_wh=known.energy_wh if self.energy_wh is None else self.energy_wh,
            max_current_a=self.max_current_a or known.max_current_a,
        )
