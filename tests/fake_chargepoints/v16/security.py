"""The security extension of 1.6: certificates, logs, signed firmware."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import certificates
from ..frames import Payload
from ..link import Reply
from ..readings import timestamp

if TYPE_CHECKING:
    from .station import ChargePoint16


async def install_certificate(station: ChargePoint16, payload: Payload) -> Payload:
    ok = station.certificates.install(payload["certificateType"], payload["certificate"])
    return {"status": "Accepted" if ok else "Rejected"}


async def delete_certificate(station: ChargePoint16, payload: Payload) -> Payload:
    found = station.certificates.delete(payload["certificateHashData"])
    return {"status": "Accepted" if found else "NotFound"}


async def installed_certificates(station: ChargePoint16, payload: Payload) -> Payload:
    found = station.certificates.hashes([payload["certificateType"]])
    if not found:
        return {"status": "NotFound"}
    return {"status": "Accepted", "certificateHashData": [data for _, data in found]}


async def certificate_signed(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    """A chain that is none is refused, with the security event that 1.6 asks for."""
    if station.certificates.take_own(payload["certificateChain"]):
        return {"status": "Accepted"}
    event: Payload = {
        "type": "InvalidChargePointCertificate",
        "timestamp": timestamp(station.clock.now()),
    }

    async def tell() -> None:
        station.say("SecurityEventNotification", event)

    return station.then({"status": "Rejected"}, tell)


async def ask_for_certificate(station: ChargePoint16) -> None:
    """Send a new signing request."""
    csr = certificates.signing_request(station.identity, station.configuration.text("CpoName"))
    station.say("SignCertificate", {"csr": csr})


async def get_log(station: ChargePoint16, payload: Payload) -> Reply:
    name = f"{station.options.serial_number}-{payload['logType'].lower()}.log"
    return station.then(
        {"status": "Accepted", "filename": name}, partial(_upload, station, payload["requestId"])
    )


async def _upload(station: ChargePoint16, request_id: int) -> None:
    for status in ("Uploading", "Uploaded"):
        station.log_status = status
        await station.say_in_turn(
            "LogStatusNotification", {"status": status, "requestId": request_id}
        )
    station.log_status = "Idle"


async def signed_update_firmware(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    if not certificates.is_certificate(payload["firmware"]["signingCertificate"]):
        return {"status": "InvalidCertificate"}
    return station.then(
        {"status": "Accepted"}, partial(_signed_update, station, payload["requestId"])
    )


async def _signed_update(station: ChargePoint16, request_id: int) -> None:
    for status in ("Downloading", "Downloaded", "SignatureVerified", "Installing"):
        await _tell(station, status, request_id)
    await station.reboot("FirmwareUpdate")
    await station.uplink.ready.wait()
    await _tell(station, "Installed", request_id)
    station.firmware_status = "Idle"


async def _tell(station: ChargePoint16, status: str, request_id: int) -> None:
    station.firmware_status = status
    await station.say_in_turn(
        "SignedFirmwareStatusNotification", {"status": status, "requestId": request_id}
    )
