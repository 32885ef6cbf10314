"""Which of a charge point's transactions a message is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from csms.model import MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.transactions.assembly import same_start, same_stop, stop_score
from csms.services.transactions.model import Start, Stop, Transaction


def held(charge_point: ChargePoint, ocpp_id: str) -> Transaction | None:
    """Find a transaction in memory by the charger's id, open ones first, newest first."""
    for transaction in _newest_first(charge_point):
        if ocpp_id in (transaction.ocpp_transaction_id, transaction.claimed_id):
            return transaction
    return None


def find_repeated_start(
    charge_point: ChargePoint, start: Start, received_at: datetime
) -> Transaction | None:
    for transaction in _newest_first(charge_point):
        if same_start(transaction, start, received_at):
            return transaction
    return None


def find_repeated_stop(charge_point: ChargePoint, stop: Stop) -> Transaction | None:
    for transaction in _newest_first(charge_point):
        if same_stop(transaction, stop):
            return transaction
    return None


def find_for_stop(charge_point: ChargePoint, stop: Stop, at: datetime) -> Transaction | None:
    """Find the transaction that best fits a stop whose id is not ours, among those not stopped."""
    scored = [
        (stop_score(transaction, stop, at), transaction.started_at, transaction.id, transaction)
        for transaction in _newest_first(charge_point)
        if transaction.stop_received_at is None
    ]
    best = max(scored, default=None, key=lambda entry: entry[:3])
    return best[3] if best is not None and best[0] > 0 else None


def open_at(
    charge_point: ChargePoint, evse_id: int, values: Sequence[MeterValue]
) -> Transaction | None:
    """Find the open transaction of an EVSE that was running when the readings were taken."""
    if not evse_id:
        return None
    latest = max((value.sampled_at for value in values), default=None)
    for transaction in reversed(charge_point.open_transactions.values()):
        if transaction.evse_id == evse_id and (latest is None or latest >= transaction.started_at):
            return transaction
    return None


def _newest_first(charge_point: ChargePoint) -> Iterator[Transaction]:
    yield from reversed(charge_point.open_transactions.values())
    yield from reversed(charge_point.recent_transactions.values())
