"""The outbox of CDRs: filled by PostgreSQL with every price, emptied by whoever delivers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError
from csms.services.cdrs.webhooks import Delivery
from csms.statements.cdr import cdr, credit
from csms.store.cdr_facts import facts_of
from csms.store.database import Database
from csms.store.statement_tables import cdr_deliveries, cdr_webhooks

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class CdrOutbox:
    """The service's `DeliveryStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, now: datetime, lease_until: datetime, most: int) -> Sequence[Delivery]:
        table = cdr_deliveries.c
        due = (
            select(table.id)
            .join(cdr_webhooks, cdr_webhooks.c.id == table.webhook_id)
            .where(table.state == "waiting", table.due_at <= now, cdr_webhooks.c.enabled)
            .order_by(table.due_at, table.id)
            .limit(most)
            .with_for_update(of=cdr_deliveries, skip_locked=True)
            .cte("due")
        )
        async with self._database.begin() as connection:
            rows = await connection.execute(
                update(cdr_deliveries)
                .where(table.id == due.c.id, cdr_webhooks.c.id == table.webhook_id)
                .values(due_at=lease_until)
                .returning(
                    table.id,
                    table.webhook_id,
                    cdr_webhooks.c.url,
                    cdr_webhooks.c.secret,
                    table.transaction_id,
                    table.revision,
                    table.attempts,
                )
            )
            return sorted((Delivery(*row) for row in rows), key=lambda each: each.id)

    async def next_due(self, now: datetime) -> datetime | None:
        table = cdr_deliveries.c
        async with self._database.begin() as connection:
            due_at: datetime | None = await connection.scalar(
                select(func.min(table.due_at))
                .join(cdr_webhooks, cdr_webhooks.c.id == table.webhook_id)
                .where(table.state == "waiting", table.due_at > now, cdr_webhooks.c.enabled)
            )
        return due_at

    async def body(self, delivery: Delivery) -> bytes:
        """The CDR, after the credit for the one that the receiver was told of before, if any."""
        async with self._database.begin() as connection:
            before = await self._told_before(connection, delivery)
            keys = [(delivery.transaction_id, delivery.revision)]
            keys += [] if before is None else [(delivery.transaction_id, before)]
            facts = await facts_of(connection, keys)
        if keys[0] not in facts:
            raise ConflictError(f"the price of transaction {delivery.transaction_id} is gone")
        told = [credit(facts[key]) for key in keys[1:] if key in facts]
        return _ENCODER.encode({"type": "cdr", "cdrs": [*told, cdr(facts[keys[0]])]})

    async def delivered(self, delivery: Delivery, now: datetime, status: int) -> None:
        await self._note(
            delivery,
            state="delivered",
            delivered_at=now,
            attempted_at=now,
            status=status,
            error=None,
        )

    async def failed(
        self,
        delivery: Delivery,
        now: datetime,
        error: str,
        status: int | None,
        again_at: datetime | None,
    ) -> None:
        state = "failed" if again_at is None else "waiting"
        due = {} if again_at is None else {"due_at": again_at}
        await self._note(delivery, state=state, attempted_at=now, status=status, error=error, **due)
        if again_at is not None:
            await self._hold_back(delivery, now, again_at)

    async def _note(self, delivery: Delivery, **values: Any) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(cdr_deliveries)
                .where(cdr_deliveries.c.id == delivery.id)
                .values(attempts=delivery.attempts + 1, **values)
            )

    async def _hold_back(self, delivery: Delivery, now: datetime, until: datetime) -> None:
        """Let what was not tried yet wait too: one dead receiver must not hold up the others."""
        table = cdr_deliveries.c
        async with self._database.begin() as connection:
            await connection.execute(
                update(cdr_deliveries)
                .where(
                    table.webhook_id == delivery.webhook_id,
                    table.state == "waiting",
                    table.due_at <= now,
                )
                .values(due_at=until)
            )

    async def _told_before(self, connection: AsyncConnection, delivery: Delivery) -> int | None:
        """Return the latest price of the transaction before this one that went to the webhook."""
        table = cdr_deliveries.c
        revision: int | None = await connection.scalar(
            select(func.max(table.revision)).where(
                table.webhook_id == delivery.webhook_id,
                table.transaction_id == delivery.transaction_id,
                table.revision < delivery.revision,
            )
        )
        return revision
