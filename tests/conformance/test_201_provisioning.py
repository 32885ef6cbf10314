"""OCPP 2.0.1, block B: boot, variables, reports, reset."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conformance.stations import ACCEPTED, Session, now, station_201, tell_status, token
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
        station.tolerate("TriggerMessage")
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


async def test_tc_b_31_a_station_that_is_approved_is_asked_to_boot_at_once(
    careful: Running,
) -> None:
    async with careful.charge_point("CS-1", "ocpp2.0.1") as station:
        await station.send("BootNotification", V201_BOOT, reply={"status": "Pending"})

        async def boot_again(_: object) -> None:
            again = {**V201_BOOT, "reason": "Triggered"}
            await station.send("BootNotification", again, reply=ACCEPTED)
            await tell_status(station, "Available")

        wanted = {"requestedMessage": "BootNotification"}
        order = station.expect("TriggerMessage", check=wanted, after=boot_again)
        await careful.accept("CS-1")
        await order.happened()
    (connector,) = (await careful.get("/charge-points/CS-1"))["connectors"]
    assert connector["status"] == "Available"


OFFLINE_THRESHOLD = {
    "component": {"name": "OCPPCommCtrlr"},
    "variable": {"name": "OfflineThreshold"},
}
REMOTE_START = {
    "component": {"name": "AuthCtrlr"},
    "variable": {"name": "AuthorizeRemoteStart"},
}


def limit(name: str, action: str) -> dict[str, Any]:
    """How much a message may hold, as a variable."""
    variable = {"name": name, "instance": action}
    return {"component": {"name": "DeviceDataCtrlr"}, "variable": variable}


def told(variable: dict[str, Any], value: str) -> dict[str, Any]:
    return {**variable, "attributeStatus": "Accepted", "attributeValue": value}


async def stored(server: Running) -> set[tuple[str, str]]:
    items = (await server.get("/charge-points/CS-1/variables"))["items"]
    return {(each["variable"], each["value"]) for each in items}


async def test_tc_b_06_one_variable_is_asked(server: Running) -> None:
    async with station_201(server) as station:
        station.expect(
            "GetVariables",
            {"getVariableResult": [told(OFFLINE_THRESHOLD, "123")]},
            check={"getVariableData": [OFFLINE_THRESHOLD]},
        )
        path = "/charge-points/CS-1/configuration?name=OCPPCommCtrlr.OfflineThreshold"
        answer = await server.get(path)
    assert answer["results"][0]["value"] == "123"
    assert await stored(server) == {("OfflineThreshold", "123")}


async def test_tc_b_07_several_variables_are_asked_at_once(server: Running) -> None:
    values = [told(OFFLINE_THRESHOLD, "123"), told(REMOTE_START, "true")]
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
    assert await stored(server) == {("OfflineThreshold", "123"), ("AuthorizeRemoteStart", "true")}


async def test_tc_b_08_no_more_variables_are_asked_than_the_station_takes(
    server: Running,
) -> None:
    most = limit("ItemsPerMessage", "GetVariables")
    wanted = [limit("ItemsPerMessage", "GetReport"), most]
    wanted += [limit("BytesPerMessage", action) for action in ("GetReport", "GetVariables")]
    names = [
        "DeviceDataCtrlr.ItemsPerMessage[GetReport]",
        "DeviceDataCtrlr.ItemsPerMessage[GetVariables]",
        "DeviceDataCtrlr.BytesPerMessage[GetReport]",
        "DeviceDataCtrlr.BytesPerMessage[GetVariables]",
        "AuthCtrlr.AuthorizeRemoteStart",
    ]
    path = "/charge-points/CS-1/configuration?name="
    async with station_201(server) as station:
        station.expect("GetVariables", {"getVariableResult": [told(most, "4")]})
        await server.get(path + names[1])
        station.expect(
            "GetVariables",
            {"getVariableResult": [told(each, "4") for each in wanted]},
            check={"getVariableData": wanted},
        )
        station.expect(
            "GetVariables",
            {"getVariableResult": [told(REMOTE_START, "true")]},
            check={"getVariableData": [REMOTE_START]},
        )
        answer = await server.get(path + "&name=".join(names))
    assert [result["value"] for result in answer["results"]] == ["4", "4", "4", "4", "true"]


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
    assert await stored(server) == {("OfflineThreshold", "123")}


async def test_tc_b_10_several_variables_are_set_at_once(server: Running) -> None:
    taken = [{**each, "attributeStatus": "Accepted"} for each in (OFFLINE_THRESHOLD, REMOTE_START)]
    async with station_201(server) as station:
        wanted = [
            {**OFFLINE_THRESHOLD, "attributeValue": "123"},
            {**REMOTE_START, "attributeValue": "false"},
        ]
        station.expect(
            "SetVariables", {"setVariableResult": taken}, check={"setVariableData": wanted}
        )
        settings = [
            {"component": "OCPPCommCtrlr", "variable": "OfflineThreshold", "value": "123"},
            {"component": "AuthCtrlr", "variable": "AuthorizeRemoteStart", "value": "false"},
        ]
        answer = await server.patch("/charge-points/CS-1/configuration", {"settings": settings})
    assert answer["accepted"] is True
    assert await stored(server) == {("OfflineThreshold", "123"), ("AuthorizeRemoteStart", "false")}


async def a_base_report_in_two_parts_is_shown(server: Running, base: str) -> None:
    async with station_201(server) as station:

        async def report(asked: dict[str, Any]) -> None:
            for number, (variable, value) in enumerate(
                [(OFFLINE_THRESHOLD, "60"), (REMOTE_START, "false")]
            ):
                part = {
                    "requestId": asked["requestId"],
                    "generatedAt": now(),
                    "seqNo": number,
                    "tbc": number == 0,
                    "reportData": [{**variable, "variableAttribute": [{"value": value}]}],
                }
                await station.send("NotifyReport", part, reply={})

        order = station.expect("GetBaseReport", check={"reportBase": base}, after=report)
        asked = await server.post("/charge-points/CS-1/reports", {"base": base}, status=201)
        await order.happened()
    path = f"/charge-points/CS-1/reports/{asked['request_id']}"
    shown = await server.eventually(path, lambda found: found["status"] == "complete")
    assert (shown["kind"], shown["parts"], shown["items"]) == ("base", 2, 2)
    assert shown["scope"] == {"base": base}
    assert await stored(server) == {("OfflineThreshold", "60"), ("AuthorizeRemoteStart", "false")}


async def test_tc_b_12_the_inventory_of_the_configuration_is_shown(server: Running) -> None:
    await a_base_report_in_two_parts_is_shown(server, "ConfigurationInventory")


async def test_tc_b_13_the_full_inventory_is_shown(server: Running) -> None:
    await a_base_report_in_two_parts_is_shown(server, "FullInventory")


async def test_tc_b_14_the_summary_is_shown(server: Running) -> None:
    await a_base_report_in_two_parts_is_shown(server, "SummaryInventory")


async def test_tc_b_18_a_report_of_chosen_variables_may_be_empty(server: Running) -> None:
    state = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "AvailabilityState"},
    }
    body = {"variables": [{"component": "EVSE", "evse_id": 1, "variable": "AvailabilityState"}]}
    path = "/charge-points/CS-1/reports"
    async with station_201(server) as station:
        station.expect(
            "GetReport",
            {"status": "EmptyResultSet"},
            check={"componentCriteria": ["Problem"], "componentVariable": [state]},
        )
        empty = await server.post(path, body | {"criteria": ["Problem"]}, status=201)

        async def report(asked: dict[str, Any]) -> None:
            data = [{**state, "variableAttribute": [{"value": "Available"}]}]
            part = {
                "requestId": asked["requestId"],
                "generatedAt": now(),
                "seqNo": 0,
                "reportData": data,
            }
            await station.send("NotifyReport", part, reply={})

        order = station.expect(
            "GetReport",
            check={"componentCriteria": ["Available"], "componentVariable": [state]},
            after=report,
        )
        asked = await server.post(path, body | {"criteria": ["Available"]}, status=201)
        await order.happened()
    assert empty["status"] == "empty"
    shown = await server.get(f"{path}/{asked['request_id']}")
    assert (shown["kind"], shown["status"]) == ("custom", "complete")
    assert await stored(server) == {("AvailabilityState", "Available")}


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
        answer = await server.post("/charge-points/CS-1/reset", {"immediate": False, "evse_id": 1})
    assert (answer["status"], answer["accepted"]) == ("Accepted", True)


async def test_tc_b_26_the_reset_of_an_evse_waits_for_its_transaction(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        station.expect("Reset", {"status": "Scheduled"}, check={"type": "OnIdle", "evseId": 1})
        answer = await server.post("/charge-points/CS-1/reset", {"immediate": False, "evse_id": 1})
        assert (answer["status"], answer["accepted"]) == ("Scheduled", True)
        await session.tell(
            "Updated",
            "StopAuthorized",
            info={"chargingState": "EVConnected"},
            idToken=token("CARD-1"),
            reply={"idTokenInfo": ACCEPTED},
        )
        ended = {"chargingState": "Idle", "stoppedReason": "EVDisconnected"}
        await session.tell("Ended", "EVCommunicationLost", info=ended, reply={})
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "EVDisconnected"


async def test_tc_b_27_an_immediate_reset_of_an_evse_ends_its_transaction(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")

        async def end(_: object) -> None:
            why = {"chargingState": "EVConnected", "stoppedReason": "ImmediateReset"}
            await session.tell("Ended", "ResetCommand", info=why, reply={})

        order = station.expect("Reset", check={"type": "Immediate", "evseId": 1}, after=end)
        await server.post("/charge-points/CS-1/reset", {"immediate": True, "evse_id": 1})
        await order.happened()
    (transaction,) = await server.transactions(active="false")
    assert transaction["stop_reason"] == "ImmediateReset"


async def a_network_profile_is_set(server: Running, status: str) -> dict[str, Any]:
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
    body = {
        "slot": 1,
        "url": "wss://cs.example.org:9001",
        "security_profile": 2,
        "interface": "Wired0",
        "message_timeout_s": 30,
    }
    async with station_201(server) as station:
        station.expect("SetNetworkProfile", {"status": status}, check=profile)
        answer: dict[str, Any] = await server.post("/charge-points/CS-1/network-profile", body)
    return answer


async def test_tc_b_42_a_network_profile_is_set(server: Running) -> None:
    answer = await a_network_profile_is_set(server, "Accepted")
    assert (answer["status"], answer["accepted"]) == ("Accepted", True)


async def test_tc_b_44_a_network_profile_that_fails_is_shown_so(server: Running) -> None:
    answer = await a_network_profile_is_set(server, "Failed")
    assert (answer["status"], answer["accepted"]) == ("Failed", False)
