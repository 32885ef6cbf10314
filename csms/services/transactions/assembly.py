"""How messages become one right transaction, in whatever order and number they come.

Every function here joins one more piece of evidence into a transaction. Joining is idempotent
and (for the record's content) commutative, so repeats and late messages do no harm. A stop that
was only inferred ("superseded") gives way to the real one when it comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from csms.model import Authorization, Flag, IdToken, MeterValue
from csms.services.clocks import CorrectedTime, clock_is_set
from csms.services.transactions.energy import ENERGY_FLAGS, note_register, weigh
from csms.services.transactions.model import Start, Stop, Transaction, TransactionEvent

ENDED_RANK: Final = 1 << 40
"""Added to the sequence number of an Ended event's token: a stopper is not the payer, unless
nobody else was named."""

UNSET_CLOCK_REPEAT: Final = timedelta(hours=1)
"""A clock that restarts in 1970 at every boot says the same time again; a repeat comes sooner."""


def begin(
    transaction: Transaction, start: Start, time: CorrectedTime, received_at: datetime
) -> None:
    """Join a 1.6 StartTransaction."""
    transaction.started_at = time.at
    transaction.charger_started_at = start.charger_time
    transaction.start_received_at = received_at
    transaction.id_token = start.id_token.value
    transaction.id_token_type = start.id_token.type
    transaction.meter_start_wh = start.meter_start_wh
    transaction.reservation_id = start.reservation_id
    transaction.flags.discard(Flag.MISSING_START)
    if time.corrected:
        transaction.flags.add(Flag.CLOCK_WRONG)


def finish(
    transaction: Transaction, stop: Stop, time: CorrectedTime, received_at: datetime
) -> None:
    """Join a 1.6 StopTransaction; the first real one counts, repeats change nothing."""
    if transaction.stop_received_at is not None:
        return
    _really_stopped(transaction, time, stop.charger_time, received_at)
    transaction.meter_stop_wh = stop.meter_stop_wh
    transaction.stop_reason = stop.reason or "Local"
    if stop.id_token is not None:
        transaction.stop_id_token = stop.id_token.value


def join_event(
    transaction: Transaction, event: TransactionEvent, time: CorrectedTime, received_at: datetime
) -> None:
    """Join a 2.0.1 TransactionEvent, all but its meter values."""
    _note_sequence(transaction, event.seq_no)
    _note_particulars(transaction, event)
    if time.corrected:
        transaction.flags.add(Flag.CLOCK_WRONG)
    if event.kind == "Started":
        transaction.started_at = time.at
        transaction.charger_started_at = event.charger_time
        transaction.start_received_at = transaction.start_received_at or received_at
    elif transaction.start_received_at is None:
        transaction.started_at = min(transaction.started_at, time.at)
    if event.kind == "Ended" and transaction.stop_received_at is None:
        _really_stopped(transaction, time, event.charger_time, received_at)
        transaction.stop_reason = event.stopped_reason or "Local"
        transaction.last_seq = event.seq_no
    _note_completeness(transaction)


def _note_sequence(transaction: Transaction, seq_no: int) -> None:
    if seq_no < 0:
        return
    if transaction.seen_seq and seq_no < transaction.seen_seq[-1][1]:
        transaction.flags.add(Flag.OUT_OF_ORDER)
    add_seq(transaction.seen_seq, seq_no)


def _note_particulars(transaction: Transaction, event: TransactionEvent) -> None:
    """Keep what an event may say once and later events leave out (E01.FR.16)."""
    if event.evse_id is not None:
        transaction.evse_id = event.evse_id
        transaction.connector_id = event.connector_id or transaction.connector_id
    if event.offline:
        transaction.flags.add(Flag.OFFLINE)
    if event.remote_start_id is not None:
        transaction.remote_start_id = event.remote_start_id
    if event.reservation_id is not None:
        transaction.reservation_id = event.reservation_id
    if event.id_token is not None:
        _note_token(transaction, event, event.id_token)
    _note_state(transaction, event)


def _note_state(transaction: Transaction, event: TransactionEvent) -> None:
    """Keep the charging state of the newest event."""
    newest = not transaction.seen_seq or event.seq_no >= transaction.seen_seq[-1][1]
    if event.charging_state is not None and newest:
        transaction.charging_state = event.charging_state


def _note_token(transaction: Transaction, event: TransactionEvent, token: IdToken) -> None:
    """The earliest token named pays; the one in the Ended event stopped it."""
    rank = event.seq_no
    if event.kind == "Ended":
        transaction.stop_id_token = token.value
        rank += ENDED_RANK
    if transaction.token_rank is None or rank <= transaction.token_rank:
        transaction.id_token = token.value
        transaction.id_token_type = token.type
        transaction.token_rank = rank


def _note_completeness(transaction: Transaction) -> None:
    """Flag a 2.0.1 transaction whose beginning or some of whose events did not come (E14)."""
    flags = transaction.flags
    if transaction.start_received_at is None:
        flags.add(Flag.MISSING_START)
    else:
        flags.discard(Flag.MISSING_START)
    if transaction.last_seq is None:
        return
    ranges = transaction.seen_seq
    if len(ranges) == 1 and transaction.start_received_at is not None:
        flags.discard(Flag.MISSING_EVENTS)
    else:
        flags.add(Flag.MISSING_EVENTS)


def _really_stopped(
    transaction: Transaction, time: CorrectedTime, raw: str | None, received_at: datetime
) -> None:
    transaction.stopped_at = max(time.at, transaction.started_at)
    transaction.charger_stopped_at = raw
    transaction.stop_received_at = received_at
    transaction.flags -= {Flag.SUPERSEDED, Flag.MISSING_STOP}
    if time.corrected:
        transaction.flags.add(Flag.CLOCK_WRONG)


def add_meter_values(
    transaction: Transaction, values: Iterable[MeterValue], max_power_w: int
) -> None:
    """Join readings, in any order; the energy register and the last moment count here."""
    for value in values:
        at = value.sampled_at
        if transaction.last_reading_at is None or at > transaction.last_reading_at:
            transaction.last_reading_at = at
        if value.energy_wh is not None and not note_register(
            transaction.runs, at, value.energy_wh, max_power_w
        ):
            transaction.flags.add(Flag.REGISTER_GLITCH)


def take_registers(transaction: Transaction, event: TransactionEvent) -> None:
    """Take a 2.0.1 transaction's first and last register from its Started and Ended events."""
    points = sorted(
        (value.sampled_at, value.energy_wh)
        for value in event.meter_values
        if value.energy_wh is not None
    )
    if not points:
        return
    if event.kind == "Started":
        transaction.meter_start_wh = points[0][1]
    elif event.kind == "Ended":
        transaction.meter_stop_wh = points[-1][1]


