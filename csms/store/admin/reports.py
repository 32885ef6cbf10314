"""Reports that charge points were asked for."""

from __future__ import annotations

from sqlalchemy import select

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.provisioning_tables import device_reports

ORDER = ("requested_at", "request_id")


async def list_page(
    connection: AdminConnection,
    charge_point_key: int,
    window: Window,
    *,
    kind: str | None = None,
    status: str | None = None,
) -> list[Row]:
    """Return the reports of a charge point, the newest first."""
    conditions = [device_reports.c.charge_point_key == charge_point_key]
    if kind is not None:
        conditions.append(device_reports.c.kind == kind)
    if status is not None:
        conditions.append(device_reports.c.status == status)
    statement = select(device_reports).where(*conditions)
    return await fetch(connection, statement, [device_reports.c[name] for name in ORDER], window)


async def find(connection: AdminConnection, charge_point_key: int, request_id: int) -> Row:
    """Raises NotFoundError."""
    rows = await connection.execute(
        select(device_reports).where(
            device_reports.c.charge_point_key == charge_point_key,
            device_reports.c.request_id == request_id,
        )
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("report", request_id)
    return dict(row)
