"""The transaction a message is about: found in memory or the store, or made for it."""

from __future__ import annotations

from datetime import datetime

from csms.model import Flag, MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.transactions import assembly, matching, namesakes
from csms.services.transactions.idle import IdleWatch, Rise
from csms.services.transactions.ledger import TransactionLedger
from csms.services.transactions.memory import TransactionMemory
from csms.services.transactions.model import MeterReport, Start, Stop, Transaction, TransactionEvent
from csms.services.transactions.telling import charging_without_start


class TransactionFinder:
    def __init__(
        self, memory: TransactionMemory, ledger: TransactionLedger, idle: IdleWatch
    ) -> None:
        self._memory = memory
        self._ledger = ledger
        self._idle = idle

    def of_start(
        self, charge_point: ChargePoint, start: Start, at: datetime, group_id: str | None
    ) -> tuple[Transaction, bool]:
        """Return what a start that is no repeat begins, and whether it is new; needs an id.

        `group_id` is the group of the start's token.
        """
        transaction = matching.find_for_start(charge_point, start, at, group_id)
        other = matching.find_guessed_stop(charge_point, start, at, transaction, group_id)
        if other is not None:
            transaction = self._memory.new(charge_point, start.evse_id, start.connector_id, at)
            assembly.take_stop(transaction, other)
            return transaction, True
        if transaction is not None:
            transaction.flags.add(Flag.OUT_OF_ORDER)
            return transaction, False
        return self._memory.new(charge_point, start.evse_id, start.connector_id, at), True

    async def of_stop(
        self,
        charge_point: ChargePoint,
        stop: Stop,
        received_at: datetime,
        group_id: str | None,
    ) -> tuple[Transaction, bool]:
        """Return what a stop ends or ended before, whatever id it names; and whether it is new.

        `group_id` is the group of the stop's token.
        """
        named = None
        if stop.transaction_id > 0:
            named = await self._memory.find(charge_point, str(stop.transaction_id))
        await self._memory.reserve_id()
        at = charge_point.clock.read(stop.charger_time, received_at).at
        transaction = matching.find_stopped(charge_point, stop, named, at, group_id)
        created = transaction is None
        if transaction is None:
            began = min((v.sampled_at for v in stop.meter_values), default=at)
            evse_id = matching.only_evse(charge_point)
            transaction = self._memory.new(charge_point, evse_id, 1, min(began, at))
            transaction.flags.add(Flag.MISSING_START)
        if str(stop.transaction_id) != transaction.ocpp_transaction_id:
            _claim(transaction, stop.transaction_id)
        return transaction, created

    async def of_report(
        self, charge_point: ChargePoint, report: MeterReport, received_at: datetime
    ) -> Transaction | None:
        """Return the transaction that readings belong to, if any; it is saved if it is new."""
        transaction = await self._of_report(charge_point, report, received_at)
        if transaction is not None and not matching.outlived(transaction, report.meter_values):
            return transaction
        return await self._unreported(charge_point, report, transaction, received_at)

    def of_event(
        self,
        charge_point: ChargePoint,
        event: TransactionEvent,
        found: Transaction | None,
        at: datetime,
    ) -> tuple[Transaction, bool]:
        """Return the transaction of a 2.0.1 event, and whether it is new; needs an id at hand.

        `found` is what the memory or the store had by the event's id.
        """
        number = event.ocpp_transaction_id
        transaction = namesakes.find_named(charge_point, event, found, at)
        if transaction is not None:
            return transaction, False
        if not number:
            transaction = matching.find_for_event(charge_point, event)
        else:
            transaction = matching.find_inferred(charge_point, event.evse_id or 0, at)
        if transaction is None:
            evse_id, connector_id = event.evse_id or 0, event.connector_id or 1
            created = self._memory.new(charge_point, evse_id, connector_id, at)
            created.ocpp_transaction_id = number or str(created.id)
            return created, True
        if number:
            transaction.ocpp_transaction_id = number
            transaction.flags.add(Flag.OUT_OF_ORDER)
        return transaction, False

    async def _of_report(
        self, charge_point: ChargePoint, report: MeterReport, received_at: datetime
    ) -> Transaction | None:
        number, values = report.transaction_id, report.meter_values
        if number is None or number <= 0:  # 1.6 errata 3.18: the id is not known
            return matching.find_at(charge_point, report.evse_id, values)
        found = await self._memory.find(charge_point, str(number))
        if found is not None and not matching.outlived(found, values):
            return found
        await self._memory.reserve_id()
        running = matching.find_at(charge_point, report.evse_id, values)
        if running is None and not report.evse_id:
            running = matching.only_open(charge_point)
        transaction = matching.held(charge_point, str(number)) or found
        created = False
        if running is not None and running is not transaction:
            transaction = running  # a charger that makes up ids of its own
        elif transaction is None:
            began = min((v.sampled_at for v in values), default=received_at)
            evse_id, connector_id = report.evse_id, report.connector_id
            transaction = self._memory.new(charge_point, evse_id, connector_id, began)
            transaction.flags.add(Flag.MISSING_START)
            created = True
        if transaction is not found:
            _claim(transaction, number)
            await self._ledger.save(charge_point, transaction, received_at, created=created)
        return transaction

    async def _unreported(
        self,
        charge_point: ChargePoint,
        report: MeterReport,
        named: Transaction | None,
        received_at: datetime,
    ) -> Transaction | None:
        """Find out whether readings without a running transaction show one that nobody told of."""
        values, evse_id = report.meter_values, report.evse_id
        if matching.accounted_for(charge_point, evse_id, values):
            return named
        for ended_at, register_wh in matching.ends_at(charge_point, evse_id):
            self._idle.begin_after(charge_point.key, evse_id, ended_at, register_wh)
        limit_w = self._ledger.power_limit_w(charge_point)
        rise = self._idle.note(charge_point.key, evse_id, values, limit_w)
        if rise is None:
            return named
        await self._memory.reserve_id()
        transaction = matching.find_at(charge_point, evse_id, values)
        if transaction is not None:  # it was told of while we waited
            return transaction
        latest = max(value.sampled_at for value in values)
        transaction = matching.find_stopped_without_readings(charge_point, evse_id, latest, *rise)
        if transaction is None:
            return await self._new_by_readings(charge_point, report, rise, received_at)
        transaction.evse_id = evse_id
        self._join_base(charge_point, transaction, rise)
        return transaction

    async def _new_by_readings(
        self, charge_point: ChargePoint, report: MeterReport, rise: Rise, received_at: datetime
    ) -> Transaction:
        evse_id, connector_id = report.evse_id, report.connector_id
        transaction = self._memory.new(charge_point, evse_id, connector_id, rise.since_at)
        transaction.flags.add(Flag.MISSING_START)
        self._join_base(charge_point, transaction, rise)
        alarm = charging_without_start(transaction, received_at)
        await self._ledger.save(
            charge_point, transaction, received_at, alarms=[alarm], created=True
        )
        return transaction

    def _join_base(self, charge_point: ChargePoint, transaction: Transaction, rise: Rise) -> None:
        """Let a transaction begin with the reading its rise was seen from."""
        base = MeterValue(rise.since_at, energy_wh=rise.since_wh)
        limit_w = self._ledger.power_limit_w(charge_point)
        assembly.add_meter_values(transaction, (base,), limit_w)


def _claim(transaction: Transaction, number: int) -> None:
    """Note that a charger calls a transaction by an id that is not ours."""
    transaction.flags.add(Flag.UNKNOWN_TRANSACTION_ID)
    if number > 0:
        transaction.claimed_id = str(number)
