"""Whose local authorization lists are kept automatically, and how they all stand."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.authorization_tables import local_lists, site_local_lists
from csms.store.load_tables import sites
from csms.store.tables import charge_points

_identity: Final = func.lower(charge_points.c.id)
_AUTOMATIC: Final = func.coalesce(local_lists.c.automatic, site_local_lists.c.automatic, False)


async def policy(connection: AdminConnection, charge_point_id: str) -> Row:
    """Return a charge point's key, version and site with what it and its site say.

    `own` and `of_site` are null where nothing is said. Raises NotFoundError.
    """
    rows = await connection.execute(
        select(
            charge_points.c.key,
            charge_points.c.id,
            charge_points.c.site_id,
            charge_points.c.ocpp_version,
            local_lists.c.automatic.label("own"),
            site_local_lists.c.automatic.label("of_site"),
        )
        .select_from(_joined())
        .where(_identity == charge_point_id.lower())
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("charge point", charge_point_id)
    return dict(row)


async def set_policy(
    connection: AdminConnection, charge_point_key: int, automatic: bool | None
) -> None:
    """None: as the site says."""
    await connection.execute(
        insert(local_lists)
        .values(charge_point_key=charge_point_key, automatic=automatic)
        .on_conflict_do_update(
            index_elements=[local_lists.c.charge_point_key], set_={"automatic": automatic}
        )
    )


async def site_policy(connection: AdminConnection, site_id: str) -> bool | None:
    """Return what a site says; raises NotFoundError."""
    rows = await connection.execute(
        select(site_local_lists.c.automatic)
        .select_from(sites.outerjoin(site_local_lists))
        .where(sites.c.id == site_id)
    )
    row = rows.one_or_none()
    if row is None:
        raise NotFoundError("site", site_id)
    automatic: bool | None = row[0]
    return automatic


async def set_site_policy(
    connection: AdminConnection, site_id: str, automatic: bool | None
) -> None:
    """None: as if nothing had been said. Raises NotFoundError."""
    await site_policy(connection, site_id)
    if automatic is None:
        await connection.execute(
            delete(site_local_lists).where(site_local_lists.c.site_id == site_id)
        )
        return
    await connection.execute(
        insert(site_local_lists)
        .values(site_id=site_id, automatic=automatic)
        .on_conflict_do_update(
            index_elements=[site_local_lists.c.site_id], set_={"automatic": automatic}
        )
    )


async def list_page(
    connection: AdminConnection,
    window: Window,
    *,
    site_id: str | None = None,
    state: str | None = None,
) -> list[Row]:
    """Return the charge points whose lists are kept or were ever asked for, by identity."""
    conditions: list[ColumnElement[bool]] = [
        local_lists.c.charge_point_key.is_not(None) | _AUTOMATIC
    ]
    if site_id is not None:
        conditions.append(charge_points.c.site_id == site_id)
    if state is not None:
        conditions.append(local_lists.c.state == state)
    keys = func.jsonb_object_keys(local_lists.c.entries).table_valued("key")
    held: Any = select(func.count()).select_from(keys).scalar_subquery()
    statement = (
        select(
            charge_points.c.id.label("charge_point_id"),
            charge_points.c.site_id,
            _identity.label("identity"),
            _AUTOMATIC.label("automatic"),
            func.coalesce(local_lists.c.state, "unknown").label("state"),
            *(
                local_lists.c[name]
                for name in ("reason", "version", "told_version", "told_at", "sent_at")
            ),
            local_lists.c.settled_at,
            held.label("held"),
        )
        .select_from(_joined())
        .where(*conditions)
    )
    return await fetch(connection, statement, [_identity], window, descending=False)


def _joined() -> Any:
    return charge_points.outerjoin(
        local_lists, local_lists.c.charge_point_key == charge_points.c.key
    ).outerjoin(site_local_lists, site_local_lists.c.site_id == charge_points.c.site_id)
