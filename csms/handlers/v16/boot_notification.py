"""BootNotification: a charge point says who it is and asks to be let in."""

from __future__ import annotations

from datetime import datetime

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import text
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import Boot
from csms.services.clocks import format_time
from csms.services.services import Services


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    answer = await services.charge_points.boot(
        charge_point,
        Boot(
            vendor=text(payload, "chargePointVendor") or "",
            model=text(payload, "chargePointModel") or "",
            serial_number=text(payload, "chargePointSerialNumber")
            or text(payload, "chargeBoxSerialNumber"),
            firmware_version=text(payload, "firmwareVersion"),
            iccid=text(payload, "iccid"),
            imsi=text(payload, "imsi"),
            meter_type=text(payload, "meterType"),
            meter_serial_number=text(payload, "meterSerialNumber"),
        ),
        received_at,
    )
    return {
        "status": answer.status.value.capitalize(),
        "currentTime": format_time(services.clock.now()),
        "interval": answer.interval_s,
    }
