"""Who gets to know what happened to a transaction: counters and watchers."""

from __future__ import annotations

from datetime import datetime

from csms.events import Events, MeterValuesReceived, TransactionEnded, TransactionStarted
from csms.metrics import Metrics
from csms.model import MeterValue, Place
from csms.services.charge_point import ChargePoint
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

    def ended(self, charge_point: ChargePoint, transaction: Transaction, at: datetime) -> None:
        self._ended_total.inc()
        if transaction.energy_wh is not None:
            self._energy_total.inc(float(transaction.energy_wh))
        for flag in transaction.flags:
            self._flags_total.labels(flag.value).inc()
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

    def readings(
        self,
        charge_point: ChargePoint,
        place: Place,
        transaction: Transaction | None,
        values: tuple[MeterValue, ...],
        received_at: datetime,
    ) -> None:
        if values and self._events.watched:
            self._events.publish(
                MeterValuesReceived(
                    at=received_at,
                    charge_point_id=charge_point.id,
                    evse_id=place.evse_id,
                    connector_id=place.connector_id,
                    transaction_id=transaction.id if transaction else None,
                    meter_values=values,
                )
            )
