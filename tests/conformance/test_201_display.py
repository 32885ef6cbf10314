"""OCPP 2.0.1, block O: messages on the display."""

from __future__ import annotations

from typing import Any

import pytest
from conformance.stations import ACCEPTED, Session, station_201
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

TOMORROW = "2099-01-01T08:00:00Z"
SHOWN = {"content": "Welcome", "priority": "InFront", "format": "UTF8", "language": "en"}
OF_TRANSACTION = {"priority": "AlwaysFront", "ocpp_transaction_id": "tx-1"}


def message_of(message_id: int, **more: Any) -> dict[str, Any]:
    """A message as OCPP writes it."""
    shown = {"format": "UTF8", "content": f"message {message_id}"}
    return {"id": message_id, "priority": "NormalCycle", "message": shown, **more}


async def show(
    server: Running, station: ScriptedChargePoint, answer: str = "Accepted", **body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Show a message, as the operator orders it: what was sent, and what the API said."""
    expected = station.expect("SetDisplayMessage", {"status": answer})
    said = await server.post("/charge-points/CS-1/set-display-message", SHOWN | body)
    return (await expected.happened())["message"], said


async def known(server: Running) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await server.get("/charge-points/CS-1/display-messages"))[
        "items"
    ]
    return items


async def ask(
    server: Running,
    station: ScriptedChargePoint,
    *parts: list[dict[str, Any]],
    answer: str = "Accepted",
    **body: Any,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ask for messages, as the operator does; they come in so many parts."""
    expected = station.expect("GetDisplayMessages", {"status": answer})
    said = await server.post("/charge-points/CS-1/get-display-messages", body)
    sent = await expected.happened()
    for number, part in enumerate(parts, 1):
        told = {"requestId": sent["requestId"], "tbc": number < len(parts), "messageInfo": part}
        await station.send("NotifyDisplayMessages", told, reply={})
    return sent, said


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ({"state": "Idle"}, {"state": "Idle"}),  # TC_O_01
        ({"state": "Charging"}, {"state": "Charging"}),  # TC_O_25
        ({"starts_at": TOMORROW}, {"startDateTime": TOMORROW}),  # TC_O_13
        ({"ends_at": TOMORROW}, {"endDateTime": TOMORROW}),  # TC_O_14
    ],
)
async def test_tc_o_01_a_message_is_shown_in_its_state_and_time(
    server: Running, body: dict[str, Any], written: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        sent, said = await show(server, station, **body)
    shown = {"format": "UTF8", "language": "en", "content": "Welcome"}
    message_id = said["results"][0]["message_id"]
    assert sent == {"id": message_id, "priority": "InFront", **written, "message": shown}
    (message,) = await known(server)
    assert (message["message_id"], message["content"]) == (message_id, "Welcome")
    assert [message[name] for name in body] == list(body.values())


async def test_tc_o_02_all_messages_are_asked_for(server: Running) -> None:
    async with station_201(server) as station:
        await show(server, station, message_id=9)
        sent, said = await ask(server, station, [message_of(1), message_of(2)], [message_of(3)])
    assert sent == {"requestId": sent["requestId"]}
    done = await server.get(f"/operations/{said['operation']['id']}")
    assert (done["state"], done["result"]["message_ids"]) == ("succeeded", [1, 2, 3])
    assert [each["message_id"] for each in await known(server)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("body", "written"), [({}, {}), ({"message_ids": [5]}, {"id": [5]})]
)  # TC_O_03; TC_O_11
async def test_tc_o_03_there_may_be_no_such_message(
    server: Running, body: dict[str, Any], written: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        await show(server, station, message_id=9)
        sent, said = await ask(server, station, answer="Unknown", **body)
    assert sent == {"requestId": sent["requestId"]} | written
    assert (said["status"], said["operation"]["state"]) == ("Unknown", "succeeded")
    assert len(await known(server)) == (1 if body else 0)


@pytest.mark.parametrize("status", ["Accepted", "Unknown"])  # TC_O_04; TC_O_05
async def test_tc_o_04_a_message_is_taken_off(server: Running, status: str) -> None:
    async with station_201(server) as station:
        _, said = await show(server, station)
        message_id = said["results"][0]["message_id"]
        station.expect("ClearDisplayMessage", {"status": status}, check={"id": message_id})
        body = {"message_id": message_id}
        answer = await server.post("/charge-points/CS-1/clear-display-message", body)
    assert (answer["status"], answer["accepted"]) == (status, status == "Accepted")
    assert await known(server) == []


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ({}, {}),  # TC_O_06
        ({"starts_at": TOMORROW}, {"startDateTime": TOMORROW}),  # TC_O_27
        (
            {"ends_at": TOMORROW, "state": "Charging"},
            {"endDateTime": TOMORROW, "state": "Charging"},
        ),  # TC_O_28
    ],
)
async def test_tc_o_06_a_message_belongs_to_a_transaction(
    server: Running, body: dict[str, Any], written: dict[str, Any]
) -> None:
    await server.add_token("CARD-1")
    async with station_201(server) as station:
        session = Session(station)
        await session.start("CARD-1")
        (transaction,) = await server.transactions(active="true")
        sent, _ = await show(
            server, station, priority="AlwaysFront", transaction_id=transaction["id"], **body
        )
        await session.finish()
    assert sent["transactionId"] == "tx-1"
    assert sent["priority"] == "AlwaysFront"
    assert {name: sent[name] for name in written} == written
    (message,) = await known(server)
    assert message["ocpp_transaction_id"] == "tx-1"


