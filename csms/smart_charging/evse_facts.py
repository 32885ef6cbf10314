"""What a charge point tells of an EVSE, as far as steering cares. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.smart_charging.grid import NO_LOAD, Evse, PerPhase


class Plug(StrEnum):
    """What its connectors say."""

    FREE = "free"
    PLUGGED = "plugged"
    FINISHED = "finished"
    """A car is there, its transaction is over."""
    OUT_OF_ORDER = "out_of_order"


@dataclass(frozen=True, slots=True)
class TransactionRef:
    """Our id, the charge point's own, when it began, and whose it is."""

    id: int
    ocpp_id: str
    started_at: datetime
    id_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A reading of the EVSE's own meter; `at` is when we got it, `sampled_at` when it was taken.

    `terminals_a` is per terminal L1..L3 of the EVSE, before its wiring; `current_a` is what one
    phase carries where the charge point doesn't say which.
    """

    at: datetime
    terminals_a: tuple[float, ...] | None = None
    current_a: float | None = None
    power_w: float | None = None
    voltage_v: float | None = None
    sampled_at: datetime | None = None

    def is_older_than(self, other: Measured | None) -> bool:
        """Whether it was kept while the link was down and comes after a newer one."""
        if other is None or other.sampled_at is None or self.sampled_at is None:
            return False
        return self.sampled_at < other.sampled_at

    def on_grid(self, evse: Evse, phases: int, voltage_v: float) -> PerPhase:
        """Translate into grid phases; `phases` is how many it draws on if it doesn't say.

        Power alone is divided by those phases, and current without a phase counts on each.
        """
        amps = [*NO_LOAD]
        terminals = self.terminals_a
        if terminals is None:
            each = self.current_a
            if each is None:
                each = (self.power_w or 0.0) / ((self.voltage_v or voltage_v) * max(1, phases))
            terminals = (each,) * phases
        for phase, terminal in zip(evse.wiring.phases, terminals, strict=False):
            amps[phase] = max(0.0, terminal)
        if evse.wiring.between_lines:
            both = max(terminals, default=0.0)
            for phase in evse.wiring.phases:
                amps[phase] = max(0.0, both)
        return PerPhase(*amps)
