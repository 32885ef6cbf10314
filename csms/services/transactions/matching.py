"""Which of a charge point's transactions a message is about.

An id that is ours decides. Where there is none (1.6 errata 3.18: -1), or it means nothing to us,
the content does: place, time, token and register.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Final

from csms.model import Flag, IdToken, MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.clocks import clock_is_set
from csms.services.transactions.energy import ZERO, most_wh
from csms.services.transactions.model import Start, Stop, Transaction, TransactionEvent

UNSET_CLOCK_REPEAT: Final = timedelta(hours=1)
"""A clock that restarts in 1970 at every boot says the same time again; a repeat comes sooner."""
JITTER: Final = timedelta(minutes=1)
"""Between what a charger does at once and the times it writes down for it."""
PLAUSIBLE_W: Final = 350_000
"""The power of an outlet whose charge point has no rating; tells registers from each other."""
_OWN_ID_DIGITS: Final = 10
STALE: Final = timedelta(minutes=5)
"""Readings this long after a transaction's end can't be its closing ones."""


def held(charge_point: ChargePoint, ocpp_id: str) -> Transaction | None:
    """Find a transaction in memory by the charger's id, open ones first, newest first."""
    if not ocpp_id:
        return None
    if len(ocpp_id) <= _OWN_ID_DIGITS and ocpp_id.isdecimal():  # most likely an id of ours
        own = charge_point.open_transactions.get(int(ocpp_id))
        if own is not None and own.ocpp_transaction_id == ocpp_id:
            return own
    for transaction in newest_first(charge_point):
        if ocpp_id in (transaction.ocpp_transaction_id, transaction.claimed_id):
            return transaction
    return None


def newest_first(charge_point: ChargePoint) -> Iterator[Transaction]:
    """Go through the transactions in memory, open ones first."""
    return chain(
        reversed(charge_point.open_transactions.values()),
        reversed(charge_point.recent_transactions.values()),
    )


# --- starts


def find_repeated_start(
    charge_point: ChargePoint, start: Start, received_at: datetime
) -> Transaction | None:
    for transaction in newest_first(charge_point):
        if _same_start(transaction, start, received_at):
            return transaction
    return None


def find_for_start(
    charge_point: ChargePoint, start: Start, at: datetime, group_id: str | None = None
) -> Transaction | None:
    """Find the transaction that a start which comes after the rest of it began, if there is one.

    `group_id` is the group of the start's token: another of the group may have stopped it.
    """
    fitting = []
    for transaction in newest_first(charge_point):
        end, began_at = _end_without_start(transaction), transaction.started_at
        if end is None or at > end:
            continue
        if _between(charge_point, transaction, at, began_at, start.evse_id):
            continue
        rise = _rise_wh(start.meter_start_wh, _last_register(transaction))
        fits = transaction.evse_id in (0, start.evse_id)
        fits = fits and _related(transaction, start.id_token, group_id)
        if not transaction.evse_id or _known_by_stop_alone(transaction):
            fits = fits and _fits(charge_point, rise, end - at)
        if fits:
            fitting.append((rise or ZERO, end - at, transaction.id, transaction))
    return min(fitting)[3] if fitting else None


def find_guessed_stop(
    charge_point: ChargePoint,
    start: Start,
    at: datetime,
    found: Transaction | None,
    group_id: str | None = None,
) -> Transaction | None:
    """Find the transaction that got, by guess, the stop of a start which comes after it.

    `found` is what else the start may have begun; the earlier end is the start's.
    """
    until = _end_without_start(found) if found else None
    for transaction in newest_first(charge_point):
        stopped_at = _guessed_stop_at(transaction)
        if stopped_at is None or not transaction.started_at < at < stopped_at:
            continue
        if transaction.evse_id != start.evse_id or (until is not None and until < stopped_at):
            continue
        rise = _rise_wh(start.meter_start_wh, transaction.meter_stop_wh)
        related = _related(transaction, start.id_token, group_id)
        if related and _fits(charge_point, rise, stopped_at - at):
            return transaction
    return None


def _guessed_stop_at(transaction: Transaction) -> datetime | None:
    """When a transaction stopped by a message that named no id; None if one did."""
    guessed = Flag.UNKNOWN_TRANSACTION_ID in transaction.flags and not transaction.claimed_id
    known = transaction.start_known and transaction.stop_known
    return transaction.stopped_at if guessed and known else None


def stale_at(charge_point: ChargePoint, evse_id: int) -> int | None:
    """Id of the transaction that a new start at an EVSE would supersede, if any."""
    for transaction in charge_point.open_transactions.values():
        if evse_id and transaction.evse_id == evse_id:
            return transaction.id
    return None


def find_stopped_without_readings(
    charge_point: ChargePoint, evse_id: int, latest: datetime, at: datetime, register_wh: Decimal
) -> Transaction | None:
    """Find a transaction known by its stop alone that a register's rise until `latest` fits."""
    for transaction in newest_first(charge_point):
        ended_at = transaction.stopped_at
        if (
            ended_at is not None
            and latest <= ended_at + JITTER
            and _known_by_stop_alone(transaction)
            and transaction.evse_id in (0, evse_id)
            and _fits(charge_point, _rise_wh(register_wh, transaction.meter_stop_wh), ended_at - at)
        ):
            return transaction
    return None


