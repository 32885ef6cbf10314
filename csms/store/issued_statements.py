"""Statements that were issued: numbered one after the other, kept as they are for good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    func,
    insert,
    literal,
    literal_column,
    not_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError, NotFoundError
from csms.services.statements.model import Gathered, Kept, Wanted
from csms.statements.document import Document
from csms.store.admin import audit_log
from csms.store.admin.window import Row, Window, fetch
from csms.store.database import Database
from csms.store.stated import OUTDATED
from csms.store.statement_material import gather, gather_users
from csms.store.statement_tables import statement_prices, statement_series, statements
from csms.tariff.months import Month

_SNAPSHOT: Final = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
_OUTDATED: Final = literal_column(OUTDATED, Boolean)
_correction = statements.alias("correction")


class IssuedStatements:
    """The service's `StatementStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def gather(self, wanted: Wanted) -> Gathered:
        async with self._snapshot() as connection:
            return await gather(connection, wanted)

    async def gather_users(
        self, site_id: str, month: Month, user_ids: Sequence[str]
    ) -> Mapping[str, Gathered]:
        async with self._snapshot() as connection:
            return await gather_users(connection, site_id, month, user_ids)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection]:
        async with self._database.begin() as connection:
            await connection.execute(_SNAPSHOT)
            yield connection

    async def find(self, statement_id: int) -> Kept:
        async with self._database.begin() as connection:
            return kept(await find(connection, statement_id))

    async def issue(
        self,
        document: Document,
        series: str,
        actor: str,
        now: datetime,
        corrects_id: int | None = None,
    ) -> Kept:
        async with self._database.begin() as connection:
            year = now.astimezone(ZoneInfo(document.time_zone)).year
            sequence = await _next(connection, series, year)
            await _refuse_second(connection, document, corrects_id)
            number = f"{series}-{year}-{sequence:05}"
            document = replace(document, number=number, issued_at=now)
            statement_id = await connection.scalar(
                insert(statements)
                .values(
                    series=series,
                    year=year,
                    sequence=sequence,
                    corrects_id=corrects_id,
                    issued_by=actor,
                    **_columns(document),
                )
                .returning(statements.c.id)
            )
            if document.entries:
                await connection.execute(insert(statement_prices), _prices(statement_id, document))
            shown = {"number": number, "subject": document.subject_id, "corrects": corrects_id}
            await audit_log.record(connection, actor, "issue", f"statements/{statement_id}", shown)
        return Kept(statement_id or 0, number, now, None, document)


async def list_page(
    connection: AsyncConnection,
    window: Window,
    *,
    kind: str | None = None,
    subject_id: str | None = None,
    site_id: str | None = None,
    month: Month | None = None,
    outdated: bool | None = None,
) -> list[Row]:
    """Return statements without their documents, the newest first."""
    table = statements.c
    conditions: list[ColumnElement[bool]] = []
    if kind is not None:
        conditions.append(table.kind == kind)
    if subject_id is not None:
        conditions.append(func.lower(table.subject_id) == func.lower(subject_id))
    if site_id is not None:
        conditions.append(table.site_id == site_id)
    if month is not None:
        conditions.append(table.month == month.first)
    if outdated is not None:
        conditions.append(_OUTDATED if outdated else not_(_OUTDATED))
    columns = [column for column in table if column.name != "document"]
    statement = (
        select(*columns, _correction.c.id.label("corrected_by"))
        .outerjoin(_correction, _correction.c.corrects_id == table.id)
        .where(*conditions)
    )
    return await fetch(connection, statement, [table.id], window)


async def find(connection: AsyncConnection, statement_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(statements, _correction.c.id.label("corrected_by"))
        .outerjoin(_correction, _correction.c.corrects_id == statements.c.id)
        .where(statements.c.id == statement_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("statement", statement_id)
    return dict(row)


def kept(row: Row) -> Kept:
    """Return a row of `statements` as the service has it."""
    document = msgspec.json.decode(row["document"], type=Document)
    return Kept(row["id"], row["number"], row["issued_at"], row["corrected_by"], document)


def _columns(document: Document) -> dict[str, Any]:
    return {
        "number": document.number,
        "kind": document.kind.value,
        "subject_id": document.subject_id,
        "subject_name": document.subject_name,
        "site_id": document.site_id,
        "month": document.month.first,
        "complete": document.complete,
        "totals": msgspec.to_builtins(document.totals),
        "issued_at": document.issued_at,
        "document": msgspec.json.encode(document).decode(),
    }


def _prices(statement_id: int, document: Document) -> list[dict[str, Any]]:
    return [
        {
            "statement_id": statement_id,
            "transaction_id": entry.transaction_id,
            "revision": entry.revision,
        }
        for entry in document.entries
    ]


async def _next(connection: AsyncConnection, series: str, year: int) -> int:
    """Take the next number; whoever asks for the one after it waits until this one is kept."""
    statement = upsert(statement_series).values(series=series, year=year, last_number=1)
    taken = await connection.scalar(
        statement.on_conflict_do_update(
            index_elements=[statement_series.c.series, statement_series.c.year],
            set_={"last_number": statement_series.c.last_number + literal(1)},
        ).returning(statement_series.c.last_number)
    )
    return int(taken or 0)


async def _refuse_second(
    connection: AsyncConnection, document: Document, corrects_id: int | None
) -> None:
    table = statements.c
    if corrects_id is not None:
        condition = table.corrects_id == corrects_id
    else:
        condition = _first_of(document.kind.value, document.subject_id, document.site_id) & (
            table.month == document.month.first
        )
    number = await connection.scalar(select(table.number).where(condition))
    if number is not None and corrects_id is not None:
        raise ConflictError(f"it was corrected by statement {number!r} meanwhile")
    if number is not None:
        raise ConflictError(f"statement {number!r} says this already; it can be corrected")


def _first_of(kind: str, subject_id: str, site_id: str) -> ColumnElement[bool]:
    table = statements.c
    return (
        table.corrects_id.is_(None)
        & (table.kind == kind)
        & (table.site_id == site_id)
        & (func.lower(table.subject_id) == func.lower(subject_id))
    )


async def with_statement(connection: AsyncConnection, site_id: str, month: date) -> set[str]:
    """Return the users who have a statement for a site's month."""
    table = statements.c
    found = await connection.scalars(
        select(table.subject_id).where(
            table.kind == "user", table.site_id == site_id, table.month == month
        )
    )
    return set(found)


async def lacking(
    connection: AsyncConnection, site_id: str, month: date
) -> list[tuple[str, str, int]]:
    """Return users' statements of a month that lack what was priced since: user, number, id."""
    table = statements.c
    rows = await connection.execute(
        select(table.subject_id, table.number, table.id)
        .where(table.kind == "user", table.site_id == site_id, table.month == month, _OUTDATED)
        .order_by(table.subject_id)
    )
    return [(user_id, number, id_) for user_id, number, id_ in rows]
