"""OCPP 2.0.1, block D: the cards that a station may accept by itself."""

from __future__ import annotations

from typing import Any

from conformance.stations import ACCEPTED, now, station_201, token
from fake_chargepoints.script import Expectation, ScriptedChargePoint
from running import Running

LIST = "/charge-points/CS-1/local-list"


def tells(station: ScriptedChargePoint, version: int) -> Expectation:
    return station.expect("GetLocalListVersion", {"versionNumber": version})


async def sent_in_full(server: Running, station: ScriptedChargePoint, *cards: str) -> None:
    """The state in which the station has taken version 1 of a list of these cards."""
    for card in cards:
        await server.add_token(card)
    tells(station, 0)
    station.expect("SendLocalList", check={"updateType": "Full", "versionNumber": 1})
    tells(station, 1)
    answer = await server.post(f"{LIST}/sync")
    assert (answer["outcome"], answer["local_list"]["state"]) == ("in_sync", "in_sync")


async def held(server: Running) -> list[str]:
    entries = (await server.get(f"{LIST}/entries"))["items"]
    return [each["id_token"] for each in entries if each["change"] == "none"]


async def test_tc_d_01_the_whole_list_is_sent(server: Running) -> None:
    await server.add_token("CARD-1", group_id="FAMILY", expires_at="2099-01-01T00:00:00Z")
    await server.add_token("CARD-2", status="Blocked")
    async with station_201(server) as station:
        tells(station, 1)
        order = station.expect("SendLocalList")
        tells(station, 2)
        answer = await server.post(f"{LIST}/sync", {"full": True})
        assert await order.happened() == {
            "localAuthorizationList": [
                {
                    "idToken": token("CARD-1"),
                    "idTokenInfo": {
                        **ACCEPTED,
                        "cacheExpiryDateTime": "2099-01-01T00:00:00Z",
                        "groupIdToken": {"idToken": "FAMILY", "type": "Central"},
                    },
                }
            ],
            "versionNumber": 2,
            "updateType": "Full",
        }
    assert answer["accepted"] is True
    assert (answer["local_list"]["version"], answer["local_list"]["held"]) == (2, 1)
    assert await held(server) == ["CARD-1"]


async def test_tc_d_02_what_is_new_is_sent_alone(server: Running) -> None:
    async with station_201(server) as station:
        await sent_in_full(server, station, "CARD-1")
        await server.add_token("CARD-2")
        tells(station, 1)
        order = station.expect("SendLocalList")
        tells(station, 2)
        await server.post(f"{LIST}/sync")
        assert await order.happened() == {
            "localAuthorizationList": [{"idToken": token("CARD-2"), "idTokenInfo": ACCEPTED}],
            "versionNumber": 2,
            "updateType": "Differential",
        }
    assert await held(server) == ["CARD-1", "CARD-2"]


async def test_tc_d_03_a_card_that_may_not_charge_any_more_is_taken_out(server: Running) -> None:
    async with station_201(server) as station:
        await sent_in_full(server, station, "CARD-1", "CARD-2")
        await server.add_token("CARD-2", status="Blocked")
        tells(station, 1)
        order = station.expect("SendLocalList")
        tells(station, 2)
        await server.post(f"{LIST}/sync")
        assert await order.happened() == {
            "localAuthorizationList": [{"idToken": token("CARD-2")}],
            "versionNumber": 2,
            "updateType": "Differential",
        }
    assert await held(server) == ["CARD-1"]


async def test_tc_d_04_a_list_is_emptied(server: Running) -> None:
    async with station_201(server) as station:
        await sent_in_full(server, station, "CARD-1")
        order = station.expect("SendLocalList")
        tells(station, 0)
        answer = await server.api("DELETE", LIST)
        assert await order.happened() == {"versionNumber": 2, "updateType": "Full"}
    assert (answer.status, answer.body["accepted"]) == (200, True)
    assert answer.body["local_list"]["held"] == 0


async def test_tc_d_08_the_version_of_a_list_is_asked(server: Running) -> None:
    async with station_201(server) as station:
        tells(station, 7)
        answer = await server.post(f"{LIST}/check")
    assert version_told(answer) == 7
    assert (await server.get(LIST))["told_version"] == 7


async def test_tc_d_09_a_station_without_a_list_tells_version_0(server: Running) -> None:
    async with station_201(server) as station:
        tells(station, 0)
        answer = await server.post(f"{LIST}/check")
    assert version_told(answer) == 0
    assert (await server.get(LIST))["held"] == 0


def version_told(answer: dict[str, Any]) -> int:
    (step,) = answer["steps"]
    version: int = step["version"]
    return version


async def test_tc_n_46_a_customer_that_is_forgotten_leaves_the_list(server: Running) -> None:
    """After it was told what was known, as N10.FR.02 has it."""
    async with station_201(server) as station:
        await sent_in_full(server, station, "CARD-1", "CARD-2")
        asked = station.expect("CustomerInformation", ACCEPTED)
        body = {"id_token": "CARD-1", "type": "ISO14443", "report": True, "clear": True}
        await server.post("/charge-points/CS-1/customer-information", body)
        sent = await asked.happened()
        change = station.expect("SendLocalList", ACCEPTED)
        told = {"data": "gone", "seqNo": 0, "generatedAt": now(), "requestId": sent["requestId"]}
        await station.send("NotifyCustomerInformation", told, reply={})
        assert await change.happened() == {
            "localAuthorizationList": [{"idToken": token("CARD-1")}],
            "versionNumber": 2,
            "updateType": "Differential",
        }
    assert (sent["report"], sent["clear"], sent["idToken"]) == (True, True, token("CARD-1"))
    await server.eventually(f"{LIST}", lambda body: body["version"] == 2)
    assert await held(server) == ["CARD-2"]
