"""Certificates on the wire of 2.0.1 (A02, M03, M04, M05)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import certificates
from ..frames import Payload
from ..link import Reply
from ..readings import timestamp

if TYPE_CHECKING:
    from .station import ChargePoint201


async def install_certificate(station: ChargePoint201, payload: Payload) -> Payload:
    ok = station.certificates.install(payload["certificateType"], payload["certificate"])
    return {"status": "Accepted" if ok else "Rejected"}


async def delete_certificate(station: ChargePoint201, payload: Payload) -> Payload:
    found = station.certificates.delete(payload["certificateHashData"])
    return {"status": "Accepted" if found else "NotFound"}


async def installed_certificates(station: ChargePoint201, payload: Payload) -> Payload:
    found = station.certificates.hashes(payload.get("certificateType"))
    if not found:
        return {"status": "NotFound"}
    chains = [{"certificateType": use, "certificateHashData": data} for use, data in found]
    return {"status": "Accepted", "certificateHashDataChain": chains}


async def certificate_signed(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """A02: a chain that is none is refused, with a security event."""
    if station.certificates.take_own(payload["certificateChain"]):
        return {"status": "Accepted"}
    event: Payload = {
        "type": "InvalidChargingStationCertificate",
        "timestamp": timestamp(station.clock.now()),
    }

    async def tell() -> None:
        station.say("SecurityEventNotification", event)

    return station.then({"status": "Rejected"}, tell)


async def ask_for_certificate(station: ChargePoint201, use: str) -> None:
    """Send a new signing request for this use."""
    organisation = station.device_model.text("SecurityCtrlr", "OrganizationName")
    csr = certificates.signing_request(station.identity, organisation)
    station.say("SignCertificate", {"csr": csr, "certificateType": use})
