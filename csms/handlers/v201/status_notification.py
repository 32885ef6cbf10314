"""StatusNotification: what a connector says of itself."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.connector_status import read_status
from csms.handlers.v201.fields import moment, natural, text
from csms.model import Place
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import StatusReport
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    # some firmware keeps 1.6's key after a switch to 2.0.1
    status = read_status(payload.get("connectorStatus") or payload.get("status"))
    evse_id = natural(payload, "evseId") or 0
    connector_id = natural(payload, "connectorId") or 1
    if status is None:
        await services.notifications.record(
            charge_point,
            "unknown_status",
            f"EVSE {evse_id}, connector {connector_id}: a status that cannot be read",
            payload,
            received_at,
            at=moment(charge_point, payload, "timestamp", received_at),
            severity="warning",
            evse_id=evse_id,
            connector_id=connector_id,
        )
        return {}
    report = StatusReport(
        Place(evse_id, connector_id), status, charger_time=text(payload, "timestamp")
    )
    await services.charge_points.connector_status(charge_point, report, received_at)
    return {}
