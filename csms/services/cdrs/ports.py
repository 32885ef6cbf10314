"""What the delivery of CDRs needs of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from csms.services.cdrs.webhooks import Delivery


class DeliveryStore(Protocol):
    async def claim(self, now: datetime, lease_until: datetime, most: int) -> Sequence[Delivery]:
        """Take deliveries that are due and that nobody else has, until the lease ends."""
        ...

    async def next_due(self, now: datetime) -> datetime | None:
        """Return when the first of those is due that are not yet."""
        ...

    async def body(self, delivery: Delivery) -> bytes:
        """Return what to send.

        Raises ConflictError if the CDR can't be made, because the site doesn't say as whom.
        """
        ...

    async def delivered(self, delivery: Delivery, now: datetime, status: int) -> None:
        """Note that a receiver took it."""
        ...

    async def failed(
        self,
        delivery: Delivery,
        now: datetime,
        error: str,
        status: int | None,
        again_at: datetime | None,
    ) -> None:
        """Note a failed attempt; what else waits for the same webhook waits as long.

        `again_at` None: it is given up.
        """
        ...
