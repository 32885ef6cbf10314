"""What open transactions cost so far, after each reading and, where time costs, now and then.

Everything is in memory: handlers ask without waiting. What a transaction costs in the end is
worked out anew from the database, so nothing here has to be kept. Where nobody is under a tariff
and nothing is limited, readings aren't even listened to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.events import (
    Event,
    Events,
    MeterValuesReceived,
    Subscription,
    TransactionEnded,
    TransactionPriced,
)
from csms.metrics import Metrics
from csms.model import MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.pricing.ports import PricingReads, PricingStore
from csms.services.pricing.pricers import Book, Pricers, Terms
from csms.services.pricing.records import Evidence
from csms.services.pricing.spells import spells_of
from csms.services.rounds import Rounds
from csms.services.transactions.model import Transaction
from csms.tariff.dynamic import NO_MARKET, MarketPrices
from csms.tariff.outlook import RunningCost, running_cost
from csms.tariff.usage import Reading, Usage

log = logging.getLogger(__name__)

WAITING: Final = 10_000
MOST_OPEN: Final = 50_000
MOST_READINGS: Final = 4_000
"""Of one transaction; of more, every other one of the older half is forgotten."""
BATCH: Final = 100
BREATH_S: Final = 0.2
NEED_S: Final = 30.0
"""So often it is looked whether anything costs; a change by this node's API is known at once."""
REFRESH_S: Final = 300.0
"""So often its tariff and what its charge point told are looked up again."""
TIME_COSTS_S: Final = 60.0
"""So often a cost that grows by time alone is worked out."""
CURRENT_S: Final = 1.0
"""So long a cost is the present one, if no reading comes."""
REMEMBERED_S: Final = 600.0
"""So long the last cost of an ended transaction can be asked for."""


