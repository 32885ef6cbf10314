"""Gathers what a month's statement is made of: prices, fees, names, and what is still missing.

A transaction belongs to the month in which it began, by its site's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.errors import ConflictError, NotFoundError
from csms.services.statements.model import Gathered, IssuerSettings, Wanted
from csms.statements.base_fees import Contract, fees_of, owed_here
from csms.statements.composing import Material, Priced
from csms.statements.document import Issuer, Kind, Pending, PendingState, Recipient
from csms.store.account_tables import account_settlements
from csms.store.statement_tables import statement_issuers
from csms.store.tables import charge_points, id_tokens, sites, transactions
from csms.store.tariff_tables import (
    priced_transactions,
    tariff_assignments,
    user_group_members,
    users,
)
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Scope
from csms.tariff.billing import Bill
from csms.tariff.lines import Line
from csms.tariff.model import Tariff
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
    site = await _row(connection, sites, sites.c.id == wanted.site_id, "site", wanted.site_id)
    zone = ZoneInfo(site["time_zone"])
    subject_id, name, recipient = await _subject(connection, wanted, site)
    about = Wanted(wanted.kind, subject_id, wanted.site_id, wanted.month)
    priced = await _priced(connection, about, zone)
    fees, tariffs = await _fees(connection, about, priced, zone)
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
            pending=await _pending(connection, about, zone),
            user_names=await _user_names(connection, about, {*fees, *_users_in(priced)}),
            charge_point_names=await _charge_point_names(connection, priced),
        ),
    )


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
    site = await _row(connection, sites, sites.c.id == site_id, "site", site_id)
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
    if await _is_only_site(connection, site_id):
        found |= await _with_own_tariffs(connection)
    return sorted(found)


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
        texts = {name: row[name] or "" for name in ("name", "address", "tax_number", "email")}
        return row["id"], row["name"] or row["id"], Recipient(**texts)
    if wanted.kind is Kind.CHARGE_POINT:
        condition = func.lower(charge_points.c.id) == identity
        row = await _row(connection, charge_points, condition, "charge point", wanted.subject_id)
        return row["id"], row["name"] or row["id"], None
    if wanted.subject_id != wanted.site_id:
        raise NotFoundError("site", wanted.subject_id)
    return site["id"], site["name"], None


async def _priced(connection: AsyncConnection, about: Wanted, zone: ZoneInfo) -> list[Priced]:
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
            _of(about, table.user_id, table.charge_point_id),
        )
        .limit(MOST + 1)
    )
    found = [_as_priced(row) for row in rows.mappings()]
    if len(found) > MOST:
        raise ConflictError(
            f"the month has more than {MOST} transactions: state it by charge point or by user"
        )
    return found


def _as_priced(row: Mapping[Any, Any]) -> Priced:
    return Priced(
        **{name: row[name] for name in _PRICED},
        lines=msgspec.convert(row["lines"], tuple[Line, ...]),
        bill_lines=msgspec.convert(row["bill"], Bill).lines,
        flags=tuple(row["flags"]),
        prepaid=row["charged"] or _ZERO,
    )


def _of(
    about: Wanted, user_id: ColumnElement[Any], charge_point_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    if about.kind is Kind.USER:
        return user_id == about.subject_id
    if about.kind is Kind.CHARGE_POINT:
        return charge_point_id == about.subject_id
    return true()


async def _pending(connection: AsyncConnection, about: Wanted, zone: ZoneInfo) -> list[Pending]:
    """Return the month's transactions that have no price, not even an incomplete one."""
    start, end = about.month.bounds(zone)
    began, priced = transactions.c, priced_transactions.c
    statement = (
        select(began.id, began.started_at, began.stopped_at, charge_points.c.id.label("place"))
        .join(charge_points, charge_points.c.key == began.charge_point_key)
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
    if about.kind is Kind.USER:
        tokens = select(id_tokens.c.id_token).where(id_tokens.c.user_id == about.subject_id)
        statement = statement.where(began.id_token.in_(tokens))
    elif about.kind is Kind.CHARGE_POINT:
        statement = statement.where(charge_points.c.id == about.subject_id)
    rows = await connection.execute(statement)
    return [
        Pending(
            row.id,
            row.place,
            row.started_at,
            PendingState.RUNNING if row.stopped_at is None else PendingState.NOT_PRICED,
        )
        for row in rows
    ]


async def _fees(
    connection: AsyncConnection, about: Wanted, priced: Sequence[Priced], zone: ZoneInfo
) -> tuple[dict[str, list[Line]], dict[str, Tariff]]:
    """Return the base fees of each user, and all tariffs that lines are of."""
    user_ids: Collection[str] = ()
    if about.kind is Kind.USER:
        user_ids = {about.subject_id}
    elif about.kind is Kind.SITE:
        user_ids = _users_in(priced)
        if await _is_only_site(connection, about.site_id):
            user_ids = user_ids | await _with_own_tariffs(connection)
    contracts = await _contracts(connection, user_ids)
    used = _tariffs_by_user(priced)
    wanted = {each.tariff_id for each in priced if each.tariff_id is not None}
    wanted.update(*(contract.tariff_ids for contract in contracts))
    tariffs = await load_tariffs(connection, sorted(wanted))
    owing = [
        contract
        for contract in contracts
        if _may_owe({*contract.tariff_ids, *used.get(contract.user_id, ())}, tariffs)
    ]
    if not owing:
        return {}, tariffs
    elsewhere = await _charged_at(connection, [each.user_id for each in owing], about, zone)
    only_site = await _is_only_site(connection, about.site_id)
    fees: dict[str, list[Line]] = {}
    for contract in owing:
        user_id = contract.user_id
        if owed_here(about.site_id, elsewhere.get(user_id, ()), only_site=only_site):
            lines = fees_of(contract, used.get(user_id, set()), tariffs, about.month, zone)
            fees |= {user_id: lines} if lines else {}
    return fees, tariffs


def _may_owe(tariff_ids: Iterable[str], tariffs: Mapping[str, Tariff]) -> bool:
    return any(
        version.monthly_base is not None
        for tariff_id in tariff_ids
        if tariff_id in tariffs
        for version in tariffs[tariff_id].versions
    )


def _users_in(priced: Iterable[Priced]) -> set[str]:
    return {each.user_id for each in priced if each.user_id is not None}


def _tariffs_by_user(priced: Iterable[Priced]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in priced:
        if each.user_id is not None and each.tariff_id is not None:
            found.setdefault(each.user_id, set()).add(each.tariff_id)
    return found


async def _contracts(connection: AsyncConnection, user_ids: Collection[str]) -> list[Contract]:
    groups: dict[str, set[str]] = {user_id: set() for user_id in user_ids}
    rows = await connection.execute(
        select(user_group_members.c.user_id, user_group_members.c.user_group_id).where(
            user_group_members.c.user_id.in_(user_ids)
        )
    )
    for user_id, group_id in rows:
        groups[user_id].add(group_id)
    subjects = {Scope.USER: user_ids, Scope.USER_GROUP: set().union(*groups.values())}
    assignments = await load_assignments(connection, subjects)
    return [
        Contract(
            user_id,
            frozenset(group_ids),
            [each for each in assignments if each.subject_id in {user_id, *group_ids}],
        )
        for user_id, group_ids in sorted(groups.items())
    ]


async def _charged_at(
    connection: AsyncConnection, user_ids: Collection[str], about: Wanted, zone: ZoneInfo
) -> dict[str, set[str]]:
    """Return the sites at which users charged in the month."""
    start, end = about.month.bounds(zone)
    table = priced_transactions.c
    rows = await connection.execute(
        select(table.user_id, table.site_id)
        .where(
            table.current,
            table.user_id.in_(user_ids),
            table.site_id.is_not(None),
            table.ended_at >= start,
            table.started_at >= start,
            table.started_at < end,
        )
        .distinct()
    )
    found: dict[str, set[str]] = {}
    for user_id, site_id in rows:
        found.setdefault(user_id, set()).add(site_id)
    return found


async def _is_only_site(connection: AsyncConnection, site_id: str) -> bool:
    rows = await connection.scalars(select(statement_issuers.c.site_id).limit(2))
    return list(rows) == [site_id]


async def _with_own_tariffs(connection: AsyncConnection) -> set[str]:
    """Return the users to whom, or to whose groups, any tariff is assigned."""
    table, members = tariff_assignments.c, user_group_members.c
    own = await connection.scalars(
        select(users.c.id).join(
            tariff_assignments,
            and_(table.scope == Scope.USER.value, table.subject_id == users.c.id),
        )
    )
    grouped = await connection.scalars(
        select(members.user_id).join(
            tariff_assignments,
            and_(table.scope == Scope.USER_GROUP.value, table.subject_id == members.user_group_id),
        )
    )
    return {*own, *grouped}


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
