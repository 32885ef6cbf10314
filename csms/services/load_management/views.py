"""How a site is steered at a moment, for people: every limit with what it leaves and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from csms.smart_charging.grid import EvseKey, PerPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitView:
    """A circuit, A per phase: `limit_a` = what is free + `other_load_a` + `granted_a`."""

    id: str
    name: str
    limit_a: PerPhase
    """What it may carry now: breaker, owner, margin, orders."""
    other_load_a: PerPhase
    """What is counted for all but chargers: measured, or assumed."""
    measured_chargers_a: PerPhase
    """What its chargers were last measured to draw."""
    granted_a: PerPhase
    """What its chargers are allowed."""
    limit_w: float | None = None
    """Power over all phases, where that is limited."""
    stale: bool = False
    """Its meter is silent, so the worst is assumed."""
    bound_by: str | None = None
    """Where an order or a lost signal is what limits it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseView:
    """An EVSE, A per phase."""

    key: EvseKey
    circuit_id: str
    state: str
    """idle, waiting, charging, offline, uncontrollable, ..."""
    limit_a: float
    """What it is granted."""
    phases: str
    """The phases of the grid that it draws on, or may draw on while that is unknown."""
    binding: str | None = None
    """What keeps it from more: "Piso -3 Circuito 2, L2, 32 A"."""
    may_draw_a: float | None = None
    """What it may draw in the worst case, whatever message was lost."""
    measured_a: PerPhase | None = None
    waiting: bool = False
    """It wants to charge and gets nothing, because the minimum does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """A whole site at a moment."""

    site_id: str
    at: datetime
    circuits: Sequence[CircuitView]
    evses: Sequence[EvseView]
