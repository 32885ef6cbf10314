"""UpdateFirmware, and SignedUpdateFirmware of the security extension (L01, L02)."""

from __future__ import annotations

from typing import Any

from csms.errors import NotSupportedError
from csms.handlers import firmware
from csms.handlers.retrying import retrying
from csms.handlers.v16.fields import VERSION
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import CommandAnswer, Outgoing, UpdateFirmware


def update_firmware(charge_point: ChargePoint, command: UpdateFirmware) -> Outgoing:
    """Raises NotSupportedError for a time of installation without a signature."""
    if command.signing_certificate is not None and command.signature is not None:
        payload: dict[str, Any] = retrying(command) | {
            "requestId": command.request_id,
            "firmware": firmware.written(command, VERSION),
        }
        return Outgoing("SignedUpdateFirmware", payload, firmware.read_update)
    if command.install_at is not None:
        raise NotSupportedError(
            charge_point.id, "time of installation for unsigned firmware", VERSION
        )
    payload = {"location": command.location}
    retries = retrying(command)
    if "retries" in retries:
        payload["retries"] = retries["retries"]
    payload["retrieveDate"] = format_time(command.retrieve_at)
    if "retryInterval" in retries:
        payload["retryInterval"] = retries["retryInterval"]
    return Outgoing("UpdateFirmware", payload, read_empty)


def read_empty(response: dict[str, Any], _: object) -> CommandAnswer:
    """UpdateFirmware.conf has no field at all: an answer is a yes."""
    return CommandAnswer("Accepted", accepted=True, response=response)
