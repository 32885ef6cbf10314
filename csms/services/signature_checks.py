"""Readings that a meter signed are checked when a transaction is over, with the meter's key.

The key is the operator's, else the one that the charger sent first; from then on another one is not
believed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.events import Events, TransactionEnded
from csms.metrics import Metrics
from csms.services.records import Notification, Recorder
from csms.services.rounds import Boundary
from csms.signed_readings.samples import signed_samples
from csms.signed_readings.verdict import Judgement, Verdict, judge

WAITING: Final = 10_000
BREATH_S: Final = 0.5
"""Transactions that end within this time are looked up together: hardly any is signed."""
AT_ONCE: Final = 500
_ALARMING: Final = frozenset({Verdict.INVALID, Verdict.DIFFERS})
CHARGE_POINT: Final = "charge_point"


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction with the samples that were kept as they came, oldest first."""

    transaction_id: int
    charge_point_key: int
    evse_id: int
    energy_wh: Decimal | None
    others: Sequence[Any]


@dataclass(frozen=True, slots=True)
class MeterKey:
    public_key: str
    """DER, hexadecimal."""
    source: str
    """operator or charge_point."""


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    transaction: SignedTransaction
    judgement: Judgement
    key_source: str | None


class SignatureStore(Protocol):
    async def which_are_signed(self, transaction_ids: Collection[int]) -> Sequence[int]:
        """Return the transactions of which anything may be signed."""
        ...

    async def signed_transaction(self, transaction_id: int) -> SignedTransaction | None:
        """Return a transaction if anything of it may be signed."""
        ...

    async def meter_key(self, charge_point_key: int, evse_id: int) -> MeterKey | None: ...

    async def keep_meter_key(
        self, charge_point_key: int, evse_id: int, key: MeterKey, at: datetime
    ) -> None:
        """Keep a key where there is none yet."""
        ...

    async def keep_check(self, check: SignatureCheck, at: datetime) -> None: ...


class SignatureChecks:
    def __init__(self, store: SignatureStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def signed(self, transaction_ids: Collection[int]) -> Sequence[int]:
        """Return the transactions of which anything may be signed."""
        return await self._store.which_are_signed(transaction_ids)

    async def check(self, transaction_id: int) -> SignatureCheck | None:
        """Check a transaction and keep the result; None if nothing in it is signed."""
        transaction = await self._store.signed_transaction(transaction_id)
        if transaction is None:
            return None
        samples = tuple(signed_samples(transaction.others))
        if not samples:
            return None
        place = (transaction.charge_point_key, transaction.evse_id)
        known = await self._store.meter_key(*place)
        judgement = await asyncio.to_thread(
            judge, samples, known.public_key if known else None, transaction.energy_wh
        )
        source = known.source if known else (CHARGE_POINT if judgement.public_key else None)
        check = SignatureCheck(transaction, judgement, source)
        now = self._clock.now()
        if known is None and judgement.public_key and judgement.verdict is not Verdict.INVALID:
            await self._store.keep_meter_key(
                *place, MeterKey(judgement.public_key, CHARGE_POINT), now
            )
        await self._store.keep_check(check, now)
        return check


class SignatureWatch:
    """Checks every transaction that ends; what is not right becomes a critical notification."""

    def __init__(
        self,
        events: Events,
        checks: SignatureChecks,
        recorder: Recorder,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._boundary = Boundary("signatures", metrics)
        self._ended = events.subscribe(WAITING, TransactionEnded)
        self._checks = checks
        self._recorder = recorder
        self._clock = clock

    async def run(self) -> None:
        """Check what ends, until cancelled."""
        async for burst in self._ended.bursts(BREATH_S, AT_ONCE):
            ended = [each.transaction_id for each in burst if isinstance(each, TransactionEnded)]
            with self._boundary.survive(f"which of the transactions {ended} are signed"):
                await self._check_all(await self._checks.signed(ended))

    async def _check_all(self, transaction_ids: Sequence[int]) -> None:
        for transaction_id in transaction_ids:
            with self._boundary.survive(f"transaction {transaction_id}"):
                await self._check(transaction_id)

    async def _check(self, transaction_id: int) -> None:
        check = await self._checks.check(transaction_id)
        if check is not None and check.judgement.verdict in _ALARMING:
            await self._recorder.commit(_alarm(check, self._clock.now()))


def _alarm(check: SignatureCheck, now: datetime) -> Notification:
    transaction, judgement = check.transaction, check.judgement
    return Notification(
        transaction.charge_point_key,
        "signed_readings",
        "critical",
        f"the signed readings of transaction {transaction.transaction_id} are not right: "
        f"{judgement.reason}",
        {"transaction_id": transaction.transaction_id, "verdict": judgement.verdict.value},
        now,
        now,
        transaction.evse_id,
    )