@pytest.mark.parametrize(
    "criterion", [{"message_ids": [1]}, {"priority": "NormalCycle"}, {"state": "Idle"}]
)  # TC_O_07; TC_O_08; TC_O_09
async def test_tc_o_07_messages_are_asked_for_by_id_priority_or_state(
    server: Running, criterion: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        await show(server, station, message_id=9)
        sent, said = await ask(server, station, [message_of(1, state="Idle")], **criterion)
    wanted = {"id" if name == "message_ids" else name: each for name, each in criterion.items()}
    assert sent == {"requestId": sent["requestId"]} | wanted
    assert (await server.get(f"/operations/{said['operation']['id']}"))["state"] == "succeeded"
    assert [each["message_id"] for each in await known(server)] == [1, 9]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("UnknownTransaction", OF_TRANSACTION),  # TC_O_10
        ("NotSupportedPriority", {"priority": "AlwaysFront"}),  # TC_O_17
        ("NotSupportedState", {"state": "Faulted"}),  # TC_O_18
        ("NotSupportedMessageFormat", {"format": "HTML"}),  # TC_O_19
        ("Rejected", {}),  # TC_O_26
    ],
)
async def test_tc_o_10_a_message_that_is_not_shown_is_told(
    server: Running, status: str, body: dict[str, Any]
) -> None:
    async with station_201(server) as station:
        sent, said = await show(server, station, status, **body)
    assert (said["status"], said["accepted"]) == (status, False)
    assert sent["priority"] == body.get("priority", "InFront")
    assert sent.get("transactionId") == body.get("ocpp_transaction_id")
    assert await known(server) == []


async def test_tc_o_12_a_message_replaces_the_one_of_its_id(server: Running) -> None:
    async with station_201(server) as station:
        first, said = await show(server, station, state="Idle")
        message_id = said["results"][0]["message_id"]
        body = {"message_id": message_id, "content": "Good night", "priority": "AlwaysFront"}
        second, _ = await show(server, station, **body)
    assert first["id"] == second["id"] == message_id
    (message,) = await known(server)
    assert (message["content"], message["priority"]) == ("Good night", "AlwaysFront")
    assert message["state"] is None


async def test_a_message_set_through_the_raw_door_is_known_too(server: Running) -> None:
    async with station_201(server) as station:
        station.expect("SetDisplayMessage", ACCEPTED)
        await server.post("/charge-points/CS-1/calls/SetDisplayMessage", {"message": message_of(4)})
    assert [each["message_id"] for each in await known(server)] == [4]
