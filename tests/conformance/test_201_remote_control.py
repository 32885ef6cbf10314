"""OCPP 2.0.1, block F: transactions, locks and messages by order."""

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
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

SAID = {"idTokenInfo": ACCEPTED}
TRIGGERED = [reading(1000, "Trigger")]


async def remote_start(server: Running) -> Any:
    """An operator starts a transaction for a card at EVSE 1; its number comes back."""
    body = {"id_token": "CARD-1", "evse_id": 1}
    answer = await server.post("/charge-points/CS-1/remote-start", body)
    assert answer["accepted"] is True
    return answer["results"][0]["remote_start_id"]


async def assert_started_remotely(server: Running, number: int) -> None:
    (transaction,) = await server.transactions()
    assert transaction["id_token"] == "CARD-1"
    assert transaction["remote_start_id"] == number
    assert transaction["charging_state"] == "Charging"


async def begin_by_order(session: Session, order: Payload, kind: str = "Started") -> None:
    assert order["idToken"] == token("CARD-1")
    info = {"remoteStartId": order["remoteStartId"]}
    await session.tell(kind, "RemoteStart", info=info, idToken=order["idToken"], reply=SAID)


async def test_tc_f_01_the_operator_starts_after_a_cable_was_plugged_in(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        order = station.expect("RequestStartTransaction", {**ACCEPTED, "transactionId": "tx-1"})
        number = await remote_start(server)
        await begin_by_order(session, await order.happened(), "Updated")
        await session.charge()
    await assert_started_remotely(server, number)


@pytest.mark.parametrize("raw", [False, True])
async def test_tc_f_01_a_station_need_not_say_again_whom_it_started_for(
    server: Running, raw: bool
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        order = station.expect("RequestStartTransaction", {**ACCEPTED, "transactionId": "tx-1"})
        if raw:
            number = 7
            body = {"idToken": token("CARD-1"), "remoteStartId": number, "evseId": 1}
            await server.post("/charge-points/CS-1/calls/RequestStartTransaction", body)
        else:
            number = await remote_start(server)
        info = {"remoteStartId": (await order.happened())["remoteStartId"]}
        await session.tell("Updated", "RemoteStart", info=info, reply={})
        await session.charge()
    await assert_started_remotely(server, number)


async def test_tc_f_02_the_operator_starts_and_the_station_asks_about_the_card(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        order = station.expect("RequestStartTransaction")
        number = await remote_start(server)
        wanted = await order.happened()
        await station.send("Authorize", {"idToken": wanted["idToken"]}, reply=SAID)
        await begin_by_order(session, wanted)
        await session.plug_in()
        await session.charge()
    await assert_started_remotely(server, number)


async def test_tc_f_03_the_operator_starts_and_the_station_does_not_ask(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        order = station.expect("RequestStartTransaction")
        number = await remote_start(server)
        await begin_by_order(session, await order.happened())
        await session.plug_in()
        await session.charge()
    await assert_started_remotely(server, number)


async def test_tc_f_04_a_remote_start_without_a_car_times_out(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        order = station.expect("RequestStartTransaction")
        await remote_start(server)
        await begin_by_order(session, await order.happened())
        why = {"stoppedReason": "Timeout"}
        await session.tell("Ended", "EVConnectTimeout", info=why, reply={})
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "Timeout"


async def test_tc_f_06_a_connector_is_unlocked(server: Running) -> None:
    async with station_201(server) as station:
        order = station.expect("UnlockConnector", {"status": "Unlocked"})
        answer = await server.post("/charge-points/CS-1/unlock", {"evse_id": 1})
        assert await order.happened() == {"evseId": 1, "connectorId": 1}
    assert (answer["status"], answer["accepted"]) == ("Unlocked", True)


async def trigger(
    server: Running, station: ScriptedChargePoint, message: str, **body: Any
) -> Payload:
    """An operator asks for a message; returns what was sent to the station."""
    order = station.expect("TriggerMessage", check={"requestedMessage": message})
    answer = await server.post("/charge-points/CS-1/trigger", {"message": message, **body})
    assert answer["accepted"] is True
    return await order.happened()


async def readings_of_evses(server: Running) -> list[int]:
    rows = await server.rows("SELECT evse_id FROM meter_values WHERE context = 'Trigger'")
    return sorted(row["evse_id"] for row in rows)


async def test_tc_f_11_readings_of_one_evse_are_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        sent = await trigger(server, station, "MeterValues", evse_id=1)
        assert sent == {"evse": {"id": 1}, "requestedMessage": "MeterValues"}
        await station.send("MeterValues", {"evseId": 1, "meterValue": TRIGGERED}, reply={})
    assert await readings_of_evses(server) == [1]


async def test_tc_f_12_readings_of_all_evses_are_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        sent = await trigger(server, station, "MeterValues")
        assert sent == {"requestedMessage": "MeterValues"}
        for evse_id in (1, 2):
            values = {"evseId": evse_id, "meterValue": TRIGGERED}
            await station.send("MeterValues", values, reply={})
    assert await readings_of_evses(server) == [1, 2]


async def test_tc_f_12_readings_that_name_no_evse_are_taken(server: Running) -> None:
    async with station_201(server) as station:
        await trigger(server, station, "MeterValues")
        await station.send("MeterValues", {"meterValue": TRIGGERED}, reply={})
    assert await readings_of_evses(server) == [0]


async def charging_here(server: Running, station: ScriptedChargePoint, evse_id: int) -> Session:
    await server.add_token(f"CARD-{evse_id}")
    session = Session(station, f"tx-{evse_id}", evse_id)
    await session.start(f"CARD-{evse_id}")
    return session


async def tell_of_itself(session: Session, **more: Any) -> None:
    charging = {"chargingState": "Charging"}
    values = {"meterValue": TRIGGERED, **more}
    await session.tell("Updated", "Trigger", info=charging, **values, reply={})


async def test_tc_f_13_a_transaction_at_one_evse_is_asked_about(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging_here(server, station, 1)
        sent = await trigger(server, station, "TransactionEvent", evse_id=1)
        assert sent["evse"] == {"id": 1}
        await tell_of_itself(session, evse=OUTLET)
    assert await readings_of_evses(server) == [1]


async def test_tc_f_14_all_transactions_are_asked_about(server: Running) -> None:
    async with station_201(server) as station:
        sessions = [await charging_here(server, station, evse_id) for evse_id in (1, 2)]
        assert "evse" not in await trigger(server, station, "TransactionEvent")
        for session in sessions:
            await tell_of_itself(session)
    assert await readings_of_evses(server) == [1, 2]


async def told(server: Running, kind: str) -> list[str]:
    noted = (await server.get("/charge-points/CS-1/notifications"))["items"]
    return [each["data"]["status"] for each in noted if each["kind"] == kind]


async def test_tc_f_15_the_state_of_a_log_upload_is_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        await trigger(server, station, "LogStatusNotification")
        await station.send("LogStatusNotification", {"status": "Idle"}, reply={})
    assert await told(server, "log_status") == ["Idle"]


async def test_tc_f_18_the_state_of_a_firmware_update_is_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        await trigger(server, station, "FirmwareStatusNotification")
        await station.send("FirmwareStatusNotification", {"status": "Idle"}, reply={})
    assert await told(server, "firmware_status") == ["Idle"]


async def test_tc_f_20_a_heartbeat_is_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        await trigger(server, station, "Heartbeat")
        answer = await station.send("Heartbeat", {})
    assert answer["currentTime"][:10] == now()[:10]


async def status_of_connector(server: Running) -> str:
    (connector,) = (await server.get("/charge-points/CS-1"))["connectors"]
    return str(connector["status"])


async def test_tc_f_23_the_status_of_a_free_connector_is_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        sent = await trigger(server, station, "StatusNotification", evse_id=1)
        assert sent["evse"] == OUTLET
        await tell_status(station, "Available")
    assert await status_of_connector(server) == "Available"


async def test_tc_f_24_the_status_of_an_occupied_connector_is_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        await tell_status(station, "Occupied")
        sent = await trigger(server, station, "StatusNotification", evse_id=1)
        assert sent["evse"] == OUTLET
        await tell_status(station, "Occupied")
    assert await status_of_connector(server) == "Occupied"


async def test_tc_f_27_a_station_does_not_know_what_is_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("TriggerMessage", {"status": "NotImplemented"})
        body = {"message": "SignCombinedCertificate"}
        answer = await server.post("/charge-points/CS-1/trigger", body)
    assert (answer["status"], answer["accepted"]) == ("NotImplemented", False)
