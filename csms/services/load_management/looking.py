"""A site's steering as people look at it."""

from __future__ import annotations

from datetime import datetime

from csms.services.load_management.views import CircuitView, EvseView, SiteView
from csms.smart_charging.instructions import CircuitStatus, EvseStatus
from csms.smart_charging.steering import SiteSteering


def view_of(steering: SiteSteering, now: datetime) -> SiteView:
    """Return every circuit and EVSE with what it may draw and why not more."""
    circuit_of = {evse.key: evse.circuit_id for evse in steering.site.evses}
    return SiteView(
        site_id=steering.site.id,
        at=now,
        circuits=[_circuit(status) for status in steering.circuit_statuses(now)],
        evses=[_evse(status, circuit_of[status.key]) for status in steering.evse_statuses(now)],
    )


def _circuit(status: CircuitStatus) -> CircuitView:
    usual = status.limit_reason in ("breaker", "")
    return CircuitView(
        id=status.circuit_id,
        name=status.name,
        limit_a=status.limit_a,
        other_load_a=status.load_a,
        measured_chargers_a=status.chargers_a,
        granted_a=status.may_draw_a,
        limit_w=status.max_power_w,
        stale=status.is_stale,
        bound_by=None if usual else status.limit_reason,
    )


def _evse(status: EvseStatus, circuit_id: str) -> EvseView:
    return EvseView(
        key=status.key,
        circuit_id=circuit_id,
        state=status.state,
        limit_a=status.grant.limit_a,
        phases="".join(phase.name for phase in sorted(status.draws_on)),
        binding=None if status.grant.binding is None else str(status.grant.binding),
        may_draw_a=status.may_draw_a,
        measured_a=status.measured_a,
        waiting=status.is_waiting,
    )
