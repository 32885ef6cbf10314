"""OCPP 1.6, profile Local Auth List Management: the cards that a charge point may accept itself."""

from __future__ import annotations

from conformance.stations import ACCEPTED, station_16
from fake_chargepoints.script import Expectation, ScriptedChargePoint
from running import Running

LIST = "/charge-points/CP-1/local-list"


def tells(station: ScriptedChargePoint, version: int) -> Expectation:
    return station.expect("GetLocalListVersion", {"listVersion": version})


async def test_tc_042_1_a_charge_point_without_lists(server: Running) -> None:
    async with station_16(server) as station:
        tells(station, -1)
        answer = await server.post(f"{LIST}/check")
    assert (answer["accepted"], answer["outcome"]) == (False, "not_supported")


async def test_tc_042_2_a_charge_point_with_an_empty_list(server: Running) -> None:
    async with station_16(server) as station:
        tells(station, 0)
        answer = await server.post(f"{LIST}/check")
    assert answer["accepted"] is True
    assert answer["local_list"]["told_version"] == 0


async def test_tc_043_1_a_list_is_sent_to_a_charge_point_without_lists(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        tells(station, 0)
        station.expect("SendLocalList", {"status": "NotSupported"})
        answer = await server.post(f"{LIST}/sync", {"full": True})
    assert (answer["accepted"], answer["outcome"]) == (False, "not_supported")
    assert (await server.get(LIST))["state"] == "not_supported"


async def test_tc_043_3_a_charge_point_fails_to_take_a_list(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        tells(station, 0)
        station.expect("SendLocalList", {"status": "Failed"})
        unknown = ["SendLocalListMaxLength", "LocalAuthListMaxLength"]
        station.expect("GetConfiguration", {"unknownKey": unknown})
        answer = await server.post(f"{LIST}/sync", {"full": True})
    assert (answer["outcome"], answer["reason"]) == ("failed", "it answered Failed to a full list")
    assert (await server.get(LIST))["held"] == 0


async def test_tc_043_4_a_whole_list_is_sent(server: Running) -> None:
    await server.add_token("CARD-1", group_id="FAMILY")
    async with station_16(server) as station:
        tells(station, 0)
        order = station.expect("SendLocalList")
        tells(station, 1)
        answer = await server.post(f"{LIST}/sync", {"full": True})
        info = {"parentIdTag": "FAMILY", **ACCEPTED}
        assert await order.happened() == {
            "listVersion": 1,
            "localAuthorizationList": [{"idTag": "CARD-1", "idTagInfo": info}],
            "updateType": "Full",
        }
    assert (answer["local_list"]["state"], answer["local_list"]["held"]) == ("in_sync", 1)


async def test_tc_043_5_only_what_differs_is_sent(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        tells(station, 0)
        station.expect("SendLocalList")
        tells(station, 1)
        await server.post(f"{LIST}/sync")
        await server.add_token("CARD-1", status="Blocked")
        await server.add_token("CARD-2")
        tells(station, 1)
        goes, comes = (station.expect("SendLocalList") for _ in range(2))
        tells(station, 3)
        answer = await server.post(f"{LIST}/sync")
        assert await goes.happened() == {
            "listVersion": 2,
            "localAuthorizationList": [{"idTag": "CARD-1"}],
            "updateType": "Differential",
        }
        assert await comes.happened() == {
            "listVersion": 3,
            "localAuthorizationList": [{"idTag": "CARD-2", "idTagInfo": ACCEPTED}],
            "updateType": "Differential",
        }
    assert (answer["local_list"]["state"], answer["local_list"]["version"]) == ("in_sync", 3)
