"""Groups of users who may share a tariff; compared without case, shown as first written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, insert, select

from csms.store.admin.named import Named
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tariff_tables import tariff_assignments, user_group_members, user_groups
from csms.tariff.assignment import Scope

_groups: Final = Named(user_groups, "user group", 0x6373_6D73_0011)
find = _groups.find
spelled = _groups.spelled
create = _groups.create
replace = _groups.replace


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return groups in the order of their ids, `identity` being what is compared."""
    statement = select(user_groups, _groups.identity.label("identity"))
    return await fetch(connection, statement, [_groups.identity], window, descending=False)


async def remove(connection: AdminConnection, user_group_id: str) -> None:
    """Delete a group and what is assigned to it; its users stay. Raises NotFoundError."""
    row = await find(connection, user_group_id)
    await connection.execute(
        delete(tariff_assignments).where(
            tariff_assignments.c.scope == Scope.USER_GROUP.value,
            tariff_assignments.c.subject_id == row["id"],
        )
    )
    await connection.execute(delete(user_groups).where(user_groups.c.id == row["id"]))


async def groups_of(connection: AdminConnection, user_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of the groups that each user is in, in order."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    rows = await connection.execute(
        select(user_group_members)
        .where(user_group_members.c.user_id.in_(user_ids))
        .order_by(user_group_members.c.user_group_id)
    )
    for row in rows.mappings():
        found[row["user_id"]].append(row["user_group_id"])
    return found


async def put_into(connection: AdminConnection, user_id: str, group_ids: Sequence[str]) -> None:
    """Make these, in their kept spelling, the groups that a user is in."""
    await connection.execute(
        delete(user_group_members).where(user_group_members.c.user_id == user_id)
    )
    if group_ids:
        await connection.execute(
            insert(user_group_members),
            [{"user_id": user_id, "user_group_id": group_id} for group_id in group_ids],
        )
