"""The transactions in memory: a charge point's open ones, and the few it ended last."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

from prometheus_client import Gauge

from csms.model import Flag
from csms.services.charge_point import ChargePoint
from csms.services.ports import TransactionStore
from csms.services.transactions.matching import held
from csms.services.transactions.model import Transaction
from csms.services.transactions.open_index import OpenTransactions

RECENT: Final = 8
"""Ended transactions kept in memory for each charge point; older ones are asked of the store."""
ID_BLOCK: Final = 200


class TransactionMemory:
    """Finds, makes and files transactions; ids come in blocks and are never given twice."""

    def __init__(
        self, store: TransactionStore, open_transactions: OpenTransactions, open_gauge: Gauge
    ) -> None:
        self._store = store
        self._open = open_transactions
        self._open_gauge = open_gauge
        self._ids: deque[int] = deque()

    async def find(self, charge_point: ChargePoint, ocpp_id: str) -> Transaction | None:
        """Find a transaction by the charger's id, if need be in the store."""
        transaction = held(charge_point, ocpp_id)
        if transaction is None and ocpp_id:
            stored = await self._store.find(charge_point.key, ocpp_id)
            transaction = held(charge_point, ocpp_id)  # another message may have brought it
            if transaction is None and stored is not None:
                self.hold(charge_point, stored)
                transaction = stored
        return transaction

    async def reserve_id(self) -> None:
        """Have an id at hand: `new` may follow as long as nothing is awaited in between."""
        while not self._ids:
            self._ids.extend(await self._store.next_ids(ID_BLOCK))

    def new(
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
        if not charge_point.accepted:
            transaction.flags.add(Flag.BEFORE_ACCEPTANCE)
        charge_point.open_transactions[number] = transaction
        self._open_gauge.inc()
        return transaction

    def hold(self, charge_point: ChargePoint, transaction: Transaction) -> None:
        """File a transaction among the open ones, or the latest touched of the ended ones."""
        number = transaction.id
        was_open = number in charge_point.open_transactions
        recent = charge_point.recent_transactions
        recent.pop(number, None)
        if transaction.open:
            charge_point.open_transactions[number] = transaction
            if not was_open:
                self._open_gauge.inc()
            self._open.opened(transaction)
            return
        if was_open:
            del charge_point.open_transactions[number]
            self._open_gauge.dec()
            self._open.closed(transaction)
        recent[number] = transaction
        while len(recent) > RECENT:
            del recent[next(iter(recent))]

    def saved(self, transaction: Transaction) -> None:
        if not transaction.open:
            self._open.saved(transaction)

    def loaded(self, charge_point: ChargePoint) -> None:
        for transaction in charge_point.open_transactions.values():
            self._open.opened(transaction)
        self._open_gauge.inc(len(charge_point.open_transactions))

    def dropped(self, charge_point: ChargePoint) -> None:
        for transaction in charge_point.open_transactions.values():
            self._open.forget(transaction)
        self._open_gauge.dec(len(charge_point.open_transactions))
