"""Machines that watch over the server are told the truth."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from outages import database_away
from prometheus_client.parser import text_string_to_metric_families
from running import V16_BOOT, Running, running_app

from csms.api.server import Api
from csms.gateway.links import LiveLinks
from csms.metrics import Metrics
from csms.services.commanding import CommandService
from csms.store import message_log
from csms.wiring import upkeep


async def read(server: Running, path: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as stranger,
        stranger.get(f"{server.api_url}{path}", headers=headers) as response,
    ):
        return response.status, await response.text()


async def test_a_server_that_can_serve_says_so(server: Running) -> None:
    assert await read(server, "/healthz") == (200, '{"status":"ok","reasons":[]}')
    assert await read(server, "/readyz") == (200, '{"status":"ok","reasons":[]}')


async def test_a_load_balancer_may_look_by_head(server: Running) -> None:
    async with aiohttp.ClientSession() as stranger:
        for path in ("/healthz", "/readyz", "/metrics"):
            async with stranger.head(f"{server.api_url}{path}") as response:
                assert (response.status, await response.read()) == (200, b"")


async def test_without_its_database_it_lives_but_is_not_ready(
    server: Running, database_server: str, database_url: str
) -> None:
    async with database_away(database_server, database_url):
        status, body = await read(server, "/readyz")
        assert status == 503
        assert body.count("the database does not answer") == 1
        assert (await read(server, "/healthz"))[0] == 200
        answer = await server.api("GET", "/charge-points")
        assert (answer.status, answer.body["type"]) == (503, "urn:csms:problem:unavailable")
        assert answer.body["detail"].count("the database does not answer") == 1
    await server.eventually("/charge-points", lambda page: page["items"] == [])
    assert (await read(server, "/readyz"))[0] == 200


async def test_an_outage_is_told_once_and_so_is_its_end(
    database_server: str,
    database_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upkeep, "DATABASE_CHECK_S", 0.01)
    caplog.set_level("INFO", "csms")

    def told(text: str, logger: str) -> int:
        said = [record for record in caplog.records if record.name == logger]
        return sum(text in record.getMessage() for record in said)

    async with (
        running_app(database_url, tmp_path) as server,
        server.charge_point("CP-1") as charger,
    ):
        await charger.send("BootNotification", V16_BOOT)
        async with database_away(database_server, database_url), asyncio.timeout(30):
            for _ in range(4):
                await charger.send("Heartbeat", {})
                await asyncio.sleep(message_log.PAUSE_S)
            while not told("does not answer", "csms.wiring.upkeep"):
                await asyncio.sleep(0.1)
        async with asyncio.timeout(30):
            while not told("answers again", "csms.wiring.upkeep"):
                await asyncio.sleep(0.1)
    assert told("does not answer", "csms.store.message_log") == 1
    assert told("does not answer", "csms.wiring.upkeep") == 1


async def test_requests_are_counted_by_route(server: Running) -> None:
    await server.api("GET", "/transactions/17")
    await server.api("GET", "/transactions/18")
    await server.api("GET", "/no/such/thing")
    _, text = await read(server, "/metrics")
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "csms_api_requests_total"
    }
    assert counted[("/api/v1/transactions/{transaction_id}", "404")] == 2
    assert counted[("unknown", "404")] == 1


async def test_metrics_can_be_closed(database_url: str, tmp_path: Path) -> None:
    async with running_app(database_url, tmp_path, metrics_public=False) as server:
        assert (await read(server, "/metrics"))[0] == 401
        key = server.http.headers["Authorization"]
        assert (await read(server, "/metrics", Authorization=key))[0] == 200


@pytest.mark.parametrize("path", ["/api/v1/charge-points", "/healthz", "/api/v1/openapi.json"])
async def test_no_answer_is_cached_framed_or_guessed_at(server: Running, path: str) -> None:
    async with server.http.get(f"{server.api_url}{path}") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_a_server_that_chargers_cannot_reach_is_not_ready(server: Running) -> None:
    links = LiveLinks()
    api = Api(
        server.settings,
        server.app.database,
        server.app.services,
        CommandService(links, {}, timeout_s=1),
        links,
        Metrics(),
        [lambda: "nothing listens"],
    )
    await api.start()
    try:
        async with server.http.get(f"http://127.0.0.1:{api.port}/readyz") as response:
            assert response.status == 503
            assert (await response.json())["reasons"] == ["nothing listens"]
    finally:
        await api.stop()
