"""Gathers who owes which base fee for a month."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from csms.services.statements.model import Wanted
from csms.statements.base_fees import Contract, fees_of, owed_here
from csms.statements.composing import Priced
from csms.store.statement_tables import statement_issuers
from csms.store.tariff_tables import (
    priced_transactions,
    tariff_assignments,
    user_group_members,
    users,
)
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Scope
from csms.tariff.lines import Line
from csms.tariff.model import Tariff


async def base_fees(
    connection: AsyncConnection,
    about: Wanted,
    user_ids: Collection[str],
    priced: Sequence[Priced],
    zone: ZoneInfo,
) -> tuple[dict[str, list[Line]], dict[str, Tariff]]:
    """Return the base fees of users for a site's month, and all tariffs that lines are of."""
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
    only_site = await is_only_site(connection, about.site_id)
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


def users_in(priced: Iterable[Priced]) -> set[str]:
    """Return the users who charged."""
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


async def is_only_site(connection: AsyncConnection, site_id: str) -> bool:
    """Whether no other site has an issuer."""
    rows = await connection.scalars(select(statement_issuers.c.site_id).limit(2))
    return list(rows) == [site_id]


async def with_own_tariffs(connection: AsyncConnection) -> set[str]:
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
