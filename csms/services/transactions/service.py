"""Transactions: every message is recorded, flagged where it is odd, and answered.

Decisions are synchronous and in memory (a charge point's open and latest transactions are loaded
when it connects); only then the records are committed and the answer may leave. So neither a
repeat over a second connection nor a restart of the database can cross two decisions.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from csms.events import Events
from csms.metrics import Metrics
from csms.model import Authorization, AuthorizationStatus, Flag, IdToken
from csms.services.authorization import AuthorizationService
from csms.services.charge_point import ChargePoint
from csms.services.clocks import parse_time
from csms.services.ports import TransactionStore
from csms.services.records import (
    ChargingStateReport,
    MeterValueRecord,
    Recorder,
    ReservationChange,
    ReservationUse,
)
from csms.services.transactions import assembly, matching
from csms.services.transactions.finder import TransactionFinder
from csms.services.transactions.idle import IdleWatch
from csms.services.transactions.ledger import TransactionLedger
from csms.services.transactions.memory import TransactionMemory
from csms.services.transactions.model import (
    MeterReport,
    Start,
    StartAnswer,
    Stop,
    Transaction,
    TransactionEvent,
    TransactionEventAnswer,
)
from csms.services.transactions.open_index import OpenTransactions
from csms.services.transactions.remote_starts import RemoteStarts
from csms.services.transactions.sequence import has_seq
from csms.services.transactions.telling import TransactionNews

JUST_BEGUN: Final = timedelta(minutes=2)
_ATTEMPTS: Final = 5
"""Times a decision is taken anew because the token began or ended something meanwhile."""


class TransactionService:
    def __init__(
        self,
        store: TransactionStore,
        recorder: Recorder,
        events: Events,
        authorization: AuthorizationService,
        metrics: Metrics,
        open_transactions: OpenTransactions,
        *,
        max_plausible_power_w: int,
    ) -> None:
        self._recorder = recorder
        self._authorization = authorization
        self._open = open_transactions
        self._news = TransactionNews(events, metrics)
        self._idle = IdleWatch()
        self.remote_starts = RemoteStarts()
        self._memory = TransactionMemory(store, open_transactions, metrics.transactions_open)
        self._ledger = TransactionLedger(
            recorder, self._memory, self._news, self._idle, max_plausible_power_w
        )
        self._finder = TransactionFinder(self._memory, self._ledger, self._idle)

    # --- what chargers say

    async def start(
        self, charge_point: ChargePoint, start: Start, received_at: datetime
    ) -> StartAnswer:
        """Record a 1.6 StartTransaction; a repeat gets the same id and the same status."""
        start.id_token = await self._authorization.known_as(start.id_token)
        repeated = matching.find_repeated_start(charge_point, start, received_at)
        own_id = repeated.id if repeated else matching.stale_at(charge_point, start.evse_id)
        authorization = await self._authorize(charge_point, start.id_token, received_at, own_id)
        repeated = matching.find_repeated_start(charge_point, start, received_at)
        if repeated is not None:
            return await self._repeat_start(repeated, authorization)
        time = charge_point.clock.read(start.charger_time, received_at)
        transaction, created = self._finder.of_start(
            charge_point, start, time.at, authorization.group_id
        )
        assembly.begin(transaction, start, time, received_at)
        assembly.note_authorization(transaction, authorization)
        used = _used(transaction, received_at)
        await self._ledger.save(charge_point, transaction, received_at, *used, created=created)
        return StartAnswer(transaction.id, authorization)

    async def stop(
        self, charge_point: ChargePoint, stop: Stop, received_at: datetime
    ) -> Authorization | None:
        """Record a 1.6 StopTransaction, whatever id it names; never refused.

        Returns what is to be said of its id token, if it had one.
        """
        authorization = None
        if stop.id_token is not None:
            stop.id_token = await self._authorization.known_as(stop.id_token)
            authorization = await self._authorization.authorize(
                charge_point, stop.id_token, received_at, starting=False
            )
        group_id = authorization.group_id if authorization else None
        transaction, created = await self._finder.of_stop(charge_point, stop, received_at, group_id)
        stopped = not transaction.stop_known
        time = charge_point.clock.read(stop.charger_time, received_at)
        assembly.finish(transaction, stop, time, received_at)
        if authorization is not None and transaction.authorization_status is None:
            assembly.note_authorization(transaction, authorization)
        readings = self._ledger.join_readings(
            charge_point, transaction, stop.meter_values, received_at
        )
        await self._ledger.save(
            charge_point, transaction, received_at, *readings, created=created, stopped=stopped
        )
        return authorization

    async def meter_values(
        self, charge_point: ChargePoint, report: MeterReport, received_at: datetime
    ) -> None:
        """Record readings, and join them into the transaction they belong to, if any."""
        transaction = await self._finder.of_report(charge_point, report, received_at)
        if transaction is None:
            await self._recorder.commit(*_idle_records(charge_point, report, received_at))
        else:
            transaction.evse_id = transaction.evse_id or report.evse_id
            await self._ledger.save_readings(
                charge_point, transaction, report.meter_values, received_at
            )
        self._news.readings(
            charge_point,
            report.evse_id,
            report.connector_id,
            transaction,
            report.meter_values,
            received_at,
        )

    async def event(
        self, charge_point: ChargePoint, event: TransactionEvent, received_at: datetime
    ) -> TransactionEventAnswer:
        """Record a 2.0.1 TransactionEvent; idempotent, in any order (E01 - E15)."""
        event = self._with_token(charge_point, event)
        if event.id_token is not None:
            event.id_token = await self._authorization.known_as(event.id_token)
        if _just_began(charge_point, event, received_at):
            found = matching.held(charge_point, event.ocpp_transaction_id)
        else:
            found = await self._memory.find(charge_point, event.ocpp_transaction_id)
        authorization = await self._authorize_event(charge_point, event, found, received_at)
        await self._memory.reserve_id()
        time = charge_point.clock.read(event.charger_time, received_at)
        transaction, created = self._finder.of_event(charge_point, event, found, time.at)
        if authorization is not None:
            authorization = _same_answer(transaction, event, authorization)
        was_stopped, state_before = transaction.stop_known, transaction.charging_state
        where_and_when = (transaction.evse_id, transaction.started_at)
        assembly.join_event(transaction, event, time, received_at, authorization)
        assembly.take_registers(transaction, event)
        readings = self._ledger.join_readings(
            charge_point, transaction, event.meter_values, received_at
        )
        begins = event.id_token is not None and not event.stopping
        used = _used(transaction, received_at) if event.reservation_id or begins else ()
        await self._ledger.save(
            charge_point,
            transaction,
            received_at,
            *readings,
            *_told_state(transaction, event, state_before, time.at),
            *used,
            created=created,
            alone=not created and where_and_when == (transaction.evse_id, transaction.started_at),
            stopped=transaction.stop_known and not was_stopped,
        )
        self._news.charging(charge_point, transaction, state_before, time.at)
        self._news.readings(
            charge_point,
            transaction.evse_id,
            transaction.connector_id,
            transaction,
            event.meter_values,
            received_at,
        )
        return TransactionEventAnswer(transaction.id, authorization)

    def _with_token(self, charge_point: ChargePoint, event: TransactionEvent) -> TransactionEvent:
        """Name whom a transaction was started for from here, if the charging station does not."""
        number = event.remote_start_id
        if event.id_token is not None or number is None or event.stopping:
            return event
        return replace(event, id_token=self.remote_starts.token_of(charge_point, number))

    # --- upkeep

    def flush(self) -> None:
        """Save the running figures of transactions that got readings since the last time."""
        self._ledger.flush()

    def loaded(self, charge_point: ChargePoint) -> None:
        """Take note of the open transactions of a charge point that was just loaded."""
        limit_w = self._ledger.power_limit_w(charge_point)
        for transaction in charge_point.open_transactions.values():
            assembly.settle(transaction, limit_w)
        self._memory.loaded(charge_point)

    def dropped(self, charge_point: ChargePoint) -> None:
        """Leave a charge point's transactions to the store alone."""
        self._ledger.dropped(charge_point)
        self._memory.dropped(charge_point)
        self._idle.forget(charge_point.key)

    # --- may it charge?

    async def _authorize(
        self,
        charge_point: ChargePoint,
        id_token: IdToken,
        received_at: datetime,
        own_id: int | None,
    ) -> Authorization:
        """Decide with nothing awaited between the last look at the token's transactions and now."""
        for _ in range(_ATTEMPTS):
            running = self._open.here(id_token.value)
            authorization = await self._authorization.authorize(
                charge_point, id_token, received_at, transaction_id=own_id
            )
            await self._memory.reserve_id()
            if running == self._open.here(id_token.value):
                break
        return authorization

    async def _authorize_event(
        self,
        charge_point: ChargePoint,
        event: TransactionEvent,
        found: Transaction | None,
        received_at: datetime,
    ) -> Authorization | None:
        """E01.FR.11, E05.FR.01: every token named is checked, whatever the charger decided."""
        if event.id_token is None:
            return None
        if event.stopping:
            return await self._authorization.authorize(
                charge_point, event.id_token, received_at, starting=False
            )
        own_id = found.id if found else matching.stale_at(charge_point, event.evse_id or 0)
        return await self._authorize(charge_point, event.id_token, received_at, own_id)

    async def _repeat_start(
        self, repeated: Transaction, authorization: Authorization
    ) -> StartAnswer:
        repeated.flags.add(Flag.DUPLICATE)
        if repeated.authorization_status is not None:
            authorization = replace(
                authorization,
                status=repeated.authorization_status,
                group_id=repeated.id_token_group,
            )
        await self._recorder.commit(repeated)
        return StartAnswer(repeated.id, authorization)


