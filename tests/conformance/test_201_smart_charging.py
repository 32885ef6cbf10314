"""OCPP 2.0.1, block K: charging profiles set, cleared and read; limits and needs that are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conformance.stations import ACCEPTED, Session, now, station_201, token
from fake_chargepoints.errors import CallError
from fake_chargepoints.frames import Payload
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

CALLS = "/charge-points/CS-1/calls"
LIMIT = "/charge-points/CS-1/limit"
PURPOSES = ["ChargingStationMaxProfile", "TxDefaultProfile", "TxProfile"]


def at(**later: float) -> str:
    return (datetime.now(UTC) + timedelta(**later)).strftime("%Y-%m-%dT%H:%M:%SZ")


def schedule(limit: float = 6.0, **more: Any) -> dict[str, Any]:
    period = {"startPeriod": 0, "limit": limit, "numberPhases": 3}
    return {"id": 1, **more, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}


def profile(purpose: str = "TxDefaultProfile", limit: float = 6.0, **more: Any) -> dict[str, Any]:
    """An absolute profile that is valid for five minutes from now."""
    return {
        "id": 158,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "validFrom": at(),
        "validTo": at(minutes=5),
        "chargingSchedule": [schedule(limit, startSchedule=at(), duration=300)],
    } | more


async def kinds(server: Running) -> list[str]:
    """What kinds of things the station has told."""
    items = (await server.get("/charge-points/CS-1/notifications"))["items"]
    return [item["kind"] for item in items]


async def relayed(
    server: Running,
    station: ScriptedChargePoint,
    action: str,
    payload: dict[str, Any],
    answer: dict[str, Any] | None = None,
) -> None:
    """The operator's payload reaches the station, and its answer the operator, untouched."""
    order = station.expect(action, answer or ACCEPTED)
    assert await server.post(f"{CALLS}/{action}", payload) == (answer or ACCEPTED)
    assert await order.happened() == payload