@dataclass(slots=True)
class _Followed:
    """An open transaction; `evidence` is None until it was looked up."""

    charge_point_id: str
    readings: dict[datetime, Reading] = field(default_factory=dict)
    evidence: Evidence | None = None
    terms: Terms | None = None
    market: MarketPrices = NO_MARKET
    looked_up_s: float = 0.0
    worked_out_s: float = 0.0
    ended_s: float | None = None
    cost: RunningCost | None = None
    is_new: bool = False
    """Whether readings came since the cost was worked out."""

    @property
    def is_free(self) -> bool:
        """Whether it is known to be under no tariff, so that its readings tell nothing."""
        return self.terms is not None and self.terms.pricer is None

    def add(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            self.is_new |= self.readings.get(reading.at) != reading
            self.readings[reading.at] = reading
        if len(self.readings) > MOST_READINGS:
            older = sorted(self.readings)[: MOST_READINGS // 2 : 2]
            for at in older:
                del self.readings[at]

    def is_stale(self, now_s: float) -> bool:
        return self.evidence is None or now_s - self.looked_up_s > REFRESH_S

    @property
    def time_costs(self) -> bool:
        pricer = self.terms.pricer if self.terms is not None else None
        return pricer is not None and pricer.needs.activity


class LiveChargePoints(Protocol):
    """Those of this node."""

    def live(self, charge_point_id: str) -> ChargePoint | None: ...

    def connected_ones(self) -> Iterable[ChargePoint]: ...


class RunningCosts:
    """One task that follows the open transactions of this node's charge points."""

    def __init__(
        self,
        store: PricingStore,
        events: Events,
        charge_points: LiveChargePoints,
        metrics: Metrics,
        clock: Clock,
        pricers: Pricers,
        default_zone: str,
    ) -> None:
        self._store = store
        self._events = events
        self._charge_points = charge_points
        self._clock = clock
        self._pricers = pricers
        self._default_zone = default_zone
        self._followed: dict[int, _Followed] = {}
        self._due: set[int] = set()
        self._looked_after_s = clock.monotonic()
        self._listening: asyncio.Task[None] | None = None
        self._minding = asyncio.Lock()
        self._need = Rounds("need of costs", self._mind_need, metrics, every_s=NEED_S)
        self._costs = Rounds(
            "running costs", self._work, metrics, every_s=TIME_COSTS_S, settle_s=BREATH_S
        )
        metrics.running_costs.set_function(lambda: len(self._followed))

    @property
    def anything_costs(self) -> bool:
        """Whether there is any tariff that counts, as far as is known here."""
        return self._listening is not None

    def running_cost(self, transaction_id: int) -> RunningCost | None:
        """Return what a transaction costs so far; None if that is not known or it has no tariff."""
        followed = self._followed.get(transaction_id)
        return None if followed is None else followed.cost

    def cost_with(
        self, transaction_id: int, meter_values: Iterable[MeterValue]
    ) -> RunningCost | None:
        """Return what a transaction costs with readings that have just come.

        Worked out at once where its tariff is known, for chargers that show it; those who are told
        of running costs hear of it as always, and it is not worked out again for them.
        """
        followed = self._followed.get(transaction_id)
        if followed is None or followed.cost is None:
            return None
        followed.add(_energies(meter_values))
        if followed.is_new or self._is_old(followed):
            self._work_out(transaction_id, followed)
        return followed.cost

    def start(self) -> None:
        """Follow what happens from now on, while anything costs."""
        self._need.start()
        self._costs.start()

    async def stop(self) -> None:
        """End; nothing has to be kept."""
        await self._need.stop()
        await self._listen(needed=False)
        await self._costs.stop()

    async def look_again(self) -> None:
        """Tariffs or limits changed: see now whether there are any, or soon if that can't be."""
        try:
            await self._mind_need()
        except DatabaseUnavailableError:
            self._need.ring()

    async def _mind_need(self) -> None:
        async with self._minding, self._store.look() as look:
            await self._listen(needed=await look.anything_counts())

    async def _listen(self, *, needed: bool) -> None:
        """Begin to listen to readings, or leave off."""
        if needed and self._listening is None:
            news = self._events.subscribe(WAITING, MeterValuesReceived, TransactionEnded)
            self._listening = asyncio.create_task(self._hear(news), name="running readings")
            self._catch_up()
        elif not needed and self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None
            self._followed.clear()

    def _catch_up(self) -> None:
        """Follow what runs already: a limit may be reached before the next reading."""
        for charge_point in self._charge_points.connected_ones():
            for number in charge_point.open_transactions:
                if self._follow(number, charge_point.id) is not None:
                    self._due.add(number)
        self._costs.ring()

    async def _hear(self, news: Subscription) -> None:
        try:
            async for event in news:
                self._take(event)
        finally:
            news.close()

    def _take(self, event: Event) -> None:
        if isinstance(event, TransactionEnded):
            followed = self._followed.get(event.transaction_id)
            if followed is not None:
                followed.ended_s = self._clock.monotonic()
            return
        if not isinstance(event, MeterValuesReceived) or event.transaction_id is None:
            return
        followed = self._follow(event.transaction_id, event.charge_point_id)
        if followed is None:
            return
        if not followed.is_free:
            followed.add(_energies(event.meter_values))
        self._due.add(event.transaction_id)
        self._costs.ring()

    def _follow(self, number: int, charge_point_id: str) -> _Followed | None:
        followed = self._followed.get(number)
        if followed is None and len(self._followed) < MOST_OPEN:
            followed = self._followed[number] = _Followed(charge_point_id)
        return followed

    async def _work(self) -> None:
        now_s = self._clock.monotonic()
        if now_s - self._looked_after_s >= TIME_COSTS_S:
            self._looked_after_s = now_s
            self._look_after()
        await self._work_out_due()

    def _look_after(self) -> None:
        """Forget what ended, and find what costs more only because time passed."""
        now_s = self._clock.monotonic()
        for number, followed in list(self._followed.items()):
            if followed.ended_s is None and self._transaction(number, followed) is None:
                followed.ended_s = now_s
            if followed.ended_s is not None:
                if now_s - followed.ended_s > REMEMBERED_S:
                    del self._followed[number]
            elif followed.time_costs and now_s - followed.worked_out_s >= TIME_COSTS_S:
                self._due.add(number)

    async def _work_out_due(self) -> None:
        while self._due:
            numbers = [self._due.pop() for _ in range(min(BATCH, len(self._due)))]
            now_s = self._clock.monotonic()
            known = [number for number in numbers if number in self._followed]
            stale = [number for number in known if self._is_stale(number, now_s)]
            if stale:
                async with self._store.look() as look:
                    await self._look_up(look, stale)
            for number in known:
                followed = self._followed.get(number)
                if followed is not None:
                    self._work_out_and_tell(number, followed)
                    await asyncio.sleep(0)  # chargers come first

    def _is_stale(self, number: int, now_s: float) -> bool:
        """Whether to look a transaction up anew: in time, and when another token pays for it.

        A cable may be plugged in before the card is shown (E03).
        """
        followed = self._followed[number]
        if followed.evidence is None or followed.is_stale(now_s):
            return True
        transaction = self._transaction(number, followed)
        looked_up = followed.evidence.known.circumstances.id_token
        return transaction is not None and transaction.id_token != looked_up

    async def _look_up(self, look: PricingReads, numbers: list[int]) -> None:
        many = await look.evidence(numbers)
        book = await Book.read(look, many, self._pricers, self._default_zone)
        for evidence in many:
            followed = self._followed.get(evidence.transaction_id)
            if followed is None:
                continue
            followed.evidence, followed.terms = evidence, book.terms(evidence)
            followed.looked_up_s = self._clock.monotonic()
            followed.is_new = True  # another tariff may count
            if followed.is_free:
                followed.readings.clear()
                continue
            heard = list(followed.readings.values())
            followed.add(evidence.usage.readings)
            followed.add(heard)  # newer than what was looked up for the same moment
            pricer, site_id = followed.terms.pricer, evidence.known.circumstances.site_id
            if pricer is not None and pricer.needs.market and site_id is not None:
                now = self._clock.now()
                start = min(evidence.usage.started_at, now)
                followed.market = await look.market(site_id, start, now)

    def _work_out_and_tell(self, number: int, followed: _Followed) -> None:
        transaction = self._transaction(number, followed)
        if followed.terms is None or transaction is None:
            return
        if followed.terms.pricer is None:  # its energy may be limited all the same
            self._tell(followed.charge_point_id, transaction, None)
            return
        is_known = followed.cost is not None and not followed.is_new
        if (is_known and not self._is_old(followed)) or self._work_out(number, followed):
            self._tell(followed.charge_point_id, transaction, followed.cost)

    def _is_old(self, followed: _Followed) -> bool:
        return self._clock.monotonic() - followed.worked_out_s >= CURRENT_S

    def _work_out(self, number: int, followed: _Followed) -> bool:
        """Work out the cost of a transaction that has a tariff; returns whether it has one."""
        evidence, terms = followed.evidence, followed.terms
        transaction = self._transaction(number, followed)
        if evidence is None or terms is None or terms.pricer is None or transaction is None:
            return False
        latest = max(followed.readings, default=transaction.started_at)
        now = max(self._clock.now(), latest, transaction.started_at)
        usage = Usage(
            transaction_id=number,
            started_at=transaction.started_at,
            ended_at=now,
            energy_wh=transaction.energy_wh,
            readings=tuple(followed.readings.values()),
            meter_start_wh=transaction.meter_start_wh,
            spells=spells_of(evidence, now),
            running=True,
        )
        try:
            followed.cost = running_cost(terms.pricer, usage, followed.market)
        except ValueError as error:  # its times or its energy can't be
            log.warning("transaction %d has no running cost: %s", number, error)
            return False
        followed.worked_out_s = self._clock.monotonic()
        followed.is_new = False
        return True

    def _transaction(self, number: int, followed: _Followed) -> Transaction | None:
        charge_point = self._charge_points.live(followed.charge_point_id)
        return None if charge_point is None else charge_point.open_transactions.get(number)

    def _tell(
        self, charge_point_id: str, transaction: Transaction, cost: RunningCost | None
    ) -> None:
        complete = cost is not None and cost.complete
        self._events.publish(
            TransactionPriced(
                at=self._clock.now() if cost is None else cost.at,
                charge_point_id=charge_point_id,
                transaction_id=transaction.id,
                id_token=transaction.id_token,
                running=True,
                currency=cost.currency if cost else None,
                net=cost.net if cost and complete else None,
                gross=cost.gross if cost and complete else None,
                energy_wh=transaction.energy_wh if cost is None else cost.energy_wh,
                unit_price=cost.unit_price if cost else None,
            )
        )


def _energies(meter_values: Iterable[MeterValue]) -> Iterator[Reading]:
    return (
        Reading(value.sampled_at, value.energy_wh)
        for value in meter_values
        if value.energy_wh is not None
    )