def _just_began(charge_point: ChargePoint, event: TransactionEvent, received_at: datetime) -> bool:
    """Whether a transaction is so young that it is in memory if anything of it is known."""
    if event.kind != "Started" or event.offline or charge_point.clock.offset is not None:
        return False
    told = parse_time(event.charger_time)
    return told is not None and abs(received_at - told) < JUST_BEGUN


def _same_answer(
    transaction: Transaction, event: TransactionEvent, authorization: Authorization
) -> Authorization:
    """Answer a repeated event as before."""
    if (
        event.id_token is None
        or transaction.authorization_status is None
        or event.id_token.value != transaction.id_token
        or not has_seq(transaction.seen_seq, event.seq_no)
    ):
        return authorization
    return replace(
        authorization,
        status=transaction.authorization_status,
        group_id=transaction.id_token_group,
    )


def _told_state(
    transaction: Transaction, event: TransactionEvent, before: str | None, at: datetime
) -> tuple[ChargingStateReport, ...]:
    """Keep each change, also one that is told late: what a vehicle did has a price."""
    if event.charging_state is None or event.charging_state == before:
        return ()
    report = ChargingStateReport(
        transaction.charge_point_key, transaction.id, at, event.charging_state
    )
    return (report,)


def _used(
    transaction: Transaction, received_at: datetime
) -> tuple[ReservationChange | ReservationUse, ...]:
    """Return what a transaction that has just begun says of a reservation (H01.FR.15)."""
    key, number = transaction.charge_point_key, transaction.reservation_id
    if number is not None:
        return (ReservationChange(key, number, "used", received_at, transaction.id),)
    accepted = transaction.authorization_status is AuthorizationStatus.ACCEPTED
    if transaction.id_token is None or not accepted:
        return ()
    return (
        ReservationUse(
            key,
            transaction.evse_id,
            transaction.id_token,
            transaction.id_token_group,
            transaction.id,
            received_at,
        ),
    )


def _idle_records(
    charge_point: ChargePoint, report: MeterReport, received_at: datetime
) -> list[MeterValueRecord]:
    return [
        MeterValueRecord(
            charge_point.key, report.evse_id, report.connector_id, None, received_at, value
        )
        for value in report.meter_values
    ]
