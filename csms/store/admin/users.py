"""Users, who pay; compared without case, shown as they were first written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, select

from csms.store.admin.named import Named
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.stated import refuse_owing_user
from csms.store.tables import id_tokens
from csms.store.tariff_tables import tariff_assignments, user_group_members, users
from csms.tariff.assignment import Scope

_users: Final = Named(users, "user", 0x6373_6D73_0012)
find = _users.find
spelled = _users.spelled
create = _users.create
replace = _users.replace


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    user_group_id: str | None = None,
    search: str | None = None,
) -> list[Row]:
    """Return users in the order of their ids, `identity` being what is compared."""
    statement = select(users, _users.identity.label("identity"))
    if user_group_id is not None:
        members = select(user_group_members.c.user_id).where(
            func.lower(user_group_members.c.user_group_id) == func.lower(user_group_id)
        )
        statement = statement.where(users.c.id.in_(members))
    if search is not None:
        statement = statement.where(
            users.c.id.icontains(search, autoescape=True)
            | users.c.name.icontains(search, autoescape=True)
            | users.c.email.icontains(search, autoescape=True)
        )
    return await fetch(connection, statement, [_users.identity], window, descending=False)


async def remove(connection: AdminConnection, user_id: str) -> None:
    """Delete a user and what is assigned to it; its tokens stay.

    Raises NotFoundError, and ConflictError while a statement of what it owes is missing.
    """
    row = await find(connection, user_id)
    await refuse_owing_user(connection, row["id"])
    await connection.execute(
        delete(tariff_assignments).where(
            tariff_assignments.c.scope == Scope.USER.value,
            tariff_assignments.c.subject_id == row["id"],
        )
    )
    await connection.execute(delete(users).where(users.c.id == row["id"]))


async def tokens_of(connection: AdminConnection, user_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the id tokens of each user, in order."""
    found: dict[str, list[str]] = {user_id: [] for user_id in user_ids}
    rows = await connection.execute(
        select(id_tokens.c.user_id, id_tokens.c.id_token)
        .where(id_tokens.c.user_id.in_(user_ids))
        .order_by(id_tokens.c.id_token)
    )
    for user_id, id_token in rows:
        found[user_id].append(id_token)
    return found
