"""Finding meters that look the wrong way. Pure.

Whenever the chargers of a circuit draw more, such a meter shows less. This needs no installer and
works beside solar panels, since it looks at the moments when the chargers' own current jumps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from csms.smart_charging.grid import PerPhase, Phase

JUMP_A: Final = 4.0
"""A smaller change of the chargers' current proves nothing."""
NEEDED: Final = 3
"""Jumps before a verdict."""

_FITS: Final = (0.75, 1.25)
"""How far the meter may follow the chargers for it to be the same jump."""
_SURE: Final = 0.8
"""Share of the jumps that must agree."""


@dataclass(frozen=True, slots=True)
class SignEvidence:
    """How often a circuit's meter moved with its chargers, and how often against them."""

    agreed: tuple[int, int, int] = (0, 0, 0)
    opposed: tuple[int, int, int] = (0, 0, 0)

    def after(
        self,
        *,
        meter_before: PerPhase,
        meter_now: PerPhase,
        chargers_before: PerPhase,
        chargers_now: PerPhase,
    ) -> SignEvidence:
        """Weigh one more pair of moments, seconds apart.

        The chargers' current is what they were measured to draw, as import.
        """
        agreed, opposed = list(self.agreed), list(self.opposed)
        for phase in Phase:
            drawn = chargers_now[phase] - chargers_before[phase]
            if abs(drawn) < JUMP_A:
                continue
            followed = (meter_now[phase] - meter_before[phase]) / drawn
            if _FITS[0] <= followed <= _FITS[1]:
                agreed[phase] += 1
            elif _FITS[0] <= -followed <= _FITS[1]:
                opposed[phase] += 1
        return replace(
            self,
            agreed=(agreed[0], agreed[1], agreed[2]),
            opposed=(opposed[0], opposed[1], opposed[2]),
        )

    @property
    def reversed_phases(self) -> list[Phase]:
        """Phases whose sign is surely wrong."""
        return [
            phase
            for phase in Phase
            if self.opposed[phase] >= NEEDED
            and self.opposed[phase] >= _SURE * (self.opposed[phase] + self.agreed[phase])
        ]
