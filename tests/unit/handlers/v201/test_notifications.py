"""Messages that only tell: each is kept with its weight, its place and its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fake_chargepoints.certificates import signing_request
from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import AVAILABILITY, REQUESTS
from unit.handlers.v201.requests import NOON as NOON_TEXT
from unit.world import NOON, World

from csms.events import ChargePointNotified
from csms.services.charge_point import ChargePoint


@pytest.mark.parametrize(
    ("action", "kind", "severity", "evse_id"),
    [
        ("ClearedChargingLimit", "charging_limit_cleared", "info", 1),
        ("FirmwareStatusNotification", "firmware_status", "info", None),
        ("Get15118EVCertificate", "ev_certificate", "warning", None),
        ("GetCertificateStatus", "certificate_status", "warning", None),
        ("LogStatusNotification", "log_status", "info", None),
        ("NotifyChargingLimit", "charging_limit", "warning", 1),
        ("NotifyCustomerInformation", "customer_information", "info", None),
        ("NotifyDisplayMessages", "display_messages", "info", None),
        ("NotifyEVChargingNeeds", "charging_needs", "info", 1),
        ("NotifyEVChargingSchedule", "charging_schedule", "info", 1),
        ("NotifyMonitoringReport", "monitoring_report", "info", None),
        ("PublishFirmwareStatusNotification", "publish_firmware_status", "info", None),
        ("ReportChargingProfiles", "charging_profiles", "info", 1),
        ("SecurityEventNotification", "security_event", "critical", None),
        ("SignCertificate", "sign_certificate", "info", None),
    ],
)
async def test_what_a_station_tells_is_kept_with_its_weight_and_place(
    world: World,
    charge_point: ChargePoint,
    action: str,
    kind: str,
    severity: str,
    evse_id: int | None,
) -> None:
    await say(world, charge_point, action, REQUESTS[action])
    (notification,) = world.store.notifications
    assert (notification.kind, notification.severity) == (kind, severity)
    assert notification.evse_id == evse_id


@pytest.mark.parametrize(
    "action",
    [
        "ClearedChargingLimit",
        "GetCertificateStatus",
        "NotifyChargingLimit",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "ReportChargingProfiles",
    ],
)
async def test_what_has_no_table_of_its_own_is_kept_whole(
    world: World, charge_point: ChargePoint, action: str
) -> None:
    await say(world, charge_point, action, REQUESTS[action])
    assert world.store.notifications[0].data == REQUESTS[action]


async def test_what_is_known_of_a_customer_is_not_among_the_notifications(
    world: World, charge_point: ChargePoint
) -> None:
    action = "NotifyCustomerInformation"
    assert await say(world, charge_point, action, REQUESTS[action]) == {}
    (notification,) = world.store.notifications
    assert "Jane" not in f"{notification.summary} {notification.data}"
    assert "nobody asked" in notification.summary


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("FirmwareStatusNotification", "DownloadFailed"),
        ("FirmwareStatusNotification", "InvalidSignature"),
        ("LogStatusNotification", "PermissionDenied"),
        ("LogStatusNotification", "UploadFailure"),
        ("PublishFirmwareStatusNotification", "InvalidChecksum"),
    ],
)
async def test_a_failure_is_a_warning(
    world: World, charge_point: ChargePoint, action: str, status: str
) -> None:
    await say(world, charge_point, action, {"status": status, "requestId": 7})
    (notification,) = world.store.notifications
    assert notification.severity == "warning"
    assert (notification.data["status"], notification.data["request_id"]) == (status, 7)


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("InvalidTLSVersion", "critical"),
        ("MaintenanceLoginFailed", "critical"),
        ("InvalidMessages", "warning"),
        ("org.example.Strange", "warning"),
    ],
)
async def test_a_security_event_weighs_what_the_specification_says(
    world: World, charge_point: ChargePoint, kind: str, severity: str
) -> None:
    event = {"type": kind, "timestamp": world.clock.text(-120)}
    assert await say(world, charge_point, "SecurityEventNotification", event) == {}
    (notification,) = world.store.notifications
    assert (notification.severity, notification.data["type"]) == (severity, kind)
    assert notification.at == NOON - timedelta(seconds=120)


async def test_who_watches_hears_of_a_notification(world: World, charge_point: ChargePoint) -> None:
    await say(world, charge_point, "LogStatusNotification", {"status": "Uploaded"})
    heard = [e for e in world.events.published if isinstance(e, ChargePointNotified)]
    assert [(e.charge_point_id, e.kind) for e in heard] == [("CP-1", "log_status")]


def events(*data: dict[str, Any]) -> dict[str, Any]:
    return {"generatedAt": NOON_TEXT, "seqNo": 0, "eventData": list(data)}


async def test_an_alert_is_a_warning_at_its_place_and_time(
    world: World, charge_point: ChargePoint
) -> None:
    alert = AVAILABILITY | {
        "trigger": "Alerting",
        "timestamp": world.clock.text(-30),
        "component": {"name": "EVSE", "evse": {"id": 2}},
        "variable": {"name": "Temperature"},
        "actualValue": "93",
    }
    assert await say(world, charge_point, "NotifyEvent", events(alert, AVAILABILITY)) == {}
    notification = world.store.notifications[-1]
    assert (notification.kind, notification.severity) == ("event", "warning")
    assert (notification.evse_id, notification.connector_id) == (2, None)
    assert notification.at == NOON - timedelta(seconds=30)
    assert notification.summary == "EVSE.Temperature = '93' (and 1 more)"


async def test_an_alert_that_is_over_is_no_warning(world: World, charge_point: ChargePoint) -> None:
    cleared = AVAILABILITY | {"trigger": "Alerting", "cleared": True}
    await say(world, charge_point, "NotifyEvent", events(cleared))
    assert world.store.notifications[-1].severity == "info"


async def test_an_unused_reservation_is_marked(world: World, charge_point: ChargePoint) -> None:
    request = {"reservationId": 9, "reservationUpdateStatus": "Removed"}
    assert await say(world, charge_point, "ReservationStatusUpdate", request) == {}
    (change,) = world.store.reservation_changes
    assert (change.reservation_id, change.status, change.at) == (9, "removed", NOON)


async def test_a_reservation_that_is_not_named_is_reported(
    world: World, charge_point: ChargePoint
) -> None:
    await mumble(
        world, charge_point, "ReservationStatusUpdate", {"reservationUpdateStatus": "Expired"}
    )
    assert world.store.reservation_changes == []
    assert [n.kind for n in world.store.notifications] == ["reservation_status"]


async def test_a_certificate_request_is_kept_whole_for_the_operator(
    world: World, charge_point: ChargePoint
) -> None:
    csr = signing_request("CS-1", "Operator")
    request = {"csr": csr, "certificateType": "V2GCertificate"}
    assert await say(world, charge_point, "SignCertificate", request) == {"status": "Accepted"}
    (notification,) = world.store.notifications
    assert notification.data == {"csr": csr, "certificate_type": "V2GCertificate"}


async def test_a_certificate_request_without_a_request_is_rejected(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await mumble(world, charge_point, "SignCertificate", {})
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCSR"}}
    assert world.store.notifications == []


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("Get15118EVCertificate", "Failed"),
        ("GetCertificateStatus", "Failed"),
        ("NotifyEVChargingNeeds", "Rejected"),
    ],
)
async def test_what_this_server_cannot_do_is_refused_with_the_reason(
    world: World, charge_point: ChargePoint, action: str, status: str
) -> None:
    answer = await say(world, charge_point, action, REQUESTS[action])
    assert answer["status"] == status
    assert answer["statusInfo"]["additionalInfo"]


async def test_a_cars_own_schedule_is_accepted(world: World, charge_point: ChargePoint) -> None:
    request = REQUESTS["NotifyEVChargingSchedule"]
    answer = await say(world, charge_point, "NotifyEVChargingSchedule", request)
    assert answer == {"status": "Accepted"}
