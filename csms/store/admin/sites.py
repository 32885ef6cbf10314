"""Sites as operators keep them; every change below a site passes through `touch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from csms.errors import ConflictError, NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.installations import Installation, load_installation
from csms.store.load_tables import circuits, evses, pv_groups, sites
from csms.store.stated import refuse_owed_site


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return sites in the order of their ids."""
    return await fetch(connection, select(sites), [sites.c.id], window, descending=False)


async def find(connection: AdminConnection, site_id: str) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(select(sites).where(sites.c.id == site_id))
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("site", site_id)
    return dict(row)


async def exists(connection: AdminConnection, site_id: str) -> bool:
    return await connection.scalar(select(sites.c.id).where(sites.c.id == site_id)) is not None


async def touch_switching(connection: AdminConnection) -> None:
    """Tell whoever steers a site with an EVSE that can switch phases that something changed."""
    can_switch = (
        select(circuits.c.site_id)
        .join(evses, evses.c.circuit_id == circuits.c.id)
        .where(evses.c.can_switch_phases)
    )
    await connection.execute(
        update(sites).where(sites.c.id.in_(can_switch)).values(version=sites.c.version + 1)
    )


async def touch(connection: AdminConnection, site_id: str) -> None:
    """Tell whoever steers the site that something changed, and let no other change in between.

    Raises NotFoundError.
    """
    touched = await connection.execute(
        update(sites)
        .where(sites.c.id == site_id)
        .values(version=sites.c.version + 1)
        .returning(sites.c.id)
    )
    if touched.one_or_none() is None:
        raise NotFoundError("site", site_id)


async def installation(connection: AdminConnection, site_id: str) -> Installation:
    """Return a site whole; raises NotFoundError."""
    found = await load_installation(connection, site_id)
    if found is None:
        raise NotFoundError("site", site_id)
    return found


async def create(connection: AdminConnection, site_id: str, values: Mapping[str, Any]) -> bool:
    """Create a site unless it exists; returns whether it did not."""
    made = await connection.execute(
        insert(sites).values(id=site_id, **values).on_conflict_do_nothing().returning(sites.c.id)
    )
    return made.one_or_none() is not None


async def change(connection: AdminConnection, site_id: str, values: Mapping[str, Any]) -> None:
    """Set columns of a site that exists."""
    await connection.execute(
        update(sites).where(sites.c.id == site_id).values(updated_at=func.now(), **values)
    )


async def remove(connection: AdminConnection, site_id: str) -> None:
    """Raises NotFoundError, and ConflictError while it has circuits or statements are missing."""
    await touch(connection, site_id)
    circuit_id = await connection.scalar(
        select(circuits.c.id).where(circuits.c.site_id == site_id).order_by(circuits.c.id).limit(1)
    )
    if circuit_id is not None:
        raise ConflictError(f"site {site_id!r} has circuits, such as {circuit_id!r}")
    await refuse_owed_site(connection, site_id)
    await connection.execute(delete(sites).where(sites.c.id == site_id))


async def pv_groups_of(
    connection: AdminConnection, site_ids: Sequence[str]
) -> dict[str, list[Row]]:
    """Return the groups of panels of each site, in the order they were given."""
    found: dict[str, list[Row]] = {site_id: [] for site_id in site_ids}
    rows = await connection.execute(
        select(pv_groups)
        .where(pv_groups.c.site_id.in_(site_ids))
        .order_by(pv_groups.c.site_id, pv_groups.c.position)
    )
    for row in rows.mappings():
        found[row["site_id"]].append(dict(row))
    return found


async def replace_pv_groups(
    connection: AdminConnection, site_id: str, groups: Sequence[Mapping[str, Any]]
) -> None:
    await connection.execute(delete(pv_groups).where(pv_groups.c.site_id == site_id))
    if groups:
        await connection.execute(
            insert(pv_groups),
            [{"site_id": site_id, "position": n, **group} for n, group in enumerate(groups)],
        )
