"""Local authorization lists: made from the id tokens, sent, verified, and kept if so wanted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from conformance.stations import station_16, station_201
from fake_chargepoints.errors import CallError
from fake_chargepoints.script import Expectation, ScriptedChargePoint
from running import Running, running_app

LIST = "/charge-points/CP-1/local-list"


def tells(station: ScriptedChargePoint, version: int) -> Expectation:
    return station.expect("GetLocalListVersion", {"listVersion": version})


async def sync(server: Running, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await server.post(f"{LIST}/sync", body)
    return answer


@asynccontextmanager
async def listed(server: Running, *cards: str) -> AsyncIterator[ScriptedChargePoint]:
    """A 1.6 charge point that has taken version 1 of a list of these cards."""
    for card in cards:
        await server.add_token(card)
    async with station_16(server) as station:
        tells(station, 0)
        station.expect("SendLocalList", check={"updateType": "Full", "listVersion": 1})
        tells(station, 1)
        assert (await sync(server))["accepted"] is True
        yield station


async def told_key(server: Running, station: ScriptedChargePoint, key: str, value: int) -> None:
    """Let the charge point tell one of its limits."""
    entry = {"key": key, "readonly": True, "value": str(value)}
    station.expect("GetConfiguration", {"configurationKey": [entry]})
    await server.get(f"/charge-points/CP-1/configuration?name={key}")


def tags(payload: dict[str, Any]) -> list[str]:
    return [each["idTag"] for each in payload["localAuthorizationList"]]


async def test_a_list_that_is_as_it_should_be_is_not_sent_again(server: Running) -> None:
    async with listed(server, "CARD-1") as station:
        tells(station, 1)
        answer = await sync(server)
    assert [step["action"] for step in answer["steps"]] == ["GetLocalListVersion"]
    assert answer["local_list"]["state"] == "in_sync"


async def test_only_cards_that_may_charge_here_are_in_the_list(server: Running) -> None:
    await server.put("/sites/home", {})
    await server.accept("CP-1", site_id="home")
    await server.add_token("EVERYWHERE")
    await server.add_token("HERE", allowed_charge_points=["cp-1"])
    await server.add_token("AT-HOME", allowed_sites=["home"])
    await server.add_token("ELSEWHERE", allowed_charge_points=["CP-2"])
    await server.add_token("OLD", expires_at="2020-01-01T00:00:00Z")
    await server.add_token("LOST", status="Blocked")
    await server.add_token("NO-MORE", max_concurrent_transactions=0)
    await server.add_token("LONGER-THAN-TWENTY-CHARACTERS")
    async with station_16(server) as station:
        tells(station, 0)
        order = station.expect("SendLocalList")
        tells(station, 1)
        answer = await sync(server)
        assert tags(await order.happened()) == ["HERE", "AT-HOME", "EVERYWHERE"]
    assert answer["local_list"]["not_in_version"] == 1


async def test_a_master_pass_is_in_no_list_of_1_6_where_it_would_start_transactions(
    server: Running,
) -> None:
    await server.put("/id-token-groups/WARDENS", {"master_pass": True})
    await server.add_token("WARDEN", group_id="WARDENS")
    async with station_16(server):
        assert (await server.get(LIST))["wanted"] == 0
    async with station_201(server):
        assert (await server.get("/charge-points/CS-1/local-list"))["wanted"] == 1


async def test_a_long_list_goes_in_messages_as_long_as_the_charge_point_takes(
    server: Running,
) -> None:
    for number in range(5):
        await server.add_token(f"CARD-{number}")
    async with station_16(server) as station:
        await told_key(server, station, "SendLocalListMaxLength", 2)
        tells(station, 0)
        orders = [station.expect("SendLocalList") for _ in range(3)]
        tells(station, 3)
        await sync(server)
        sent = [await order.happened() for order in orders]
    assert [len(tags(each)) for each in sent] == [2, 2, 1]
    assert [each["updateType"] for each in sent] == ["Full", "Differential", "Differential"]
    assert [each["listVersion"] for each in sent] == [1, 2, 3]


async def test_a_list_is_no_longer_than_the_charge_point_can_hold(server: Running) -> None:
    for number in range(3):
        await server.add_token(f"CARD-{number}")
    await server.add_token("MINE", allowed_charge_points=["CP-1"])
    async with station_16(server) as station:
        await told_key(server, station, "LocalAuthListMaxLength", 2)
        tells(station, 0)
        order = station.expect("SendLocalList")
        tells(station, 1)
        answer = await sync(server)
        assert tags(await order.happened()) == ["MINE", "CARD-0"]
    assert answer["local_list"]["no_room"] == 2


async def test_a_2_0_1_station_tells_its_limits_in_the_device_model(server: Running) -> None:
    for number in range(3):
        await server.add_token(f"CARD-{number}")

    def told(variable: str, value: int, **characteristics: Any) -> dict[str, Any]:
        return {
            "component": {"name": "LocalAuthListCtrlr"},
            "variable": {"name": variable},
            "variableAttribute": [{"value": str(value)}],
            "variableCharacteristics": {
                "dataType": "integer",
                "supportsMonitoring": False,
                **characteristics,
            },
        }

    report = {
        "requestId": 1,
        "generatedAt": "2026-01-01T00:00:00Z",
        "seqNo": 0,
        "reportData": [
            told("Entries", 0, maxLimit=2),
            told("ItemsPerMessage", 50),
            told("BytesPerMessage", 300),
        ],
    }
    async with station_201(server, "CP-1") as station:
        await station.send("NotifyReport", report, reply={})
        station.expect("GetLocalListVersion", {"versionNumber": 0})
        orders = [station.expect("SendLocalList") for _ in range(2)]
        station.expect("GetLocalListVersion", {"versionNumber": 2})
        answer = await sync(server)
        for order in orders:
            sent = await order.happened()
            assert len(sent["localAuthorizationList"]) == 1
    limits = {"entries": 2, "items_per_message": 50, "bytes_per_message": 300}
    assert answer["local_list"]["limits"] == limits


@pytest.mark.parametrize("status", ["VersionMismatch", "Failed"])
async def test_refused_changes_are_followed_by_the_whole_list(server: Running, status: str) -> None:
    async with listed(server, "CARD-1") as station:
        await server.add_token("CARD-2")
        tells(station, 1)
        station.expect("SendLocalList", {"status": status}, check={"updateType": "Differential"})
        station.expect("SendLocalList", check={"updateType": "Full", "listVersion": 3})
        tells(station, 3)
        answer = await sync(server)
    assert answer["accepted"] is True


async def test_a_list_that_somebody_else_changed_is_replaced(server: Running) -> None:
    async with listed(server, "CARD-1") as station:
        tells(station, 12)
        station.expect("SendLocalList", check={"updateType": "Full", "listVersion": 13})
        tells(station, 13)
        assert (await sync(server))["accepted"] is True


async def test_a_charge_point_that_refuses_a_list_is_asked_how_much_it_takes(
    server: Running,
) -> None:
    for number in range(3):
        await server.add_token(f"CARD-{number}")
    limit = {"key": "SendLocalListMaxLength", "readonly": True, "value": "2"}
    async with station_16(server) as station:
        tells(station, 0)
        station.expect("SendLocalList", {"status": "Failed"})
        station.expect("GetConfiguration", {"configurationKey": [limit]})
        orders = [station.expect("SendLocalList") for _ in range(2)]
        tells(station, 3)
        answer = await sync(server)
        assert [len(tags(await order.happened())) for order in orders] == [2, 1]
    assert answer["accepted"] is True


async def test_a_charge_point_that_does_not_keep_what_it_took_is_shown_so(server: Running) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        tells(station, 0)
        station.expect("SendLocalList")
        tells(station, 0)
        answer = await sync(server)
    assert (answer["outcome"], answer["local_list"]["state"]) == ("failed", "failed")
    assert "took version 1 of the list, and now tells 0" in answer["reason"]


@pytest.mark.parametrize(
    "answer", [{"listVersion": -1}, CallError("NotImplemented", "no lists here")]
)
async def test_a_charge_point_without_lists_is_known_as_such(server: Running, answer: Any) -> None:
    await server.add_token("CARD-1")
    async with station_16(server) as station:
        station.expect("GetLocalListVersion", answer)
        said = await sync(server)
    assert (said["accepted"], said["outcome"]) == (False, "not_supported")
    (line,) = (await server.get("/local-lists?state=not_supported"))["items"]
    assert line["charge_point_id"] == "CP-1"


async def test_a_list_sent_by_the_raw_door_is_known(server: Running) -> None:
    await server.add_token("CARD-1")
    entry = {"idTag": "stranger", "idTagInfo": {"status": "Accepted"}}
    payload = {"listVersion": 4, "updateType": "Full", "localAuthorizationList": [entry]}
    async with station_16(server) as station:
        station.expect("SendLocalList")
        await server.post("/charge-points/CP-1/calls/SendLocalList", payload)
    entries = (await server.get(f"{LIST}/entries"))["items"]
    assert [(one["id_token"], one["change"]) for one in entries] == [
        ("CARD-1", "add"),
        ("STRANGER", "remove"),
    ]


async def test_entries_come_in_pages(server: Running) -> None:
    for number in range(3):
        await server.add_token(f"CARD-{number}")
    async with station_16(server):
        first = await server.get(f"{LIST}/entries?limit=2")
        second = await server.get(f"{LIST}/entries?limit=2&cursor={first['next_cursor']}")
    names = [one["id_token"] for one in first["items"] + second["items"]]
    assert names == ["CARD-0", "CARD-1", "CARD-2"]
    assert second["next_cursor"] is None


async def test_a_charge_point_that_is_not_connected_is_not_asked(server: Running) -> None:
    await server.accept("CP-1")
    for method, path in (("POST", "/sync"), ("POST", "/check"), ("DELETE", "")):
        body = {"full": True} if path == "/sync" else None
        answer = await server.api(method, LIST + path, body)
        assert answer.status == 409


# --- kept automatically


@pytest.fixture
async def quick(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """A server whose lists follow at once."""
    async with running_app(database_url, tmp_path, local_list_delay=0) as running:
        yield running


async def test_nothing_is_sent_unless_somebody_wants_it(quick: Running) -> None:
    await quick.add_token("CARD-1")
    async with station_16(quick) as station:
        await quick.add_token("CARD-2")
        await station.send("Heartbeat", {})
    shown = await quick.get(LIST)
    assert (shown["automatic"], shown["automatic_by"]) == (False, "default")
    assert (shown["state"], shown["to_add"]) == ("unknown", 2)


async def test_a_list_that_is_kept_follows_the_tokens(quick: Running) -> None:
    await quick.add_token("CARD-1")
    async with station_16(quick) as station:
        tells(station, 0)
        station.expect("SendLocalList", check={"updateType": "Full"})
        last = tells(station, 1)
        await quick.put(LIST, {"automatic": True})
        await last.happened()
        await quick.eventually(LIST, lambda shown: shown["state"] == "in_sync")
        tells(station, 1)
        station.expect("SendLocalList", check={"updateType": "Differential"})
        last = tells(station, 2)
        await quick.add_token("CARD-2")
        await last.happened()
        await quick.eventually(LIST, lambda shown: shown["state"] == "in_sync")


async def test_a_charge_point_that_needs_no_list_is_asked_only_once(quick: Running) -> None:
    async with station_16(quick) as station:
        last = tells(station, 0)
        await quick.put(LIST, {"automatic": True})
        await last.happened()
        await quick.eventually(LIST, lambda shown: shown["state"] == "in_sync")
    async with station_16(quick) as station:
        await station.send("Heartbeat", {})
    assert (await quick.get(LIST))["held"] == 0


async def test_a_site_says_so_for_all_its_charge_points_save_those_that_say_no(
    quick: Running,
) -> None:
    await quick.put("/sites/home", {})
    await quick.add_token("CARD-1")
    for identity in ("CP-1", "CP-2"):
        await quick.accept(identity, site_id="home")
    await quick.put("/charge-points/CP-2/local-list", {"automatic": False})
    async with station_16(quick) as station, station_16(quick, "CP-2"):
        tells(station, 0)
        station.expect("SendLocalList")
        last = tells(station, 1)
        await quick.put("/sites/home/local-list", {"automatic": True})
        await last.happened()
    assert await quick.get("/sites/home/local-list") == {"automatic": True}
    assert (await quick.get(LIST))["automatic_by"] == "site"
    assert (await quick.get("/charge-points/CP-2/local-list"))["automatic"] is False


async def test_a_charge_point_gets_at_its_return_what_changed_while_it_was_away(
    quick: Running,
) -> None:
    async with listed(quick, "CARD-1"):
        pass
    await quick.put(LIST, {"automatic": True})
    await quick.add_token("CARD-2")
    async with station_16(quick) as station:
        tells(station, 1)
        order = station.expect("SendLocalList")
        last = tells(station, 2)
        assert tags(await order.happened()) == ["CARD-2"]
        await last.happened()


async def test_a_list_that_was_cleared_is_not_kept_any_more(quick: Running) -> None:
    async with listed(quick, "CARD-1") as station:
        await quick.put(LIST, {"automatic": True})
        station.expect("SendLocalList", check={"updateType": "Full"})
        tells(station, 0)
        await quick.api("DELETE", LIST)
        shown = await quick.get(LIST)
    assert (shown["automatic"], shown["automatic_by"], shown["held"]) == (False, "charge point", 0)
