"""Who is not accepted is left in peace: the operator is told why nothing was sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running import V16_BOOT, V201_BOOT, Response, Running

VERSIONS: list[tuple[str, dict[str, Any]]] = [
    ("ocpp1.6", V16_BOOT),
    ("ocpp2.0.1", V201_BOOT),
    ("ocpp2.1", V201_BOOT),
]
STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "ocpp1.6": ("RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD-1"}),
    "ocpp2.0.1": (
        "RequestStartTransaction",
        {"evseId": 1, "remoteStartId": 1, "idToken": {"idToken": "CARD-1", "type": "Central"}},
    ),
}

START: dict[str, Any] = {"id_token": "CARD-1", "evse_id": 1}
ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("reset", {}),
    ("trigger", {"message": "BootNotification"}),
    ("remote-start", START),
    ("limit", {"evse_id": 1, "limit_a": 10}),
    ("calls/ClearCache", {}),
]
"""What any version can be asked."""


def refused(answer: Response, registration: str) -> None:
    assert (answer.status, answer.body["type"]) == (409, "urn:csms:problem:not-accepted")
    assert f"registration is {registration}" in answer.body["detail"]
    (wrong,) = answer.body["errors"]
    assert wrong == {"field": "registration_status", "value": registration, "allowed": "accepted"}


@pytest.mark.parametrize(("version", "boot"), VERSIONS)
async def test_who_is_rejected_is_sent_nothing(
    server: Running, version: str, boot: dict[str, Any]
) -> None:
    await server.put("/charge-points/CP-1", {"registration_status": "rejected"})
    async with server.charge_point("CP-1", version) as charger:  # fails if it is sent anything
        await charger.send("BootNotification", boot, reply={"status": "Rejected"})
        for order, body in ORDERS:
            refused(await server.api("POST", f"/charge-points/CP-1/{order}", body), "rejected")


async def test_rejecting_who_was_accepted_counts_at_once(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        await server.put("/charge-points/CP-1", {"registration_status": "rejected"})
        refused(await server.api("POST", "/charge-points/CP-1/clear-cache", {}), "rejected")


@pytest.mark.parametrize("version", STARTS)
async def test_who_is_pending_can_be_set_up_but_not_told_to_charge(
    server: Running, version: str
) -> None:
    await server.put("/charge-points/CP-1", {"registration_status": "pending"})
    async with server.charge_point("CP-1", version) as charger:
        boot = dict(VERSIONS)[version]
        await charger.send("BootNotification", boot, reply={"status": "Pending"})
        refused(await server.api("POST", "/charge-points/CP-1/remote-start", START), "pending")
        action, payload = STARTS[version]
        raw = await server.api("POST", f"/charge-points/CP-1/calls/{action}", payload)
        refused(raw, "pending")
        charger.expect("TriggerMessage", check={"requestedMessage": "BootNotification"})
        await server.post("/charge-points/CP-1/trigger", {"message": "BootNotification"})
        charger.expect("Reset")
        await server.post("/charge-points/CP-1/reset", {})


async def test_what_was_not_sent_leaves_no_record_of_an_order(server: Running) -> None:
    await server.put("/charge-points/CP-1", {"registration_status": "rejected"})
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    async with server.charge_point("CP-1", "ocpp2.0.1"):
        order = {"id_token": "CARD-1", "expires_at": until, "evse_id": 1}
        refused(await server.api("POST", "/charge-points/CP-1/reservations", order), "rejected")
        refused(await server.api("POST", "/charge-points/CP-1/reports", {}), "rejected")
    assert (await server.get("/reservations"))["items"] == []
    assert (await server.get("/charge-points/CP-1/reports"))["items"] == []


async def test_nor_does_the_server_send_anything_by_itself_to_who_is_rejected(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    await server.put("/charge-points/CP-1", {"registration_status": "rejected"})
    now = datetime.now(UTC)
    async with server.charge_point("CP-1") as charger:
        start = {"connectorId": 1, "idTag": "THIEF", "meterStart": 0, "timestamp": now.isoformat()}
        number = (await charger.send("StartTransaction", start))["transactionId"]
        values = [
            {"timestamp": at.isoformat(), "sampledValue": [{"value": str(wh)}]}
            for at, wh in ((now - timedelta(minutes=8), 0), (now - timedelta(minutes=1), 900))
        ]
        report = {"connectorId": 1, "transactionId": number, "meterValue": values}
        await charger.send("MeterValues", report, reply={})
        async with asyncio.timeout(10):
            while "charges unauthorized: CP-1: its registration is" not in caplog.text:
                await asyncio.sleep(0.02)