def _known_by_stop_alone(transaction: Transaction) -> bool:
    return (
        transaction.stop_known
        and not transaction.start_known
        and transaction.last_reading_at is None
        and not transaction.seen_seq
    )


def _same_start(transaction: Transaction, start: Start, received_at: datetime) -> bool:
    return (
        transaction.start_received_at is not None
        and transaction.evse_id == start.evse_id
        and transaction.id_token == start.id_token.value
        and transaction.charger_started_at == start.charger_time
        and transaction.meter_start_wh == start.meter_start_wh
        and (
            clock_is_set(start.charger_time)
            or received_at - transaction.start_received_at <= UNSET_CLOCK_REPEAT
        )
    )


def _end_without_start(transaction: Transaction) -> datetime | None:
    """The latest that is known of a transaction whose start did not come; None if it did."""
    if transaction.start_known or transaction.seen_seq:
        return None
    return transaction.stopped_at if transaction.stop_known else transaction.last_reading_at


def _between(
    charge_point: ChargePoint,
    transaction: Transaction,
    after: datetime,
    before: datetime,
    evse_id: int = 0,
) -> bool:
    """Whether another transaction began between two moments where one ran.

    `evse_id` is where it may have run if that is not known; others then count if they were told of.
    """
    place = transaction.evse_id or evse_id
    return bool(place) and any(
        other.evse_id == place
        and other is not transaction
        and after < other.started_at < before
        and (other.start_known or bool(transaction.evse_id))
        for other in newest_first(charge_point)
    )


# --- stops


def find_repeated_stop(charge_point: ChargePoint, stop: Stop) -> Transaction | None:
    for transaction in newest_first(charge_point):
        if _same_stop(transaction, stop):
            return transaction
    return None


def find_for_stop(
    charge_point: ChargePoint, stop: Stop, at: datetime, group_id: str | None = None
) -> Transaction | None:
    """Find the transaction that best fits a stop whose id is not ours, among those not stopped.

    `group_id` is the group of the stop's token: it may stop what the group started.
    """
    best, best_key = None, (_MATCHES - 1, ZERO, at, 0)
    for transaction in newest_first(charge_point):
        if transaction.stop_known or at < transaction.started_at - JITTER:
            continue
        if _between(charge_point, transaction, transaction.started_at, at - JITTER):
            continue
        rise = _rise_wh(_last_register(transaction) or None, stop.meter_stop_wh or None)
        score = _register_score(charge_point, transaction, at, rise)
        score += _token_score(transaction, stop, group_id)
        key = (score, -(rise or ZERO), transaction.started_at, transaction.id)
        if score >= _MATCHES and key > best_key:
            best, best_key = transaction, key
    return best


def find_stopped(
    charge_point: ChargePoint,
    stop: Stop,
    named: Transaction | None,
    at: datetime,
    group_id: str | None = None,
) -> Transaction | None:
    """Find the transaction that a stop ends, or ended before; `named` has the id it names."""
    repeated = find_repeated_stop(charge_point, stop)
    if repeated is not None:
        return repeated
    if stop.transaction_id > 0:
        named = held(charge_point, str(stop.transaction_id)) or named
    if named is None:
        return find_for_stop(charge_point, stop, at, group_id)
    ended_at = named.stopped_at if named.stop_known else None
    if ended_at is not None and at > ended_at + STALE and invents_ids(charge_point):
        return find_for_stop(charge_point, stop, at, group_id) or named
    return named


def invents_ids(charge_point: ChargePoint) -> bool:
    """Whether a charge point was seen to use ids of its own; they may equal one of ours."""
    return any(transaction.claimed_id for transaction in newest_first(charge_point))


def _same_stop(transaction: Transaction, stop: Stop) -> bool:
    return (
        transaction.stop_known
        and transaction.charger_stopped_at == stop.charger_time
        and transaction.meter_stop_wh == stop.meter_stop_wh
        and (stop.id_token is None or stop.id_token.value == transaction.stop_id_token)
        and (
            stop.transaction_id <= 0
            or str(stop.transaction_id) in (transaction.ocpp_transaction_id, transaction.claimed_id)
        )
    )


_MATCHES: Final = 2
"""Score of a stop that fits: nothing speaks against it, or more for it than against."""


def _register_score(
    charge_point: ChargePoint, transaction: Transaction, at: datetime, rise_wh: Decimal | None
) -> int:
    score = 3
    if rise_wh is not None:
        since = transaction.runs[-1].last_at if transaction.runs else transaction.started_at
        score += 2 if _fits(charge_point, rise_wh, at - since) else -3
    if transaction.stopped_at is not None and at > transaction.stopped_at + STALE:
        score -= 1  # it was taken for ended
    return score


def _token_score(transaction: Transaction, stop: Stop, group_id: str | None) -> int:
    if stop.id_token is None or transaction.id_token is None:
        return 0
    if not _related(transaction, stop.id_token, group_id):
        return -4
    return 2 if stop.id_token.value == transaction.id_token else 1


