"""How messages become one right transaction, in whatever order and number they come.

Every function here joins one more piece of evidence into a transaction. Joining is idempotent
and (for the record's content) commutative, so repeats and late messages do no harm.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from csms.model import Authorization, Flag, IdToken, MeterValue, OcppVersion
from csms.services.clocks import TOLERANCE, CorrectedTime, clock_is_set, parse_time
from csms.services.transactions.energy import note_register
from csms.services.transactions.model import Start, Stop, Transaction, TransactionEvent
from csms.services.transactions.sequence import add_seq
from csms.services.transactions.verdict import ENERGY_FLAGS, energy_while_running, weigh

REFUSED_RANK: Final = 1 << 39
STOPPER_RANK: Final = 1 << 40
"""Added to the sequence number with which a token was named: one that was refused pays only if
none was accepted, one that was shown to stop only if nobody else was named."""

NOTICED_WH: Final = Decimal(100)
"""Energy from which charging without permission is more than a meter's noise."""


def begin(
    transaction: Transaction, start: Start, time: CorrectedTime, received_at: datetime
) -> None:
    """Join a 1.6 StartTransaction."""
    transaction.evse_id = start.evse_id
    transaction.connector_id = start.connector_id
    transaction.started_at = time.at
    transaction.charger_started_at = start.charger_time
    transaction.start_received_at = received_at
    transaction.id_token = start.id_token.value
    transaction.id_token_type = start.id_token.type
    transaction.meter_start_wh = start.meter_start_wh
    transaction.reservation_id = start.reservation_id
    transaction.flags.discard(Flag.MISSING_START)
    _note_time(transaction, time, received_at)


def finish(
    transaction: Transaction, stop: Stop, time: CorrectedTime, received_at: datetime
) -> None:
    """Join a 1.6 StopTransaction; the first real one counts, repeats change nothing."""
    if transaction.stop_known:
        transaction.flags.add(Flag.DUPLICATE)
        return
    _really_stopped(transaction, time, stop.charger_time, received_at)
    transaction.meter_stop_wh = stop.meter_stop_wh
    transaction.stop_reason = stop.reason or "Local"  # 1.6 §4.10: assumed if omitted
    _note_time(transaction, time, received_at)
    if stop.id_token is None:
        return
    transaction.stop_id_token = stop.id_token.value
    if not transaction.start_known:  # nobody else was named
        transaction.id_token = stop.id_token.value
        transaction.id_token_type = stop.id_token.type


def take_stop(transaction: Transaction, other: Transaction) -> None:
    """Take over a stop without an id from a transaction that had it by guess."""
    transaction.stopped_at, other.stopped_at = other.stopped_at, None
    transaction.charger_stopped_at, other.charger_stopped_at = other.charger_stopped_at, None
    transaction.stop_received_at, other.stop_received_at = other.stop_received_at, None
    transaction.meter_stop_wh, other.meter_stop_wh = other.meter_stop_wh, None
    transaction.stop_reason, other.stop_reason = other.stop_reason, None
    transaction.stop_id_token, other.stop_id_token = other.stop_id_token, None
    transaction.flags.add(Flag.UNKNOWN_TRANSACTION_ID)
    other.flags.discard(Flag.UNKNOWN_TRANSACTION_ID)


def join_event(
    transaction: Transaction,
    event: TransactionEvent,
    time: CorrectedTime,
    received_at: datetime,
    authorization: Authorization | None = None,
) -> None:
    """Join a 2.0.1 TransactionEvent, all but its readings; with what was decided on its token."""
    if event.seq_no >= 0:
        _note_sequence(transaction, event.seq_no)
    _note_particulars(transaction, event)
    _note_state(transaction, event, time.at)
    if event.id_token is not None and authorization is not None:
        _note_token(transaction, event, event.id_token, authorization)
    if time.corrected:
        transaction.flags.add(Flag.CLOCK_WRONG)
    if event.kind == "Started":
        transaction.started_at = time.at
        transaction.charger_started_at = event.charger_time
        transaction.start_received_at = transaction.start_received_at or received_at
    else:
        _began_by(transaction, time.at)
    if event.kind == "Ended" and not transaction.stop_known:
        _really_stopped(transaction, time, event.charger_time, received_at)
        transaction.stop_reason = event.stopped_reason or "Local"  # E06.FR.09
        transaction.last_seq = event.seq_no
    _note_completeness(transaction)


