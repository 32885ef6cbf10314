"""GetLog, as 2.0.1 and the security extension of 1.6 write it (N01)."""

from __future__ import annotations

from typing import Any, Final

from csms.handlers.phrasebook import reader
from csms.services.clocks import format_time
from csms.services.commands import CommandAnswer, GetLog

_NAME_LENGTH: Final = 255

_read_yes = reader("Accepted", "AcceptedCanceled")  # N01.FR.12: the one before is given up


def log_period(command: GetLog) -> dict[str, str]:
    """Write from when until when, where it is given."""
    fields: dict[str, str] = {}
    if command.since is not None:
        fields["oldestTimestamp"] = format_time(command.since)
    if command.until is not None:
        fields["latestTimestamp"] = format_time(command.until)
    return fields


def read_log(response: dict[str, Any], received_at: Any) -> CommandAnswer:
    """Read the answer to GetLog; `file_name` is the name that the charge point gives the log."""
    answer = _read_yes(response, received_at)
    name = response.get("filename")
    if answer.accepted and isinstance(name, str) and name:
        answer.results.append({"file_name": name[:_NAME_LENGTH]})
    return answer
