"""An installer sees which meters give readings, and why others don't."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from acceptance.api.installation import refused, set_up
from running import Running

NOWHERE = {"circuit_id": "floor-3", "kind": "modbus", "settings": {"host": "127.0.0.1", "port": 1}}


async def test_a_meter_that_cannot_be_reached_says_why(server: Running) -> None:
    await set_up(server)
    await server.put("/meters/floor", NOWHERE)

    def has_failed(shown: Any) -> bool:
        return shown["health"]["last_error"] is not None

    health = (await server.eventually("/meters/floor", has_failed))["health"]
    assert health["failing"]
    assert "no connection to 127.0.0.1" in health["last_error"]
    assert health["last_reading_at"] is None


async def test_a_meter_whose_readings_are_posted_is_well_while_they_are_fresh(
    server: Running,
) -> None:
    await set_up(server)
    await server.put("/meters/grid", {"circuit_id": "main", "kind": "api"})
    assert (await server.get("/meters/grid"))["health"]["failing"]
    await server.post("/circuits/main/readings", {"current_a": 10}, status=202)
    assert not (await server.get("/meters/grid"))["health"]["failing"]


async def test_a_meter_without_a_reading_for_too_long_is_failing(server: Running) -> None:
    await set_up(server)
    await server.put("/meters/grid", {"circuit_id": "main", "kind": "api"})
    old = (datetime.now(UTC) - timedelta(seconds=90)).isoformat()
    body = {"current_a": 10, "measured_at": old}
    await server.post("/circuits/main/readings", body, status=202)
    assert (await server.get("/meters/grid"))["health"]["failing"]


async def test_the_failing_meters_are_listed(server: Running) -> None:
    await set_up(server)
    await server.put("/meters/grid", {"circuit_id": "main", "kind": "api"})
    await server.put("/meters/floor", NOWHERE)
    await server.put("/meters/off", {"circuit_id": "floor-3-2", "kind": "api", "enabled": False})
    await server.post("/circuits/main/readings", {"current_a": 10}, status=202)
    listed = (await server.get("/meters/health?site_id=garage"))["items"]
    assert [(one["meter_id"], one["failing"]) for one in listed] == [
        ("floor", True),
        ("grid", False),
    ]
    failing = (await server.get("/meters/health?failing=true"))["items"]
    assert [one["meter_id"] for one in failing] == ["floor"]


async def test_no_meter_may_be_called_health(server: Running) -> None:
    await set_up(server)
    body = {"circuit_id": "main", "kind": "api"}
    assert (await server.api("PUT", "/meters/health", body)).status == 405
    refused(await server.api("POST", "/meters", {**body, "id": "health"}), 422, "id")
