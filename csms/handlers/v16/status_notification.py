"""StatusNotification: what a connector, or the charge point as a whole, says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import connector, moment, place_of, text
from csms.model import ConnectorStatus
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import StatusReport
from csms.services.services import Services

_STATUSES: Final = {status.value.casefold(): status for status in ConnectorStatus}
_NO_ERROR: Final = "noerror"


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    connector_id = connector(payload)
    status = _STATUSES.get((text(payload, "status") or "").casefold())
    if status is None:
        await _record_unknown(services, charge_point, payload, received_at)
        return {}
    error_code = text(payload, "errorCode")
    if error_code is not None and error_code.casefold() == _NO_ERROR:
        error_code = None
    await services.charge_points.connector_status(
        charge_point,
        StatusReport(
            place_of(connector_id),
            status,
            text(payload, "timestamp"),
            error_code,
            text(payload, "info"),
            text(payload, "vendorId"),
            text(payload, "vendorErrorCode"),
        ),
        received_at,
    )
    return {}


async def _record_unknown(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> None:
    """Keep a status that 1.6 does not know; the connector's last known one stays."""
    connector_id = connector(payload)
    await services.notifications.record(
        charge_point,
        "unknown_status",
        f"connector {connector_id}: unknown status {text(payload, 'status')!r}",
        payload,
        received_at,
        at=moment(charge_point, payload, received_at),
        severity="warning",
        evse_id=connector_id,
        connector_id=1,
    )