@pytest.mark.parametrize(
    ("evse_id", "wanted"),
    [
        (1, profile()),  # TC_K_01
        (0, profile("ChargingStationMaxProfile", 8.0)),  # TC_K_03
        (0, profile()),  # TC_K_10
        (1, profile(chargingProfileKind="Recurring", recurrencyKind="Daily")),  # TC_K_19
    ],
)
async def test_tc_k_01_a_profile_is_set_as_the_operator_wrote_it(
    server: Running, evse_id: int, wanted: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        payload = {"evseId": evse_id, "chargingProfile": wanted}
        await relayed(server, station, "SetChargingProfile", payload)


@pytest.mark.parametrize("evse_id", [1, 0])  # TC_K_01, TC_K_10
async def test_tc_k_01_a_limit_for_all_transactions_is_a_default_profile(
    server: Running, evse_id: int
) -> None:
    async with station_201(server) as station:
        order = station.expect("SetChargingProfile")
        body = {"evse_id": evse_id, "limit_a": 6.0, "phases": 3, "duration_s": 300}
        assert (await server.post(LIMIT, body))["accepted"] is True
        sent = await order.happened()
    written = sent["chargingProfile"]
    assert sent["evseId"] == evse_id
    assert (written["chargingProfilePurpose"], written["chargingProfileKind"]) == (
        "TxDefaultProfile",
        "Absolute",
    )
    (only,) = written["chargingSchedule"]  # K01.FR.34
    assert "startSchedule" in only  # K01.FR.40
    assert only["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 6, "numberPhases": 3}]


async def test_tc_k_02_a_profile_for_a_transaction_that_does_not_run_is_refused(
    server: Running,
) -> None:
    relative = {
        "id": 158,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule(7.0)],
    }
    async with station_201(server) as station:
        payload = {"evseId": 1, "chargingProfile": relative}
        refused = {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}
        await relayed(server, station, "SetChargingProfile", payload, refused)
        body = {"evse_id": 1, "limit_a": 7.0, "transaction_only": True}
        problem = await server.post(LIMIT, body, status=409)
    assert "no transaction runs at EVSE 1" in problem["detail"]


async def test_tc_k_04_a_new_limit_replaces_the_old_one_by_its_id(server: Running) -> None:
    written = []
    async with station_201(server) as station:
        for limit_a in (8.0, 6.0):
            order = station.expect("SetChargingProfile")
            await server.post(LIMIT, {"evse_id": 1, "limit_a": limit_a})
            written.append((await order.happened())["chargingProfile"])
    first, second = written
    for key in ("id", "stackLevel", "chargingProfilePurpose", "chargingProfileKind"):
        assert first[key] == second[key]
    limits = [each["chargingSchedule"][0]["chargingSchedulePeriod"] for each in written]
    assert limits == [[{"startPeriod": 0, "limit": 8}], [{"startPeriod": 0, "limit": 6}]]


async def test_tc_k_05_a_profile_is_cleared_by_its_id(server: Running) -> None:
    async with station_201(server) as station:

        async def report(order: Payload) -> None:
            await tell_profiles(station, order["requestId"], [profile()], tbc=False)

        criteria = {"chargingProfilePurpose": "ChargingStationMaxProfile"}
        station.expect("GetChargingProfiles", after=report)
        asked = {"requestId": 7, "evseId": 0, "chargingProfile": criteria}
        await server.post(f"{CALLS}/GetChargingProfiles", asked)
        await station.settle(5)
        await relayed(server, station, "ClearChargingProfile", {"chargingProfileId": 158})


async def test_tc_k_05_an_operators_limit_is_lifted_by_its_id(server: Running) -> None:
    async with station_201(server) as station:
        set_order = station.expect("SetChargingProfile")
        await server.post(LIMIT, {"evse_id": 1, "limit_a": 8})
        clear_order = station.expect("ClearChargingProfile")
        assert (await server.post(f"{LIMIT}/clear", {"evse_id": 1}))["accepted"] is True
        number = (await set_order.happened())["chargingProfile"]["id"]
        assert await clear_order.happened() == {"chargingProfileId": number}


@pytest.mark.parametrize("status", ["Accepted", "Unknown"])  # TC_K_06, TC_K_08
async def test_tc_k_06_profiles_are_cleared_by_what_they_have_in_common(
    server: Running, status: str
) -> None:
    criteria = {"evseId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    async with station_201(server) as station:
        payload = {"chargingProfileCriteria": criteria}
        await relayed(server, station, "ClearChargingProfile", payload, {"status": status})


async def test_tc_k_08_lifting_a_limit_that_is_not_there_is_told_as_it_is(
    server: Running,
) -> None:
    async with station_201(server) as station:
        station.expect("ClearChargingProfile", {"status": "Unknown"})
        answer = await server.post(f"{LIMIT}/clear", {"evse_id": 1})
    assert (answer["status"], answer["accepted"]) == ("Unknown", False)


async def test_tc_k_15_a_station_without_smart_charging_says_so(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("SetChargingProfile", CallError("NotSupported", "no smart charging"))
        problem = await server.post(LIMIT, {"evse_id": 1, "limit_a": 6}, status=502)
    assert problem["code"] == "NotSupported"


@pytest.mark.parametrize(
    ("evse_id", "criteria"),
    [
        *((0, {"chargingProfilePurpose": purpose}) for purpose in PURPOSES),  # TC_K_29
        *((1, {"chargingProfilePurpose": purpose}) for purpose in PURPOSES),  # TC_K_30, TC_K_35
        (None, {"chargingProfilePurpose": "TxDefaultProfile"}),  # TC_K_31
        (None, {"chargingProfileId": [158]}),  # TC_K_32
        (1, {"stackLevel": 0}),  # TC_K_33
        (1, {"chargingLimitSource": ["CSO"]}),  # TC_K_34
        (1, {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}),  # TC_K_36
    ],
)
async def test_tc_k_29_the_profiles_of_a_station_are_asked_for_and_kept(
    server: Running, evse_id: int | None, criteria: dict[str, Any]
) -> None:
    async with station_201(server) as station:

        async def report(order: Payload) -> None:
            await tell_profiles(station, order["requestId"], [profile()], tbc=True)
            await tell_profiles(station, order["requestId"], [profile(id=159)], tbc=False)

        asked = {"requestId": 7, "chargingProfile": criteria}
        if evse_id is not None:
            asked["evseId"] = evse_id
        order = station.expect("GetChargingProfiles", after=report)
        await server.post(f"{CALLS}/GetChargingProfiles", asked)
        assert await order.happened() == asked
    items = (await server.get("/charge-points/CS-1/notifications"))["items"]
    reports = [item["data"] for item in items if item["kind"] == "charging_profiles"]
    assert {each["chargingProfile"][0]["id"] for each in reports} == {158, 159}


ALL_SOURCES = ["CSO", "EMS", "SO", "Other"]


@pytest.mark.parametrize(
    ("body", "evse_id", "criteria"),
    [
        ({"evse_id": 1}, 1, {"chargingLimitSource": ALL_SOURCES}),  # TC_K_30
        ({}, None, {"chargingLimitSource": ALL_SOURCES}),  # TC_K_31
        ({"evse_id": 1, "limit_sources": ["EMS"]}, 1, {"chargingLimitSource": ["EMS"]}),  # TC_K_34
        (  # TC_K_52
            {"purpose": "external"},
            None,
            {"chargingProfilePurpose": "ChargingStationExternalConstraints"},
        ),
    ],
)
async def test_tc_k_30_an_operator_asks_for_all_profiles_or_for_those_of_others(
    server: Running, body: dict[str, Any], evse_id: int | None, criteria: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        order = station.expect("GetChargingProfiles")
        await server.post("/charge-points/CS-1/charging-profiles/ask", body)
        asked = await order.happened()
    assert (asked.get("evseId"), asked["chargingProfile"]) == (evse_id, criteria)


async def tell_profiles(
    station: ScriptedChargePoint, request_id: int, profiles: list[dict[str, Any]], *, tbc: bool
) -> None:
    report = {
        "requestId": request_id,
        "chargingLimitSource": "CSO",
        "chargingProfile": profiles,
        "tbc": tbc,
        "evseId": 1,
    }
    await station.send("ReportChargingProfiles", report, reply={})


async def test_tc_k_37_a_remote_start_brings_a_profile(server: Running) -> None:
    await server.add_token("CARD-1", type="ISO14443")
    wanted = {
        "id": 158,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule()],
    }
    async with station_201(server) as station:
        session = Session(station)

        async def begin(order: Payload) -> None:
            info = {"remoteStartId": order["remoteStartId"]}
            await session.tell("Started", "RemoteStart", info=info, idToken=order["idToken"])

        order = station.expect("RequestStartTransaction", after=begin)
        body = {"id_token": "CARD-1", "evse_id": 1, "charging_profile": wanted}
        await server.post("/charge-points/CS-1/remote-start", body)
        sent = await order.happened()
    assert (sent["idToken"], sent["evseId"]) == (token("CARD-1"), 1)
    assert sent["chargingProfile"] == wanted


@pytest.mark.parametrize("evse_id", [1, 0])  # TC_K_43, TC_K_44
@pytest.mark.parametrize("unit", ["A", "W"])
async def test_tc_k_43_a_composite_schedule_is_read(
    server: Running, evse_id: int, unit: str
) -> None:
    limit = 10.0 if unit == "A" else 10_000.0
    said = {
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        "evseId": evse_id,
        "duration": 300,
        "scheduleStart": now(),
        "chargingRateUnit": unit,
    }
    async with station_201(server) as station:
        order = station.expect("GetCompositeSchedule", {"status": "Accepted", "schedule": said})
        body = {"evse_id": evse_id, "duration_s": 300, "unit": unit}
        answer = await server.post("/charge-points/CS-1/composite-schedule", body)
        assert await order.happened() == {
            "evseId": evse_id,
            "duration": 300,
            "chargingRateUnit": unit,
        }
    assert answer["schedule"] == {
        "start_at": said["scheduleStart"],
        "duration_s": 300,
        "unit": unit,
        "periods": [{"start_s": 0, "limit": limit, "phases": None}],
    }


async def test_a_composite_schedule_that_cannot_be_given_is_refused(
    server: Running,
) -> None:
    async with station_201(server) as station:
        station.expect("GetCompositeSchedule", {"status": "Rejected"})
        body = {"evse_id": 9, "duration_s": 300}
        answer = await server.post("/charge-points/CS-1/composite-schedule", body)
    assert (answer["accepted"], answer["schedule"]) == (False, None)


@pytest.mark.parametrize("evse_id", [None, 1])
@pytest.mark.parametrize("told", [[], [schedule(6.0, startSchedule=at())]])  # TC_K_48, TC_K_52
async def test_tc_k_48_an_external_limit_is_noted_and_noted_when_it_is_over(
    server: Running, evse_id: int | None, told: list[dict[str, Any]]
) -> None:
    where = {} if evse_id is None else {"evseId": evse_id}
    limit = {"chargingLimitSource": "EMS"}
    async with station_201(server) as station:
        notice = {"chargingLimit": limit, **({"chargingSchedule": told} if told else {}), **where}
        await station.send("NotifyChargingLimit", notice, reply={})
        await station.send("ClearedChargingLimit", limit | where, reply={})  # TC_K_50
    noted = await kinds(server)
    assert noted.count("charging_limit") == noted.count("charging_limit_cleared") == 1


async def test_tc_k_51_an_external_limit_is_lifted_while_charging(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        cleared = {"chargingLimitSource": "EMS", "evseId": 1}
        await station.send("ClearedChargingLimit", cleared, reply={})
        await session.tell("Updated", "ChargingRateChanged", reply={})
    (transaction,) = await server.transactions(active="true")
    assert transaction["charging_state"] == "Charging"


async def test_tc_k_60_a_limit_for_the_running_transaction_names_it(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        order = station.expect("SetChargingProfile")
        body = {"evse_id": 1, "limit_a": 6.0, "transaction_only": True}
        assert (await server.post(LIMIT, body))["accepted"] is True
        sent = await order.happened()
    written = sent["chargingProfile"]
    assert sent["evseId"] == 1
    assert written["chargingProfilePurpose"] == "TxProfile"
    assert written["transactionId"] == "tx-1"  # K01.FR.03


async def test_tc_k_53_needs_that_nobody_plans_for_are_kept_and_promise_nothing(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    needs = {
        "maxScheduleTuples": 3,
        "chargingNeeds": {
            "acChargingParameters": {
                "energyAmount": 20000,
                "evMinCurrent": 6,
                "evMaxCurrent": 16,
                "evMaxVoltage": 230,
            },
            "requestedEnergyTransfer": "AC_three_phase",
        },
        "evseId": 1,
    }
    async with station_201(server) as station:
        await Session(station).start("CARD-1")
        await station.send("NotifyEVChargingNeeds", needs, reply={"status": "Rejected"})
        means = {"timeBase": now(), "chargingSchedule": schedule(), "evseId": 1}
        await station.send("NotifyEVChargingSchedule", means, reply=ACCEPTED)
    assert {"charging_needs", "charging_schedule"} <= set(await kinds(server))


async def test_tc_k_70_two_stack_levels_have_profiles_of_their_own(server: Running) -> None:
    async with station_201(server) as station:
        written = []
        for evse_id in (0, 1):
            order = station.expect("SetChargingProfile")
            await server.post(LIMIT, {"evse_id": evse_id, "limit_a": 6.0})
            written.append((await order.happened())["chargingProfile"])
    first, second = written
    assert first["id"] != second["id"]
    assert first["stackLevel"] != second["stackLevel"]
