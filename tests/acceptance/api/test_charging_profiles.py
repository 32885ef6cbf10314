"""An operator sets, clears and asks for whole charging profiles."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import station_16, station_201
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

PATH = "/charge-points/{}/charging-profiles/{}"
NIGHTS: dict[str, Any] = {
    "profile_id": 7001,
    "evse_id": 1,
    "purpose": "tx_default",
    "stack_level": 2,
    "unit": "A",
    "kind": "daily",
    "start_at": "2026-01-01T22:00:00Z",
    "duration_s": 86400,
    "periods": [{"start_s": 0, "limit": 16, "phases": 3}, {"start_s": 28800, "limit": 6.5}],
}
SCHEDULE = {
    "duration": 86400,
    "startSchedule": "2026-01-01T22:00:00Z",
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [
        {"startPeriod": 0, "limit": 16, "numberPhases": 3},
        {"startPeriod": 28800, "limit": 6.5},
    ],
}
WORDS = {
    "stackLevel": 2,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Recurring",
    "recurrencyKind": "Daily",
}


async def test_a_profile_for_every_night_is_told_to_a_1_6_charger(server: Running) -> None:
    async with station_16(server) as station:
        sent = station.expect("SetChargingProfile")
        answer = await server.post(PATH.format("CP-1", "set"), NIGHTS)
        assert answer["accepted"] is True
        assert await sent.happened() == {
            "connectorId": 1,
            "csChargingProfiles": {
                "chargingProfileId": 7001,
                **WORDS,
                "chargingSchedule": SCHEDULE,
            },
        }


async def test_a_profile_for_every_night_is_told_to_a_2_0_1_station(server: Running) -> None:
    async with station_201(server) as station:
        sent = station.expect("SetChargingProfile")
        await server.post(PATH.format("CS-1", "set"), NIGHTS)
        profile = {"id": 7001, **WORDS, "chargingSchedule": [{"id": 7001, **SCHEDULE}]}
        assert await sent.happened() == {"evseId": 1, "chargingProfile": profile}


async def test_profiles_are_cleared_by_what_they_are_for(server: Running) -> None:
    async with station_16(server) as station:
        sent = station.expect("ClearChargingProfile", {"status": "Unknown"})
        wanted = {"evse_id": 1, "purpose": "tx_default", "stack_level": 2}
        answer = await server.post(PATH.format("CP-1", "clear"), wanted)
        assert (answer["status"], answer["accepted"]) == ("Unknown", False)
        assert await sent.happened() == {
            "connectorId": 1,
            "chargingProfilePurpose": "TxDefaultProfile",
            "stackLevel": 2,
        }


async def test_profiles_that_were_asked_for_are_kept(server: Running) -> None:
    async with station_201(server) as station:
        sent = station.expect("GetChargingProfiles")
        await server.post(PATH.format("CS-1", "ask"), {"evse_id": 1, "purpose": "tx_default"})
        asked = await sent.happened()
        assert asked["chargingProfile"] == {"chargingProfilePurpose": "TxDefaultProfile"}
        profile = {"id": 7001, **WORDS, "chargingSchedule": [{"id": 1, **SCHEDULE}]}
        report = {
            "requestId": asked["requestId"],
            "chargingLimitSource": "CSO",
            "evseId": 1,
            "chargingProfile": [profile],
        }
        await station.send("ReportChargingProfiles", report, reply={})
    told = await server.get("/charge-points/CS-1/charging-profiles")
    assert told["request_id"] == asked["requestId"]
    shown = {"evse_id": 1, "source": "CSO", "profile_id": 7001, "profile": profile}
    assert (told["is_complete"], told["profiles"]) == (True, [shown])


async def tell(
    station: ScriptedChargePoint, request_id: int, evse_id: int, number: int, *, tbc: bool = False
) -> None:
    profile = {"id": number, **WORDS, "chargingSchedule": [{"id": 1, **SCHEDULE}]}
    report = {
        "requestId": request_id,
        "chargingLimitSource": "CSO",
        "evseId": evse_id,
        "chargingProfile": [profile],
        "tbc": tbc,
    }
    await station.send("ReportChargingProfiles", report, reply={})


async def test_the_profiles_of_one_question_are_put_together(server: Running) -> None:
    path = "/charge-points/CS-1/charging-profiles"

    async def seen(query: str = "") -> tuple[bool, list[tuple[int, int]]]:
        told = await server.get(path + query)
        found = [(each["evse_id"], each["profile_id"]) for each in told["profiles"]]
        return told["is_complete"], found

    async with station_201(server) as station:
        assert (await server.get(path))["profiles"] == []
        await tell(station, 7, 1, 5)
        await tell(station, 8, 2, 11, tbc=True)
        assert await seen() == (False, [(2, 11)])
        await tell(station, 8, 2, 11, tbc=True)  # repeated
        await tell(station, 8, 1, 12)
        assert await seen() == (True, [(1, 12), (2, 11)])
        assert await seen("?request_id=7") == (True, [(1, 5)])
        await tell(station, 8, 1, 13)  # the number again, for another question
        assert await seen() == (True, [(1, 13)])
    assert (await server.api("GET", f"{path}?request_id=9")).status == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start_at": None}, "start_at"),
        ({"kind": "relative"}, "start_at"),
        ({"periods": []}, "periods"),
        ({"periods": [{"start_s": 5, "limit": 6}]}, "periods"),
        ({"purpose": "station_max"}, "evse_id"),
        ({"purpose": "tx", "evse_id": 0}, "evse_id"),
        ({"valid_from": "2026-01-02T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}, "valid_to"),
    ],
)
async def test_a_profile_that_no_charger_could_take_is_refused_by_field(
    server: Running, change: dict[str, Any], field: str
) -> None:
    async with station_16(server):
        answer = await server.api("POST", PATH.format("CP-1", "set"), NIGHTS | change)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, field)


async def test_a_profile_for_a_transaction_needs_one(server: Running) -> None:
    async with station_16(server):
        profile = NIGHTS | {"purpose": "tx"}
        answer = await server.api("POST", PATH.format("CP-1", "set"), profile)
    assert (answer.status, answer.body["detail"]) == (409, "no transaction runs at EVSE 1 of CP-1")
