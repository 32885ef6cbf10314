"""Messages that only tell: diagnostics, firmware, logs, security, certificates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fake_chargepoints.certificates import signing_request
from unit.handlers.v16.conversation import say
from unit.world import NOON, World

from csms.events import ChargePointNotified
from csms.services.charge_point import ChargePoint


@pytest.mark.parametrize(
    ("action", "payload", "kind", "severity", "data"),
    [
        (
            "DiagnosticsStatusNotification",
            {"status": "Uploading"},
            "diagnostics_status",
            "info",
            {"status": "Uploading"},
        ),
        (
            "DiagnosticsStatusNotification",
            {"status": "UploadFailed"},
            "diagnostics_status",
            "warning",
            {"status": "UploadFailed"},
        ),
        (
            "FirmwareStatusNotification",
            {"status": "Installed"},
            "firmware_status",
            "info",
            {"status": "Installed"},
        ),
        (
            "FirmwareStatusNotification",
            {"status": "DownloadFailed"},
            "firmware_status",
            "warning",
            {"status": "DownloadFailed"},
        ),
        (
            "SignedFirmwareStatusNotification",
            {"status": "InvalidSignature", "requestId": 7},
            "firmware_status",
            "warning",
            {"status": "InvalidSignature", "request_id": 7},
        ),
        (
            "LogStatusNotification",
            {"status": "Uploaded", "requestId": 8},
            "log_status",
            "info",
            {"status": "Uploaded", "request_id": 8},
        ),
        (
            "LogStatusNotification",
            {"status": "PermissionDenied"},
            "log_status",
            "warning",
            {"status": "PermissionDenied", "request_id": None},
        ),
        (
            "SecurityEventNotification",
            {"type": "TamperDetectionActivated", "techInfo": "lid"},
            "security_event",
            "critical",
            {"type": "TamperDetectionActivated", "tech_info": "lid"},
        ),
        (
            "SecurityEventNotification",
            {"type": "InvalidMessages"},
            "security_event",
            "warning",
            {"type": "InvalidMessages", "tech_info": None},
        ),
    ],
)
async def test_what_a_charger_tells_is_kept_with_its_weight(
    world: World,
    charge_point: ChargePoint,
    action: str,
    payload: dict[str, Any],
    kind: str,
    severity: str,
    data: dict[str, Any],
) -> None:
    assert await say(world, charge_point, action, payload) == {}
    (notification,) = world.store.notifications
    assert (notification.kind, notification.severity) == (kind, severity)
    assert notification.data == data


async def test_a_security_event_keeps_the_time_at_which_it_happened(
    world: World, charge_point: ChargePoint
) -> None:
    event = {"type": "SettingSystemTime", "timestamp": world.clock.text(-120)}
    await say(world, charge_point, "SecurityEventNotification", event)
    assert world.store.notifications[0].at == NOON - timedelta(seconds=120)


async def test_who_watches_hears_of_a_notification(world: World, charge_point: ChargePoint) -> None:
    await say(world, charge_point, "FirmwareStatusNotification", {"status": "Installing"})
    heard = [e for e in world.events.published if isinstance(e, ChargePointNotified)]
    assert [(e.charge_point_id, e.kind) for e in heard] == [("CP-1", "firmware_status")]


async def test_a_certificate_request_is_kept_whole_for_the_operator(
    world: World, charge_point: ChargePoint
) -> None:
    csr = signing_request("CP-1", "Operator").strip()
    assert await say(world, charge_point, "SignCertificate", {"csr": csr + "\n"}) == {
        "status": "Accepted"
    }
    (notification,) = world.store.notifications
    assert notification.kind == "sign_certificate"
    assert notification.data["csr"] == csr


async def test_a_certificate_request_without_a_request_is_rejected(
    world: World, charge_point: ChargePoint
) -> None:
    assert await say(world, charge_point, "SignCertificate", {}) == {"status": "Rejected"}
    assert world.store.notifications == []
