"""Prices transactions that ended. The queue in the database says which; an event only wakes.

What ends is put into the queue by the very commit that ends it, and leaves it by the one that
keeps its price. So nothing is forgotten, and with any number of nodes nothing is priced twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import Final

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.events import Events, TransactionEnded, TransactionPriced
from csms.metrics import Metrics
from csms.services.pricing.ports import PricingStore, PricingTurn
from csms.services.pricing.pricers import Book, Pricers, Terms, price, record, usage_of
from csms.services.pricing.records import Evidence, PricedRecord
from csms.services.rounds import Rounds
from csms.tariff.dynamic import NO_MARKET

log = logging.getLogger(__name__)

SWEEP_S: Final = 30.0
"""At least so often the queue is looked at, whatever events were lost."""
BREATH_S: Final = 0.2
"""Transactions that end within this time are priced together."""
SHARE: Final = 0.1
"""Of the time, at most: the more ends, the more is priced together."""
BATCH: Final = 50


class EndedPricing:
    """One task that prices what ended."""

    def __init__(
        self,
        store: PricingStore,
        events: Events,
        metrics: Metrics,
        clock: Clock,
        pricers: Pricers,
        default_zone: str,
    ) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._pricers = pricers
        self._default_zone = default_zone
        self._rounds = Rounds(
            "pricing", self._work, metrics, every_s=SWEEP_S, settle_s=BREATH_S, share=SHARE
        )
        events.hang_bell(self.wake, TransactionEnded)
        self._priced_total = metrics.transactions_priced
        self._failures_total = metrics.pricing_failures
        self._waiting = metrics.pricing_queue

    def start(self) -> None:
        """Price what waits from before, and from now on what ends."""
        self._rounds.start()

    async def stop(self) -> None:
        """End; what isn't priced stays in the queue."""
        await self._rounds.stop()

    def wake(self) -> None:
        """Look at the queue now."""
        self._rounds.ring()

    async def price_now(self, transaction_id: int) -> PricedRecord | None:
        """Price a transaction while the caller waits, also one that was priced before.

        Returns what is current then; None if there is no such transaction or if it runs. Raises
        DatabaseUnavailableError.
        """
        async with self._store.turn(wait=True) as turn:
            if turn is None:
                return None
            found = await self._price(turn, [transaction_id])
            current = await turn.current([transaction_id])
        self._tell(found)
        return current.get(transaction_id)

    async def sweep_all(self) -> None:
        """Price all that waits. Raises DatabaseUnavailableError."""
        while await self.sweep():
            pass

    async def sweep(self) -> int:
        """Price a part of what waits; returns how many transactions that were.

        One that can't be priced for a reason nobody thought of holds up no other.
        """
        try:
            return await self._sweep(BATCH)
        except DatabaseUnavailableError:
            raise
        except Exception:  # a boundary of its own: find the one that it is about
            log.warning("a batch can't be priced, so one is tried alone", exc_info=True)
            return await self._sweep(1)

    async def _sweep(self, limit: int) -> int:
        ids: Sequence[int] = ()
        try:
            async with self._store.turn() as turn:
                if turn is None:
                    return 0
                ids = await turn.due(limit)
                found = await self._price(turn, ids) if ids else []
        except DatabaseUnavailableError:
            raise
        except Exception:  # whatever it is, others must not wait for it
            if len(ids) != 1:
                raise
            log.exception("transaction %s can't be priced; it is tried again later", ids[0])
            self._failures_total.inc()
            await self._postpone(ids[0])
        else:
            self._tell(found)
        return len(ids)

    async def _postpone(self, transaction_id: int) -> None:
        async with self._store.turn(wait=True) as turn:
            if turn is not None:
                await turn.postpone(transaction_id)

    async def _price(self, turn: PricingTurn, ids: Collection[int]) -> list[PricedRecord]:
        """Price and keep; returns what is new."""
        many = [each for each in await turn.outlines(ids) if each.usage.stopped_at is not None]
        book = await Book.read(turn, many, self._pricers, self._default_zone)
        current = await turn.current([each.transaction_id for each in many if each.revision])
        new: list[PricedRecord] = []
        for evidence, terms in await self._with_terms(turn, book, many):
            made = await self._record(turn, terms, evidence)
            before = current.get(evidence.transaction_id)
            if before is None or not made.says_the_same_as(before):
                new.append(made)
            await asyncio.sleep(0)  # chargers come first
        await turn.keep(new)
        await turn.done(ids)
        return new

    async def _with_terms(
        self, turn: PricingTurn, book: Book, outlines: Sequence[Evidence]
    ) -> list[tuple[Evidence, Terms]]:
        """Choose each one's tariff, and read the rest of those that have one."""
        chosen = [(each, book.terms(each)) for each in outlines]
        covered = [each for each, terms in chosen if terms.pricer is not None]
        whole = {each.transaction_id: each for each in await turn.completed(covered)}
        return [(whole.get(each.transaction_id, each), terms) for each, terms in chosen]

    async def _record(self, turn: PricingTurn, terms: Terms, evidence: Evidence) -> PricedRecord:
        stored = evidence.usage
        usage = usage_of(evidence, stored.stopped_at or stored.started_at)
        market, site_id = NO_MARKET, evidence.known.circumstances.site_id
        if terms.pricer is not None and terms.pricer.needs.market and site_id is not None:
            market = await turn.market(site_id, usage.started_at, usage.ended_at)
        return record(evidence, terms, price(terms, usage, market), self._clock.now())

    def _tell(self, records: Sequence[PricedRecord]) -> None:
        for each in records:
            self._priced_total.labels("priced" if each.complete else "unpriced").inc()
            bill = each.priced.bill
            self._events.publish(
                TransactionPriced(
                    at=each.priced_at,
                    charge_point_id=each.charge_point_id,
                    transaction_id=each.transaction_id,
                    id_token=each.id_token,
                    running=False,
                    currency=bill.currency,
                    net=bill.net,
                    gross=bill.gross,
                    energy_wh=each.priced.usage.energy_wh,
                )
            )

    async def _work(self) -> None:
        await self.sweep_all()
        self._waiting.set(await self._store.waiting())
