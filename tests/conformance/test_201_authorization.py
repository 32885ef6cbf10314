"""OCPP 2.0.1, block C: who may charge, and who may end it."""

from __future__ import annotations

from conformance.stations import ACCEPTED, Session, station_201, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

SAID = {"idTokenInfo": ACCEPTED}
FAMILY = {"idTokenInfo": {**ACCEPTED, "groupIdToken": {"idToken": "FAMILY", "type": "Central"}}}
MASTER = {"idTokenInfo": {**ACCEPTED, "groupIdToken": {"idToken": "MASTER", "type": "Central"}}}


async def standing(station: ScriptedChargePoint, id_token: str, kind: str = "ISO14443") -> str:
    answer = await station.send("Authorize", {"idToken": token(id_token, kind)})
    status: str = answer["idTokenInfo"]["status"]
    return status


async def test_tc_c_02_an_unknown_card_is_invalid(server: Running) -> None:
    async with station_201(server) as station:
        assert await standing(station, "NEVER-SEEN") == "Invalid"


async def test_tc_c_02_an_invalid_card_is_invalid(server: Running) -> None:
    await server.add_token("CARD-1", status="Invalid")
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == "Invalid"


async def test_tc_c_06_a_blocked_card_is_blocked(server: Running) -> None:
    await server.add_token("CARD-1", status="Blocked")
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == "Blocked"


async def test_tc_c_07_an_expired_card_is_expired(server: Running) -> None:
    await server.add_token("CARD-1", status="Expired")
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == "Expired"


async def test_tc_c_07_a_card_expires_by_itself(server: Running) -> None:
    await server.add_token("CARD-1", expires_at="2020-01-01T00:00:00Z")
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == "Expired"


