"""OCPP 2.0.1, block E: transactions that start and end in every way a station may choose."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import ACCEPTED, Session, reading, station_201, tell_status, token
from running import Running

SAID = {"idTokenInfo": ACCEPTED}
SIGNED = {
    "signedMeterData": "b3JpZ2luYWw=",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "cHVibGlj",
}


async def only_transaction(server: Running) -> dict[str, Any]:
    (transaction,) = await server.transactions()
    return transaction


@pytest.mark.parametrize(
    ("trigger", "state"),
    [
        ("ChargingStateChanged", "SuspendedEVSE"),  # TC_E_01: PowerPathClosed
        ("ChargingStateChanged", "Charging"),  # TC_E_02: EnergyTransfer
        ("CablePluggedIn", "EVConnected"),  # TC_E_09: EVConnected
        ("Authorized", None),  # TC_E_10: Authorized
        ("EVDetected", None),  # TC_E_12: ParkingBayOccupied
    ],
)
async def test_tc_e_01_a_transaction_starts_where_the_station_begins_it(
    server: Running, trigger: str, state: str | None
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        await station.send("Authorize", {"idToken": token("CARD-1")}, reply=SAID)
        await tell_status(station, "Occupied")
        info = {"chargingState": state} if state else {}
        session = Session(station)
        await session.tell("Started", trigger, idToken=token("CARD-1"), info=info, reply=SAID)
    transaction = await only_transaction(server)
    assert (transaction["evse_id"], transaction["id_token"]) == (1, "CARD-1")
    assert transaction["charging_state"] == state


async def test_tc_e_11_a_transaction_starts_with_signed_data(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        signed = reading(0.0, "Transaction.Begin", signedMeterValue=SIGNED)
        await session.tell(
            "Started",
            "SignedDataReceived",
            idToken=token("CARD-1"),
            meterValue=[signed],
            reply=SAID,
        )
    transaction = await only_transaction(server)
    readings = await server.get(f"/transactions/{transaction['id']}/meter-values")
    (kept,) = readings["items"][0]["others"]
    assert kept["signedMeterValue"] == SIGNED


@pytest.mark.parametrize("first", ["cable", "card"])  # TC_E_03, TC_E_04
async def test_tc_e_03_a_driver_may_plug_in_or_show_a_card_first(
    server: Running, first: str
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        plugged = {"info": {"chargingState": "EVConnected"}}
        if first == "cable":
            await session.tell("Started", "CablePluggedIn", **plugged, reply={})
            await station.send("Authorize", {"idToken": token("CARD-1")}, reply=SAID)
            await session.tell("Updated", "Authorized", idToken=token("CARD-1"), reply=SAID)
        else:
            await station.send("Authorize", {"idToken": token("CARD-1")}, reply=SAID)
            await session.tell("Started", "Authorized", idToken=token("CARD-1"), reply=SAID)
            await session.tell("Updated", "CablePluggedIn", **plugged, reply={})
        charging = {"chargingState": "Charging"}
        await session.tell("Updated", "ChargingStateChanged", info=charging, reply={})
    transaction = await only_transaction(server)
    assert (transaction["id_token"], transaction["charging_state"]) == ("CARD-1", "Charging")
    assert transaction["stopped_at"] is None


@pytest.mark.parametrize(
    ("trigger", "reason", "state"),
    [
        ("EVConnectTimeout", "Timeout", None),  # TC_E_39
        ("StopAuthorized", "Local", None),  # TC_E_07, TC_E_15
        ("ChargingStateChanged", "Local", "EVConnected"),  # TC_E_08
        ("EVCommunicationLost", "EVDisconnected", "Idle"),  # TC_E_14, TC_E_17, TC_E_20
        ("ChargingStateChanged", "StoppedByEV", "SuspendedEV"),  # TC_E_22
        ("EVDeparted", "Local", None),  # TC_E_19
        ("Deauthorized", "DeAuthorized", None),  # TC_E_16
    ],
)
async def test_tc_e_07_a_transaction_ends_for_the_reason_the_station_tells(
    server: Running, trigger: str, reason: str, state: str | None
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        info = {"stoppedReason": reason} | ({"chargingState": state} if state else {})
        await session.tell("Ended", trigger, info=info, reply={})
    transaction = await only_transaction(server)
    assert transaction["stop_reason"] == reason
    assert transaction["stopped_at"] is not None


async def test_tc_e_16_a_start_with_an_invalid_card_is_answered_so_and_recorded(
    server: Running,
) -> None:
    async with station_201(server) as station:
        session = Session(station)
        said = {"idTokenInfo": {"status": "Invalid"}}
        await session.tell("Started", "Authorized", idToken=token("STRANGER"), reply=said)
        why = {"stoppedReason": "DeAuthorized"}
        await session.tell("Ended", "Deauthorized", info=why, reply={})
    transaction = await only_transaction(server)
    assert transaction["authorization_status"] == "Invalid"
    assert transaction["stop_reason"] == "DeAuthorized"


async def test_tc_e_21_the_operator_ends_a_transaction(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station, "a-transaction-id-of-the-station")
        await session.start("CARD-1")

        async def end(_: object) -> None:
            await session.tell("Ended", "RemoteStop", info={"stoppedReason": "Remote"}, reply={})

        wanted = {"transactionId": "a-transaction-id-of-the-station"}
        station.expect("RequestStopTransaction", check=wanted, after=end)
        number = (await only_transaction(server))["id"]
        await server.post("/charge-points/CS-1/remote-stop", {"transaction_id": number})
        await station.settle(5)
    assert (await only_transaction(server))["stop_reason"] == "Remote"


async def test_tc_e_26_a_car_that_is_unplugged_and_plugged_in_again_goes_on(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        await session.tell("Updated", "EVCommunicationLost", info={"chargingState": "Idle"})
        await tell_status(station, "Available")
        await session.tell("Updated", "CablePluggedIn", info={"chargingState": "EVConnected"})
        await session.tell("Updated", "ChargingStateChanged", info={"chargingState": "Charging"})
    transaction = await only_transaction(server)
    assert (transaction["stopped_at"], transaction["charging_state"]) == (None, "Charging")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"transactionId": "tx-1"}, {"ongoingIndicator": True, "messagesInQueue": True}),
        ({"transactionId": "tx-1"}, {"ongoingIndicator": True, "messagesInQueue": False}),
        ({"transactionId": "tx-1"}, {"ongoingIndicator": False, "messagesInQueue": True}),
        ({}, {"messagesInQueue": True}),
        ({}, {"messagesInQueue": False}),
    ],
)  # TC_E_29, TC_E_30, TC_E_31, TC_E_33, TC_E_34
async def test_tc_e_29_the_station_is_asked_how_a_transaction_stands(
    server: Running, asked: dict[str, Any], answer: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        station.expect("GetTransactionStatus", answer, check=asked)
        path = "/charge-points/CS-1/calls/GetTransactionStatus"
        assert await server.post(path, asked) == answer


async def test_tc_e_29_events_kept_while_offline_are_taken_after_reconnecting(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        await station.reconnect()
        late = {"meterValue": [reading(500)], "offline": True}
        await session.tell("Updated", "MeterValuePeriodic", **late, reply={})
    assert "offline" in (await only_transaction(server))["flags"]


async def test_tc_e_53_each_transaction_may_count_its_events_from_zero(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        for number in (1, 2):
            session = Session(station, f"tx-{number}")
            await session.start("CARD-1")
            await session.finish()
    transactions = await server.transactions(active="false")
    assert [each["flags"] for each in transactions] == [["no_energy_evidence"]] * 2
