"""Gathers what a month's statement is made of: prices, fees, names, and what is still missing.

A transaction belongs to the month in which it began, by its site's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError, NotFoundError
from csms.services.statements.model import Gathered, IssuerSettings, Wanted
from csms.statements.composing import Material, Priced, grouped
from csms.statements.document import Issuer, Kind, Pending, PendingState, Recipient
from csms.store.account_tables import account_settlements
from csms.store.load_tables import sites
from csms.store.statement_fees import base_fees, is_only_site, users_in, with_own_tariffs
from csms.store.statement_tables import statement_issuers
from csms.store.tables import charge_points, id_tokens, transactions
from csms.store.tariff_tables import priced_transactions, users
from csms.tariff.billing import Bill
from csms.tariff.lines import Line
from csms.tariff.months import Month

MOST: Final = 50_000
"""Transactions in one statement."""
_ZERO: Final = Decimal(0)
_PRICED: Final = (
    "transaction_id", "revision", "charge_point_id", "user_id", "id_token", "started_at",
    "ended_at", "energy_wh", "tariff_id", "currency", "net", "gross", "reason",
)  # fmt: skip


async def gather(connection: AsyncConnection, wanted: Wanted) -> Gathered:
    """Return all that is known of a month; raises NotFoundError."""
    site = await _site(connection, wanted.site_id)
    zone = ZoneInfo(site["time_zone"])
    subject_id, name, recipient = await _subject(connection, wanted, site)
    about = replace(wanted, subject_id=subject_id)
    priced = await _priced(connection, about, zone, _of(about))
    user_ids = await _paying(connection, about, priced)
    fees, tariffs = await base_fees(connection, about, user_ids, priced, zone)
    pending = await _pending(connection, about, zone)
    return Gathered(
        wanted=about,
        subject_name=name,
        site_name=site["name"],
        time_zone=site["time_zone"],
        recipient=recipient,
        issuer=await issuer_of(connection, wanted.site_id),
        material=Material(
            priced=priced,
            tariffs=tariffs,
            fees=fees,
            pending=[each for _, each in pending],
            user_names=await _user_names(connection, about, user_ids),
            charge_point_names=await _charge_point_names(connection, priced),
        ),
    )


async def gather_users(
    connection: AsyncConnection, site_id: str, month: Month, user_ids: Sequence[str]
) -> dict[str, Gathered]:
    """Return the same for many users of a site at once; who is not there is left out."""
    site = await _site(connection, site_id)
    zone = ZoneInfo(site["time_zone"])
    about = Wanted(Kind.SITE, site_id, site_id, month)
    of_them = priced_transactions.c.user_id.in_(user_ids)
    priced = await _priced(connection, about, zone, of_them)
    fees, tariffs = await base_fees(connection, about, user_ids, priced, zone)
    pending = grouped(await _pending(connection, about, zone, user_ids), itemgetter(0))
    by_user = grouped(priced, lambda each: each.user_id)
    names = await _charge_point_names(connection, priced)
    issuer = await issuer_of(connection, site_id)
    rows = await connection.execute(select(users).where(users.c.id.in_(user_ids)))
    return {
        row["id"]: Gathered(
            wanted=Wanted(Kind.USER, row["id"], site_id, month),
            subject_name=row["name"] or row["id"],
            site_name=site["name"],
            time_zone=site["time_zone"],
            recipient=_recipient(row),
            issuer=issuer,
            material=Material(
                priced=by_user.get(row["id"], ()),
                tariffs=tariffs,
                fees={row["id"]: fees[row["id"]]} if row["id"] in fees else {},
                pending=[each for _, each in pending.get(row["id"], ())],
                user_names={},
                charge_point_names=names,
            ),
        )
        for row in rows.mappings()
    }


async def issuer_of(connection: AsyncConnection, site_id: str) -> IssuerSettings | None:
    """Return who issues a site's statements."""
    rows = await connection.execute(
        select(statement_issuers).where(statement_issuers.c.site_id == site_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        return None
    names = ("name", "address", "tax_number", "bank", "text")
    issuer = Issuer(**{name: row[name] for name in names})
    return IssuerSettings(issuer, row["series"], row["language"])


async def users_of(connection: AsyncConnection, site_id: str, month: Month) -> list[str]:
    """Return the users who may owe something for a site's month; raises NotFoundError."""
    site = await _site(connection, site_id)
    start, end = month.bounds(ZoneInfo(site["time_zone"]))
    priced, began = priced_transactions.c, transactions.c
    charged = await connection.scalars(
        select(priced.user_id)
        .where(
            priced.current,
            priced.site_id == site_id,
            priced.started_at >= start,
            priced.started_at < end,
            priced.user_id.is_not(None),
        )
        .distinct()
    )
    charging = await connection.scalars(
        select(id_tokens.c.user_id)
        .join(transactions, began.id_token == id_tokens.c.id_token)
        .join(charge_points, charge_points.c.key == began.charge_point_key)
        .where(
            id_tokens.c.user_id.is_not(None),
            charge_points.c.site_id == site_id,
            began.started_at >= start,
            began.started_at < end,
        )
        .distinct()
    )
    found = {*charged, *charging}
    if await is_only_site(connection, site_id):
        found |= await with_own_tariffs(connection)
    return sorted(found)


async def _paying(
    connection: AsyncConnection, about: Wanted, priced: Sequence[Priced]
) -> Collection[str]:
    """Return the users whose base fees a statement has; a charge point's has none."""
    if about.kind is Kind.USER:
        return {about.subject_id}
    if about.kind is Kind.CHARGE_POINT:
        return ()
    if await is_only_site(connection, about.site_id):
        return users_in(priced) | await with_own_tariffs(connection)
    return users_in(priced)


async def _site(connection: AsyncConnection, site_id: str) -> Mapping[str, Any]:
    return await _row(connection, sites, sites.c.id == site_id, "site", site_id)


async def _row(
    connection: AsyncConnection, table: Any, condition: ColumnElement[bool], kind: str, id_: str
) -> Mapping[str, Any]:
    row = (await connection.execute(select(table).where(condition))).mappings().one_or_none()
    if row is None:
        raise NotFoundError(kind, id_)
    return dict(row)


async def _subject(
    connection: AsyncConnection, wanted: Wanted, site: Mapping[str, Any]
) -> tuple[str, str, Recipient | None]:
    """Return a subject's id as it is kept, its name, and whom its statement is sent to."""
    identity = func.lower(wanted.subject_id)
    if wanted.kind is Kind.USER:
        condition = func.lower(users.c.id) == identity
        row = await _row(connection, users, condition, "user", wanted.subject_id)
        return row["id"], row["name"] or row["id"], _recipient(row)
    if wanted.kind is Kind.CHARGE_POINT:
        condition = func.lower(charge_points.c.id) == identity
        row = await _row(connection, charge_points, condition, "charge point", wanted.subject_id)
        return row["id"], row["name"] or row["id"], None
    if wanted.subject_id != wanted.site_id:
        raise NotFoundError("site", wanted.subject_id)
    return site["id"], site["name"], None


def _recipient(user: Mapping[Any, Any]) -> Recipient:
    names = ("name", "address", "tax_number", "email")
    return Recipient(**{name: user[name] or "" for name in names})


async def _priced(
    connection: AsyncConnection, about: Wanted, zone: ZoneInfo, condition: ColumnElement[bool]
) -> list[Priced]:
    start, end = about.month.bounds(zone)
    table = priced_transactions.c
    columns = [table[name] for name in (*_PRICED, "flags", "lines", "bill")]
    rows = await connection.execute(
        select(*columns, account_settlements.c.charged)
        .outerjoin(
            account_settlements, account_settlements.c.transaction_id == table.transaction_id
        )
        .where(
            table.current,
            table.site_id == about.site_id,
            table.started_at >= start,
            table.started_at < end,
            condition,
        )
        .limit(MOST + 1)
    )
    found = await asyncio.to_thread(_all_priced, rows.mappings().all())
    if len(found) > MOST:
        raise ConflictError(
            f"the month has more than {MOST} transactions: state it by charge point or by user"
        )
    return found


def _all_priced(rows: Iterable[Mapping[Any, Any]]) -> list[Priced]:
    return [_as_priced(row) for row in rows]


def _as_priced(row: Mapping[Any, Any]) -> Priced:
    return Priced(
        **{name: row[name] for name in _PRICED},
        lines=msgspec.convert(row["lines"], tuple[Line, ...]),
        bill_lines=msgspec.convert(row["bill"], Bill).lines,
        flags=tuple(row["flags"]),
        prepaid=row["charged"] or _ZERO,
    )


def _of(about: Wanted) -> ColumnElement[bool]:
    if about.kind is Kind.USER:
        return priced_transactions.c.user_id == about.subject_id
    if about.kind is Kind.CHARGE_POINT:
        return priced_transactions.c.charge_point_id == about.subject_id
    return true()


async def _pending(
    connection: AsyncConnection,
    about: Wanted,
    zone: ZoneInfo,
    user_ids: Collection[str] | None = None,
) -> list[tuple[str | None, Pending]]:
    """Return the month's transactions that have no price, not even an incomplete one, with users.

    `user_ids`: only those of these users.
    """
    start, end = about.month.bounds(zone)
    began, priced = transactions.c, priced_transactions.c
    if about.kind is Kind.USER:
        user_ids = [about.subject_id]
    statement = (
        select(
            began.id,
            began.started_at,
            began.stopped_at,
            charge_points.c.id.label("place"),
            id_tokens.c.user_id,
        )
        .join(charge_points, charge_points.c.key == began.charge_point_key)
        .outerjoin(id_tokens, id_tokens.c.id_token == began.id_token)
        .outerjoin(priced_transactions, and_(priced.transaction_id == began.id, priced.current))
        .where(
            charge_points.c.site_id == about.site_id,
            began.started_at >= start,
            began.started_at < end,
            priced.transaction_id.is_(None),
        )
        .order_by(began.started_at, began.id)
        .limit(MOST)
    )
    if user_ids is not None:
        statement = statement.where(id_tokens.c.user_id.in_(user_ids))
    if about.kind is Kind.CHARGE_POINT:
        statement = statement.where(charge_points.c.id == about.subject_id)
    return [(row.user_id, _as_pending(row)) for row in await connection.execute(statement)]


def _as_pending(row: Any) -> Pending:
    state = PendingState.RUNNING if row.stopped_at is None else PendingState.NOT_PRICED
    return Pending(row.id, row.place, row.started_at, state)


async def _user_names(
    connection: AsyncConnection, about: Wanted, user_ids: Collection[str]
) -> dict[str, str]:
    """Return the names of a site's users; no other statement tells users apart."""
    if about.kind is not Kind.SITE:
        return {}
    rows = await connection.execute(
        select(users.c.id, users.c.name).where(users.c.id.in_(user_ids))
    )
    return {str(id_): str(name or id_) for id_, name in rows}


async def _charge_point_names(
    connection: AsyncConnection, priced: Iterable[Priced]
) -> dict[str, str]:
    places = {each.charge_point_id for each in priced}
    rows = await connection.execute(
        select(charge_points.c.id, charge_points.c.name).where(charge_points.c.id.in_(places))
    )
    return {str(id_): str(name or id_) for id_, name in rows}
