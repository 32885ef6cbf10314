"""TriggerMessage and ExtendedTriggerMessage of 1.6."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..frames import Payload
from ..link import Reply
from . import security

if TYPE_CHECKING:
    from .station import ChargePoint16

known = (
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SignChargePointCertificate",
    "StatusNotification",
)


async def trigger(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    wanted, connector_id = payload["requestedMessage"], payload.get("connectorId")
    if wanted not in known:
        return {"status": "NotImplemented"}
    if connector_id is not None and connector_id > len(station.evses):
        return {"status": "Rejected"}
    return station.then({"status": "Accepted"}, partial(_send, station, wanted, connector_id))


async def _send(station: ChargePoint16, wanted: str, connector_id: int | None) -> None:
    if wanted in ("StatusNotification", "MeterValues"):
        _send_per_connector(station, wanted, connector_id)
    elif wanted == "BootNotification" and not station.is_online:
        station.retry_boot()
    elif wanted == "SignChargePointCertificate":
        await security.ask_for_certificate(station)
    else:
        station.say(wanted, _payload(station, wanted))


def _send_per_connector(station: ChargePoint16, wanted: str, connector_id: int | None) -> None:
    now = station.clock.now()
    if connector_id in (None, 0) and wanted == "StatusNotification":
        station.say_station_status(now)
    for evse in station.evses:
        if connector_id not in (None, evse.id):
            continue
        if wanted == "StatusNotification":
            station.say_status(evse, now, always=True)
        else:
            station.say_sample(evse, now, "Trigger")


def _payload(station: ChargePoint16, wanted: str) -> Payload:
    if wanted == "BootNotification":
        return station.boot_payload("Triggered")
    if wanted == "Heartbeat":
        return {}
    status = {
        "FirmwareStatusNotification": station.firmware_status,
        "DiagnosticsStatusNotification": station.diagnostics_status,
        "LogStatusNotification": station.log_status,
    }
    return {"status": status[wanted]}
