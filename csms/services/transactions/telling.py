"""Who gets to know what happened to a transaction: counters, watchers, and the operator."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.events import (
    ChargePointNotified,
    Events,
    MeterValuesReceived,
    TransactionCharging,
    TransactionEnded,
    TransactionStarted,
)
from csms.metrics import Metrics
from csms.model import MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.records import Notification
from csms.services.transactions.model import Transaction


class TransactionNews:
    def __init__(self, events: Events, metrics: Metrics) -> None:
        self._events = events
        self._started_total = metrics.transactions.labels("started")
        self._ended_total = metrics.transactions.labels("ended")
        self._flags_total = metrics.transaction_flags
        self._energy_total = metrics.energy_wh

    def started(self, charge_point: ChargePoint, transaction: Transaction) -> None:
        self._started_total.inc()
        self._events.publish(
            TransactionStarted(
                at=transaction.started_at,
                charge_point_id=charge_point.id,
                transaction_id=transaction.id,
                evse_id=transaction.evse_id,
                connector_id=transaction.connector_id,
                id_token=transaction.id_token,
            )
        )

    def charging(
        self, charge_point: ChargePoint, transaction: Transaction, before: str | None, at: datetime
    ) -> None:
        """Tell of a charging state that is another than before."""
        state = transaction.charging_state
        if state is not None and state != before and transaction.open:
            self._events.publish(
                TransactionCharging(
                    at=at,
                    charge_point_id=charge_point.id,
                    transaction_id=transaction.id,
                    evse_id=transaction.evse_id,
                    connector_id=transaction.connector_id,
                    charging_state=state,
                )
            )

    def ended(self, charge_point: ChargePoint, transaction: Transaction, at: datetime) -> None:
        """Tell of an end; watchers hear of the real one again after one that was inferred."""
        self._events.publish(
            TransactionEnded(
                at=transaction.stopped_at or at,
                charge_point_id=charge_point.id,
                transaction_id=transaction.id,
                evse_id=transaction.evse_id,
                connector_id=transaction.connector_id,
                energy_wh=transaction.energy_wh,
                stop_reason=transaction.stop_reason,
                flags=tuple(sorted(transaction.flags)),
            )
        )

    def count_ended(self, transaction: Transaction) -> None:
        self._ended_total.inc()
        if transaction.energy_wh is not None:
            self._energy_total.inc(float(transaction.energy_wh))
        for flag in transaction.flags:
            self._flags_total.labels(flag.value).inc()

    def alarm(self, charge_point: ChargePoint, notifications: Sequence[Notification]) -> None:
        for notification in notifications:
            self._events.publish(
                ChargePointNotified(
                    at=notification.at,
                    charge_point_id=charge_point.id,
                    kind=notification.kind,
                    severity=notification.severity,
                    data=notification.data,
                )
            )

    def readings(
        self,
        charge_point: ChargePoint,
        evse_id: int,
        connector_id: int,
        transaction: Transaction | None,
        values: tuple[MeterValue, ...],
        received_at: datetime,
    ) -> None:
        if values and self._events.watched(MeterValuesReceived):
            self._events.publish(
                MeterValuesReceived(
                    at=received_at,
                    charge_point_id=charge_point.id,
                    evse_id=evse_id,
                    connector_id=connector_id,
                    transaction_id=transaction.id if transaction else None,
                    meter_values=values,
                )
            )


def charging_without_start(transaction: Transaction, received_at: datetime) -> Notification:
    """Energy flows, but the charge point never told of a transaction."""
    return _warning(
        transaction,
        "charging_without_start",
        "charging, but no start of a transaction was reported; it is recorded from the readings",
        received_at,
    )


def charging_unauthorized(transaction: Transaction, received_at: datetime) -> Notification:
    """Energy flows, although the token was refused."""
    return _warning(
        transaction,
        "charging_unauthorized",
        f"charging, although the id token was refused ({transaction.authorization_status})",
        received_at,
    )


def _warning(
    transaction: Transaction, kind: str, summary: str, received_at: datetime
) -> Notification:
    return Notification(
        transaction.charge_point_key,
        kind,
        "warning",
        summary,
        {"transaction_id": transaction.id, "id_token": transaction.id_token},
        received_at,
        received_at,
        transaction.evse_id,
        transaction.connector_id,
    )
