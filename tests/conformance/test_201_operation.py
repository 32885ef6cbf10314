"""OCPP 2.0.1, blocks F, G and J: remote control, availability, meter values."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import (
    ACCEPTED,
    OUTLET,
    Session,
    now,
    reading,
    station_201,
    tell_status,
    token,
)
from fake_chargepoints.frames import Payload
from running import Running

SAID = {"idTokenInfo": ACCEPTED}


@pytest.mark.parametrize("first", ["cable", "order"])  # TC_F_01; TC_F_02, TC_F_03
async def test_tc_f_01_the_operator_starts_a_transaction(server: Running, first: str) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        if first == "cable":
            await session.tell("Started", "CablePluggedIn", reply={})

        async def begin(order: Payload) -> None:
            kind = "Updated" if first == "cable" else "Started"
            info = {"remoteStartId": order["remoteStartId"]}
            await session.tell(kind, "RemoteStart", info=info, idToken=order["idToken"], reply=SAID)

        answer = ACCEPTED | ({"transactionId": "tx-1"} if first == "cable" else {})
        wanted = {"idToken": token("CARD-1"), "evseId": 1}
        station.expect("RequestStartTransaction", answer, check=wanted, after=begin)
        body = {"id_token": "CARD-1", "type": "ISO14443", "evse_id": 1}
        said = await server.post("/charge-points/CS-1/remote-start", body)
        await station.settle(5)
    (transaction,) = await server.transactions()
    assert transaction["id_token"] == "CARD-1"
    assert transaction["remote_start_id"] == said["results"][0]["remote_start_id"]


async def test_tc_f_04_a_remote_start_without_a_car_times_out(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.tell("Started", "RemoteStart", idToken=token("CARD-1"), reply=SAID)
        why = {"stoppedReason": "Timeout"}
        await session.tell("Ended", "EVConnectTimeout", info=why, reply={})
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "Timeout"


async def test_tc_f_06_a_connector_is_unlocked(server: Running) -> None:
    async with station_201(server) as station:
        wanted = {"evseId": 1, "connectorId": 1}
        station.expect("UnlockConnector", {"status": "Unlocked"}, check=wanted)
        answer = await server.post("/charge-points/CS-1/unlock", {"evse_id": 1})
    assert answer["accepted"] is True


@pytest.mark.parametrize("evse_id", [1, None])
@pytest.mark.parametrize(
    "message", ["MeterValues", "TransactionEvent", "StatusNotification", "Heartbeat"]
)  # TC_F_11 to TC_F_14, TC_F_20, TC_F_23
async def test_tc_f_11_a_message_is_triggered_for_one_evse_or_all(
    server: Running, message: str, evse_id: int | None
) -> None:
    async with station_201(server) as station:
        order = station.expect("TriggerMessage", check={"requestedMessage": message})
        body = {"message": message} | ({"evse_id": evse_id} if evse_id else {})
        await server.post("/charge-points/CS-1/trigger", body)
        sent = await order.happened()
    assert sent.get("evse", {}).get("id") == evse_id


@pytest.mark.parametrize(
    ("body", "evse"),
    [
        ({}, None),  # TC_G_05, TC_G_06, TC_G_14
        ({"evse_id": 1}, {"id": 1}),  # TC_G_03, TC_G_04, TC_G_11
        ({"evse_id": 1, "connector_id": 1}, OUTLET),  # TC_G_07, TC_G_08, TC_G_17
    ],
)
@pytest.mark.parametrize("operative", [True, False])
@pytest.mark.parametrize("status", ["Accepted", "Scheduled"])
async def test_tc_g_03_availability_is_changed(
    server: Running,
    body: dict[str, Any],
    evse: dict[str, int] | None,
    operative: bool,
    status: str,
) -> None:
    async with station_201(server) as station:
        order = station.expect("ChangeAvailability", {"status": status})
        answer = await server.post(
            "/charge-points/CS-1/availability", {"operative": operative, **body}
        )
        sent = await order.happened()
        await tell_status(station, "Available" if operative else "Unavailable")
    assert sent == ({"evse": evse} if evse else {}) | {
        "operationalStatus": "Operative" if operative else "Inoperative"
    }
    assert (answer["status"], answer["accepted"]) == (status, True)
    (connector,) = (await server.get("/charge-points/CS-1"))["connectors"]
    assert connector["status"] == ("Available" if operative else "Unavailable")


async def test_tc_g_20_a_lock_that_fails_is_noted(server: Running) -> None:
    problem = {
        "eventId": 3,
        "timestamp": now(),
        "trigger": "Delta",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": OUTLET},
        "variable": {"name": "Problem"},
    }
    async with station_201(server) as station:
        event = {"generatedAt": now(), "seqNo": 0, "eventData": [problem]}
        await station.send("NotifyEvent", event, reply={})
    noted = (await server.get("/charge-points/CS-1/notifications"))["items"]
    assert any("ConnectorPlugRetentionLock" in each["summary"] for each in noted)


async def test_tc_j_01_clock_aligned_values_need_no_transaction(server: Running) -> None:
    async with station_201(server) as station:
        values = {"evseId": 1, "meterValue": [reading(1000, "Sample.Clock")]}
        await station.send("MeterValues", values, reply={})
    (row,) = await server.rows("SELECT energy_wh, context, transaction_id FROM meter_values")
    assert (row["energy_wh"], row["context"], row["transaction_id"]) == (
        1000,
        "Sample.Clock",
        None,
    )


async def test_tc_j_02_clock_aligned_values_while_charging(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        aligned = [reading(1000, "Sample.Clock")]
        await session.tell("Updated", "MeterValueClock", meterValue=aligned, reply={})
    assert await contexts(server) == {"Sample.Clock"}


@pytest.mark.parametrize("context", ["Sample.Clock", "Sample.Periodic"])  # TC_J_03, TC_J_10
async def test_tc_j_03_the_last_event_carries_all_values_of_the_transaction(
    server: Running, context: str
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        values = [reading(1000, "Transaction.Begin"), reading(1500, context)]
        values.append(reading(2000, "Transaction.End"))
        why = {"stoppedReason": "EVDisconnected", "chargingState": "Idle"}
        await session.tell("Ended", "EVCommunicationLost", info=why, meterValue=values, reply={})
    (transaction,) = await server.transactions(active="false")
    assert transaction["energy_wh"] == 1000
    assert await contexts(server) == {"Transaction.Begin", context, "Transaction.End"}


@pytest.mark.parametrize("event", ["first", "second"])  # TC_J_07, TC_J_08
async def test_tc_j_07_the_register_at_the_start_may_come_once_the_evse_is_known(
    server: Running, event: str
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        begin = {"meterValue": [reading(1000, "Transaction.Begin")]}
        await session.tell(
            "Started", "Authorized", idToken=token("CARD-1"), **(begin if event == "first" else {})
        )
        plugged = {"chargingState": "EVConnected"}
        later = begin if event == "second" else {}
        await session.tell("Updated", "CablePluggedIn", info=plugged, **later, reply={})
        await session.finish()
    (transaction,) = await server.transactions(active="false")
    assert transaction["meter_start_wh"] == 1000


async def contexts(server: Running) -> set[str]:
    """The contexts of the only transaction's readings."""
    (transaction,) = await server.transactions()
    readings = await server.get(f"/transactions/{transaction['id']}/meter-values")
    return {each["context"] for each in readings["items"]}
