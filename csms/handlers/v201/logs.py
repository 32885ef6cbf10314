"""GetLog: upload a log (N01)."""

from __future__ import annotations

from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.log_upload import log_period, read_log
from csms.handlers.phrasebook import within
from csms.handlers.retrying import retrying
from csms.services.charge_point import ChargePoint
from csms.services.commands import GetLog, Outgoing


def get_log(charge_point: ChargePoint, command: GetLog) -> Outgoing:
    edition = edition_of(charge_point)
    location = within("location", command.location, edition.url_length, edition.name)
    payload: Payload = {
        "log": {"remoteLocation": location, **log_period(command)},
        "logType": "SecurityLog" if command.is_security_log else "DiagnosticsLog",
        "requestId": command.request_id,
        **retrying(command),
    }
    return Outgoing("GetLog", payload, read_log)
