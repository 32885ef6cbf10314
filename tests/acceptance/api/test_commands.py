"""An operator commands a charge point, and sees what it said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from fake_chargepoints.errors import CallError
from running import V16_BOOT, V201_BOOT, Response, Running

CALLS = "/charge-points/CP-1/calls"


async def call(server: Running, action: str, payload: Any, query: str = "") -> Response:
    return await server.api("POST", f"{CALLS}/{action}{query}", payload)


async def test_the_raw_door_relays_the_call_and_gives_back_its_answer(server: Running) -> None:
    said = {"configurationKey": [{"key": "K", "readonly": True}], "unknownKey": ["Vendor.X"]}
    async with server.charge_point("CP-1") as charger:
        charger.expect("GetConfiguration", said, check={"key": ["K", "Vendor.X"]})
        answer = await call(server, "GetConfiguration", {"key": ["K", "Vendor.X"]})
    assert (answer.status, answer.body) == (200, said)


async def test_the_raw_door_speaks_the_version_of_its_charge_point(server: Running) -> None:
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        charger.expect("ClearCache", {"status": "Rejected"})
        assert (await call(server, "ClearCache", {})).body == {"status": "Rejected"}
        refused = await call(server, "RemoteStopTransaction", {"transactionId": 1})
    assert refused.status == 422


async def test_an_answer_that_breaks_the_schema_is_passed_on_as_it_came_and_marked(
    server: Running,
) -> None:
    said = {"configurationKey": [{"key": "K", "readonly": "yes", "value": 5}], "x": None}
    url = f"{server.api_url}/api/v1{CALLS}/GetConfiguration"
    async with server.charge_point("CP-1") as charger:
        charger.expect("GetConfiguration", said)
        async with server.http.post(url, json={}) as answer:
            assert (answer.status, await answer.json()) == (200, said)
            marked = answer.headers["OCPP-Schema-Violation"]
    assert "configurationKey.0.readonly: expected boolean" in marked
    assert "configurationKey.0.value: expected string" in marked
    assert "x: expected no such field" in marked


async def test_a_good_answer_is_not_marked(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ClearCache")
        async with server.http.post(
            f"{server.api_url}/api/v1{CALLS}/ClearCache", json={}
        ) as answer:
            assert "OCPP-Schema-Violation" not in answer.headers


async def test_a_command_shows_what_of_its_answer_breaks_the_schema(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ClearCache", {"status": "accepted", "note": "ü"})
        answer = await server.post("/charge-points/CP-1/clear-cache")
    assert answer["response"] == {"status": "accepted", "note": "ü"}
    assert {each["field"]: each["allowed"] for each in answer["violations"]} == {
        "status": "one of Accepted, Rejected",
        "note": "no such field, the schema has none",
    }


async def test_a_callerror_is_passed_on_word_for_word(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("Reset", CallError("InternalError", "no more flash", {"free": 0}))
        answer = await call(server, "Reset", {"type": "Soft"})
    assert answer.status == 502
    assert answer.body["type"] == "urn:csms:problem:refused-by-charge-point"
    assert (answer.body["code"], answer.body["description"]) == ("InternalError", "no more flash")
    assert answer.body["details"] == {"free": 0}


async def test_a_charge_point_that_does_not_answer_costs_only_the_timeout(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("ClearCache", instead="silence")
        answer = await call(server, "ClearCache", {}, "?timeout=0.2")
    assert (answer.status, answer.body["type"]) == (504, "urn:csms:problem:no-answer")


async def test_a_command_that_had_no_time_left_behind_a_silent_one_was_never_sent(
    server: Running,
) -> None:
    async with server.charge_point("CP-1") as charger:
        silent = charger.expect("ClearCache", instead="silence")
        first = asyncio.create_task(call(server, "ClearCache", {}, "?timeout=0.5"))
        await silent.happened()
        answer = await call(server, "UnlockConnector", {"connectorId": 1}, "?timeout=0.5")
        assert (await first).body["type"] == "urn:csms:problem:no-answer"
        await charger.send("Heartbeat", {})
    assert (answer.status, answer.body["type"]) == (504, "urn:csms:problem:not-sent")
    assert "UnlockConnector was never sent" in answer.body["detail"]


async def test_a_connection_lost_before_the_answer_is_told_at_once(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("Reset", instead="close")
        answer = await call(server, "Reset", {"type": "Hard"}, "?timeout=60")
    assert (answer.status, answer.body["type"]) == (504, "urn:csms:problem:connection-lost")


async def test_a_charge_point_that_is_not_connected_gets_no_command(server: Running) -> None:
    await server.accept("CP-1")
    answer = await call(server, "ClearCache", {})
    assert (answer.status, answer.body["type"]) == (409, "urn:csms:problem:not-connected")


async def test_a_charge_point_that_nobody_knows_is_not_found(server: Running) -> None:
    assert (await call(server, "ClearCache", {})).status == 404


async def test_a_payload_that_breaks_the_schema_is_not_sent(server: Running) -> None:
    async with server.charge_point("CP-1"):
        answer = await call(server, "Reset", {"type": "Gentle"})
    assert answer.status == 422
    (error,) = answer.body["errors"]
    assert (error["field"], error["value"]) == ("type", "Gentle")
    assert "Hard" in error["allowed"]


@pytest.mark.parametrize("version", [2**31, -(2**31) - 1, 2**63])
@pytest.mark.parametrize(
    ("ocpp", "field"), [("ocpp1.6", "listVersion"), ("ocpp2.0.1", "versionNumber")]
)
async def test_a_list_of_a_version_that_no_charge_point_can_tell_is_relayed_and_not_believed(
    server: Running, ocpp: str, field: str, version: int
) -> None:
    async with server.charge_point("CP-1", ocpp) as charger:
        charger.expect("SendLocalList")
        await call(server, "SendLocalList", {field: 1, "updateType": "Full"})
        sent = charger.expect("SendLocalList")
        answer = await call(server, "SendLocalList", {field: version, "updateType": "Full"})
        assert (await sent.happened())[field] == version
    assert (answer.status, answer.body) == (200, {"status": "Accepted"})
    assert (await server.get("/charge-points/CP-1/local-list"))["held"] is None


@pytest.mark.parametrize(
    ("ocpp", "place"),
    [
        ("ocpp1.6", {"connectorId": 2**40, "type": "Operative"}),
        ("ocpp2.0.1", {"operationalStatus": "Operative", "evse": {"id": 2**40}}),
    ],
)
async def test_an_order_for_a_place_with_an_absurd_number_is_relayed(
    server: Running, ocpp: str, place: dict[str, Any]
) -> None:
    async with server.charge_point("CP-1", ocpp) as charger:
        charger.expect("ChangeAvailability", {"status": "Rejected"}, check=place)
        answer = await call(server, "ChangeAvailability", place)
    assert (answer.status, answer.body) == (200, {"status": "Rejected"})
    assert await server.rows("SELECT * FROM availability_orders") == []


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        (
            "SendLocalList",
            {
                "listVersion": 1,
                "updateType": "Full",
                "localAuthorizationList": [{"idTag": "a\0b", "idTagInfo": {"status": "Accepted"}}],
            },
        ),
        (
            "SendLocalList",
            {
                "listVersion": 1,
                "updateType": "Differential",
                "localAuthorizationList": [{"idTag": "a\0b"}],
            },
        ),
        (
            "GetLog",
            {
                "requestId": 1,
                "logType": "SecurityLog",
                "log": {"remoteLocation": "http://host/\0"},
            },
        ),
    ],
)
async def test_a_text_with_a_character_that_can_not_be_kept_is_relayed(
    server: Running, action: str, payload: dict[str, Any]
) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect(action, {"status": "Accepted"}, check=payload)
        answer = await call(server, action, payload)
    assert (answer.status, answer.body) == (200, {"status": "Accepted"})


@pytest.mark.parametrize("ocpp", ["ocpp1.6", "ocpp2.0.1"])
async def test_an_integer_of_more_than_64_bits_is_refused_and_not_sent(
    server: Running, ocpp: str
) -> None:
    async with server.charge_point("CP-1", ocpp):
        place = {"connectorId": 2**70, "evse": {"id": 2**70}, "type": "Operative"}
        answer = await call(server, "ChangeAvailability", place)
    assert answer.status == 422
    assert {error["field"] for error in answer.body["errors"]} == {"connectorId", "evse.id"}


async def test_an_action_of_the_charge_point_is_not_for_the_operator(server: Running) -> None:
    async with server.charge_point("CP-1"):
        assert (await call(server, "Heartbeat", {})).status == 422


async def test_more_commands_than_can_wait_are_refused(server: Running) -> None:
    held = asyncio.Event()
    limit = server.settings.call_queue_limit
    async with server.charge_point("CP-1") as charger:
        first = charger.expect("ClearCache", hold=held)
        charger.tolerate("ClearCache")
        waiting = [asyncio.create_task(call(server, "ClearCache", {})) for _ in range(limit + 2)]
        done, _ = await asyncio.wait(waiting, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        held.set()
        await first.happened()
        answers = await asyncio.gather(*waiting)
    (refused,) = [task.result() for task in done]
    assert refused.status == 429
    assert sorted(answer.status for answer in answers) == [200] * (limit + 1) + [429]


@pytest.mark.parametrize(
    ("verb", "body", "action", "payload"),
    [
        ("remote-start", {"id_token": "a", "connector_id": 2}, "RemoteStartTransaction",
         {"connectorId": 2, "idTag": "A"}),
        ("reset", {"immediate": True}, "Reset", {"type": "Hard"}),
        ("unlock", {"evse_id": 2}, "UnlockConnector", {"connectorId": 2}),
        ("availability", {"operative": False}, "ChangeAvailability",
         {"connectorId": 0, "type": "Inoperative"}),
        ("trigger", {"message": "StatusNotification", "evse_id": 1}, "TriggerMessage",
         {"connectorId": 1, "requestedMessage": "StatusNotification"}),
        ("clear-cache", None, "ClearCache", {}),
        ("data-transfer", {"vendor_id": "V", "data": "x"}, "DataTransfer",
         {"vendorId": "V", "data": "x"}),
        ("configuration", {"variable": "HeartbeatInterval", "value": "60"}, "ChangeConfiguration",
         {"key": "HeartbeatInterval", "value": "60"}),
    ],
)  # fmt: skip
async def test_a_verb_is_said_in_1_6(
    server: Running, verb: str, body: Any, action: str, payload: dict[str, Any]
) -> None:
    said = "Unlocked" if verb == "unlock" else "Accepted"
    async with server.charge_point("CP-1") as charger:
        sent = charger.expect(action, {"status": said})
        answer = await server.post(f"/charge-points/CP-1/{verb}", body)
        assert await sent.happened() == payload
    assert (answer["status"], answer["accepted"]) == (said, True)
    assert answer["response"] == {"status": said}


@pytest.mark.parametrize(
    ("verb", "body", "action", "payload"),
    [
        ("reset", {"immediate": False}, "Reset", {"type": "OnIdle"}),
        ("availability", {"operative": True, "evse_id": 1}, "ChangeAvailability",
         {"operationalStatus": "Operative", "evse": {"id": 1}}),
        ("clear-cache", None, "ClearCache", {}),
    ],
)  # fmt: skip
async def test_a_verb_is_said_in_2_0_1(
    server: Running, verb: str, body: Any, action: str, payload: dict[str, Any]
) -> None:
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT)
        sent = charger.expect(action)
        assert (await server.post(f"/charge-points/CP-1/{verb}", body))["accepted"] is True
        assert await sent.happened() == payload


async def test_configuration_is_read_by_name(server: Running) -> None:
    said = {"configurationKey": [{"key": "A.B", "readonly": False, "value": "1"}]}
    async with server.charge_point("CP-1") as charger:
        charger.expect("GetConfiguration", said, check={"key": ["A.B", "C"]})
        answer = await server.get("/charge-points/CP-1/configuration?name=A.B&name=C")
    assert answer["response"] == said
    assert answer["results"]


async def test_variables_are_read_by_component_and_name(server: Running) -> None:
    asked = {
        "getVariableData": [
            {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
        ]
    }
    said = {
        "getVariableResult": [
            {**asked["getVariableData"][0], "attributeStatus": "Accepted", "attributeValue": "60"}
        ]
    }
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT)
        charger.expect("GetVariables", said, check=asked)
        name = "OCPPCommCtrlr.HeartbeatInterval"
        answer = await server.get(f"/charge-points/CP-1/configuration?name={name}")
    assert answer["accepted"] is True


async def test_a_transaction_of_another_charge_point_is_not_stopped(server: Running) -> None:
    start = {
        "connectorId": 1,
        "idTag": "A",
        "meterStart": 0,
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    async with server.charge_point("CP-1") as first, server.charge_point("CP-2"):
        await first.send("BootNotification", V16_BOOT)
        begun = await first.send("StartTransaction", start)
        answer = await server.api(
            "POST",
            "/charge-points/CP-2/remote-stop",
            {"transaction_id": begun["transactionId"]},
        )
    assert answer.status == 404


async def test_every_order_is_in_the_audit_log_before_it_is_sent(server: Running) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.expect("UnlockConnector", instead="close")
        await server.api("POST", "/charge-points/CP-1/unlock", {"evse_id": 2})
    (line,) = (await server.get("/audit-log?action=unlock"))["items"]
    assert (line["actor"], line["target"]) == ("tests", "charge-points/CP-1")
    assert line["data"]["order"]["evse_id"] == 2


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "0123456789abcdef0123"}),
        ("GetDiagnostics", {"location": "ftp://me:0123456789abcdef0123@example.com/"}),
    ],
)
async def test_a_secret_in_an_order_is_not_in_the_audit_log(
    server: Running, action: str, payload: dict[str, Any]
) -> None:
    async with server.charge_point("CP-1") as charger:
        charger.tolerate(action, {"status": "Accepted"} if "key" in payload else {})
        await call(server, action, payload)
    log = await server.get("/audit-log")
    assert log["items"][0]["action"] == f"calls/{action}"
    assert "0123456789abcdef0123" not in str(log)


async def test_the_configuration_a_charge_point_tells_is_kept_but_no_secret(
    server: Running,
) -> None:
    keys = [
        {"key": "ConnectorPhaseRotation", "readonly": False, "value": "1.STR"},
        {"key": "AuthorizationKey", "readonly": False, "value": "0123456789abcdef"},
    ]
    async with server.charge_point("CP-1") as charger:
        charger.expect("GetConfiguration", {"configurationKey": keys})
        await call(server, "GetConfiguration", {})
        charger.expect("ChangeConfiguration", {"status": "Accepted"})
        change = {"variable": "ConnectorPhaseRotation", "value": "1.RST"}
        await server.post("/charge-points/CP-1/configuration", change)
    items = (await server.get("/charge-points/CP-1/variables"))["items"]
    assert {each["variable"]: each["value"] for each in items} == {
        "AuthorizationKey": None,
        "ConnectorPhaseRotation": "1.RST",
    }


@pytest.mark.parametrize(
    ("entered", "named", "sent"),
    [
        ("ISO15693", None, "ISO15693"),
        ("ISO15693", "KeyCode", "KeyCode"),
        (None, None, "Central"),
    ],
)
async def test_a_remote_start_says_the_type_that_the_id_token_was_entered_with(
    server: Running, entered: str | None, named: str | None, sent: str
) -> None:
    if entered is not None:
        await server.add_token("CARD-1", type=entered)
    body = {"id_token": "card-1", "evse_id": 1} | ({"type": named} if named else {})
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        order = charger.expect("RequestStartTransaction")
        await server.post("/charge-points/CP-1/remote-start", body)
        assert (await order.happened())["idToken"] == {"idToken": "CARD-1", "type": sent}


async def test_more_variables_than_a_station_gives_at_once_are_asked_for_in_parts(
    server: Running,
) -> None:
    def told(name: str, value: str, **more: str) -> dict[str, Any]:
        return {
            "attributeStatus": "Accepted",
            "attributeValue": value,
            "component": {"name": "DeviceDataCtrlr"},
            "variable": {"name": name, **more},
        }

    path = "/charge-points/CP-1/configuration"
    async with server.charge_point("CP-1", "ocpp2.0.1") as charger:
        most = told("ItemsPerMessage", "2", instance="GetVariables")
        charger.expect("GetVariables", {"getVariableResult": [most]})
        await server.get(f"{path}?name=DeviceDataCtrlr.ItemsPerMessage")
        first = charger.expect("GetVariables", {"getVariableResult": [told("A", "1")]})
        second = charger.expect("GetVariables", {"getVariableResult": [told("C", "3")]})
        answer = await server.get(f"{path}?name=X.A&name=X.B&name=X.C")
        assert [len((await each.happened())["getVariableData"]) for each in (first, second)] == [
            2,
            1,
        ]
    assert [each["value"] for each in answer["results"]] == ["1", "3"]
    assert len(answer["response"]["getVariableResult"]) == 2


async def test_more_keys_than_a_charge_point_gives_at_once_are_asked_for_in_parts(
    server: Running,
) -> None:
    most = {"key": "GetConfigurationMaxKeys", "readonly": True, "value": "1"}
    async with server.charge_point("CP-1") as charger:
        charger.expect("GetConfiguration", {"configurationKey": [most]})
        await call(server, "GetConfiguration", {})
        charger.expect("GetConfiguration", {"unknownKey": ["A"]}, check={"key": ["A"]})
        charger.expect("GetConfiguration", {"configurationKey": [most]}, check={"key": ["B"]})
        answer = await server.get("/charge-points/CP-1/configuration?name=A&name=B")
    assert answer["accepted"] is True
    assert [each["variable"] for each in answer["results"]] == ["A", "GetConfigurationMaxKeys"]
