"""What steering wants done: messages to chargers, alarms for people. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from csms.smart_charging.grid import Binding, EvseKey, Grant, PerPhase, Phase
from csms.smart_charging.profiles import ChargingProfile, Purpose, Register

Outcome: TypeAlias = Literal["accepted", "refused", "not_supported", "timeout", "lost", "unsent"]
"""How a charger took an instruction.

`timeout` and `lost` (the link ended before the answer): it may or may not have taken effect;
`unsent`: it never left.
"""


@dataclass(frozen=True, slots=True)
class SetProfile:
    """Install a profile at an EVSE (0: the whole charge point)."""

    evse_id: int
    profile: ChargingProfile


@dataclass(frozen=True, slots=True)
class SetKey:
    """Write a limit into a vendor's configuration key."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ReadSchedule:
    """Ask for the composite schedule."""

    evse_id: int
    duration_s: int


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """Clear one profile by its id, or all of a purpose at an EVSE (0: at the charge point)."""

    evse_id: int
    profile_id: int | None = None
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class StopTransaction:
    transaction_id: int
    ocpp_transaction_id: str


Action: TypeAlias = SetProfile | SetKey | ReadSchedule | ClearProfiles | StopTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One message to a charger; its outcome comes back under its id."""

    id: int
    key: EvseKey
    action: Action
    register: Register | None = None
    limit_a: float | None = None
    """What the charger may draw per phase once it obeys."""
    phases: int = 3
    transaction_id: int | None = None
    is_raise: bool = False
    """Whether it may let the charger draw more than it surely may now."""
    because: Binding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    kind: str
    subject: str
    severity: Literal["info", "warning", "critical"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A switch between one and three phases that was ordered."""

    key: EvseKey
    from_phases: int
    to_phases: int
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from the facts at one moment."""

    instructions: tuple[Instruction, ...]
    alarms: tuple[Alarm, ...]
    """All that are active; one that is missing is over."""
    switches: tuple[Switch, ...]
    wake_at: datetime
    """When to decide again although nothing happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitStatus:
    """A circuit as steering sees it; A per phase."""

    circuit_id: str
    name: str
    limit_a: PerPhase
    max_power_w: float | None
    limit_reason: str
    load_a: PerPhase
    """Other load than chargers."""
    chargers_a: PerPhase
    """What its chargers draw by their latest readings."""
    may_draw_a: PerPhase
    """What its chargers may draw, confirmed or not."""
    is_stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseStatus:
    """An EVSE as steering sees it."""

    key: EvseKey
    state: str
    grant: Grant
    may_draw_a: float
    confirmed_a: float | None
    """The limit that it last confirmed; None if it confirmed none that rules it now."""
    measured_a: PerPhase | None
    transaction_id: int | None
    is_waiting: bool
    draws_on: frozenset[Phase] = field(default_factory=frozenset)
