"""Keeping what was decided: settle, file, commit, and only then tell.

All of one call's records are in one commit; nothing is awaited before it, so what is committed is
what was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from csms.model import Flag, MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.records import MeterValueRecord, Notification, Record, Recorder
from csms.services.transactions import assembly, ending, parting
from csms.services.transactions.idle import IdleWatch
from csms.services.transactions.matching import newest_first
from csms.services.transactions.memory import TransactionMemory
from csms.services.transactions.model import Transaction
from csms.services.transactions.telling import TransactionNews, charging_unauthorized


class TransactionLedger:
    def __init__(
        self,
        recorder: Recorder,
        memory: TransactionMemory,
        news: TransactionNews,
        idle: IdleWatch,
        max_power_w: int,
    ) -> None:
        self._recorder = recorder
        self._memory = memory
        self._news = news
        self._idle = idle
        self._max_power_w = max_power_w
        self._changed: dict[int, Transaction] = {}

    def power_limit_w(self, charge_point: ChargePoint) -> int:
        """The most power energy is believed at: the rating with slack, or what no charger has."""
        if charge_point.rated_power_w is None:
            return self._max_power_w
        return charge_point.rated_power_w * 5 // 4

    async def save(
        self,
        charge_point: ChargePoint,
        transaction: Transaction,
        received_at: datetime,
        *records: Record,
        created: bool = False,
        stopped: bool = False,
        alone: bool = False,
        alarms: Sequence[Notification] = (),
    ) -> None:
        """Commit a transaction and whatever it changed in others, then tell of it.

        `created` and `stopped` say what just happened to it; `alone`, that it goes on where and
        when it did, so that no other can be changed by it.
        """
        if alone and transaction.open and charge_point.clock.offset is None:
            touched = [transaction]
        else:
            touched = self._touched(charge_point, transaction, received_at)
        alarms = [*alarms, *self._settle(charge_point, touched, received_at)]
        ended = {t.id: t for t in touched if not t.open and t.id in charge_point.open_transactions}
        for each in touched:
            if not each.inferred and (each.open or each.id in ended):
                self._idle.forget(charge_point.key, each.evse_id)
            self._changed.pop(each.id, None)
            self._memory.hold(charge_point, each)
        try:
            await self._recorder.commit(*touched, *records, *alarms)
        finally:
            for each in touched:
                self._memory.saved(each)
        if created:
            self._news.started(charge_point, transaction)
        for each in ended.values():
            self._news.count_ended(each)
        if stopped:
            ended[transaction.id] = transaction
        for each in ended.values():
            self._news.ended(charge_point, each, received_at)
        self._news.alarm(charge_point, alarms)

    async def save_readings(
        self,
        charge_point: ChargePoint,
        transaction: Transaction,
        values: tuple[MeterValue, ...],
        received_at: datetime,
    ) -> None:
        """Commit readings; the running figures of an open transaction may follow by `flush`."""
        flags = transaction.flags.copy()
        ends = (transaction.started_at, transaction.stopped_at)
        readings = self.join_readings(charge_point, transaction, values, received_at)
        assembly.settle(transaction, self.power_limit_w(charge_point))
        self._close_quiet(charge_point, transaction, values)
        if (
            not transaction.open
            or transaction.flags != flags
            or (transaction.started_at, transaction.stopped_at) != ends
            or charge_point.clock.offset is not None
        ):
            transaction.flags -= {Flag.CHARGED_UNAUTHORIZED} - flags  # `save` notices it
            await self.save(charge_point, transaction, received_at, *readings)
            return
        self._changed[transaction.id] = transaction
        await self._recorder.commit(*readings)

    def join_readings(
        self,
        charge_point: ChargePoint,
        transaction: Transaction,
        values: tuple[MeterValue, ...],
        received_at: datetime,
    ) -> list[MeterValueRecord]:
        assembly.add_meter_values(transaction, values, self.power_limit_w(charge_point))
        return [
            MeterValueRecord(
                charge_point.key,
                transaction.evse_id,
                transaction.connector_id,
                transaction.id,
                received_at,
                value,
            )
            for value in values
        ]

    def flush(self) -> None:
        """Save the running figures of transactions that got readings since the last time."""
        changed = list(self._changed.values())
        self._changed.clear()
        if changed:
            self._recorder.later(*changed)

    def dropped(self, charge_point: ChargePoint) -> None:
        """Leave nothing unsaved of a charge point that is dropped from memory."""
        own = [t for t in newest_first(charge_point) if self._changed.pop(t.id, None)]
        if own:
            self._recorder.later(*own)

    def _touched(
        self, charge_point: ChargePoint, transaction: Transaction, received_at: datetime
    ) -> list[Transaction]:
        touched = {transaction.id: transaction}
        known = {t.id: t for t in newest_first(charge_point)} | touched
        for each in _corrected(charge_point, known.values(), received_at):
            touched[each.id] = each
        limit_w = self.power_limit_w(charge_point)
        places = {t.evse_id for t in touched.values() if t.evse_id}
        for evse_id in places:
            at_place = [t for t in known.values() if t.evse_id == evse_id]
            changed = [*parting.part(at_place, limit_w), *ending.supersede(at_place)]
            touched |= {t.id: t for t in changed}
        still_open = [t for t in known.values() if t.open]
        touched |= {t.id: t for t in ending.close_surplus(still_open)}
        return list(touched.values())

    def _settle(
        self, charge_point: ChargePoint, touched: list[Transaction], received_at: datetime
    ) -> list[Notification]:
        alarms = []
        limit_w = self.power_limit_w(charge_point)
        for each in touched:
            alarmed = Flag.CHARGED_UNAUTHORIZED in each.flags
            assembly.settle(each, limit_w)
            if not alarmed and Flag.CHARGED_UNAUTHORIZED in each.flags:
                alarms.append(charging_unauthorized(each, received_at))
        return alarms

    def _close_quiet(
        self, charge_point: ChargePoint, transaction: Transaction, values: tuple[MeterValue, ...]
    ) -> None:
        if not transaction.inferred or not values:
            return
        key, evse_id = charge_point.key, transaction.evse_id
        self._idle.note(key, evse_id, values, self.power_limit_w(charge_point))
        rose_at = self._idle.rose_at(key, evse_id)
        if rose_at is not None:
            latest = max(value.sampled_at for value in values)
            ending.close_quiet(transaction, rose_at, latest)


def _corrected(
    charge_point: ChargePoint, transactions: Iterable[Transaction], received_at: datetime
) -> list[Transaction]:
    """Correct the starts that were told before the clock was known to be wrong."""
    offset = charge_point.clock.offset
    if offset is None:
        return []
    running = [t for t in transactions if t.stop_received_at in (None, received_at)]
    corrected = [t for t in running if assembly.correct_start(t, offset)]
    for transaction in corrected:
        ending.reopen(transaction)
    return corrected
