"""Running costs become reservations, and a transaction is told to stop where credit ends.

A reading of a transaction leads to its cost so far. Together with what it will use until the next
one that is reserved; what can't be reserved is not there, and the transaction stops. Where there is
no price the energy is watched alone.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Protocol

from csms.clock import Clock
from csms.events import Event, Events, TransactionPriced, TransactionStarted
from csms.metrics import Metrics
from csms.model import Allowance, OcppVersion
from csms.services.accounts.judging import allowance, running, to_reserve
from csms.services.accounts.model import Payer, Reservation, Standing
from csms.services.accounts.ports import SpendingStore
from csms.services.authorization import IdTokenCache
from csms.services.charge_points import ChargePointService
from csms.services.rounds import Boundary
from csms.services.transactions.model import Transaction
from csms.tariff.limits import Used, expected

WAITING: Final = 10_000
REMEMBERED: Final = 100_000
USUAL_INTERVAL: Final = timedelta(minutes=1)
"""Between readings, until it is known."""
SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(minutes=15)
RETRY_S: Final = 2.0
UNWATCHED_S: Final = 300.0
"""So long nobody asks again whether a transaction is anybody's to watch."""
ZERO: Final = Decimal(0)


class Stops(Protocol):
    """Who can stop a transaction."""

    def stop(self, charge_point_id: str, transaction_id: int, reason: str) -> None:
        """Begin to stop it, unless that was begun already; never waits."""
        ...


