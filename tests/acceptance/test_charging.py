"""A driver charges: from the socket to the database and back out of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from running import V16_BOOT, V201_BOOT, Running


def ago(**delta: float) -> str:
    return (datetime.now(UTC) - timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def register_v16(wh: float, **when: float) -> dict[str, Any]:
    return {"timestamp": ago(**when), "sampledValue": [{"value": str(wh)}]}


def register_v201(wh: float, **when: float) -> dict[str, Any]:
    return {"timestamp": ago(**when), "sampledValue": [{"value": wh}]}


def event_v201(kind: str, seq_no: int, trigger: str, **more: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": more.pop("timestamp", ago()),
        "triggerReason": trigger,
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "TX-A", **more.pop("info", {})},
        **more,
    }


async def test_a_driver_charges_at_a_1_6_charger(server: Running) -> None:
    await server.add_token("card-1")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        await charger.send(
            "Authorize", {"idTag": "CARD-1"}, reply={"idTagInfo": {"status": "Accepted"}}
        )
        begun = await charger.send(
            "StartTransaction",
            {"connectorId": 2, "idTag": "Card-1", "meterStart": 1000, "timestamp": ago(hours=2)},
            reply={"idTagInfo": {"status": "Accepted"}},
        )
        number = begun["transactionId"]
        await charger.send(
            "MeterValues",
            {
                "connectorId": 2,
                "transactionId": number,
                "meterValue": [register_v16(6000.5, hours=1)],
            },
            reply={},
        )
        (running,) = await server.transactions(active="true")
        assert running["energy_wh"] == 5000.5
        await charger.send(
            "StopTransaction",
            {
                "transactionId": number,
                "meterStop": 12000,
                "timestamp": ago(),
                "reason": "EVDisconnected",
            },
            reply={},
        )
    (ended,) = await server.transactions(active="false")
    assert ended["id"] == number
    assert (ended["charge_point_id"], ended["evse_id"], ended["connector_id"]) == ("CP-1", 2, 1)
    assert (ended["id_token"], ended["energy_wh"]) == ("CARD-1", 11000)
    assert ended["stop_reason"] == "EVDisconnected"


async def test_a_driver_charges_at_a_2_0_1_charger(server: Running) -> None:
    await server.add_token("card-1")
    token = {"idToken": "card-1", "type": "ISO14443"}
    async with server.charge_point(version="ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT, reply={"status": "Accepted"})
        await charger.send(
            "TransactionEvent",
            event_v201(
                "Started",
                0,
                "Authorized",
                timestamp=ago(hours=2),
                evse={"id": 1, "connectorId": 1},
                idToken=token,
                meterValue=[register_v201(1000, hours=2)],
            ),
            reply={"idTokenInfo": {"status": "Accepted"}},
        )
        await charger.send(
            "TransactionEvent",
            event_v201(
                "Updated", 1, "MeterValuePeriodic", meterValue=[register_v201(5000, hours=1)]
            ),
            reply={},
        )
        await charger.send(
            "TransactionEvent",
            event_v201(
                "Ended",
                2,
                "EVDeparted",
                info={"stoppedReason": "EVDisconnected"},
                meterValue=[register_v201(9000)],
            ),
            reply={},
        )
    (ended,) = await server.transactions(active="false")
    assert ended["ocpp_transaction_id"] == "TX-A"
    assert (ended["id_token"], ended["energy_wh"]) == ("CARD-1", 8000)
    assert ended["flags"] == []


async def test_an_unknown_card_is_refused_but_its_transaction_is_recorded(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        await charger.send(
            "Authorize", {"idTag": "THIEF"}, reply={"idTagInfo": {"status": "Invalid"}}
        )
        await charger.send(
            "StartTransaction",
            {"connectorId": 1, "idTag": "THIEF", "meterStart": 0, "timestamp": ago()},
            reply={"idTagInfo": {"status": "Invalid"}},
        )
    (transaction,) = await server.transactions()
    assert transaction["flags"] == ["not_authorized"]


async def test_a_charger_that_charges_for_a_refused_card_is_told_to_stop(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        begun = await charger.send(
            "StartTransaction",
            {"connectorId": 1, "idTag": "THIEF", "meterStart": 0, "timestamp": ago(minutes=9)},
            reply={"idTagInfo": {"status": "Invalid"}},
        )
        number = begun["transactionId"]
        stop = charger.expect(
            "RemoteStopTransaction", {"status": "Accepted"}, check={"transactionId": number}
        )
        values = [register_v16(0, minutes=8), register_v16(900, minutes=1)]
        report = {"connectorId": 1, "transactionId": number, "meterValue": values}
        await charger.send("MeterValues", report, reply={})
        await stop.happened()


async def test_readings_of_the_past_stop_nobody(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        start = {"connectorId": 1, "idTag": "THIEF", "meterStart": 0, "timestamp": ago(hours=2)}
        number = (await charger.send("StartTransaction", start, reply={}))["transactionId"]
        report = {
            "connectorId": 1,
            "transactionId": number,
            "meterValue": [register_v16(900, hours=1)],
        }
        await charger.send("MeterValues", report, reply={})
        path = "/charge-points/CP-1/notifications?kind=charging_unauthorized"
        await server.eventually(path, lambda page: len(page["items"]) == 1)
        assert charger.problems() == []


async def test_a_start_repeated_over_a_new_connection_is_the_same_transaction(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    start = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": ago()}
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        first = await charger.send("StartTransaction", start, reply={})
        await charger.reconnect()
        await charger.send("StartTransaction", start, reply=first)
    assert len(await server.transactions()) == 1


async def test_the_operator_starts_and_stops_a_charger(server: Running) -> None:
    await server.add_token("CARD-1")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        charger.expect(
            "RemoteStartTransaction",
            {"status": "Accepted"},
            check={"idTag": "CARD-1", "connectorId": 1},
        )
        answer = await server.post(
            "/charge-points/CP-1/remote-start", {"id_token": "CARD-1", "evse_id": 1}
        )
        assert answer["accepted"] is True
        begun = await charger.send(
            "StartTransaction",
            {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": ago()},
            reply={},
        )
        number = begun["transactionId"]
        charger.expect(
            "RemoteStopTransaction", {"status": "Rejected"}, check={"transactionId": number}
        )
        answer = await server.post("/charge-points/CP-1/remote-stop", {"transaction_id": number})
        assert (answer["status"], answer["accepted"]) == ("Rejected", False)


async def test_a_pending_charger_is_accepted_once_the_operator_approves(server: Running) -> None:
    await server.put("/charge-points/CP-9", {"registration_status": "pending"})
    async with server.charge_point("CP-9", "ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT, reply={"status": "Pending"})
        await charger.send_refused("Heartbeat", {}, code="SecurityError")
        asked = charger.expect("TriggerMessage", check={"requestedMessage": "BootNotification"})
        await server.accept("CP-9")
        await asked.happened()
        await charger.send("BootNotification", V201_BOOT, reply={"status": "Accepted"})
        await charger.send("Heartbeat", {}, reply={})
        await charger.reconnect()
        await charger.send("Heartbeat", {}, reply={})


async def test_every_message_is_in_the_charge_points_log(server: Running) -> None:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        await charger.send("Heartbeat", {}, reply={})
    log = await server.eventually(
        "/charge-points/CP-1/messages", lambda page: len(page["items"]) == 2
    )
    assert [entry["action"] for entry in log["items"]] == ["Heartbeat", "BootNotification"]
