"""What load management shows of its EVSEs and circuits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from csms.smart_charging.circuit_watch import CircuitNow
from csms.smart_charging.grid import NO_LOAD, Grant, PerPhase, Site
from csms.smart_charging.instructions import CircuitStatus, EvseStatus
from csms.smart_charging.steered_evse import SteeredEvse


def evse_status(steered: SteeredEvse, grant: Grant, now: datetime) -> EvseStatus:
    return EvseStatus(
        key=steered.key,
        state=steered.state(now),
        grant=grant,
        may_draw_a=steered.may_draw_a(now),
        confirmed_a=None if steered.confirmed is None else steered.confirmed.limit_a,
        measured_a=steered.measured_a,
        transaction_id=steered.transaction.id if steered.transaction else None,
        is_waiting=steered.is_waiting,
        draws_on=steered.draws_on(now),
    )


def circuit_statuses(
    site: Site,
    evses: Iterable[SteeredEvse],
    watched: Mapping[str, CircuitNow],
    now: datetime,
) -> list[CircuitStatus]:
    """Return what flows through each circuit, and what all behind it may still draw."""
    measured: dict[str, PerPhase] = defaultdict(lambda: NO_LOAD)
    may_draw: dict[str, PerPhase] = defaultdict(lambda: NO_LOAD)
    for steered in evses:
        reserved = steered.reserved(now)
        for circuit in site.path(steered.evse.circuit_id):
            may_draw[circuit.id] = may_draw[circuit.id].plus(reserved)
            if steered.measured_a is not None:
                measured[circuit.id] = measured[circuit.id].plus(steered.measured_a)
    return [
        CircuitStatus(
            circuit_id=circuit_id,
            name=each.circuit.name,
            limit_a=each.limit.limit_a,
            max_power_w=each.limit.max_power_w,
            limit_reason=each.limit.reason,
            load_a=each.load.likely_a,
            chargers_a=measured[circuit_id],
            may_draw_a=may_draw[circuit_id],
            is_stale=each.load.stale,
        )
        for circuit_id, each in watched.items()
    ]