class Allowances(Protocol):
    """Who tells stations what a transaction may come to."""

    def __contains__(self, transaction_id: int) -> bool:
        """Whether anything is limited, or was."""
        ...

    def allow(self, transaction_id: int, allowance: Allowance) -> None:
        """Note it; never waits."""
        ...

    def over(self, transaction_id: int) -> None:
        """A transaction has ended."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """The latest that was heard of a transaction, and how far from the one before.

    `interval` shrinks slowly: messages between two readings say nothing of the next one.
    """

    at: datetime
    used: Used
    interval: timedelta
    risen: Used
    is_priced: bool


class SpendingWatch:
    def __init__(
        self,
        store: SpendingStore,
        events: Events,
        tokens: IdTokenCache,
        charge_points: ChargePointService,
        stops: Stops,
        clock: Clock,
        metrics: Metrics,
        allowances: Allowances,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._charge_points = charge_points
        self._stops = stops
        self._allowances = allowances
        self._clock = clock
        self._stopped = metrics.spending_stops
        self._boundary = Boundary("spending", metrics)
        self._news = events.subscribe(WAITING, TransactionPriced, TransactionStarted)
        self._seen: OrderedDict[int, _Seen] = OrderedDict()
        self._unwatched: OrderedDict[int, tuple[str, float]] = OrderedDict()

    async def run(self) -> None:
        """Watch until cancelled."""
        async for news in self._news:
            with self._boundary.survive(f"what happened at {news.charge_point_id}"):
                await self._take(news)
            if self._boundary.is_away:
                await asyncio.sleep(RETRY_S)  # the next reading tells of it again

    async def _take(self, news: Event) -> None:
        if isinstance(news, TransactionStarted):
            await self._begin(news)
        elif isinstance(news, TransactionPriced):
            if news.running:
                await self._watch(news)
            else:
                self._seen.pop(news.transaction_id, None)
                self._allowances.over(news.transaction_id)

    async def _begin(self, news: TransactionStarted) -> None:
        """Hold what was held for its beginning for the transaction itself."""
        payer = await self._payer(news.id_token)
        transaction = self._open_transaction(news.charge_point_id, news.transaction_id)
        if payer is None or transaction is None:
            return
        at = self._clock.now()
        async with self._store.opened(
            payer, news.charge_point_id, news.transaction_id, at
        ) as opened:
            credit = opened.standing.credit
            available = ZERO if credit is None else max(credit.available, ZERO)
            self._allow(transaction, opened.standing, None)
            await opened.reserve(
                Reservation(
                    charge_point_id=news.charge_point_id,
                    transaction_id=news.transaction_id,
                    currency=None if credit is None else credit.currency,
                    amount=available if credit is None else min(credit.start_credit, available),
                    energy_wh=ZERO,
                    at=at,
                )
            )

    async def _watch(self, news: TransactionPriced) -> None:
        payer = await self._watched_payer(news)
        transaction = self._open_transaction(news.charge_point_id, news.transaction_id)
        if payer is None and news.transaction_id in self._allowances:
            self._allowances.allow(news.transaction_id, Allowance())  # nothing limits it any more
        if payer is None or transaction is None:
            return
        used, ahead = self._forecast(news, transaction)
        async with self._store.opened(
            payer, news.charge_point_id, news.transaction_id, self._clock.now()
        ) as opened:
            standing = opened.standing
            self._allow(transaction, standing, news.currency)
            verdict = running(standing, news.currency, used, ahead)
            held = to_reserve(standing, used, _at_least(standing, news, ahead))
            await opened.reserve(
                Reservation(
                    charge_point_id=news.charge_point_id,
                    transaction_id=news.transaction_id,
                    currency=news.currency,
                    amount=held.money,
                    energy_wh=held.energy_wh,
                    at=self._clock.now(),
                )
            )
        if verdict.stop and verdict.limit is not None:
            self._stopped.labels(verdict.limit.period.value).inc()
            self._stops.stop(news.charge_point_id, news.transaction_id, verdict.reason)

    def _allow(self, transaction: Transaction, standing: Standing, currency: str | None) -> None:
        if transaction.ocpp_version is OcppVersion.V21:  # others can't be told
            self._allowances.allow(transaction.id, allowance(standing, currency))

    async def _watched_payer(self, news: TransactionPriced) -> Payer | None:
        """Return who pays; that it is nobody's to watch is believed for a while."""
        number, now_s = news.transaction_id, self._clock.monotonic()
        token, until_s = self._unwatched.get(number, (None, 0.0))
        if token == news.id_token and until_s > now_s:
            return None
        payer = await self._payer(news.id_token)
        self._unwatched.pop(number, None)
        if payer is None and news.id_token is not None:
            self._unwatched[number] = (news.id_token, now_s + UNWATCHED_S)
            if len(self._unwatched) > REMEMBERED:
                self._unwatched.popitem(last=False)
        return payer

    async def _payer(self, id_token: str | None) -> Payer | None:
        if id_token is None:
            return None
        record = await self._tokens.get(id_token)
        return None if record is None else record.payer

    def _open_transaction(self, charge_point_id: str, transaction_id: int) -> Transaction | None:
        charge_point = self._charge_points.live(charge_point_id)
        if charge_point is None:
            return None
        return charge_point.open_transactions.get(transaction_id)

    def _forecast(self, news: TransactionPriced, transaction: Transaction) -> tuple[Used, Used]:
        """Return what was used, and what will be until the next reading.

        By power and price, or as much as last time if that was more: time costs too.
        """
        used = Used(news.gross or ZERO, news.energy_wh or ZERO)
        seen = self._remember(news, used)
        power_w = Decimal(str(round(transaction.power_w or 0)))
        by_power = expected(power_w, _with_vat(news), seen.interval)
        ahead = Used(
            max(by_power.money, seen.risen.money), max(by_power.energy_wh, seen.risen.energy_wh)
        )
        return used, ahead

    def _remember(self, news: TransactionPriced, used: Used) -> _Seen:
        number, at, is_priced = news.transaction_id, news.at, news.currency is not None
        before = self._seen.pop(number, None)
        if before is None or (is_priced and not before.is_priced):
            seen = _Seen(at, used, USUAL_INTERVAL, Used(), is_priced)
        elif at <= before.at:
            seen = replace(before, is_priced=is_priced or before.is_priced)
        else:
            risen = Used(
                max(used.money - before.used.money, ZERO),
                max(used.energy_wh - before.used.energy_wh, ZERO),
            )
            interval = min(max(at - before.at, before.interval / 2, SHORTEST), LONGEST)
            seen = _Seen(at, used, interval, risen, is_priced)
        self._seen[number] = seen
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return seen


def _at_least(standing: Standing, news: TransactionPriced, ahead: Used) -> Used:
    """What is to come; of an account whose transaction has no price, what it began with."""
    if news.gross is not None or standing.credit is None:
        return ahead
    return Used(max(ahead.money, standing.credit.start_credit), ahead.energy_wh)


def _with_vat(news: TransactionPriced) -> Decimal | None:
    """The price of a kWh with VAT, by how much the cost so far has of it."""
    if news.unit_price is None or not news.net or news.gross is None:
        return news.unit_price
    return news.unit_price * max(news.gross / news.net, Decimal(1))