def _note_time(transaction: Transaction, time: CorrectedTime, received_at: datetime) -> None:
    if time.corrected:
        transaction.flags.add(Flag.CLOCK_WRONG)
    elif received_at - time.at > TOLERANCE:  # 1.6 §3.7: only inference tells that it was queued
        transaction.flags.add(Flag.OFFLINE)


def _note_sequence(transaction: Transaction, seq_no: int) -> None:
    newest = transaction.seen_seq[-1][1] if transaction.seen_seq else -1
    if not add_seq(transaction.seen_seq, seq_no):
        transaction.flags.add(Flag.DUPLICATE)
    elif seq_no < newest:
        transaction.flags.add(Flag.OUT_OF_ORDER)


def _note_particulars(transaction: Transaction, event: TransactionEvent) -> None:
    """Keep what an event may say once and later events leave out (E01.FR.16)."""
    if event.evse_id:
        transaction.evse_id = event.evse_id
        transaction.connector_id = event.connector_id or transaction.connector_id
    if event.offline:
        transaction.flags.add(Flag.OFFLINE)
    if event.remote_start_id is not None:
        transaction.remote_start_id = event.remote_start_id
    if event.reservation_id is not None:
        transaction.reservation_id = event.reservation_id


def _note_state(transaction: Transaction, event: TransactionEvent, at: datetime) -> None:
    """Keep the charging state of the newest event; numbers restart, so time goes first."""
    rank = (at, event.seq_no)
    if event.charging_state is None:
        return
    if transaction.state_rank is None or rank >= transaction.state_rank:
        transaction.charging_state = event.charging_state
        transaction.state_rank = rank


def _note_token(
    transaction: Transaction, event: TransactionEvent, token: IdToken, authorization: Authorization
) -> None:
    """The earliest token named pays; the one that stopped it need not be the same (E07.FR.02)."""
    rank = max(event.seq_no, 0) + (0 if authorization.accepted else REFUSED_RANK)
    if event.stopping:
        transaction.stop_id_token = token.value
        rank += STOPPER_RANK
    if transaction.token_rank is None or rank < transaction.token_rank:
        transaction.id_token = token.value
        transaction.id_token_type = token.type
        transaction.token_rank = rank
        note_authorization(transaction, authorization)


def _note_completeness(transaction: Transaction) -> None:
    """Flag a 2.0.1 transaction whose beginning or some of whose events did not come.

    Complete is: a start, an end, and every sequence number in between (Part 2, E, 1.3.2).
    """
    flags = transaction.flags
    if transaction.start_known:
        flags.discard(Flag.MISSING_START)
    else:
        flags.add(Flag.MISSING_START)
    if transaction.last_seq is None:
        return
    if len(transaction.seen_seq) <= 1 and transaction.start_known:
        flags.discard(Flag.MISSING_EVENTS)
    else:
        flags.add(Flag.MISSING_EVENTS)


def _really_stopped(
    transaction: Transaction, time: CorrectedTime, raw: str | None, received_at: datetime
) -> None:
    transaction.stopped_at = time.at
    transaction.charger_stopped_at = raw
    transaction.stop_received_at = received_at
    transaction.flags -= {Flag.SUPERSEDED, Flag.MISSING_STOP}


def _began_by(transaction: Transaction, at: datetime) -> None:
    """Without word of its beginning, a transaction began with the first that was heard of it."""
    if not transaction.start_known and at < transaction.started_at:
        transaction.started_at = at


def add_meter_values(
    transaction: Transaction, values: Iterable[MeterValue], max_power_w: int
) -> None:
    """Join readings, in any order; the energy register and the last moment count here."""
    for value in values:
        at = value.sampled_at
        _began_by(transaction, at)
        if transaction.last_reading_at is None or at > transaction.last_reading_at:
            transaction.last_reading_at = at
            transaction.power_w = value.power_w
        if value.energy_wh is not None and not note_register(
            transaction.runs, at, value.energy_wh, max_power_w
        ):
            transaction.flags.add(Flag.REGISTER_GLITCH)


