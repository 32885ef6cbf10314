"""Charging profiles without an OCPP version: what 1.6, 2.0.1 and 2.1 all can say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from csms.smart_charging.grid import Unit


class Purpose(StrEnum):
    """Which register of the charge point a profile goes to; never that of an external EMS."""

    STATION_MAX = "station_max"
    """1.6 ChargePointMaxProfile, 2.0.1 ChargingStationMaxProfile; EVSE 0 only."""
    TX_DEFAULT = "tx_default"
    TX = "tx"


class Kind(StrEnum):
    ABSOLUTE = "absolute"
    RELATIVE = "relative"
    DAILY = "daily"
    """Recurring: it begins anew each day at the time of its start."""
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_s` after the schedule's start: this limit, A per phase or W over all phases."""

    start_s: int
    limit: float
    phases: int | None = None
    phase_to_use: int | None = None
    """2.0.1 phaseToUse, the EVSE's own numbering 1..3; only with `phases` 1 (K01.FR.19)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """One profile with one schedule.

    `start_at` is the schedule's startSchedule, None for RELATIVE alone. `transaction_id` is ours
    and `ocpp_transaction_id` the charge point's own, both set for Purpose.TX alone.
    """

    profile_id: int
    purpose: Purpose
    stack_level: int
    kind: Kind
    unit: Unit
    periods: tuple[Period, ...]
    start_at: datetime | None = None
    duration_s: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: int | None = None
    ocpp_transaction_id: str | None = None


class Register(StrEnum):
    """The three places of an EVSE where our profiles lie; each holds one at a time."""

    STANDING = "standing"
    """The permanent default: what is left when everything else has lapsed."""
    IDLE = "idle"
    """A default above it for a while: what a transaction that starts now may draw."""
    TX = "tx"
    """The limit of the running transaction; replaces the defaults while it rules."""


@dataclass(frozen=True, slots=True)
class Step:
    """From `at` on, by the charge point's clock: this limit per phase."""

    at: datetime
    limit_a: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What a profile makes an EVSE do: an absolute staircase in amperes per phase.

    Its first step lies in the past when it is sent: it rules from the moment it is installed.
    From `ends_at` on it rules nothing: the register below does. `phases` is numberPhases where
    it was told, `phase_to_use` the terminal 1..3.
    """

    steps: tuple[Step, ...]
    ends_at: datetime | None = None
    phases: int | None = None
    phase_to_use: int | None = None

    @property
    def tail_a(self) -> float | None:
        """What it allows for ever, None if it ends."""
        return self.steps[-1].limit_a if self.ends_at is None else None

    @property
    def highest_a(self) -> float:
        return max(step.limit_a for step in self.steps)

    def levels_a(self, since: datetime, until: datetime) -> list[float]:
        """Every limit that rules at some moment from `since` to `until`, both included."""
        if self.ends_at is not None and since >= self.ends_at:
            return []
        levels = [self.steps[0].limit_a]
        for step in self.steps[1:]:
            if step.at <= since:
                levels = [step.limit_a]
            elif step.at <= until and (self.ends_at is None or step.at < self.ends_at):
                levels.append(step.limit_a)
            else:
                break
        return levels

    def rules_until(self, until: datetime) -> bool:
        """Whether it still rules at this moment."""
        return self.ends_at is None or until < self.ends_at

    def edges(self) -> list[datetime]:
        """The moments at which it changes."""
        edges = [step.at for step in self.steps[1:]]
        if self.ends_at is not None:
            edges.append(self.ends_at)
        return edges


def constant_hold(limit_a: float, since: datetime, *, phases: int | None = None) -> Hold:
    """Return a limit without end."""
    return Hold(steps=(Step(since, limit_a),), phases=phases)
