"""GetDiagnostics, and GetLog of the security extension for the security log."""

from __future__ import annotations

from typing import Any, Final

from csms.handlers.firmware import LOCATION_LENGTH
from csms.handlers.log_upload import log_period, read_log
from csms.handlers.phrasebook import within
from csms.handlers.retrying import retrying
from csms.handlers.v16.fields import VERSION, text
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import CommandAnswer, GetLog, Outgoing

NOTHING_TO_UPLOAD: Final = "NoFile"
"""Our word for an answer without a name: 1.6 has none of its own."""


def get_log(_: ChargePoint, command: GetLog) -> Outgoing:
    if command.is_security_log:
        location = within("location", command.location, LOCATION_LENGTH, VERSION)
        payload: dict[str, Any] = {
            "log": {"remoteLocation": location, **log_period(command)},
            "logType": "SecurityLog",
            "requestId": command.request_id,
            **retrying(command),
        }
        return Outgoing("GetLog", payload, read_log)
    payload = {"location": command.location, **retrying(command)}
    if command.since is not None:
        payload["startTime"] = format_time(command.since)
    if command.until is not None:
        payload["stopTime"] = format_time(command.until)
    return Outgoing("GetDiagnostics", payload, read_diagnostics)


def read_diagnostics(response: dict[str, Any], _: object) -> CommandAnswer:
    """Without a file name there are no diagnostics."""
    name = text(response, "fileName")
    if name is None:
        return CommandAnswer(NOTHING_TO_UPLOAD, accepted=False, response=response)
    return CommandAnswer(
        "Accepted", accepted=True, response=response, results=[{"file_name": name}]
    )
