"""What pricing needs of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from csms.services.pricing.records import Evidence, PricedRecord
from csms.tariff.assignment import Assignment, Scope
from csms.tariff.dynamic import MarketPrices
from csms.tariff.model import Tariff


class PricingReads(Protocol):
    """One look at the database."""

    async def anything_counts(self) -> bool:
        """Whether there is a tariff that somebody is under, or a limit of what may be used."""
        ...

    async def evidence(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        """Return what is known of those of the transactions that there are."""
        ...

    async def assignments(self, subjects: Mapping[Scope, Collection[str]]) -> Sequence[Assignment]:
        """Return all assignments to any of these."""
        ...

    async def tariffs(self, tariff_ids: Collection[str]) -> Mapping[str, Tariff]:
        """Return these tariffs, with all versions."""
        ...

    async def market(self, site_id: str, start: datetime, end: datetime) -> MarketPrices:
        """Return the market prices of a site that count between two moments."""
        ...


class PricingTurn(PricingReads, Protocol):
    """The right to price, for one database transaction; nobody else prices meanwhile."""

    async def due(self, limit: int) -> Sequence[int]:
        """Return transactions that wait to be priced, the longest waiting first, each once."""
        ...

    async def outlines(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        """Return what is known of the transactions but for what was told while they lasted."""
        ...

    async def completed(self, outlines: Collection[Evidence]) -> Sequence[Evidence]:
        """Return the same with all that is known."""
        ...

    async def current(self, transaction_ids: Collection[int]) -> Mapping[int, PricedRecord]:
        """Return what is kept of transactions that were priced before."""
        ...

    async def keep(self, records: Sequence[PricedRecord]) -> None:
        """Keep records as the current ones, in place of earlier revisions, which stay."""
        ...

    async def done(self, transaction_ids: Collection[int]) -> None:
        """Let transactions wait no more, as far as `due` has seen them."""
        ...

    async def postpone(self, transaction_id: int) -> None:
        """Let a transaction wait for a while; longer each time."""
        ...


class PricingStore(Protocol):
    def look(self) -> AbstractAsyncContextManager[PricingReads]:
        """Lend one look at the database. Raises DatabaseUnavailableError."""
        ...

    def turn(self, *, wait: bool = False) -> AbstractAsyncContextManager[PricingTurn | None]:
        """Lend the right to price; None if another node has it and `wait` is not wished.

        Everything done with it is kept at the end, or nothing is if it ends with an error. Raises
        DatabaseUnavailableError.
        """
        ...

    async def waiting(self) -> int:
        """Count the transactions that wait to be priced."""
        ...
