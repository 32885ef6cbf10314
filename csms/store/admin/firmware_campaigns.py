"""Firmware campaigns as operators see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, literal, select, update

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.operation_tables import firmware_campaign_targets, firmware_campaigns
from csms.store.tables import charge_points

_TARGETS = firmware_campaign_targets


async def list_page(connection: AdminConnection, window: Window) -> list[Row]:
    """Return campaigns, the newest first."""
    return await fetch(connection, select(firmware_campaigns), [firmware_campaigns.c.id], window)


async def find(connection: AdminConnection, campaign_id: int, *, lock: bool = False) -> Row:
    """Raises NotFoundError."""
    statement = select(firmware_campaigns).where(firmware_campaigns.c.id == campaign_id)
    rows = await connection.execute(statement.with_for_update() if lock else statement)
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("firmware campaign", campaign_id)
    return dict(row)


async def create(connection: AdminConnection, values: Mapping[str, Any]) -> Row:
    rows = await connection.execute(
        insert(firmware_campaigns).values(**values).returning(firmware_campaigns)
    )
    return dict(rows.mappings().one())


async def select_targets(
    connection: AdminConnection,
    campaign_id: int,
    selection: Mapping[str, Any],
    wanted_version: str | None,
    now: datetime,
) -> int:
    """Enter the charge points that match all that is given; returns how many.

    Those that run the wanted version already are skipped.
    """
    c = charge_points.c
    conditions: list[ColumnElement[bool]] = []
    for name, column in (("vendor", c.vendor), ("model", c.model), ("site_id", c.site_id)):
        if selection.get(name) is not None:
            conditions.append(func.lower(column) == str(selection[name]).lower())
    if selection.get("firmware_version") is not None:
        conditions.append(func.lower(c.firmware_version) == selection["firmware_version"].lower())
    if selection.get("charge_point_ids"):
        identities = [each.lower() for each in selection["charge_point_ids"]]
        conditions.append(func.lower(c.id).in_(identities))
    has_it = (
        func.lower(c.firmware_version) == wanted_version.lower()
        if wanted_version is not None
        else literal(value=False)
    )
    chosen = await connection.execute(select(c.key, has_it.label("has_it")).where(*conditions))
    rows = [_target(campaign_id, row.key, has_it=row.has_it, now=now) for row in chosen]
    if rows:
        await connection.execute(insert(_TARGETS), rows)
    return len(rows)


async def counts(connection: AdminConnection, campaign_ids: Sequence[int]) -> dict[int, Row]:
    """Return how many targets of each campaign are in which state."""
    rows = await connection.execute(
        select(_TARGETS.c.campaign_id, _TARGETS.c.state, func.count().label("number"))
        .where(_TARGETS.c.campaign_id.in_(campaign_ids))
        .group_by(_TARGETS.c.campaign_id, _TARGETS.c.state)
    )
    found: dict[int, dict[str, int]] = {number: {} for number in campaign_ids}
    for row in rows:
        found[row.campaign_id][row.state] = row.number
    return dict(found)


async def list_targets(
    connection: AdminConnection, campaign_id: int, window: Window, state: str | None = None
) -> list[Row]:
    """Return the charge points of a campaign in the order of their identities."""
    statement = (
        select(_TARGETS, charge_points.c.id.label("charge_point_id"), charge_points.c.id)
        .join(charge_points, charge_points.c.key == _TARGETS.c.charge_point_key)
        .where(_TARGETS.c.campaign_id == campaign_id)
    )
    if state is not None:
        statement = statement.where(_TARGETS.c.state == state)
    return await fetch(connection, statement, [charge_points.c.id], window, descending=False)


async def change_state(
    connection: AdminConnection, campaign_id: int, state: str, now: datetime, *, is_over: bool
) -> Row:
    rows = await connection.execute(
        update(firmware_campaigns)
        .where(firmware_campaigns.c.id == campaign_id)
        .values(state=state, reason=None, updated_at=now, finished_at=now if is_over else None)
        .returning(firmware_campaigns)
    )
    return dict(rows.mappings().one())


async def allow_failures(connection: AdminConnection, campaign_id: int, most: int) -> None:
    """Let so many targets fail before the campaign is stopped again."""
    await connection.execute(
        update(firmware_campaigns)
        .where(firmware_campaigns.c.id == campaign_id)
        .values(max_failures=most)
    )


async def cancel_waiting(connection: AdminConnection, campaign_id: int, now: datetime) -> None:
    await connection.execute(
        update(_TARGETS)
        .where(_TARGETS.c.campaign_id == campaign_id, _TARGETS.c.state == "waiting")
        .values(state="cancelled", updated_at=now)
    )


def _target(campaign_id: int, key: int, *, has_it: bool | None, now: datetime) -> dict[str, Any]:
    return {
        "campaign_id": campaign_id,
        "charge_point_key": key,
        "state": "skipped" if has_it else "waiting",
        "reason": "it runs the wanted version already" if has_it else None,
        "updated_at": now,
    }
