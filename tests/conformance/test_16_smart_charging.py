"""OCPP 1.6, smart charging: profiles set and cleared, composite schedules read."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import ACCEPTED, now, station_16
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

CALLS = "/charge-points/CP-1/calls"
LIMIT = "/charge-points/CP-1/limit"
PERIODS = [{"startPeriod": 0, "limit": 6.0, "numberPhases": 3}]


def profile(purpose: str = "TxDefaultProfile", kind: str = "Absolute") -> dict[str, Any]:
    schedule = {"duration": 86400, "startSchedule": now(), "chargingRateUnit": "A"}
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": {**schedule, "chargingSchedulePeriod": PERIODS},
    }


async def start(server: Running, station: ScriptedChargePoint) -> int:
    await server.add_token("CARD-1")
    begin = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": now()}
    answer = await station.send("StartTransaction", begin)
    number: int = answer["transactionId"]
    return number


@pytest.mark.parametrize(
    ("connector_id", "purpose"),
    [(1, "TxDefaultProfile"), (0, "TxDefaultProfile"), (0, "ChargePointMaxProfile")],
)
async def test_tc_056_a_central_profile_is_set(
    server: Running, connector_id: int, purpose: str
) -> None:
    payload = {"connectorId": connector_id, "csChargingProfiles": profile(purpose)}
    async with station_16(server) as station:
        order = station.expect("SetChargingProfile")
        assert await server.post(f"{CALLS}/SetChargingProfile", payload) == ACCEPTED
        assert await order.happened() == payload


@pytest.mark.parametrize("evse_id", [1, 0])
async def test_tc_056_a_limit_for_all_transactions_is_a_default_profile(
    server: Running, evse_id: int
) -> None:
    async with station_16(server) as station:
        order = station.expect("SetChargingProfile")
        body = {"evse_id": evse_id, "limit_a": 6.0, "phases": 3, "duration_s": 86340}
        assert (await server.post(LIMIT, body))["accepted"] is True
        sent = await order.happened()
    written = sent["csChargingProfiles"]
    assert sent["connectorId"] == evse_id
    assert "transactionId" not in written
    assert (written["chargingProfilePurpose"], written["chargingProfileKind"]) == (
        "TxDefaultProfile",
        "Absolute",
    )
    schedule = written["chargingSchedule"]
    assert schedule["startSchedule"].endswith("Z")
    assert (schedule["duration"], schedule["chargingSchedulePeriod"]) == (
        86400,
        [{"startPeriod": 0, "limit": 6, "numberPhases": 3}],
    )


async def test_tc_057_a_limit_for_the_running_transaction_names_it(server: Running) -> None:
    async with station_16(server) as station:
        number = await start(server, station)
        order = station.expect("SetChargingProfile")
        body = {"evse_id": 1, "limit_a": 6.0, "transaction_only": True}
        assert (await server.post(LIMIT, body))["accepted"] is True
        sent = await order.happened()
    assert sent["connectorId"] == 1
    written = sent["csChargingProfiles"]
    assert (written["chargingProfilePurpose"], written["transactionId"]) == ("TxProfile", number)


async def test_tc_059_a_remote_start_brings_a_profile(server: Running) -> None:
    wanted = profile("TxProfile", "Relative")
    del wanted["chargingSchedule"]["startSchedule"]
    async with station_16(server) as station:
        order = station.expect("RemoteStartTransaction")
        body = {"id_token": "CARD-1", "evse_id": 1, "charging_profile": wanted}
        await server.post("/charge-points/CP-1/remote-start", body)
        assert (await order.happened())["chargingProfile"] == wanted


@pytest.mark.parametrize("evse_id", [1, 0])
async def test_tc_066_a_composite_schedule_is_read(server: Running, evse_id: int) -> None:
    schedule = {"duration": 300, "chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS}
    said = {
        "status": "Accepted",
        "connectorId": evse_id,
        "scheduleStart": now(),
        "chargingSchedule": schedule,
    }
    async with station_16(server) as station:
        order = station.expect("GetCompositeSchedule", said)
        body = {"evse_id": evse_id, "duration_s": 300}
        answer = await server.post("/charge-points/CP-1/composite-schedule", body)
        assert await order.happened() == {"connectorId": evse_id, "duration": 300}
    assert answer["schedule"] == {
        "start_at": said["scheduleStart"],
        "duration_s": 300,
        "unit": "A",
        "periods": [{"start_s": 0, "limit": 6, "phases": 3}],
    }


@pytest.mark.parametrize(
    "criteria",
    [{"id": 1}, {"connectorId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}],
)
@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
async def test_tc_067_profiles_are_cleared(
    server: Running, criteria: dict[str, Any], status: str
) -> None:
    async with station_16(server) as station:
        order = station.expect("ClearChargingProfile", {"status": status})
        answer = await server.post(f"{CALLS}/ClearChargingProfile", criteria)
        assert (answer["status"], await order.happened()) == (status, criteria)


async def test_an_operators_limit_is_lifted_by_its_id(server: Running) -> None:
    async with station_16(server) as station:
        set_order = station.expect("SetChargingProfile")
        await server.post(LIMIT, {"evse_id": 1, "limit_w": 4200})
        clear_order = station.expect("ClearChargingProfile")
        assert (await server.post(f"{LIMIT}/clear", {"evse_id": 1}))["accepted"] is True
        number = (await set_order.happened())["csChargingProfiles"]["chargingProfileId"]
        assert await clear_order.happened() == {"id": number}


async def test_tc_058_1_a_limit_for_a_transaction_that_does_not_run_is_refused(
    server: Running,
) -> None:
    async with station_16(server):
        body = {"evse_id": 1, "limit_a": 8, "transaction_only": True}
        problem = await server.post(LIMIT, body, status=409)
    assert "no transaction runs" in problem["detail"]


async def test_tc_072_profiles_on_two_levels_have_ids_of_their_own(server: Running) -> None:
    async with station_16(server) as station:
        written = []
        for evse_id in (0, 1):
            order = station.expect("SetChargingProfile")
            await server.post(LIMIT, {"evse_id": evse_id, "limit_a": 8})
            written.append((await order.happened())["csChargingProfiles"])
    first, second = written
    assert first["chargingProfileId"] != second["chargingProfileId"]
    assert first["stackLevel"] != second["stackLevel"]
