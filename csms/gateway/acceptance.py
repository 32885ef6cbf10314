"""What a charge point may say before it is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.model import OcppVersion, RegistrationStatus

ALWAYS: Final = frozenset({"BootNotification"})

_REPORTS: Final = frozenset({"GetBaseReport", "GetReport"})
_TRIGGERED: Final = {
    "SignChargingStationCertificate": "SignCertificate",
    "SignV2GCertificate": "SignCertificate",
    "SignV2G20Certificate": "SignCertificate",
    "SignCombinedCertificate": "SignCertificate",
}


def may_say(
    version: OcppVersion,
    status: RegistrationStatus,
    action: str,
    asked_for: frozenset[str],
) -> bool:
    """Whether a charge point in this status may start an action.

    `asked_for` are the actions our commands invited. 1.6 chargers are heard (what they report is
    kept and flagged); 2.0.1 answers SecurityError to all but BootNotification, and, while
    pending, to what was asked for (B02.FR.09, B03.FR.07).
    """
    if status is RegistrationStatus.ACCEPTED or version is OcppVersion.V16 or action in ALWAYS:
        return True
    return status is RegistrationStatus.PENDING and action in asked_for


def invited_by(action: str, payload: Mapping[str, Any]) -> str | None:
    """Return the action that a command of ours makes the charge point start, if any (B02.FR.02)."""
    if action in _REPORTS:
        return "NotifyReport"
    if action == "TriggerMessage":
        message = str(payload.get("requestedMessage", ""))
        return _TRIGGERED.get(message, message)
    return None
