"""OCPP 2.0.1, block B: boot, variables, reports, reset."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conformance.stations import ACCEPTED, Session, now, station_201, tell_status
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running, running_app


@pytest.fixture
async def careful(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server where unknown charging stations wait for the operator."""
    async with running_app(database_url, tmp_path, unknown_charge_points="pending") as running:
        yield running


async def test_tc_b_01_a_known_station_boots_and_is_accepted(server: Running) -> None:
    async with station_201(server) as station:
        await tell_status(station, "Available")


async def test_tc_b_02_a_pending_station_is_accepted_at_its_next_boot(careful: Running) -> None:
    async with careful.charge_point("CS-1", "ocpp2.0.1") as station:
        await station.send("BootNotification", V201_BOOT, reply={"status": "Pending"})
        await careful.accept("CS-1")
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        await tell_status(station, "Available")


@pytest.mark.parametrize("status", ["pending", "rejected"])
async def test_tc_b_30_who_is_not_accepted_may_say_nothing_but_its_boot(
    careful: Running, status: str
) -> None:
    await careful.put("/charge-points/CS-1", {"registration_status": status})
    async with careful.charge_point("CS-1", "ocpp2.0.1") as station:
        await station.send("BootNotification", V201_BOOT, reply={"status": status.capitalize()})
        told = {
            "timestamp": now(),
            "connectorStatus": "Available",
            "evseId": 1,
            "connectorId": 1,
        }
        await station.send_refused("StatusNotification", told, code="SecurityError")
        report = {"requestId": 1, "generatedAt": now(), "seqNo": 0}
        await station.send_refused("NotifyReport", report, code="SecurityError")


async def test_tc_b_31_a_pending_station_is_asked_to_boot_before_its_interval_is_over(
    careful: Running,
) -> None:
    async with careful.charge_point("CS-1", "ocpp2.0.1") as station:
        await station.send("BootNotification", V201_BOOT, reply={"status": "Pending"})
        await careful.accept("CS-1")

        async def boot_again(_: object) -> None:
            again = {**V201_BOOT, "reason": "Triggered"}
            await station.send("BootNotification", again, reply=ACCEPTED)

        wanted = {"requestedMessage": "BootNotification"}
        station.expect("TriggerMessage", check=wanted, after=boot_again)
        answer = await careful.post("/charge-points/CS-1/trigger", {"message": "BootNotification"})
        assert answer["accepted"] is True


OFFLINE_THRESHOLD = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "OfflineThreshold"},
}
REMOTE_START = {
    "component": {"name": "AuthCtrlr"},
    "variable": {"name": "AuthorizeRemoteStart"},
}


async def test_tc_b_07_several_variables_are_asked_at_once(server: Running) -> None:
    values = [
        {**OFFLINE_THRESHOLD, "attributeStatus": "Accepted", "attributeValue": "123"},
        {**REMOTE_START, "attributeStatus": "Accepted", "attributeValue": "true"},
    ]
    async with station_201(server) as station:
        station.expect(
            "GetVariables",
            {"getVariableResult": values},
            check={"getVariableData": [OFFLINE_THRESHOLD, REMOTE_START]},
        )
        answer = await server.get(
            "/charge-points/CS-1/configuration"
            "?name=OCPPCommCtrlr.OfflineThreshold&name=AuthCtrlr.AuthorizeRemoteStart"
        )
    assert [result["value"] for result in answer["results"]] == ["123", "true"]


async def test_tc_b_09_one_variable_is_set(server: Running) -> None:
    async with station_201(server) as station:
        station.expect(
            "SetVariables",
            {"setVariableResult": [{**OFFLINE_THRESHOLD, "attributeStatus": "Accepted"}]},
            check={"setVariableData": [{**OFFLINE_THRESHOLD, "attributeValue": "123"}]},
        )
        body = {"component": "OCPPCommCtrlr", "variable": "OfflineThreshold", "value": "123"}
        answer = await server.put("/charge-points/CS-1/configuration", body)
    assert answer["accepted"] is True


