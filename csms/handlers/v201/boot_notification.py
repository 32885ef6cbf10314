"""BootNotification: a charging station introduces itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import group, text
from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import Boot
from csms.services.clocks import format_time
from csms.services.services import Services

_STATUSES: Final = {
    RegistrationStatus.ACCEPTED: "Accepted",
    RegistrationStatus.PENDING: "Pending",
    RegistrationStatus.REJECTED: "Rejected",
}


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    station = group(payload, "chargingStation")
    modem = group(station, "modem")
    boot = Boot(
        vendor=text(station, "vendorName") or "",
        model=text(station, "model") or "",
        serial_number=text(station, "serialNumber"),
        firmware_version=text(station, "firmwareVersion"),
        iccid=text(modem, "iccid"),
        imsi=text(modem, "imsi"),
        reason=text(payload, "reason"),
    )
    answer = await services.charge_points.boot(charge_point, boot, received_at)
    return {  # B01.FR.02: accepted or not, every boot is answered
        "currentTime": format_time(services.clock.now()),
        "interval": answer.interval_s,
        "status": _STATUSES[answer.status],
    }
