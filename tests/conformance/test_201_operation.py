"""OCPP 2.0.1, block F: remote control."""

from __future__ import annotations

import pytest
from conformance.stations import (
    ACCEPTED,
    Session,
    station_201,
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
