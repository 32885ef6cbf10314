"""TriggerMessage of 2.0.1 (F06)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..frames import Payload
from ..link import Reply
from . import security

if TYPE_CHECKING:
    from .station import ChargePoint201

per_evse = ("StatusNotification", "MeterValues", "TransactionEvent")
uses = {
    "SignChargingStationCertificate": "ChargingStationCertificate",
    "SignV2GCertificate": "V2GCertificate",
    "SignCombinedCertificate": "ChargingStationCertificate",
}
others = (
    "BootNotification",
    "LogStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
)


async def trigger(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    wanted, evse_id = payload["requestedMessage"], payload.get("evse", {}).get("id")
    if wanted not in (*per_evse, *uses, *others):
        return {"status": "NotImplemented"}
    if evse_id is not None and evse_id > len(station.evses):
        return {"status": "Rejected"}
    return station.then({"status": "Accepted"}, partial(_send, station, wanted, evse_id))


async def _send(station: ChargePoint201, wanted: str, evse_id: int | None) -> None:
    if wanted in per_evse:
        _send_per_evse(station, wanted, evse_id)
    elif wanted in uses:
        await security.ask_for_certificate(station, uses[wanted])
    elif wanted == "BootNotification" and not station.is_online:
        station.retry_boot()
    else:
        station.say(wanted, _payload(station, wanted))


def _send_per_evse(station: ChargePoint201, wanted: str, evse_id: int | None) -> None:
    now = station.clock.now()
    for evse in station.evses:
        if evse_id not in (None, evse.id):
            continue
        if wanted == "StatusNotification":
            station.say_status(evse, now, always=True)
        elif wanted == "TransactionEvent":
            station.say_transaction(evse, now)
        else:
            station.say_meter_values(evse, now, "Trigger")


def _payload(station: ChargePoint201, wanted: str) -> Payload:
    if wanted == "BootNotification":
        return station.boot_payload("Triggered")
    if wanted == "FirmwareStatusNotification":
        return station.firmware_status
    return station.log_status if wanted == "LogStatusNotification" else {}
