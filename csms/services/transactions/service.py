"""Transactions: every message is recorded, flagged where it is odd, and answered.

Decisions are synchronous and in memory (a charge point's open and latest transactions are loaded
when it connects); only then the records are committed and the answer may leave. So neither a
repeat over a second connection nor a restart of the database can cross two decisions.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

from csms.events import Events
from csms.metrics import Metrics
from csms.model import Authorization, Flag, IdToken, MeterValue, Place
from csms.services.authorization import AuthorizationService
from csms.services.charge_point import ChargePoint
from csms.services.ports import TransactionStore
from csms.services.records import MeterValueRecord, Record, Recorder, ReservationChange
from csms.services.transactions import assembly
from csms.services.transactions.matching import (
    find_for_stop,
    find_repeated_start,
    find_repeated_stop,
    held,
    open_at,
)
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
from csms.services.transactions.telling import TransactionNews

RECENT: Final = 8
"""Ended transactions kept in memory for each charge point; older ones are asked of the store."""
ID_BLOCK: Final = 200


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
        self._store = store
        self._recorder = recorder
        self._authorization = authorization
        self._open = open_transactions
        self._max_power_w = max_plausible_power_w
        self._ids: deque[int] = deque()
        self._changed: dict[int, Transaction] = {}
        self._news = TransactionNews(events, metrics)
        self._open_gauge = metrics.transactions_open

    # --- what chargers say

    async def start(
        self, charge_point: ChargePoint, start: Start, received_at: datetime
    ) -> StartAnswer:
        """Record a 1.6 StartTransaction; a repeat gets the same id and the same status."""
        repeated = find_repeated_start(charge_point, start, received_at)
        own_id = repeated.id if repeated else None
        authorization = await self._authorization.authorize(
            charge_point, start.id_token, received_at, transaction_id=own_id
        )
        await self._reserve_ids()
        repeated = find_repeated_start(charge_point, start, received_at)
        if repeated is not None:
            if repeated.authorization_status is not None:
                authorization = Authorization(
                    repeated.authorization_status,
                    authorization.expires_at,
                    repeated.id_token_group,
                )
            await self._recorder.commit(repeated)
            return StartAnswer(repeated.id, authorization)
        time = charge_point.clock.read(start.charger_time, received_at)
        transaction = self._new(charge_point, start.evse_id, start.connector_id, time.at)
        assembly.begin(transaction, start, time, received_at)
        if not charge_point.accepted:
            transaction.flags.add(Flag.BEFORE_ACCEPTANCE)
        self._authorized(transaction, authorization)
        await self._save(
            charge_point, transaction, *self._used_reservation(transaction, received_at)
        )
        self._news.started(charge_point, transaction)
        return StartAnswer(transaction.id, authorization)

    async def stop(
        self, charge_point: ChargePoint, stop: Stop, received_at: datetime
    ) -> Authorization | None:
        """Record a 1.6 StopTransaction, whatever id it names; never refused.

        Returns what is to be said of its id token, if it had one.
        """
        transaction = find_repeated_stop(charge_point, stop)
        if transaction is None:
            transaction = await self._transaction_of_stop(charge_point, stop, received_at)
        was_stopped = transaction.stop_received_at is not None
        time = charge_point.clock.read(stop.charger_time, received_at)
        assembly.finish(transaction, stop, time, received_at)
        readings = self._join_readings(charge_point, transaction, stop.meter_values, received_at)
        await self._save(charge_point, transaction, *readings)
        if not was_stopped:
            self._news.ended(charge_point, transaction, received_at)
        if stop.id_token is None:
            return None
        return await self._authorization.authorize(
            charge_point, stop.id_token, received_at, starting=False
        )

    async def meter_values(
        self, charge_point: ChargePoint, report: MeterReport, received_at: datetime
    ) -> None:
        """Record readings, and join them into the transaction they belong to, if any."""
        transaction = await self._transaction_of_report(charge_point, report, received_at)
        if transaction is None:
            records = [
                _record(charge_point, report.evse_id, report.connector_id, None, received_at, value)
                for value in report.meter_values
            ]
            await self._recorder.commit(*records)
        else:
            if transaction.stop_received_at is not None:
                transaction.flags.add(Flag.AFTER_STOP)
                self._changed[transaction.id] = transaction
            readings = self._join_readings(
                charge_point, transaction, report.meter_values, received_at
            )
            assembly.settle(transaction, self._power_limit_w(charge_point))
            self._changed[transaction.id] = transaction
            await self._recorder.commit(*readings)
        place = Place(report.evse_id, report.connector_id)
        self._news.readings(charge_point, place, transaction, report.meter_values, received_at)

    async def event(
        self, charge_point: ChargePoint, event: TransactionEvent, received_at: datetime
    ) -> TransactionEventAnswer:
        """Record a 2.0.1 TransactionEvent; idempotent, in any order (E01 - E14)."""
        transaction = await self._find(charge_point, event.ocpp_transaction_id)
        authorization = None
        if event.id_token is not None:
            authorization = await self._authorize_event(
                charge_point, event, event.id_token, transaction, received_at
            )
        await self._reserve_ids()
        transaction = held(charge_point, event.ocpp_transaction_id) or transaction
        time = charge_point.clock.read(event.charger_time, received_at)
        created = transaction is None
        if transaction is None:
            transaction = self._new(
                charge_point, event.evse_id or 0, event.connector_id or 1, time.at
            )
            transaction.ocpp_transaction_id = event.ocpp_transaction_id
        was_stopped = transaction.stop_received_at is not None
        token_before = transaction.id_token
        assembly.join_event(transaction, event, time, received_at)
        assembly.take_registers(transaction, event)
        if authorization is not None and transaction.id_token != token_before:
            self._authorized(transaction, authorization)
        readings = self._join_readings(charge_point, transaction, event.meter_values, received_at)
        await self._save(
            charge_point,
            transaction,
            *readings,
            *self._used_reservation(transaction, received_at),
        )
        if created:
            self._news.started(charge_point, transaction)
        if not was_stopped and transaction.stop_received_at is not None:
            self._news.ended(charge_point, transaction, received_at)
        place = Place(transaction.evse_id, transaction.connector_id)
        self._news.readings(charge_point, place, transaction, event.meter_values, received_at)
        return TransactionEventAnswer(transaction.id, authorization)

    # --- upkeep

    def flush(self) -> None:
        """Save the running figures of transactions that got readings since the last time."""
        changed = list(self._changed.values())
        self._changed.clear()
        self._recorder.later(*changed)

    def loaded(self, charge_point: ChargePoint) -> None:
        """Take note of the open transactions of a charge point that was just loaded."""
        for transaction in charge_point.open_transactions.values():
            assembly.settle(transaction, self._power_limit_w(charge_point))
            self._open.opened(transaction)
        self._open_gauge.inc(len(charge_point.open_transactions))

    def dropped(self, charge_point: ChargePoint) -> None:
        """Leave a charge point's transactions to the store alone."""
        for transaction in charge_point.open_transactions.values():
            self._open.forget(transaction)
        self._open_gauge.dec(len(charge_point.open_transactions))

    # --- which transaction

    async def _find(self, charge_point: ChargePoint, ocpp_id: str) -> Transaction | None:
        transaction = held(charge_point, ocpp_id)
        if transaction is None and ocpp_id:
            stored = await self._store.find(charge_point.key, ocpp_id)
            transaction = held(charge_point, ocpp_id)  # another message may have brought it
            if transaction is None and stored is not None:
                self._hold(charge_point, stored)
                transaction = stored
        return transaction

    async def _transaction_of_stop(
        self, charge_point: ChargePoint, stop: Stop, received_at: datetime
    ) -> Transaction:
        ocpp_id = str(stop.transaction_id)
        found = await self._find(charge_point, ocpp_id) if stop.transaction_id > 0 else None
        await self._reserve_ids()
        at = charge_point.clock.read(stop.charger_time, received_at).at
        if found is None:
            found = find_repeated_stop(charge_point, stop) or find_for_stop(charge_point, stop, at)
        if found is None:
            began = min((v.sampled_at for v in stop.meter_values), default=at)
            found = self._new(charge_point, 0, 1, min(began, at))
            found.flags |= {Flag.MISSING_START, Flag.UNKNOWN_TRANSACTION_ID}
            if stop.id_token is not None:
                found.id_token = stop.id_token.value
                found.id_token_type = stop.id_token.type
        if found.ocpp_transaction_id != ocpp_id:
            found.claimed_id = ocpp_id
            found.flags.add(Flag.UNKNOWN_TRANSACTION_ID)
        return found

    async def _transaction_of_report(
        self, charge_point: ChargePoint, report: MeterReport, received_at: datetime
    ) -> Transaction | None:
        number = report.transaction_id
        if number is None or number <= 0:
            return open_at(charge_point, report.evse_id, report.meter_values)
        found = await self._find(charge_point, str(number))
        if found is not None:
            return found
        found = open_at(charge_point, report.evse_id, report.meter_values)
        if found is not None:  # a charger that made up an id of its own
            found.claimed_id = str(number)
            found.flags.add(Flag.UNKNOWN_TRANSACTION_ID)
            return found
        await self._reserve_ids()
        found = held(charge_point, str(number))
        if found is None:
            began = min((v.sampled_at for v in report.meter_values), default=received_at)
            found = self._new(charge_point, report.evse_id, report.connector_id, began)
            found.claimed_id = str(number)
            found.flags |= {Flag.MISSING_START, Flag.UNKNOWN_TRANSACTION_ID}
            await self._save(charge_point, found)
            self._news.started(charge_point, found)
        return found

    def _new(
        self, charge_point: ChargePoint, evse_id: int, connector_id: int, at: datetime
    ) -> Transaction:
        number = self._ids.popleft()
        transaction = Transaction(
            id=number,
            charge_point_key=charge_point.key,
            evse_id=evse_id,
            connector_id=connector_id,
            ocpp_version=charge_point.ocpp_version,
            ocpp_transaction_id=str(number),
            started_at=at,
        )
        charge_point.open_transactions[number] = transaction
        self._open_gauge.inc()
        return transaction

    async def _reserve_ids(self) -> None:
        """Have more ids at hand than messages can be between here and `_new`."""
        while len(self._ids) < 2:
            self._ids.extend(await self._store.next_ids(ID_BLOCK))

    # --- joining and saving

    async def _authorize_event(
        self,
        charge_point: ChargePoint,
        event: TransactionEvent,
        id_token: IdToken,
        transaction: Transaction | None,
        received_at: datetime,
    ) -> Authorization:
        return await self._authorization.authorize(
            charge_point,
            id_token,
            received_at,
            starting=event.kind != "Ended",
            transaction_id=transaction.id if transaction else None,
        )

    def _authorized(self, transaction: Transaction, authorization: Authorization) -> None:
        assembly.note_authorization(transaction, authorization)
        if transaction.open:
            self._open.opened(transaction)

    def _join_readings(
        self,
        charge_point: ChargePoint,
        transaction: Transaction,
        values: tuple[MeterValue, ...],
        received_at: datetime,
    ) -> list[MeterValueRecord]:
        assembly.add_meter_values(transaction, values, self._power_limit_w(charge_point))
        return [
            _record(
                charge_point,
                transaction.evse_id,
                transaction.connector_id,
                transaction.id,
                received_at,
                value,
            )
            for value in values
        ]

    def _power_limit_w(self, charge_point: ChargePoint) -> int:
        """The most power energy is believed at: the rating with slack, or what no charger has."""
        if charge_point.rated_power_w is None:
            return self._max_power_w
        return charge_point.rated_power_w * 5 // 4

    async def _save(
        self, charge_point: ChargePoint, transaction: Transaction, *records: Record
    ) -> None:
        """Settle, file away what ended, and commit all that changed."""
        limit_w = self._power_limit_w(charge_point)
        touched = {transaction.id: transaction}
        if transaction.evse_id:
            at_place = [t for t in _all(charge_point) if t.evse_id == transaction.evse_id]
            touched |= {t.id: t for t in assembly.supersede(at_place)}
        for each in touched.values():
            assembly.settle(each, limit_w)
            self._changed.pop(each.id, None)
            self._hold(charge_point, each)
        await self._recorder.commit(*touched.values(), *records)
        for each in touched.values():
            if not each.open:
                self._open.saved(each)

    def _hold(self, charge_point: ChargePoint, transaction: Transaction) -> None:
        """Keep a transaction in memory among the open ones or the few latest ended ones."""
        number = transaction.id
        was_open = number in charge_point.open_transactions
        if transaction.open:
            charge_point.recent_transactions.pop(number, None)
            charge_point.open_transactions[number] = transaction
            self._open_gauge.inc(0 if was_open else 1)
            return
        if was_open:
            del charge_point.open_transactions[number]
            self._open_gauge.dec()
            self._open.closed(transaction)
        recent = charge_point.recent_transactions
        recent[number] = transaction
        while len(recent) > RECENT:
            del recent[min(recent)]

    @staticmethod
    def _used_reservation(
        transaction: Transaction, received_at: datetime
    ) -> tuple[ReservationChange, ...]:
        if transaction.reservation_id is None:
            return ()
        return (
            ReservationChange(
                transaction.charge_point_key,
                transaction.reservation_id,
                "used",
                received_at,
                transaction.id,
            ),
        )


def _all(charge_point: ChargePoint) -> list[Transaction]:
    return [
        *charge_point.open_transactions.values(),
        *charge_point.recent_transactions.values(),
    ]


def _record(
    charge_point: ChargePoint,
    evse_id: int,
    connector_id: int,
    transaction_id: int | None,
    received_at: datetime,
    value: MeterValue,
) -> MeterValueRecord:
    return MeterValueRecord(
        charge_point.key, evse_id, connector_id, transaction_id, received_at, value
    )
