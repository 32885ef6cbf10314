"""UpdateFirmware (L01, L02), PublishFirmware (L03), UnpublishFirmware (L04)."""

from __future__ import annotations

from csms.handlers import firmware
from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.phrasebook import reader, within
from csms.handlers.retrying import retrying
from csms.services.charge_point import ChargePoint
from csms.services.commands import Outgoing, PublishFirmware, UnpublishFirmware, UpdateFirmware


def update_firmware(charge_point: ChargePoint, command: UpdateFirmware) -> Outgoing:
    edition = edition_of(charge_point)
    written = firmware.written(
        command,
        edition.name,
        location_length=edition.url_length,
        certificate_length=edition.certificate_length,
    )
    payload: Payload = {
        **retrying(command),
        "requestId": command.request_id,
        "firmware": written,
    }
    return Outgoing("UpdateFirmware", payload, firmware.read_update)


def publish_firmware(charge_point: ChargePoint, command: PublishFirmware) -> Outgoing:
    edition, retries = edition_of(charge_point), retrying(command)
    payload: Payload = {
        "location": within("location", command.location, edition.url_length, edition.name)
    }
    if "retries" in retries:
        payload["retries"] = retries["retries"]
    payload |= {"checksum": command.md5, "requestId": command.request_id}
    if "retryInterval" in retries:
        payload["retryInterval"] = retries["retryInterval"]
    return Outgoing("PublishFirmware", payload, reader("Accepted"))


def unpublish_firmware(_: ChargePoint, command: UnpublishFirmware) -> Outgoing:
    return Outgoing("UnpublishFirmware", {"checksum": command.md5}, reader("Unpublished"))
