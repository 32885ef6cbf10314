"""An operator updates many charge points, and the campaign keeps to its limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from conformance.firmware_store import enter_firmware
from conformance.stations import ACCEPTED, Session, station_201
from fake_chargepoints.script import Expectation, ScriptedChargePoint
from running import V201_BOOT, Running, running_app

CONTENT = b"firmware 2.0"


@asynccontextmanager
async def stations(server: Running, count: int) -> AsyncIterator[list[ScriptedChargePoint]]:
    """So many booted charging stations, CS-1 and so on."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(station_201(server, f"CS-{number}"))
            for number in range(1, count + 1)
        ]


async def begin(server: Running, **fields: Any) -> dict[str, Any]:
    firmware = await enter_firmware(server, CONTENT, version="2.0")
    body = {"name": "June", "firmware_id": firmware["id"], "selection": {"vendor": "vendor"}}
    made: dict[str, Any] = await server.post("/firmware-campaigns", body | fields, status=201)
    return made


async def end(station: ScriptedChargePoint, order: dict[str, Any], status: str) -> None:
    told = {"status": status, "requestId": order["requestId"]}
    await station.send("FirmwareStatusNotification", told, reply={})


async def progress(server: Running, campaign: dict[str, Any], **wanted: int) -> dict[str, Any]:
    """Wait until so many targets are in these states."""
    found: dict[str, Any] = await server.eventually(
        f"/firmware-campaigns/{campaign['id']}",
        lambda body: all(body["progress"][name] == number for name, number in wanted.items()),
    )
    return found


def orders(stations: list[ScriptedChargePoint]) -> list[Expectation]:
    return [station.expect("UpdateFirmware", ACCEPTED, optional=True) for station in stations]


async def first_of(expected: list[Expectation], number: int) -> list[int]:
    """The positions of those that were ordered to update, once there are so many."""
    async with asyncio.timeout(10):
        while sum(each.done.is_set() for each in expected) < number:
            await asyncio.sleep(0.02)
    return [at for at, each in enumerate(expected) if each.done.is_set()]


async def test_charge_points_are_updated_a_few_at_a_time(server: Running) -> None:
    async with stations(server, 3) as all_of_them:
        expected = orders(all_of_them)
        campaign = await begin(server, concurrency=2)
        assert await first_of(expected, 2) == [0, 1]
        await progress(server, campaign, running=2, waiting=1)
        await end(all_of_them[0], expected[0].payload, "Installed")
        assert await first_of(expected, 3) == [0, 1, 2]
        for station, each in zip(all_of_them[1:], expected[1:], strict=True):
            await end(station, each.payload, "Installed")
        done = await progress(server, campaign, succeeded=3)
        done = await server.eventually(
            f"/firmware-campaigns/{campaign['id']}", lambda body: body["state"] == "finished"
        )
    assert done["finished_at"]
    listed = (await server.get(f"/operations?campaign_id={campaign['id']}"))["items"]
    assert {each["charge_point_id"] for each in listed} == {"CS-1", "CS-2", "CS-3"}


async def test_too_many_failures_stop_a_campaign_until_an_operator_resumes_it(
    server: Running,
) -> None:
    async with stations(server, 3) as all_of_them:
        expected = orders(all_of_them)
        campaign = await begin(server, concurrency=1, max_failures=0)
        await first_of(expected, 1)
        await end(all_of_them[0], expected[0].payload, "InstallationFailed")
        path = f"/firmware-campaigns/{campaign['id']}"
        stopped = await server.eventually(path, lambda body: body["state"] == "stopped")
        assert "1 updates failed" in stopped["reason"]
        assert await first_of(expected, 1) == [0]
        await server.post(f"{path}/resume")
        await first_of(expected, 2)
        await end(all_of_them[1], expected[1].payload, "Installed")
        await first_of(expected, 3)
        await end(all_of_them[2], expected[2].payload, "Installed")
        done = await server.eventually(path, lambda body: body["state"] == "finished")
    assert (done["progress"]["failed"], done["progress"]["succeeded"]) == (1, 2)
    targets = (await server.get(f"{path}/targets?state=failed"))["items"]
    assert [(each["charge_point_id"], bool(each["reason"])) for each in targets] == [("CS-1", True)]


async def test_a_charging_car_is_waited_for(server: Running) -> None:
    await server.add_token("CARD-1")
    async with stations(server, 1) as (station,):
        session = Session(station)
        await session.start("CARD-1")
        (expected,) = orders([station])
        campaign = await begin(server, only_idle=True)
        await progress(server, campaign, waiting=1)
        assert not expected.done.is_set()
        await session.finish()
        await expected.happened()
        await end(station, expected.payload, "Installed")
        await progress(server, campaign, succeeded=1)


async def test_a_paused_campaign_begins_nothing_and_a_cancelled_one_never_again(
    server: Running,
) -> None:
    async with stations(server, 2) as all_of_them:
        expected = orders(all_of_them)
        campaign = await begin(server, concurrency=1)
        path = f"/firmware-campaigns/{campaign['id']}"
        await first_of(expected, 1)
        assert (await server.post(f"{path}/pause"))["state"] == "paused"
        await end(all_of_them[0], expected[0].payload, "Installed")
        await progress(server, campaign, succeeded=1, waiting=1)
        cancelled = await server.post(f"{path}/cancel")
        assert (cancelled["state"], cancelled["progress"]["cancelled"]) == ("cancelled", 1)
        await server.post(f"{path}/resume", status=409)
        assert await first_of(expected, 1) == [0]


async def test_those_that_run_the_version_are_skipped_and_others_not_chosen(
    server: Running,
) -> None:
    async with stations(server, 2) as (first, second):
        shown = {**V201_BOOT["chargingStation"], "firmwareVersion": "2.0"}  # type: ignore[dict-item]
        boot = {"reason": "PowerUp", "chargingStation": shown}
        await first.send("BootNotification", boot, reply=ACCEPTED)
        (expected,) = orders([second])
        chosen = {"charge_point_ids": ["cs-1", "cs-2"], "model": "model"}
        campaign = await begin(server, selection=chosen)
        assert campaign["progress"]["skipped"] == 1
        await expected.happened()
        body = {
            "name": "none",
            "firmware_id": campaign["firmware_id"],
            "selection": {"vendor": "Other"},
        }
        await server.post("/firmware-campaigns", body, status=422)


async def test_a_campaign_goes_on_after_the_server_was_restarted(
    database_url: str, tmp_path: Path
) -> None:
    async with (
        running_app(database_url, tmp_path) as server,
        stations(server, 2) as all_of_them,
    ):
        expected = orders(all_of_them)
        campaign = await begin(server, concurrency=1)
        await first_of(expected, 1)
        order = expected[0].payload
    async with (
        running_app(database_url, tmp_path, operator="again") as server,
        stations(server, 2) as all_of_them,
    ):
        expected = orders(all_of_them)
        await end(all_of_them[0], order, "Installed")
        assert await first_of(expected, 1) == [1]
        async with server.http.get(expected[1].payload["firmware"]["location"]) as response:
            assert await response.read() == CONTENT
        await end(all_of_them[1], expected[1].payload, "Installed")
        await progress(server, campaign, succeeded=2)