def take_registers(transaction: Transaction, event: TransactionEvent) -> None:
    """Take a 2.0.1 transaction's first and last register from its events' readings.

    They are in the Started and Ended events, or wherever their context says so: the beginning may
    come with a later event (E01.FR.17), and once more with the end (E06.FR.11).
    """
    points = sorted(
        (value.sampled_at, value.energy_wh, value.context)
        for value in event.meter_values
        if value.energy_wh is not None
    )
    began = [wh for _, wh, context in points if context == "Transaction.Begin"]
    ended = [wh for _, wh, context in points if context == "Transaction.End"]
    if event.kind == "Started":
        began += [points[0][1]] if points else []
    elif event.kind == "Ended":
        ended += [points[-1][1]] if points else []
    if began:
        known = transaction.meter_start_wh
        transaction.meter_start_wh = min(began if known is None else [*began, known])
    if ended:
        known = transaction.meter_stop_wh
        transaction.meter_stop_wh = max(ended if known is None else [*ended, known])


def settle(transaction: Transaction, max_power_w: int) -> None:
    """Renew what follows from all the evidence so far: the energy, and what is odd about it."""
    flags, stopped_at = transaction.flags, transaction.stopped_at
    running_wh = energy_while_running(transaction, max_power_w)
    if running_wh is not None:
        transaction.energy_wh = running_wh
        if Flag.NOT_AUTHORIZED in flags and running_wh >= NOTICED_WH:
            flags.add(Flag.CHARGED_UNAUTHORIZED)
        return
    if stopped_at is not None and stopped_at < transaction.started_at:
        transaction.stopped_at = stopped_at = _end_of_one_that_ran_backwards(
            transaction, stopped_at
        )
    verdict = weigh(transaction, max_power_w)
    transaction.energy_wh = verdict.energy_wh
    transaction.energy_source = verdict.source
    flags -= ENERGY_FLAGS
    flags |= verdict.flags
    last = transaction.last_reading_at
    if transaction.stop_known and stopped_at is not None and last is not None and last > stopped_at:
        flags.add(Flag.AFTER_STOP)
    if Flag.NOT_AUTHORIZED in flags and (verdict.energy_wh or 0) >= NOTICED_WH:
        flags.add(Flag.CHARGED_UNAUTHORIZED)


def _end_of_one_that_ran_backwards(transaction: Transaction, told: datetime) -> datetime:
    """Return when a transaction ended whose end was told to be before its start.

    Where the start came as it happened the clock was set back meanwhile. That the end came late
    was only that clock's word, so it is taken to have come as it happened, too.
    """
    started_at, start_came_at = transaction.started_at, transaction.start_received_at
    came_at = transaction.stop_received_at
    if came_at is None or start_came_at is None or started_at - told <= TOLERANCE:
        return started_at
    if start_came_at - started_at > TOLERANCE:
        return started_at
    transaction.flags.add(Flag.CLOCK_WRONG)
    if transaction.ocpp_version is OcppVersion.V16:
        transaction.flags.discard(Flag.OFFLINE)
    elif Flag.OFFLINE in transaction.flags:  # these versions say so
        return started_at
    return max(came_at, started_at)


def note_authorization(transaction: Transaction, authorization: Authorization) -> None:
    """Keep who it was decided for; a refusal is a flag, never a lost record."""
    transaction.authorization_status = authorization.status
    transaction.id_token_group = authorization.group_id
    if authorization.accepted:
        transaction.flags -= {Flag.NOT_AUTHORIZED, Flag.CHARGED_UNAUTHORIZED}
    else:
        transaction.flags.add(Flag.NOT_AUTHORIZED)


def correct_start(transaction: Transaction, offset: timedelta | None) -> bool:
    """Correct a start that was told by a clock whose error became known only later.

    Decided once. A start is left alone if the clock was right then, or if the correction would
    put it after its arrival. Returns whether it changed.
    """
    received_at = transaction.start_received_at
    if offset is None or received_at is None or transaction.start_corrected:
        return False
    transaction.start_corrected = True
    told = parse_time(transaction.charger_started_at)
    if told is None or not clock_is_set(transaction.charger_started_at):
        return False
    at = min(told - offset, received_at)
    was_right = abs(told - received_at) <= TOLERANCE
    if was_right or told - offset > received_at + TOLERANCE or at == transaction.started_at:
        return False
    transaction.started_at = at
    transaction.flags.add(Flag.CLOCK_WRONG)
    transaction.flags.discard(Flag.OFFLINE)
    return True