def _related(transaction: Transaction, token: IdToken, group_id: str | None) -> bool:
    """Whether a token, of this group, may have started or stopped what is known so far."""
    if transaction.id_token in (None, token.value):
        return True
    return group_id is not None and group_id == transaction.id_token_group


# --- registers


def _last_register(transaction: Transaction) -> Decimal | None:
    if transaction.meter_stop_wh:
        return transaction.meter_stop_wh
    return transaction.runs[-1].last_wh if transaction.runs else transaction.meter_start_wh


def _rise_wh(from_wh: Decimal | None, to_wh: Decimal | None) -> Decimal | None:
    return None if from_wh is None or to_wh is None else to_wh - from_wh


def _fits(charge_point: ChargePoint, rise_wh: Decimal | None, duration: timedelta) -> bool:
    """Whether one outlet's register can have risen so: tells it from another outlet's."""
    power_w = (charge_point.rated_power_w or PLAUSIBLE_W) * 5 // 4
    return rise_wh is None or ZERO <= rise_wh <= most_wh(duration, power_w)


# --- readings and events without an id


def find_at(
    charge_point: ChargePoint, evse_id: int, values: Sequence[MeterValue]
) -> Transaction | None:
    """Find the transaction that was running at an EVSE when readings were taken."""
    latest = max((value.sampled_at for value in values), default=None)
    best = None
    for transaction in newest_first(charge_point):
        if not evse_id or transaction.evse_id != evse_id:
            continue
        if not _running(charge_point, transaction, latest):
            continue
        if best is None or transaction.started_at > best.started_at:
            best = transaction
    return best


def _running(charge_point: ChargePoint, transaction: Transaction, at: datetime | None) -> bool:
    if at is None:
        return transaction.open
    if at < transaction.started_at:
        return transaction.open and at >= transaction.started_at - JITTER
    if transaction.stopped_at is None or at <= transaction.stopped_at:
        return True
    if transaction.stop_known:  # closing readings may be a moment late
        return at <= transaction.stopped_at + JITTER
    superseded = Flag.SUPERSEDED in transaction.flags  # it may have run on until the next began
    return superseded and not _between(charge_point, transaction, transaction.started_at, at)


def outlived(transaction: Transaction, values: Sequence[MeterValue]) -> bool:
    """Whether readings were taken too late to belong to the transaction they name."""
    latest = max((value.sampled_at for value in values), default=None)
    return (
        latest is not None
        and transaction.stop_known
        and transaction.stopped_at is not None
        and latest > transaction.stopped_at + STALE
    )


def only_evse(charge_point: ChargePoint) -> int:
    """The only EVSE a charge point has told of; 0 if there are none or several."""
    evses = {place.evse_id for place in charge_point.connectors if place.evse_id}
    return evses.pop() if len(evses) == 1 else 0


def only_open(charge_point: ChargePoint) -> Transaction | None:
    running = charge_point.open_transactions
    return next(iter(running.values())) if len(running) == 1 else None


def accounted_for(charge_point: ChargePoint, evse_id: int, values: Sequence[MeterValue]) -> bool:
    """Whether a rising register at an EVSE without a transaction has an explanation.

    That is a transaction whose EVSE is not known, or a meter that several EVSEs share.
    """
    registers = [value for value in values if value.energy_wh is not None]
    if not evse_id or not registers:
        return True
    last = max(registers, key=lambda value: value.sampled_at)
    return any(
        not transaction.evse_id or _same_meter(transaction, last)
        for transaction in charge_point.open_transactions.values()
    )


def ends_at(charge_point: ChargePoint, evse_id: int) -> list[tuple[datetime, Decimal | None]]:
    """When the transactions of an EVSE ended, and where its register stood then."""
    return [
        (transaction.stopped_at, _last_register(transaction))
        for transaction in newest_first(charge_point)
        if transaction.evse_id == evse_id and transaction.stopped_at is not None
    ]


def _same_meter(transaction: Transaction, value: MeterValue) -> bool:
    if not transaction.runs or value.energy_wh is None:
        return False
    run = transaction.runs[-1]
    return abs(run.last_wh - value.energy_wh) <= 1 and abs(run.last_at - value.sampled_at) <= STALE


def find_inferred(charge_point: ChargePoint, evse_id: int, at: datetime) -> Transaction | None:
    """Find a transaction known from readings alone that an event tells of afterwards."""
    for transaction in newest_first(charge_point):
        last = transaction.last_reading_at
        if transaction.inferred and transaction.evse_id == evse_id and last and at <= last:
            return transaction
    return None


def find_for_event(charge_point: ChargePoint, event: TransactionEvent) -> Transaction | None:
    """Find the transaction of a 2.0.1 event that names none: by repeat, place, or being alone."""
    if event.kind == "Ended":
        for transaction in newest_first(charge_point):
            if transaction.stop_known and transaction.charger_stopped_at == event.charger_time:
                return transaction
    running = [
        transaction
        for transaction in charge_point.open_transactions.values()
        if event.evse_id in (None, transaction.evse_id)
    ]
    return running[0] if len(running) == 1 and event.kind != "Started" else None