def settle(transaction: Transaction, max_power_w: int) -> None:
    """Renew the verdict on the energy from all the evidence so far."""
    verdict = weigh(transaction, max_power_w)
    transaction.energy_wh = verdict.energy_wh
    transaction.energy_source = verdict.source
    transaction.flags -= ENERGY_FLAGS
    transaction.flags |= verdict.flags


def note_authorization(transaction: Transaction, authorization: Authorization) -> None:
    """Keep who it was decided for; a refusal is a flag, never a lost record."""
    transaction.authorization_status = authorization.status
    transaction.id_token_group = authorization.group_id
    if authorization.accepted:
        transaction.flags.discard(Flag.NOT_AUTHORIZED)
    else:
        transaction.flags.add(Flag.NOT_AUTHORIZED)


def supersede(transactions: Iterable[Transaction]) -> list[Transaction]:
    """Close what must have ended because a later transaction began at the same place.

    Takes all known transactions of one EVSE; returns those it changed. The inferred end is the
    last reading, or the next start where there is none.
    """
    ordered = sorted(transactions, key=lambda t: (t.started_at, t.id))
    changed = []
    for earlier, later in pairwise(ordered):
        if earlier.stop_received_at is not None:
            continue
        last = earlier.last_reading_at
        end = later.started_at if last is None else min(last, later.started_at)
        end = max(end, earlier.started_at)
        if earlier.stopped_at != end:
            earlier.stopped_at = end
            earlier.flags |= {Flag.SUPERSEDED, Flag.MISSING_STOP}
            changed.append(earlier)
    return changed


def same_start(transaction: Transaction, start: Start, received_at: datetime) -> bool:
    """Whether a StartTransaction repeats the one that began this transaction (by content)."""
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


def same_stop(transaction: Transaction, stop: Stop) -> bool:
    """Whether a StopTransaction repeats the one that ended this transaction (by content)."""
    return (
        transaction.stop_received_at is not None
        and transaction.charger_stopped_at == stop.charger_time
        and transaction.meter_stop_wh == stop.meter_stop_wh
        and str(stop.transaction_id) in (transaction.ocpp_transaction_id, transaction.claimed_id)
    )


def stop_score(transaction: Transaction, stop: Stop, at: datetime) -> int:
    """How well an open transaction fits a stop whose id means nothing to us; 0: not at all."""
    if at < transaction.started_at:
        return 0
    start_wh, stop_wh = transaction.meter_start_wh, stop.meter_stop_wh
    score = 1
    if start_wh is not None and stop_wh is not None:
        if stop_wh < start_wh and stop_wh != Decimal(0):
            return 0
        score += 1
    if stop.id_token is not None:
        score += 2 if stop.id_token.value == transaction.id_token else 0
    return score


def add_seq(ranges: list[tuple[int, int]], number: int) -> None:
    """Add a sequence number to sorted, disjoint inclusive ranges."""
    for index, (first, last) in enumerate(ranges):
        if first <= number <= last:
            return
        if number == last + 1:
            ranges[index] = (first, number)
            _close_gap(ranges, index)
            return
        if number == first - 1:
            ranges[index] = (number, last)
            return
        if number < first:
            ranges.insert(index, (number, number))
            return
    ranges.append((number, number))


def _close_gap(ranges: list[tuple[int, int]], index: int) -> None:
    if index + 1 < len(ranges) and ranges[index][1] + 1 == ranges[index + 1][0]:
        ranges[index] = (ranges[index][0], ranges[index + 1][1])
        del ranges[index + 1]
