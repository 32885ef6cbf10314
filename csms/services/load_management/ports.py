"""What load management needs of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from csms.model import MeterValue
from csms.services.load_management.views import SiteView
from csms.smart_charging.grid import EvseKey, PerPhase, Site
from csms.smart_charging.look_ahead import Expectations
from csms.smart_charging.wishes import ChargingNeed, ModeSettings

Severity: TypeAlias = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOrder:
    """A limit for a while, usually by the grid operator. At least one limit is set."""

    id: int
    circuit_id: str
    starts_at: datetime
    ends_at: datetime | None
    limit_a: PerPhase | None = None
    power_w: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitReading:
    """What a circuit's meter showed: currents signed per phase, positive is import."""

    circuit_id: str
    measured_at: datetime
    current_a: PerPhase
    power_w: float | None = None
    """Signed over all phases, negative is export."""
    battery_w: float | None = None
    """What a home battery takes (positive) or gives (negative)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseMemory:
    """What has to survive a restart about an EVSE."""

    key: EvseKey
    standing_a: float | None = None
    """The limit of the standing profile that the charger confirmed; None: none known."""
    last_limit_a: float | None = None
    last_limit_at: datetime | None = None
    phases: int | None = None
    """1 or 3 where it was switched."""
    switched_at: datetime | None = None
    switches: int = 0
    strategy: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteeredSite:
    """All that is known of a site when its steering begins or its installation changes."""

    site: Site
    version: int
    """Grows with every change of the installation, modes and orders."""
    modes: Mapping[EvseKey, ModeSettings]
    orders: Sequence[LimitOrder]
    readings: Sequence[CircuitReading]
    """The latest of each circuit."""
    memories: Mapping[EvseKey, EvseMemory]
    needs: Mapping[int, ChargingNeed]
    """By our transaction id, open transactions only."""
    signal_at: Mapping[str, datetime]
    """When each circuit's grid signal was last heard."""
    keeping_phases: frozenset[str] = frozenset()
    """Id tokens whose car doesn't bear a switch between one and three phases."""
    drawn: Mapping[EvseKey, MeterValue] = field(default_factory=dict)
    """The newest currents of open transactions, of the last minute."""
    alarms: Sequence[LoadAlarm] = ()
    """Those that are active."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadAlarm:
    """Something that a person should look at; raised once, cleared when it is over."""

    site_id: str
    kind: str
    subject: str
    """The circuit or EVSE, for example `garage-3` or `CP-1/1`."""
    severity: Severity
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSwitch:
    """A switch between one and three phases, for the log."""

    key: EvseKey
    at: datetime
    from_phases: int
    to_phases: int
    reason: str
    transaction_id: int | None = None


@dataclass(frozen=True, slots=True)
class WithheldEnergy:
    """From a moment on a car that wants to charge may not, or may again."""

    key: EvseKey
    at: datetime
    withheld: bool


class LoadManagementStore(Protocol):
    def hold_site(self, site_id: str) -> AbstractAsyncContextManager[bool]:
        """Try to be the one node that steers a site; False inside if another one is.

        Held by a session-level advisory lock on a connection of its own, so that it ends with
        the node. Raises nothing while waiting; a lost connection ends the holding (see
        `still_held`).
        """
        ...

    async def still_held(self, site_id: str) -> bool:
        """Whether the connection that holds the lock is alive."""
        ...

    async def site_versions(self) -> Mapping[str, int]:
        """All sites that have circuits, and the version of each."""
        ...

    async def load(self, site_id: str) -> SteeredSite | None:
        """Return a site whole, None if it is gone."""
        ...

    async def expectations(self, site_id: str, now: datetime) -> Expectations:
        """Return what is known of the hours to come at a site."""
        ...

    async def remember(self, memories: Sequence[EvseMemory]) -> None:
        """Replace what is known of these EVSEs; durable on return."""
        ...

    async def recall_strategy(
        self, vendor: str, model: str, firmware: str | None
    ) -> Mapping[str, Any] | None:
        """Return what was learned of this model: of this firmware, else of any."""
        ...

    async def learn_strategy(
        self, vendor: str, model: str, firmware: str | None, strategy: Mapping[str, Any]
    ) -> None: ...

    async def keep_readings(self, readings: Sequence[CircuitReading]) -> None:
        """Replace the latest reading of these circuits (older ones are ignored)."""
        ...

    async def raise_alarm(self, alarm: LoadAlarm) -> None:
        """Keep an alarm; one that is active already only gets the new message."""
        ...

    async def clear_alarm(self, site_id: str, kind: str, subject: str, at: datetime) -> None: ...

    async def log_switch(self, switch: PhaseSwitch) -> None: ...

    async def log_withheld(self, news: WithheldEnergy) -> None: ...

    async def keep_need(self, transaction_id: int, need: ChargingNeed) -> None:
        """Keep what a car told; what it left out stays as it was known."""
        ...


class MeterInbox(Protocol):
    """Who wants to know what meters show."""

    def reading(self, reading: CircuitReading) -> None:
        """Take a reading, from whatever source; never waits."""
        ...


class LoadView(Protocol):
    """A look at what load management does just now."""

    def allocation(self, site_id: str) -> SiteView | None:
        """Return how a site is steered, None if this node doesn't steer it."""
        ...
