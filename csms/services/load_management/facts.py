"""From events and live charge points to the facts that steering reckons with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from csms.events import (
    ChargePointBooted,
    ChargePointConnected,
    ChargePointDisconnected,
    ChargingNeeds,
    ConnectorStatusChanged,
    Event,
    ExternalLimit,
    MeterValuesReceived,
    TransactionEnded,
    TransactionStarted,
)
from csms.model import ConnectorStatus, MeterValue
from csms.services.charge_point import ChargePoint
from csms.smart_charging.evse_facts import Measured, Plug, TransactionRef
from csms.smart_charging.grid import EvseKey
from csms.smart_charging.steering import SiteSteering
from csms.smart_charging.wishes import ChargingNeed

WATCHED: tuple[type[Event], ...] = (
    ChargePointBooted,
    ChargePointConnected,
    ChargePointDisconnected,
    ChargingNeeds,
    ConnectorStatusChanged,
    ExternalLimit,
    MeterValuesReceived,
    TransactionEnded,
    TransactionStarted,
)

_PLUGS = {
    ConnectorStatus.AVAILABLE: Plug.FREE,
    ConnectorStatus.RESERVED: Plug.FREE,
    ConnectorStatus.UNAVAILABLE: Plug.OUT_OF_ORDER,
    ConnectorStatus.FAULTED: Plug.OUT_OF_ORDER,
    ConnectorStatus.PREPARING: Plug.PLUGGED,
    ConnectorStatus.OCCUPIED: Plug.PLUGGED,
    ConnectorStatus.CHARGING: Plug.PLUGGED,
    ConnectorStatus.SUSPENDED_EV: Plug.PLUGGED,
    ConnectorStatus.SUSPENDED_EVSE: Plug.PLUGGED,
    ConnectorStatus.FINISHING: Plug.FINISHED,
}
_BUSIEST = (Plug.PLUGGED, Plug.FINISHED, Plug.OUT_OF_ORDER, Plug.FREE)
"""An EVSE with several connectors is as its busiest one."""

FRESH = timedelta(seconds=60)
"""An older reading tells of the past."""
_AT_A_MOMENT = frozenset({"Sample.Periodic", "Sample.Clock", "Trigger", "Other"})
"""Contexts of readings that tell what is drawn now, not at a transaction's border."""


def plug_of(charge_point: ChargePoint, evse_id: int) -> Plug:
    """Return what the connectors of an EVSE say together; FREE if they said nothing."""
    said = {
        _PLUGS[connector.status]
        for place, connector in charge_point.connectors.items()
        if place.evse_id == evse_id
    }
    return next((plug for plug in _BUSIEST if plug in said), Plug.FREE)


def transaction_of(charge_point: ChargePoint, evse_id: int) -> TransactionRef | None:
    """Return the newest open transaction of an EVSE."""
    found = [t for t in charge_point.open_transactions.values() if t.evse_id == evse_id]
    if not found:
        return None
    newest = max(found, key=lambda t: (t.started_at, t.id))
    return TransactionRef(newest.id, newest.ocpp_transaction_id, newest.started_at, newest.id_token)


def measured_of(values: Iterable[MeterValue], received_at: datetime) -> Measured | None:
    """Return the newest current in some meter values, at the EVSE's own terminals.

    The moment is ours, not the charger's, but what a charger kept while it was offline tells of
    the past and counts no more (`sampled_at` is corrected for a wrong clock already).
    """
    newest = max(
        (
            value
            for value in values
            if value.context in _AT_A_MOMENT
            and received_at - value.sampled_at < FRESH
            and _has_current(value)
        ),
        key=lambda value: value.sampled_at,
        default=None,
    )
    if newest is None:
        return None
    phases = (newest.current_l1_a, newest.current_l2_a, newest.current_l3_a)
    known = all(phase is not None for phase in phases)
    return Measured(
        at=received_at,
        terminals_a=tuple(phase or 0.0 for phase in phases) if known else None,
        current_a=newest.current_a or max((p for p in phases if p is not None), default=None),
        power_w=newest.power_w,
        voltage_v=newest.voltage_v or newest.voltage_l1_v,
        sampled_at=newest.sampled_at,
    )


