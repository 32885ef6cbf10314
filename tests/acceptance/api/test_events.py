"""A program watches what happens, as it happens."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from running import V16_BOOT, Running, running_app

from csms.api.resources.event_stream import MAX_STREAMS


class Watcher:
    """Reads an event stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._content = response.content

    async def block(self) -> str:
        async with asyncio.timeout(10):
            return (await self._content.readuntil(b"\n\n")).decode().strip()

    async def event(self) -> tuple[str, dict[str, Any]]:
        while (block := await self.block()).startswith(":"):
            pass
        name, data = block.split("\n")
        return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

    async def ended(self) -> bool:
        async with asyncio.timeout(10):
            return await self._content.read() == b""


@asynccontextmanager
async def watching(server: Running, query: str = "") -> AsyncIterator[Watcher]:
    async with server.http.get(f"{server.api_url}/api/v1/events?{query}") as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        watcher = Watcher(response)
        assert await watcher.block() == ": welcome"
        yield watcher


async def test_what_happens_is_told(server: Running) -> None:
    async with watching(server) as watcher, server.charge_point("CP-1") as charger:
        await charger.send("BootNotification", V16_BOOT)
        name, data = await watcher.event()
        assert (name, data["charge_point_id"]) == ("charge_point_connected", "CP-1")
        name, data = await watcher.event()
        assert (name, data["registration_status"]) == ("charge_point_booted", "accepted")


async def test_a_watcher_hears_only_what_it_asked_for(server: Running) -> None:
    query = "type=charge_point_booted&charge_point_id=cp-2&charge_point_id=cp-3"
    async with watching(server, query) as watcher:
        for identity in ("CP-1", "CP-2", "CP-3"):
            async with server.charge_point(identity) as charger:
                await charger.send("BootNotification", V16_BOOT)
        heard = [await watcher.event() for _ in range(2)]
    assert [(name, data["charge_point_id"]) for name, data in heard] == [
        ("charge_point_booted", "CP-2"),
        ("charge_point_booted", "CP-3"),
    ]


async def test_energy_is_told_as_a_number(server: Running) -> None:
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2020-01-01T00:00:00Z"}
    async with (
        watching(server, "type=meter_values_received") as watcher,
        server.charge_point("CP-1") as charger,
    ):
        await charger.send("BootNotification", V16_BOOT)
        begun = await charger.send("StartTransaction", start)
        await charger.send(
            "MeterValues",
            {
                "connectorId": 1,
                "transactionId": begun["transactionId"],
                "meterValue": [
                    {"timestamp": "2020-01-01T01:00:00Z", "sampledValue": [{"value": "1500.5"}]}
                ],
            },
        )
        _, data = await watcher.event()
    assert data["meter_values"][0]["energy_wh"] == 1500.5


async def test_a_kind_that_does_not_exist_is_refused(server: Running) -> None:
    answer = await server.api("GET", "/events?type=transaction_startet")
    assert answer.status == 400
    assert "transaction_started" in answer.body["errors"][0]["allowed"]


async def test_there_is_room_for_so_many_watchers_and_one_that_leaves_makes_room(
    server: Running,
) -> None:
    async def status() -> int:
        async with server.http.get(f"{server.api_url}/api/v1/events") as response:
            return response.status

    headers = {"Authorization": server.http.headers["Authorization"]}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as crowd,
        AsyncExitStack() as stack,
    ):
        for _ in range(MAX_STREAMS):
            url = f"{server.api_url}/api/v1/events"
            response = await stack.enter_async_context(crowd.get(url))
            assert response.status == 200
        assert await status() == 429
    async with asyncio.timeout(30), server.charge_point("CP-1") as charger:
        while await status() == 429:
            await charger.send("BootNotification", V16_BOOT)


async def test_a_revoked_key_hears_nothing_more(server: Running) -> None:
    made = await server.post("/api-keys", {"name": "watcher"}, status=201)
    headers = {"Authorization": f"Bearer {made['key']}"}
    url = f"{server.api_url}/api/v1/events"
    async with server.http.get(url, headers=headers) as response:
        watcher = Watcher(response)
        await watcher.block()
        await server.api("DELETE", f"/api-keys/{made['id']}")
        assert await watcher.ended()


async def test_streams_end_when_the_server_stops(database_url: str, tmp_path: Path) -> None:
    async with running_app(database_url, tmp_path) as server, watching(server) as watcher:
        began = time.monotonic()
        stopping = asyncio.create_task(server.app.__aexit__(None, None, None))
        assert await watcher.ended()
        await stopping
        assert time.monotonic() - began < 5
