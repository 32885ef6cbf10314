"""The queue of transactions to price; whoever adds to it waits for nobody.

Beside the writer, which adds what ends, these are the verbs for what was priced before: after a
change, what had no price is tried again; on request everything is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    cast,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.store.stated import STATED_ONCE
from csms.store.statement_tables import statements
from csms.store.tables import charge_points, id_tokens, transactions
from csms.store.tariff_tables import priced_transactions, pricing_queue, user_group_members
from csms.tariff.assignment import Scope

TRIED_AGAIN: Final = timedelta(days=62)
"""Of what has no price only what ended since then is tried again by itself: two months' bills."""
MOST: Final = 1_000_000
"""Transactions that one request may have priced again."""
MOST_NAMED: Final = 1000
"""Statements that are named as to be corrected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Which transactions to price again: those that match all that is given."""

    since: datetime | None = None
    """Ended at or after."""
    until: datetime | None = None
    """Ended before."""
    charge_point_id: str | None = None
    site_id: str | None = None
    id_token: str | None = None
    user_id: str | None = None
    tariff_id: str | None = None
    incomplete: bool = False
    """Only what has no price, or not for everything."""
    owner_anew: bool = False
    """Whoever owns the id token now pays; not where that would change what was stated or paid."""
    also_settled: bool = False
    """With `owner_anew`: there, too. Accounts follow; statements are to be corrected."""


_UNSETTLED: Final = text(f"""(
    priced_transactions.transaction_id IS NULL OR NOT ({STATED_ONCE} OR EXISTS (
        SELECT FROM account_settlements s
        WHERE s.transaction_id = priced_transactions.transaction_id AND s.charged <> 0))
)""")
"""No issued statement has the price, and no account paid it."""


async def price_again(connection: AsyncConnection, wanted: Again) -> int:
    """Have transactions priced again, also such as never were; returns how many."""
    found = (
        _chosen(select(transactions.c.id, literal(wanted.owner_anew)), wanted)
        .order_by(transactions.c.id)
        .limit(MOST)
    )
    return await _add(connection, found)


async def statements_to_correct(connection: AsyncConnection, wanted: Again) -> list[int]:
    """Return the issued statements that say who used what a token of another owner used."""
    priced = priced_transactions.c
    began_in = func.date_trunc("month", func.timezone(priced.time_zone, priced.started_at))
    moved = (
        _chosen(
            select(
                priced.site_id,
                priced.charge_point_id,
                cast(began_in, Date).label("month"),
                priced.user_id.label("before"),
                id_tokens.c.user_id.label("after"),
            ),
            wanted,
        )
        .join(id_tokens, id_tokens.c.id_token == transactions.c.id_token)
        .where(priced.user_id.is_distinct_from(id_tokens.c.user_id))
        .distinct()
        .subquery()
    )
    table, subject = statements.c, func.lower(statements.c.subject_id)
    concerned = or_(
        table.kind == "site",
        and_(
            table.kind == "user",
            subject.in_([func.lower(moved.c.before), func.lower(moved.c.after)]),
        ),
        and_(table.kind == "charge_point", subject == func.lower(moved.c.charge_point_id)),
    )
    correction = statements.alias()
    found = await connection.scalars(
        select(table.id)
        .join(moved, and_(table.site_id == moved.c.site_id, table.month == moved.c.month))
        .where(concerned, ~exists().where(correction.c.corrects_id == table.id))
        .distinct()
        .order_by(table.id)
        .limit(MOST_NAMED)
    )
    return list(found)


def _chosen(columns: Select[Any], wanted: Again) -> Select[Any]:
    """Select from the transactions that are wanted, and from their prices if they have any."""
    priced = priced_transactions.c
    current = and_(priced.transaction_id == transactions.c.id, priced.current)
    conditions: list[ColumnElement[bool]] = [transactions.c.stopped_at.is_not(None)]
    if wanted.since is not None:
        conditions.append(transactions.c.stopped_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(transactions.c.stopped_at < wanted.until)
    if wanted.charge_point_id is not None:
        conditions.append(func.lower(charge_points.c.id) == func.lower(wanted.charge_point_id))
    if wanted.incomplete:
        conditions.append(priced.complete.is_not(True))
    for column, value in (
        (charge_points.c.site_id, wanted.site_id),
        (transactions.c.id_token, wanted.id_token),
        (priced.user_id, wanted.user_id),
        (priced.tariff_id, wanted.tariff_id),
    ):
        if value is not None:
            conditions.append(column == value)
    unsettled = [_UNSETTLED] if wanted.owner_anew and not wanted.also_settled else []
    return (
        columns.select_from(transactions)
        .join(charge_points, charge_points.c.key == transactions.c.charge_point_key)
        .outerjoin(priced_transactions, current)
        .where(*conditions, *unsettled)
    )


async def price_incomplete_of_tariff(connection: AsyncConnection, tariff_id: str) -> None:
    """Try again what a tariff had no price for."""
    await _again(connection, priced_transactions.c.tariff_id == tariff_id)


async def price_incomplete_at_site(connection: AsyncConnection, site_id: str) -> None:
    """Try again what had no price at a site, because prices of its market came."""
    await _again(connection, priced_transactions.c.site_id == site_id)


async def price_incomplete_of(connection: AsyncConnection, assignment: Mapping[str, Any]) -> None:
    """Try again what had no price of those whom a tariff is now assigned to."""
    priced, subject_id = priced_transactions.c, assignment["subject_id"]
    members = select(user_group_members.c.user_id).where(
        user_group_members.c.user_group_id == subject_id
    )
    conditions: dict[Scope, ColumnElement[bool]] = {
        Scope.ID_TOKEN: priced.id_token == subject_id,
        Scope.USER: priced.user_id == subject_id,
        Scope.USER_GROUP: priced.user_id.in_(members),
        Scope.CHARGE_POINT: priced.charge_point_id == subject_id,
        Scope.SITE: priced.site_id == subject_id,
    }
    await _again(connection, conditions[Scope(assignment["scope"])])


async def _again(connection: AsyncConnection, condition: ColumnElement[bool]) -> None:
    priced = priced_transactions.c
    newest = select(func.max(priced.ended_at)).where(priced.current).scalar_subquery()
    found = (
        select(priced.transaction_id, false())
        .where(priced.current, ~priced.complete, condition)
        .where(priced.ended_at >= newest - TRIED_AGAIN)
        .order_by(priced.transaction_id)
    )
    await _add(connection, found)


async def _add(connection: AsyncConnection, found: Any) -> int:
    added = await connection.execute(
        insert(pricing_queue).from_select(["transaction_id", "owner_anew"], found)
    )
    return int(added.rowcount)
