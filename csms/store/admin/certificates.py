"""Certificates as operators see them: signed for charge points, and installed on them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select, update

from csms.errors import NotFoundError
from csms.store.admin.window import AdminConnection, Row, Window, fetch
from csms.store.tables import charge_points, installed_certificates, issued_certificates

_HIDDEN = ("request_digest", "fingerprint")
_ISSUED = (
    *(column for column in issued_certificates.c if column.name not in _HIDDEN),
    func.encode(issued_certificates.c.fingerprint, "hex").label("fingerprint"),
    charge_points.c.id.label("charge_point_id"),
)
_OWNER = charge_points.c.key == issued_certificates.c.charge_point_key


async def list_issued(
    connection: AdminConnection,
    window: Window,
    *,
    charge_point_id: str | None = None,
    status: str | None = None,
) -> list[Row]:
    """Return what was signed, the newest first."""
    conditions: list[ColumnElement[bool]] = []
    if charge_point_id is not None:
        conditions.append(func.lower(charge_points.c.id) == func.lower(charge_point_id))
    if status is not None:
        conditions.append(issued_certificates.c.status == status)
    statement = select(*_ISSUED).join(charge_points, _OWNER).where(*conditions)
    return await fetch(connection, statement, [issued_certificates.c.id], window)


async def revoke(connection: AdminConnection, certificate_id: int, actor: str) -> Row:
    """Let nobody in with this certificate any more; raises NotFoundError."""
    await connection.execute(
        update(issued_certificates)
        .where(
            issued_certificates.c.id == certificate_id, issued_certificates.c.revoked_at.is_(None)
        )
        .values(revoked_at=func.now(), revoked_by=actor)
    )
    rows = await connection.execute(
        select(*_ISSUED)
        .join(charge_points, _OWNER)
        .where(issued_certificates.c.id == certificate_id)
    )
    row = rows.mappings().one_or_none()
    if row is None:
        raise NotFoundError("certificate", certificate_id)
    return dict(row)


async def list_installed(connection: AdminConnection, charge_point_key: int) -> list[Row]:
    """Return what a charge point last told it holds."""
    table = installed_certificates.c
    rows = await connection.execute(
        select(installed_certificates)
        .where(table.charge_point_key == charge_point_key)
        .order_by(table.use, table.parent_serial_number.nulls_first(), table.serial_number)
    )
    return [dict(row) for row in rows.mappings()]
