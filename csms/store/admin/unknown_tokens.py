"""Id tokens that were shown but that nobody has entered, for operators."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, exists, func, or_, select, update

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.authorization_tables import unknown_id_tokens
from csms.store.tables import charge_points, id_tokens

_COLUMNS = (
    *(column for column in unknown_id_tokens.c if column.name != "charge_point_key"),
    charge_points.c.id.label("charge_point_id"),
    charge_points.c.site_id,
)


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    dismissed: bool,
    charge_point_id: str | None = None,
    site_id: str | None = None,
) -> list[Row]:
    """Return tokens, the one that was shown last first; those entered since are not among them."""
    entered = exists().where(id_tokens.c.id_token == unknown_id_tokens.c.id_token)
    dismissed_at = unknown_id_tokens.c.dismissed_at
    conditions = [~entered, dismissed_at.is_not(None) if dismissed else dismissed_at.is_(None)]
    if charge_point_id is not None:
        conditions.append(func.lower(charge_points.c.id) == charge_point_id.lower())
    if site_id is not None:
        conditions.append(charge_points.c.site_id == site_id)
    statement = select(*_COLUMNS).join(charge_points).where(*conditions)
    order = [unknown_id_tokens.c.last_seen_at, unknown_id_tokens.c.id_token]
    return await fetch(connection, statement, order, window)


async def entered_of(
    connection: AdminConnection, readings: Collection[str], stems: Collection[str]
) -> list[str]:
    """Return the tokens entered as one of `readings`, or as a stem with a byte more at an end."""
    known = id_tokens.c.id_token
    one_more = or_(func.left(known, -2).in_(stems), func.substr(known, 3).in_(stems))
    statement = select(known).where(or_(known.in_(readings), one_more)).order_by(known)
    return list((await connection.execute(statement)).scalars())


async def find(connection: AdminConnection, id_token: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(*_COLUMNS).join(charge_points).where(unknown_id_tokens.c.id_token == id_token)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("unknown id token", id_token)
    return dict(row)


async def forget(connection: AdminConnection, id_token: str) -> None:
    await connection.execute(
        delete(unknown_id_tokens).where(unknown_id_tokens.c.id_token == id_token)
    )


async def dismiss(connection: AdminConnection, id_token: str) -> None:
    """Put a token aside for good; raises NotFoundError."""
    await find(connection, id_token)
    await connection.execute(
        update(unknown_id_tokens)
        .where(unknown_id_tokens.c.id_token == id_token)
        .values(dismissed_at=func.now())
    )