@pytest.mark.parametrize(
    "base", ["ConfigurationInventory", "FullInventory", "SummaryInventory"]
)  # TC_B_12, TC_B_13, TC_B_14
async def test_tc_b_13_a_base_report_in_two_parts_is_shown_to_the_operator(
    server: Running, base: str
) -> None:
    def part(number: int, variable: dict[str, Any], value: str) -> dict[str, Any]:
        data = {**variable, "variableAttribute": [{"value": value}]}
        return {
            "requestId": 7,
            "generatedAt": now(),
            "seqNo": number,
            "tbc": number == 0,
            "reportData": [data],
        }

    async with station_201(server) as station:

        async def report(_: object) -> None:
            first, second = part(0, OFFLINE_THRESHOLD, "60"), part(1, REMOTE_START, "false")
            await station.send("NotifyReport", first, reply={})
            await station.send("NotifyReport", second, reply={})

        station.expect("GetBaseReport", check={"requestId": 7, "reportBase": base}, after=report)
        body = {"requestId": 7, "reportBase": base}
        assert await server.post("/charge-points/CS-1/calls/GetBaseReport", body) == ACCEPTED
        await station.settle(5)
    shown = (await server.get("/charge-points/CS-1/variables"))["items"]
    assert {(each["variable"], each["value"]) for each in shown} == {
        ("OfflineThreshold", "60"),
        ("AuthorizeRemoteStart", "false"),
    }


async def reboot(station: ScriptedChargePoint, reason: str) -> None:
    await station.reconnect()
    await station.send("BootNotification", {**V201_BOOT, "reason": reason}, reply=ACCEPTED)
    await tell_status(station, "Available")


async def test_tc_b_20_a_station_without_a_transaction_is_reset(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("Reset", check={"type": "OnIdle"})
        answer = await server.post("/charge-points/CS-1/reset", {"immediate": False})
        assert answer["accepted"] is True
        await reboot(station, "RemoteReset")


async def test_tc_b_21_a_reset_waits_for_the_transaction(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        station.expect("Reset", {"status": "Scheduled"}, check={"type": "OnIdle"})
        answer = await server.post("/charge-points/CS-1/reset", {"immediate": False})
        assert answer["status"] == "Scheduled"
        await session.finish()
        await reboot(station, "ScheduledReset")
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "EVDisconnected"


async def test_tc_b_22_an_immediate_reset_ends_the_transaction(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")

        async def end(_: object) -> None:
            why = {"chargingState": "EVConnected", "stoppedReason": "ImmediateReset"}
            await session.tell("Ended", "ResetCommand", info=why, reply={})

        station.expect("Reset", check={"type": "Immediate"}, after=end)
        await server.post("/charge-points/CS-1/reset", {"immediate": True})
        await station.settle(5)
        await reboot(station, "RemoteReset")
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "ImmediateReset"


async def test_tc_b_25_one_evse_is_reset(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("Reset", check={"type": "OnIdle", "evseId": 1})
        await server.post("/charge-points/CS-1/reset", {"immediate": False, "evse_id": 1})


@pytest.mark.parametrize("status", ["Accepted", "Failed"])  # TC_B_42, TC_B_44
async def test_tc_b_42_a_network_profile_is_set_and_the_answer_shown(
    server: Running, status: str
) -> None:
    profile = {
        "configurationSlot": 1,
        "connectionData": {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "wss://cs.example.org:9001",
            "messageTimeout": 30,
            "securityProfile": 2,
            "ocppInterface": "Wired0",
        },
    }
    async with station_201(server) as station:
        station.expect("SetNetworkProfile", {"status": status}, check=profile)
        answer = await server.post("/charge-points/CS-1/calls/SetNetworkProfile", profile)
    assert answer == {"status": status}
