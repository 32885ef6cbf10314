"""OCPP 2.0.1, block C: who may charge, and who may end it."""

from __future__ import annotations

import pytest
from conformance.stations import ACCEPTED, Session, station_201, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

FAMILY = {"status": "Accepted", "groupIdToken": {"idToken": "FAMILY"}}
MASTER = {"status": "Accepted", "groupIdToken": {"idToken": "MASTER"}}


async def standing(station: ScriptedChargePoint, id_token: str) -> str:
    answer = await station.send("Authorize", {"idToken": token(id_token)})
    status: str = answer["idTokenInfo"]["status"]
    return status


@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired"])
async def test_tc_c_02_06_07_who_may_not_charge_is_told_why(server: Running, status: str) -> None:
    await server.add_token("CARD-1", status=status)
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == status


async def test_tc_c_02_an_unknown_card_is_invalid(server: Running) -> None:
    async with station_201(server) as station:
        assert await standing(station, "NEVER-SEEN") == "Invalid"


async def test_tc_c_07_a_card_expires_by_itself(server: Running) -> None:
    await server.add_token("CARD-1", expires_at="2020-01-01T00:00:00Z")
    async with station_201(server) as station:
        assert await standing(station, "CARD-1") == "Expired"


@pytest.mark.parametrize(("known", "status"), [(True, "Accepted"), (False, "Invalid")])
async def test_tc_c_08_20_a_card_from_the_stations_cache_is_judged_again(
    server: Running, known: bool, status: str
) -> None:
    if known:
        await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.tell("Started", "EVDetected", reply={})
        said = {"idTokenInfo": {"status": status}}
        await session.tell("Updated", "Authorized", idToken=token("CARD-1"), reply=said)


@pytest.mark.parametrize("status", ["Accepted", "Rejected"])  # TC_C_37, TC_C_38
async def test_tc_c_37_the_cache_is_cleared_by_order(server: Running, status: str) -> None:
    async with station_201(server) as station:
        station.expect("ClearCache", {"status": status})
        answer = await server.post("/charge-points/CS-1/clear-cache")
    assert answer["status"] == status


async def family(server: Running) -> None:
    await server.put("/id-token-groups/FAMILY", {})
    await server.add_token("MINE", group_id="FAMILY")
    await server.add_token("YOURS", group_id="FAMILY")


async def test_tc_c_39_a_card_of_the_same_group_ends_the_transaction(server: Running) -> None:
    await family(server)
    told = {"idTokenInfo": FAMILY}
    async with station_201(server) as station:
        await station.send("Authorize", {"idToken": token("YOURS")}, reply=told)
        session = Session(station)
        await session.tell("Started", "Authorized", idToken=token("MINE"), reply=told)
        await session.tell("Updated", "ChargingStateChanged", info={"chargingState": "Charging"})
        await station.send("Authorize", {"idToken": token("YOURS")}, reply=told)
        await session.tell("Updated", "StopAuthorized", idToken=token("YOURS"), reply=told)
        await session.finish()
    (transaction,) = await server.transactions(active="false")
    assert transaction["id_token"] == "MINE"


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


@pytest.mark.parametrize("ended", [2, 1])  # TC_C_47: all, TC_C_48: one of them
async def test_tc_c_47_a_master_pass_ends_other_peoples_transactions(
    server: Running, ended: int
) -> None:
    told = {"idTokenInfo": MASTER}
    async with station_201(server) as station:
        sessions = await two_sessions(server, station)
        await station.send("Authorize", {"idToken": token("WARDEN")}, reply=told)
        for session in sessions[:ended]:
            why = {"stoppedReason": "MasterPass"}
            await session.tell(
                "Ended", "StopAuthorized", info=why, idToken=token("WARDEN"), reply=told
            )
    stopped = await server.transactions(active="false")
    assert [each["stop_reason"] for each in stopped] == ["MasterPass"] * ended
    assert {each["stop_id_token"] for each in stopped} == {"WARDEN"}


async def test_tc_c_49_a_station_without_a_screen_ends_all_for_a_master_pass(
    server: Running,
) -> None:
    async with station_201(server) as station:
        sessions = await two_sessions(server, station)
        await station.send("Authorize", {"idToken": token("WARDEN")}, reply={"idTokenInfo": MASTER})
        for session in sessions:
            owner = token(f"CARD-{session.evse_id}")
            why = {"stoppedReason": "MasterPass"}
            said = {"idTokenInfo": ACCEPTED}
            await session.tell("Ended", "StopAuthorized", info=why, idToken=owner, reply=said)
    assert await server.transactions(active="true") == []


async def test_c16_fr_03_a_master_pass_does_not_start_a_transaction(server: Running) -> None:
    async with station_201(server) as station:
        await two_sessions(server, station)
        said = {"idTokenInfo": {"status": "Invalid"}}
        third = Session(station, "tx-3", 3)
        await third.tell("Started", "Authorized", idToken=token("WARDEN"), reply=said)


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
