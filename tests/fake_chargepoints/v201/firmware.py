"""Firmware updates and publishing (2.0.1 L)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from .. import certificates
from ..frames import Payload
from ..link import Reply

if TYPE_CHECKING:
    from .station import ChargePoint201


async def update_firmware(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """L01, L02: with a signing certificate the signature is verified on the way."""
    certificate = payload["firmware"].get("signingCertificate")
    if certificate is not None and not certificates.is_certificate(certificate):
        return {"status": "InvalidCertificate"}
    work = partial(_update, station, payload["requestId"], certificate is not None)
    return station.then({"status": "Accepted"}, work)


async def _update(station: ChargePoint201, request_id: int, signed: bool) -> None:
    stages = ["Downloading", "Downloaded", *(["SignatureVerified"] if signed else []), "Installing"]
    for stage in stages:
        await _tell(station, stage, request_id)
    await station.reboot("FirmwareUpdate")
    await station.uplink.ready.wait()
    await _tell(station, "Installed", request_id)
    station.firmware_status = {"status": "Idle"}


async def _tell(station: ChargePoint201, status: str, request_id: int) -> None:
    station.firmware_status = {"status": status, "requestId": request_id}
    await station.say_in_turn("FirmwareStatusNotification", station.firmware_status)


async def publish_firmware(station: ChargePoint201, payload: Payload) -> Reply:
    """L03: as a local controller would."""
    stages: list[Payload] = [
        {"status": status, "requestId": payload["requestId"]}
        for status in ("Downloading", "Downloaded", "ChecksumVerified")
    ]
    stages.append(
        {
            "status": "Published",
            "location": [payload["location"]],
            "requestId": payload["requestId"],
        }
    )
    work = partial(station.say_in_turn, "PublishFirmwareStatusNotification", *stages)
    return station.then({"status": "Accepted"}, work)


async def unpublish_firmware(station: ChargePoint201, payload: Payload) -> Payload:
    """L04: what was published stays nowhere here."""
    return {"status": "NoFirmware"}