async def test_tc_c_08_a_good_card_from_the_stations_cache_is_judged_again(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        await session.tell("Updated", "Authorized", idToken=token("CARD-1"), reply=SAID)
    (transaction,) = await server.transactions()
    assert (transaction["id_token"], transaction["authorization_status"]) == ("CARD-1", "Accepted")


async def test_tc_c_20_a_card_that_the_cache_should_not_hold_is_refused(server: Running) -> None:
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        said = {"idTokenInfo": {"status": "Invalid"}}
        await session.tell("Updated", "Authorized", idToken=token("STRANGER"), reply=said)
    (transaction,) = await server.transactions()
    assert "not_authorized" in transaction["flags"]


async def test_tc_c_37_the_cache_is_cleared_by_order(server: Running) -> None:
    async with station_201(server) as station:
        order = station.expect("ClearCache")
        answer = await server.post("/charge-points/CS-1/clear-cache")
        assert await order.happened() == {}
    assert (answer["status"], answer["accepted"]) == ("Accepted", True)


async def test_tc_c_38_a_station_without_a_cache_says_so(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("ClearCache", {"status": "Rejected"})
        answer = await server.post("/charge-points/CS-1/clear-cache")
    assert (answer["status"], answer["accepted"]) == ("Rejected", False)


async def family(server: Running) -> None:
    await server.put("/id-token-groups/FAMILY", {})
    await server.add_token("MINE", group_id="FAMILY")
    await server.add_token("YOURS", group_id="FAMILY")


async def assert_mine_ended_by_yours(server: Running) -> None:
    (transaction,) = await server.transactions(active="false")
    assert (transaction["id_token"], transaction["flags"]) == ("MINE", ["no_energy_evidence"])


async def test_tc_c_39_a_card_of_the_same_group_ends_the_transaction(server: Running) -> None:
    await family(server)
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        await station.send("Authorize", {"idToken": token("YOURS")}, reply=FAMILY)
        await session.tell("Updated", "Authorized", idToken=token("MINE"), reply=FAMILY)
        await session.charge()
        await station.send("Authorize", {"idToken": token("YOURS")}, reply=FAMILY)
        await session.stop_authorized("YOURS", FAMILY)
        await session.charge("EVConnected")
        await session.disconnect()
    await assert_mine_ended_by_yours(server)


async def test_tc_c_40_two_cards_of_a_group_in_the_stations_list_are_not_asked_about(
    server: Running,
) -> None:
    """Their first word is the event; the group is in every answer (C09.FR.12)."""
    await family(server)
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        await session.tell("Updated", "Authorized", idToken=token("MINE"), reply=FAMILY)
        await session.charge()
        await session.stop_authorized("YOURS", FAMILY)
        await session.charge("EVConnected")
        await session.disconnect()
    await assert_mine_ended_by_yours(server)


async def test_tc_c_43_a_card_that_the_list_calls_invalid_is_asked_about(server: Running) -> None:
    await family(server)
    async with station_201(server) as station:
        session = Session(station)
        await session.plug_in()
        await session.tell("Updated", "Authorized", idToken=token("MINE"), reply=FAMILY)
        await session.charge()
        await station.send("Authorize", {"idToken": token("YOURS")}, reply=FAMILY)
        await session.stop_authorized("YOURS", FAMILY)
        await session.charge("EVConnected")
        await session.disconnect()
    await assert_mine_ended_by_yours(server)


async def two_sessions(server: Running, station: ScriptedChargePoint) -> list[Session]:
    """Two strangers charge; a warden's card is in the master pass group."""
    await server.put("/id-token-groups/MASTER", {"master_pass": True})
    await server.add_token("WARDEN", group_id="MASTER")
    sessions = []
    for evse_id in (1, 2):
        await server.add_token(f"CARD-{evse_id}")
        session = Session(station, f"tx-{evse_id}", evse_id)
        await session.start(f"CARD-{evse_id}")
        sessions.append(session)
    return sessions


async def end_by_warden(session: Session) -> None:
    why = {"stoppedReason": "MasterPass"}
    await session.tell("Ended", "StopAuthorized", info=why, idToken=token("WARDEN"), reply=MASTER)


async def test_tc_c_47_a_master_pass_ends_all_transactions(server: Running) -> None:
    async with station_201(server) as station:
        sessions = await two_sessions(server, station)
        await station.send("Authorize", {"idToken": token("WARDEN")}, reply=MASTER)
        for session in sessions:
            await end_by_warden(session)
    stopped = await server.transactions(active="false")
    assert [each["stop_reason"] for each in stopped] == ["MasterPass"] * 2
    assert {each["stop_id_token"] for each in stopped} == {"WARDEN"}


async def test_tc_c_48_a_master_pass_ends_one_of_several_transactions(server: Running) -> None:
    async with station_201(server) as station:
        first, _ = await two_sessions(server, station)
        await station.send("Authorize", {"idToken": token("WARDEN")}, reply=MASTER)
        await end_by_warden(first)
    (stopped,) = await server.transactions(active="false")
    (running,) = await server.transactions(active="true")
    assert (stopped["stop_reason"], stopped["evse_id"]) == ("MasterPass", 1)
    assert running["evse_id"] == 2


async def test_tc_c_49_a_station_without_a_screen_ends_all_for_a_master_pass(
    server: Running,
) -> None:
    async with station_201(server) as station:
        sessions = await two_sessions(server, station)
        await station.send("Authorize", {"idToken": token("WARDEN")}, reply=MASTER)
        for session in sessions:
            owner = token(f"CARD-{session.evse_id}")
            why = {"stoppedReason": "MasterPass"}
            await session.tell("Ended", "StopAuthorized", info=why, idToken=owner, reply=SAID)
    assert await server.transactions(active="true") == []


async def test_c16_fr_03_a_master_pass_does_not_start_a_transaction(server: Running) -> None:
    async with station_201(server) as station:
        await two_sessions(server, station)
        said = {"idTokenInfo": {"status": "Invalid"}}
        third = Session(station, "tx-3", 3)
        await third.tell("Started", "Authorized", idToken=token("WARDEN"), reply=said)


async def test_c02_fr_02_a_start_button_needs_no_card(server: Running) -> None:
    async with station_201(server) as station:
        session = Session(station)
        button = token("", "NoAuthorization")
        await session.tell("Started", "Authorized", idToken=button, reply=SAID)
    (transaction,) = await server.transactions()
    assert transaction["authorization_status"] == "Accepted"


async def test_c05_what_the_central_system_started_is_authorized(server: Running) -> None:
    await server.add_token("APP-1", type="Central")
    async with station_201(server) as station:
        order = station.expect("RequestStartTransaction")
        await server.post("/charge-points/CS-1/remote-start", {"id_token": "APP-1", "evse_id": 1})
        central = (await order.happened())["idToken"]
        assert central == token("APP-1", "Central")
        session = Session(station)
        await session.tell("Started", "RemoteStart", idToken=central, reply=SAID)


async def test_c06_c08_any_kind_of_token_may_charge_that_somebody_entered(server: Running) -> None:
    for kind in ("eMAID", "KeyCode", "Local", "MacAddress", "ISO15693"):
        await server.add_token(f"A-{kind}", type=kind)
        async with station_201(server) as station:
            assert await standing(station, f"A-{kind}", kind) == "Accepted"


async def test_whoever_shows_the_card_that_charges_may_end_it(server: Running) -> None:
    """ConcurrentTx is only for the answer to a start (2.0.1 part 2, AuthorizationStatusEnum)."""
    await server.add_token("CARD-1", max_concurrent_transactions=1)
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")

        assert await standing(station, "CARD-1") == "Accepted"

        said = {"idTokenInfo": ACCEPTED}
        await session.tell("Updated", "StopAuthorized", idToken=token("CARD-1"), reply=said)
        other = Session(station, "tx-2", 2)
        refused = {"idTokenInfo": {"status": "ConcurrentTx"}}
        await other.tell("Started", "Authorized", idToken=token("CARD-1"), reply=refused)


async def test_a_card_that_may_hold_no_transaction_is_blocked(server: Running) -> None:
    await server.add_token("CARD-1", max_concurrent_transactions=0)
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == "Blocked"
