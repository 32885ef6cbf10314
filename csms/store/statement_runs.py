"""Runs of statements: taken by one node at a time, by a lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import NotFoundError
from csms.services.statements.model import Refusal, Run
from csms.store.admin.window import Row, Window, fetch
from csms.store.database import Database
from csms.store.issued_statements import lacking, with_statement
from csms.store.statement_material import users_of
from csms.store.statement_tables import statement_runs
from csms.tariff.months import Month

_OPEN = ("waiting", "running")


class StatementRunStore:
    """The service's `RunStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, now: datetime, lease_until: datetime) -> Run | None:
        table = statement_runs.c
        free = (
            select(table.id)
            .where(
                table.state.in_(_OPEN),
                or_(table.lease_until.is_(None), table.lease_until < now),
            )
            .order_by(table.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        async with self._database.begin() as connection:
            rows = await connection.execute(
                update(statement_runs)
                .where(table.id == free)
                .values(state="running", lease_until=lease_until)
                .returning(*table)
            )
            row = rows.mappings().one_or_none()
        return None if row is None else _run(row)

    async def next_lease_end(self, now: datetime) -> datetime | None:
        table = statement_runs.c
        async with self._database.begin() as connection:
            ends_at: datetime | None = await connection.scalar(
                select(func.min(table.lease_until)).where(
                    table.state.in_(_OPEN), table.lease_until >= now
                )
            )
        return ends_at

    async def users(self, site_id: str, month: Month) -> Sequence[str]:
        async with self._database.begin() as connection:
            done = await with_statement(connection, site_id, month.first)
            return [each for each in await users_of(connection, site_id, month) if each not in done]

    async def outdated(self, site_id: str, month: Month) -> Sequence[Refusal]:
        async with self._database.begin() as connection:
            found = await lacking(connection, site_id, month.first)
        return [
            Refusal(
                user_id,
                f"{number} lacks what was priced after it: "
                f"correct it (POST /api/v1/statements/{statement_id}/corrections)",
            )
            for user_id, number, statement_id in found
        ]

    async def progress(
        self,
        run: Run,
        *,
        total: int,
        done: int,
        issued: int,
        refusals: Sequence[Refusal],
        lease_until: datetime,
    ) -> None:
        await self._change(
            run,
            total=total,
            done=done,
            issued=issued,
            refusals=msgspec.to_builtins(refusals),
            lease_until=lease_until,
        )

    async def end(self, run: Run, now: datetime, failure: str | None = None) -> None:
        values: dict[str, Any] = {"state": "done", "ended_at": now, "lease_until": None}
        if failure is not None:
            values |= {"state": "failed", "refusals": [{"user_id": "", "reason": failure}]}
        await self._change(run, **values)

    async def _change(self, run: Run, **values: Any) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(statement_runs).where(statement_runs.c.id == run.id).values(**values)
            )


async def create(connection: AsyncConnection, values: Mapping[str, Any]) -> Row:
    """Keep an order for a run."""
    rows = await connection.execute(
        insert(statement_runs).values(state="waiting", **values).returning(*statement_runs.c)
    )
    return dict(rows.mappings().one())


async def find(connection: AsyncConnection, run_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(statement_runs).where(statement_runs.c.id == run_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("statement run", run_id)
    return dict(row)


async def list_page(connection: AsyncConnection, window: Window) -> list[Row]:
    """Return runs, the newest first."""
    return await fetch(connection, select(statement_runs), [statement_runs.c.id], window)


def _run(row: Mapping[Any, Any]) -> Run:
    return Run(
        id=row["id"],
        site_id=row["site_id"],
        month=Month(row["month"].year, row["month"].month),
        language=row["language"],
        allow_unpriced=row["allow_unpriced"],
        created_by=row["created_by"],
        issued=row["issued"],
    )
