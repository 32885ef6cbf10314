"""What chargers tell of charging to come: cars' needs, and limits that others set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.events import ChargingNeeds, Events, ExternalLimit
from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService
from csms.smart_charging.grid import Unit


class NeedsPlanner(Protocol):
    """Whoever makes schedules of what cars need."""

    def will_plan(self, charge_point_id: str, evse_id: int) -> bool:
        """Whether a profile follows for the transaction at this EVSE (K15.FR.07, K15.FR.08)."""
        ...

    def keeps_within(self, charge_point_id: str, meant: CarSchedule) -> bool:
        """Whether a car means to draw no more than it may; else a profile follows (K15.FR.12)."""
        ...


class HandSetProfiles(Protocol):
    """Whoever knows the profiles that were set for transactions where nobody plans."""

    def repeat(self, charge_point: ChargePoint, evse_id: int) -> bool:
        """Whether there is one for the transaction at this EVSE; it is told again."""
        ...

    def keeps_within(self, charge_point: ChargePoint, meant: CarSchedule) -> bool:
        """Whether a car means to draw no more than it lets; else it is told again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CarNeeds:
    """A car's needs as read; see `csms.events.ChargingNeeds`."""

    evse_id: int
    transfer: str | None = None
    departure_at: datetime | None = None
    energy_wh: float | None = None
    min_current_a: float | None = None
    max_current_a: float | None = None
    max_voltage_v: float | None = None
    max_power_w: float | None = None
    soc_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSchedule:
    """The highest that a car means to draw: per phase in A, of all phases in W."""

    evse_id: int
    highest: float
    unit: Unit
    phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitReport:
    """An external limit as read; see `csms.events.ExternalLimit`."""

    evse_id: int
    source: str | None
    is_over: bool = False
    limit_a: float | None = None
    limit_w: float | None = None
    is_grid_critical: bool = False


class ChargingReportService:
    """`planner` and `hand_set` may be set later: they need these services first."""

    def __init__(
        self,
        notifications: NotificationService,
        events: Events,
        planner: NeedsPlanner | None = None,
        hand_set: HandSetProfiles | None = None,
    ) -> None:
        self._notifications = notifications
        self._events = events
        self.planner = planner
        self.hand_set = hand_set

    async def needs(
        self,
        charge_point: ChargePoint,
        needs: CarNeeds,
        payload: dict[str, Any],
        received_at: datetime,
    ) -> bool:
        """Keep what a car needs (durable on return); whether a schedule will follow."""
        await self._notifications.record(
            charge_point,
            "charging_needs",
            f"a car tells what it needs ({needs.transfer or 'no way of transfer given'})",
            payload,
            received_at,
            evse_id=needs.evse_id,
        )
        transaction_id = _transaction_at(charge_point, needs.evse_id)
        self._events.publish(
            ChargingNeeds(
                at=received_at,
                charge_point_id=charge_point.id,
                evse_id=needs.evse_id,
                transaction_id=transaction_id,
                transfer=needs.transfer,
                departure_at=needs.departure_at,
                energy_wh=needs.energy_wh,
                min_current_a=needs.min_current_a,
                max_current_a=needs.max_current_a,
                max_voltage_v=needs.max_voltage_v,
                max_power_w=needs.max_power_w,
                soc_percent=needs.soc_percent,
            )
        )
        if transaction_id is None:
            return False
        if self.planner is not None and self.planner.will_plan(charge_point.id, needs.evse_id):
            return True
        return self.hand_set is not None and self.hand_set.repeat(charge_point, needs.evse_id)

    async def schedule(
        self,
        charge_point: ChargePoint,
        evse_id: int | None,
        meant: CarSchedule | None,
        payload: dict[str, Any],
        received_at: datetime,
    ) -> bool:
        """Keep how a car means to charge (durable on return); whether it may."""
        await self._notifications.record(
            charge_point,
            "charging_schedule",
            "a car tells how it means to charge",
            payload,
            received_at,
            evse_id=evse_id,
        )
        if meant is None:
            return True  # K15.FR.11: no schedule was given that it could break
        if self.planner is not None and self.planner.will_plan(charge_point.id, meant.evse_id):
            return self.planner.keeps_within(charge_point.id, meant)
        return self.hand_set is None or self.hand_set.keeps_within(charge_point, meant)

    async def external_limit(
        self,
        charge_point: ChargePoint,
        limit: LimitReport,
        payload: dict[str, Any],
        received_at: datetime,
    ) -> None:
        """Keep that somebody else limits the power, or does so no longer (durable on return)."""
        source = limit.source or "an unknown source"
        await self._notifications.record(
            charge_point,
            "charging_limit_cleared" if limit.is_over else "charging_limit",
            f"charging limit of {source} was lifted"
            if limit.is_over
            else f"charging limit set by {source}",
            payload,
            received_at,
            severity="warning" if limit.is_grid_critical else "info",
            evse_id=limit.evse_id,
        )
        self._events.publish(
            ExternalLimit(
                at=received_at,
                charge_point_id=charge_point.id,
                evse_id=limit.evse_id,
                source=limit.source,
                is_over=limit.is_over,
                limit_a=limit.limit_a,
                limit_w=limit.limit_w,
                is_grid_critical=limit.is_grid_critical,
            )
        )


def _transaction_at(charge_point: ChargePoint, evse_id: int) -> int | None:
    """Our id of the newest open transaction at an EVSE."""
    here = [t for t in charge_point.open_transactions.values() if t.evse_id == evse_id]
    newest = max(here, key=lambda t: (t.started_at, t.id), default=None)
    return None if newest is None else newest.id
