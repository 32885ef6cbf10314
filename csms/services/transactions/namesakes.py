"""Transactions of one charging station that have the same id.

An id is unique (E01.FR.15), but there are stations that count anew after each reboot; then the
time tells which one an event is about, and whether it begins another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from csms.services.charge_point import ChargePoint
from csms.services.clocks import clock_is_set
from csms.services.transactions.matching import JITTER, held, newest_first
from csms.services.transactions.model import Transaction, TransactionEvent
from csms.services.transactions.sequence import has_seq


def find_named(
    charge_point: ChargePoint, event: TransactionEvent, found: Transaction | None, at: datetime
) -> Transaction | None:
    """Find the transaction that a 2.0.1 event names, None if it begins another one.

    `found` is what the store has by that id.
    """
    number = event.ocpp_transaction_id
    newest = held(charge_point, number)
    if newest is not None and newest.open and event.kind == "Updated" and at >= newest.started_at:
        return newest
    named = [
        transaction
        for transaction in (newest_first(charge_point) if number else ())
        if number in (transaction.ocpp_transaction_id, transaction.claimed_id)
    ]
    transaction = _nearest(named, event, at) if named else found
    if transaction is not None and _begins_anew(transaction, event, at):
        return None
    return transaction


def _nearest(
    named: Sequence[Transaction], event: TransactionEvent, at: datetime
) -> Transaction | None:
    """Return the one of the same id that was under way at a moment, or began next."""
    if len(named) == 1:
        return named[0]
    for transaction in named:
        told = (transaction.charger_started_at, transaction.charger_stopped_at)
        if event.kind != "Updated" and told[event.kind == "Ended"] == event.charger_time:
            return transaction
    begun = [transaction for transaction in named if transaction.started_at <= at + JITTER]
    if begun:
        return max(begun, key=lambda transaction: transaction.started_at)
    return min(named, key=lambda transaction: transaction.started_at)


def _begins_anew(transaction: Transaction, event: TransactionEvent, at: datetime) -> bool:
    """Whether a start can't be this transaction's, although it has the same id."""
    if (
        event.kind != "Started"
        or not transaction.start_known
        or transaction.charger_started_at == event.charger_time
        or not clock_is_set(event.charger_time)
        or at <= transaction.started_at
    ):
        return False
    if transaction.stop_known and transaction.stopped_at is not None:
        return at >= transaction.stopped_at
    last_at = transaction.last_reading_at or transaction.started_at
    went_on = last_at > transaction.started_at + JITTER
    return went_on and at > last_at and has_seq(transaction.seen_seq, event.seq_no)
