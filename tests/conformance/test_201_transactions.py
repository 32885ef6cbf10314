"""OCPP 2.0.1, block E: transactions that start and end in every way a station may choose."""

from __future__ import annotations

from typing import Any

from conformance.stations import ACCEPTED, Session, reading, station_201, tell_status, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

SAID = {"idTokenInfo": ACCEPTED}
STATUS = "/charge-points/CS-1/transaction-status"
SIGNED = {
    "signedMeterData": "b3JpZ2luYWw=",
    "signingMethod": "ECDSA-secp256r1-SHA256",
    "encodingMethod": "OCMF",
    "publicKey": "cHVibGlj",
}


async def only_transaction(server: Running) -> dict[str, Any]:
    (transaction,) = await server.transactions()
    return transaction


async def assert_runs(server: Running, state: str | None, card: str | None = "CARD-1") -> None:
    transaction = await only_transaction(server)
    assert (transaction["evse_id"], transaction["id_token"]) == (1, card)
    assert (transaction["charging_state"], transaction["stopped_at"]) == (state, None)


async def assert_ended(server: Running, reason: str) -> None:
    transaction = await only_transaction(server)
    assert transaction["stop_reason"] == reason
    assert transaction["stopped_at"] is not None


async def shown(server: Running, station: ScriptedChargePoint) -> Session:
    """A card is accepted and a cable is in; no transaction has begun yet."""
    await server.add_token("CARD-1")
    await station.send("Authorize", {"idToken": token("CARD-1")}, reply=SAID)
    await tell_status(station, "Occupied")
    return Session(station)


async def charging(server: Running, station: ScriptedChargePoint) -> Session:
    """The state EnergyTransferStarted."""
    await server.add_token("CARD-1")
    session = Session(station)
    await session.start("CARD-1")
    return session


# --- starts


async def test_tc_e_01_a_transaction_starts_when_the_power_path_closes(server: Running) -> None:
    async with station_201(server) as station:
        session = await shown(server, station)
        suspended = {"chargingState": "SuspendedEVSE"}
        card = token("CARD-1")
        trigger = "ChargingStateChanged"
        await session.tell("Started", trigger, idToken=card, info=suspended, reply=SAID)
        await session.charge()
    await assert_runs(server, "Charging")


async def test_tc_e_02_a_transaction_starts_when_energy_flows(server: Running) -> None:
    async with station_201(server) as station:
        session = await shown(server, station)
        state = {"chargingState": "Charging"}
        card = token("CARD-1")
        await session.tell("Started", "ChargingStateChanged", idToken=card, info=state, reply=SAID)
    await assert_runs(server, "Charging")


