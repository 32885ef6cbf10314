"""Groups of id tokens; compared without case, shown as they were first written."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, select

from csms.store.admin.named import Named
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import id_token_groups

_groups: Final = Named(id_token_groups, "id token group", 0x6373_6D73_0010)
find = _groups.find
create = _groups.create
replace = _groups.replace
ensure = _groups.ensure


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return groups in the order of their ids, `identity` being what is compared."""
    statement = select(id_token_groups, _groups.identity.label("identity"))
    return await fetch(connection, statement, [_groups.identity], window, descending=False)


async def spelling(connection: AdminConnection, group_id: str) -> str:
    """Return a group's id as it is kept, or as it is given if nobody made that group."""
    row = await _groups.look_up(connection, group_id)
    return group_id if row is None else str(row["id"])


async def remove(connection: AdminConnection, group_id: str) -> None:
    """Delete a group; its tokens stay, without one. Raises NotFoundError."""
    row = await find(connection, group_id)
    await connection.execute(delete(id_token_groups).where(id_token_groups.c.id == row["id"]))
