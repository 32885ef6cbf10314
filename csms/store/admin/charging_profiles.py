"""What charge points reported of their charging profiles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import literal_column, select

from csms.store.admin.window import AdminConnection
from csms.store.tables import notifications

KIND: Final = "charging_profiles"
"""Written out in the statement, so that every plan of it can use the index of this kind."""
MOST_MESSAGES: Final = 1000
"""Of one report that are put together."""


async def reports(
    connection: AdminConnection, charge_point_key: int, request_id: int | None
) -> list[tuple[Mapping[str, Any], datetime]]:
    """Return ReportChargingProfiles and when they came, the newest first."""
    told = notifications.c
    statement = select(told.data, told.received_at).where(
        told.charge_point_key == charge_point_key, told.kind == literal_column(f"'{KIND}'")
    )
    if request_id is not None:
        statement = statement.where(told.data["requestId"].astext == str(request_id))
    rows = await connection.execute(statement.order_by(told.id.desc()).limit(MOST_MESSAGES))
    return [(row.data, row.received_at) for row in rows]