def _has_current(value: MeterValue) -> bool:
    return any(
        reading is not None
        for reading in (
            value.current_a,
            value.current_l1_a,
            value.current_l2_a,
            value.current_l3_a,
            value.power_w,
        )
    )


def take_stock(steering: SiteSteering, charge_point: ChargePoint, now: datetime) -> None:
    """Tell steering all that is known of a connected charge point."""
    steering.connected(charge_point.id, now)
    _look_at(steering, charge_point, 0, now)


def tell(
    steering: SiteSteering, event: Event, charge_point: ChargePoint | None, now: datetime
) -> None:
    """Tell steering what an event means; `charge_point` is the live one, if there is any."""
    match event:
        case ChargePointDisconnected():
            steering.disconnected(event.charge_point_id, now)
        case ChargePointBooted():
            steering.booted(event.charge_point_id, now)
        case MeterValuesReceived():
            _look_at_clock(steering, event, charge_point, now)
            measured = measured_of(event.meter_values, event.at)
            key = EvseKey(event.charge_point_id, event.evse_id)
            if measured is not None and key in steering.evses_of(event.charge_point_id):
                steering.measured(key, measured, now)
        case ChargingNeeds():
            _take_needs(steering, event, now)
        case ExternalLimit():
            _take_limit(steering, event)
        case _ if charge_point is not None:
            _look(steering, event, charge_point, now)


def _look_at_clock(
    steering: SiteSteering,
    event: MeterValuesReceived,
    charge_point: ChargePoint | None,
    now: datetime,
) -> None:
    """Times that had to be corrected tell nothing by themselves; the correction does."""
    if charge_point is not None and charge_point.clock.offset is not None:
        steering.clock_seen(event.charge_point_id, charge_point.clock.offset, now)
        return
    told = [
        value.sampled_at
        for value in event.meter_values
        if value.context in _AT_A_MOMENT and value.charger_sampled_at is None
    ]
    if told:
        steering.clock_seen(event.charge_point_id, max(told) - event.at, now)


def _look(steering: SiteSteering, event: Event, charge_point: ChargePoint, now: datetime) -> None:
    match event:
        case ChargePointConnected():
            take_stock(steering, charge_point, now)
        case ConnectorStatusChanged() | TransactionStarted() | TransactionEnded():
            _look_at(steering, charge_point, event.evse_id, now)


def need_of(needs: ChargingNeeds) -> ChargingNeed:
    """Return what steering needs to know of what a car asks for."""
    return ChargingNeed(
        departure_at=needs.departure_at,
        energy_wh=needs.energy_wh,
        max_current_a=needs.max_current_a,
    )


def _take_needs(steering: SiteSteering, needs: ChargingNeeds, now: datetime) -> None:
    key = EvseKey(needs.charge_point_id, needs.evse_id)
    if key in steering.evses_of(needs.charge_point_id):
        steering.need(key, need_of(needs), now)


def _take_limit(steering: SiteSteering, limit: ExternalLimit) -> None:
    """Another master's limit: what it leaves unused needn't be kept for the EVSE."""
    for key in steering.evses_of(limit.charge_point_id):
        if limit.evse_id in (0, key.evse_id):
            steering.external_limit(key, None if limit.is_over else limit.limit_a)


def _look_at(
    steering: SiteSteering, charge_point: ChargePoint, evse_id: int, now: datetime
) -> None:
    for key in steering.evses_of(charge_point.id):
        if evse_id in (0, key.evse_id):
            steering.plug(key, plug_of(charge_point, key.evse_id), now)
            steering.transaction(key, transaction_of(charge_point, key.evse_id), now)