async def test_tc_e_03_a_driver_plugs_in_first(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        await session.authorize("CARD-1")
        await session.charge()
    await assert_runs(server, "Charging")


async def test_tc_e_04_a_driver_shows_a_card_first(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.authorize("CARD-1")
        await session.plug_in()
        await session.charge()
    await assert_runs(server, "Charging")


async def test_tc_e_09_a_transaction_starts_when_a_cable_is_plugged_in(server: Running) -> None:
    async with station_201(server) as station:
        await Session(station).plug_in()
    await assert_runs(server, "EVConnected", card=None)


async def test_tc_e_10_a_transaction_starts_with_a_card(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        await Session(station).authorize("CARD-1")
    await assert_runs(server, None)


async def test_tc_e_11_a_transaction_starts_with_signed_data(server: Running) -> None:
    async with station_201(server) as station:
        session = await shown(server, station)
        signed = [reading(0.0, "Transaction.Begin", signedMeterValue=SIGNED)]
        card = token("CARD-1")
        await session.tell(
            "Started", "SignedDataReceived", idToken=card, meterValue=signed, reply=SAID
        )
        await session.charge()
    transaction = await only_transaction(server)
    readings = await server.get(f"/transactions/{transaction['id']}/meter-values")
    (kept,) = readings["items"][0]["others"]
    assert kept["signedMeterValue"] == SIGNED


async def test_tc_e_12_a_transaction_starts_when_a_car_parks(server: Running) -> None:
    async with station_201(server) as station:
        await Session(station).tell("Started", "EVDetected", reply={})
    await assert_runs(server, None, card=None)


async def test_tc_e_38_a_car_is_not_ready(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.authorize("CARD-1")
        await session.plug_in()
        await session.charge("SuspendedEV")
    await assert_runs(server, "SuspendedEV")


# --- ends


async def test_tc_e_07_a_driver_stops_and_the_power_path_opens(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        why = {"stoppedReason": "Local"}
        await session.tell("Ended", "StopAuthorized", info=why, reply={})
    await assert_ended(server, "Local")


async def test_tc_e_08_energy_stops_after_a_driver_wanted_it_to(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.stop_authorized("CARD-1")
        info = {"chargingState": "EVConnected", "stoppedReason": "Local"}
        await session.tell("Ended", "ChargingStateChanged", info=info, reply={})
    await assert_ended(server, "Local")


async def test_tc_e_14_a_car_is_unplugged_at_the_station(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.stop_authorized("CARD-1")
        await session.charge("EVConnected")
        await session.disconnect()
    await assert_ended(server, "EVDisconnected")
    (connector,) = (await server.get("/charge-points/CS-1"))["connectors"]
    assert connector["status"] == "Available"


async def test_tc_e_15_a_driver_stops_at_the_station(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        why, card = {"stoppedReason": "Local"}, token("CARD-1")
        await session.tell("Ended", "StopAuthorized", info=why, idToken=card, reply=SAID)
    await assert_ended(server, "Local")


async def test_tc_e_16_a_start_with_an_invalid_card_is_answered_so_and_recorded(
    server: Running,
) -> None:
    async with station_201(server) as station:
        session = Session(station)
        said = {"idTokenInfo": {"status": "Invalid"}}
        await session.tell("Started", "Authorized", idToken=token("STRANGER"), reply=said)
        why = {"stoppedReason": "DeAuthorized"}
        await session.tell("Ended", "Deauthorized", info=why, reply={})
    assert (await only_transaction(server))["authorization_status"] == "Invalid"
    await assert_ended(server, "DeAuthorized")


async def test_tc_e_17_a_car_that_paused_is_unplugged(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.charge("SuspendedEV")
        info = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        await session.tell("Ended", "EVCommunicationLost", info=info, reply={})
    await assert_ended(server, "EVDisconnected")


async def test_tc_e_19_a_car_leaves_the_bay(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.stop_authorized("CARD-1")
        await session.charge("EVConnected")
        idle = {"chargingState": "Idle"}
        await session.tell("Updated", "EVCommunicationLost", info=idle, reply={})
        await session.tell("Ended", "EVDeparted", info={"stoppedReason": "Local"}, reply={})
    await assert_ended(server, "Local")


async def test_tc_e_20_a_cable_is_pulled_out_of_a_car_that_paused(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.charge("SuspendedEV")
        await session.disconnect()
    await assert_ended(server, "EVDisconnected")


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
    await assert_ended(server, "Remote")


async def test_tc_e_22_a_car_stops_by_itself(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        info = {"chargingState": "SuspendedEV", "stoppedReason": "StoppedByEV"}
        await session.tell("Ended", "ChargingStateChanged", info=info, reply={})
    await assert_ended(server, "StoppedByEV")


async def test_tc_e_26_a_car_that_is_unplugged_and_plugged_in_again_goes_on(
    server: Running,
) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.charge("SuspendedEV")
        await session.tell("Updated", "EVCommunicationLost", info={"chargingState": "Idle"})
        await tell_status(station, "Available")
        await session.tell("Updated", "CablePluggedIn", info={"chargingState": "EVConnected"})
        await session.charge()
    await assert_runs(server, "Charging")


async def test_tc_e_39_a_car_never_comes(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.authorize("CARD-1")
        why = {"stoppedReason": "Timeout"}
        await session.tell("Ended", "EVConnectTimeout", info=why, reply={})
    await assert_ended(server, "Timeout")


# --- how a transaction stands


async def ask_status(server: Running, *, named: bool = True) -> Any:
    number = (await only_transaction(server))["id"] if named else None
    return (await server.post(STATUS, {"transaction_id": number}))["results"][0]


async def test_tc_e_29_a_transaction_goes_on_and_has_messages_waiting(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await station.reconnect()
        answer = {"ongoingIndicator": True, "messagesInQueue": True}
        order = station.expect("GetTransactionStatus", answer)
        assert await ask_status(server) == {"ongoing": True, "messages_in_queue": True}
        assert await order.happened() == {"transactionId": "tx-1"}
        late = {"meterValue": [reading(500)], "offline": True}
        await session.tell("Updated", "MeterValuePeriodic", **late, reply={})
    assert "offline" in (await only_transaction(server))["flags"]


async def test_tc_e_30_a_transaction_goes_on_and_has_told_all(server: Running) -> None:
    async with station_201(server) as station:
        await charging(server, station)
        answer = {"ongoingIndicator": True, "messagesInQueue": False}
        order = station.expect("GetTransactionStatus", answer)
        assert await ask_status(server) == {"ongoing": True, "messages_in_queue": False}
        assert await order.happened() == {"transactionId": "tx-1"}


async def test_tc_e_31_what_is_missing_of_an_ended_transaction_is_asked_for(
    server: Running,
) -> None:
    """Nobody has to order that: the gap in the sequence numbers does."""
    async with station_201(server) as station:
        session = await charging(server, station)
        await station.reconnect()
        await tell_status(station, "Available")
        answer = {"ongoingIndicator": False, "messagesInQueue": True}
        order = station.expect("GetTransactionStatus", answer)
        missing = session.skip(2)
        info = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        await session.tell("Ended", "EVCommunicationLost", info=info, offline=True, reply={})
        assert await order.happened() == {"transactionId": "tx-1"}
        assert "missing_events" in (await only_transaction(server))["flags"]
        first, second = ({"seqNo": each, "offline": True} for each in missing)
        await session.tell("Updated", "StopAuthorized", **first, reply={})
        state = {"chargingState": "EVConnected"}
        await session.tell("Updated", "ChargingStateChanged", info=state, **second, reply={})
    transaction = await only_transaction(server)
    assert "missing_events" not in transaction["flags"]
    assert transaction["stop_reason"] == "EVDisconnected"


async def test_tc_e_33_any_messages_are_waiting(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await station.reconnect()
        order = station.expect("GetTransactionStatus", {"messagesInQueue": True})
        said = await ask_status(server, named=False)
        assert said == {"ongoing": None, "messages_in_queue": True}
        assert await order.happened() == {}
        late = {"meterValue": [reading(500)], "offline": True}
        await session.tell("Updated", "MeterValuePeriodic", **late, reply={})


async def test_tc_e_34_no_messages_are_waiting(server: Running) -> None:
    async with station_201(server) as station:
        order = station.expect("GetTransactionStatus", {"messagesInQueue": False})
        said = await ask_status(server, named=False)
        assert said == {"ongoing": None, "messages_in_queue": False}
        assert await order.happened() == {}


async def test_e14_nothing_is_asked_of_a_transaction_that_told_all(server: Running) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        await session.disconnect()
        await station.send("Heartbeat", {})
    kinds = [n["kind"] for n in (await server.get("/charge-points/CS-1/notifications"))["items"]]
    assert "transaction_status" not in kinds


async def test_e14_the_operator_hears_that_messages_of_a_transaction_are_lost(
    server: Running,
) -> None:
    async with station_201(server) as station:
        session = await charging(server, station)
        answer = {"ongoingIndicator": False, "messagesInQueue": False}
        order = station.expect("GetTransactionStatus", answer)
        session.skip(1)
        await session.disconnect()
        await order.happened()
        noted = await server.eventually(
            "/charge-points/CS-1/notifications",
            lambda body: any(n["kind"] == "transaction_status" for n in body["items"]),
        )
    (told,) = [n for n in noted["items"] if n["kind"] == "transaction_status"]
    assert told["severity"] == "warning"
    assert "they are lost" in told["summary"]


async def test_e01_fr_14_a_newer_transaction_ends_a_forgotten_one(server: Running) -> None:
    async with station_201(server) as station:
        await charging(server, station)
        await server.add_token("CARD-2")
        newer = Session(station, "tx-2")
        await newer.start("CARD-2")
    (running,) = await server.transactions(active="true")
    (forgotten,) = await server.transactions(active="false")
    assert (running["ocpp_transaction_id"], forgotten["ocpp_transaction_id"]) == ("tx-2", "tx-1")
    assert "superseded" in forgotten["flags"]


async def test_tc_e_53_each_transaction_may_count_its_events_from_zero(server: Running) -> None:
    async with station_201(server) as station:
        for number in (1, 2):
            await server.add_token("CARD-1")
            session = Session(station, f"tx-{number}")
            await session.start("CARD-1")
            await session.finish()
    transactions = await server.transactions(active="false")
    assert [each["flags"] for each in transactions] == [["no_energy_evidence"]] * 2
