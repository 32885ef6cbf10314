"""ReservationStatusUpdate: a reservation ended unused (H01, H04)."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import integer, text
from csms.services.charge_point import ChargePoint
from csms.services.records import ReservationChange
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    reservation_id = integer(payload, "reservationId")
    status = text(payload, "reservationUpdateStatus")
    if reservation_id is None or status is None:
        await services.notifications.record(
            charge_point,
            "reservation_status",
            "a change of a reservation that cannot be read",
            payload,
            received_at,
            severity="warning",
        )
    else:
        await services.notifications.record_reservation(
            ReservationChange(charge_point.key, reservation_id, status.lower(), received_at)
        )
    return {}
