"""What accounts and limits need of the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from csms.services.accounts.model import AccountCharge, Payer, Reservation, Standing


class OpenStanding(Protocol):
    """A payer's standing, which nobody else changes while it is open."""

    @property
    def standing(self) -> Standing: ...

    async def reserve(self, reservation: Reservation) -> None:
        """Replace what the transaction has reserved."""
        ...

    async def why_uncovered(self) -> str | None:
        """Return why no tariff would price in the account's currency what begins; else None."""
        ...


class SpendingStore(Protocol):
    def opened(
        self, payer: Payer, charge_point_id: str, transaction_id: int | None, at: datetime
    ) -> AbstractAsyncContextManager[OpenStanding]:
        """Open a payer's standing as one transaction sees it, its own reservation left out.

        Durable at the end. Raises DatabaseUnavailableError.
        """
        ...


class Notices(Protocol):
    """Who tells operators of what they should mend."""

    async def uncovered(
        self, charge_point_id: str, id_token: str, reason: str, at: datetime
    ) -> None:
        """Tell that a prepaid token was refused because nothing has a price for it there."""
        ...


class AccountChargeStore(Protocol):
    async def unsettled(self, since: datetime | None, after: int, limit: int) -> Sequence[int]:
        """Return transactions priced since then whose latest price is not in a ledger yet.

        Only those that an account pays for, or that have something reserved; in the order of their
        ids, which are greater than `after`.
        """
        ...

    async def due(self, transaction_ids: Collection[int]) -> Sequence[int]:
        """Return those of some transactions that `unsettled` would return."""
        ...

    async def settle(self, transaction_id: int, at: datetime) -> AccountCharge | None:
        """Put the latest price into the ledger, once, and release what was reserved.

        A price that changed leads to a correction. None: there is nothing to settle (yet).
        """
        ...
