"""Owners and drivers see what load management does, and say what they need."""

from __future__ import annotations

from typing import Any

from acceptance.api.installation import BREAKER, EVSE, refused, set_up
from running import V16_BOOT, Running

STEERED_BY = ("ClearChargingProfile", "GetCompositeSchedule", "SetChargingProfile")


async def charging(server: Running) -> int:
    """A car charges at CP-1; returns the transaction's id."""
    await server.add_token("CARD")
    async with server.charge_point("CP-1") as charger:
        for action in STEERED_BY:
            charger.tolerate(action, {"status": "Rejected"})
        charger.tolerate("GetConfiguration", {})
        await charger.send("BootNotification", V16_BOOT)
        started = await charger.send(
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": "CARD",
                "meterStart": 0,
                "timestamp": server.app.services.clock.now().isoformat(),
            },
        )
    return int(started["transactionId"])


async def test_a_driver_says_what_the_car_needs_and_until_when(server: Running) -> None:
    await set_up(server)
    transaction_id = await charging(server)
    path = f"/transactions/{transaction_id}/charging-need"
    before = (await server.get("/sites/garage"))["version"]
    need = {"departure_at": "2099-01-31T07:00:00Z", "energy_wh": 12_000}
    said = await server.put(path, need)
    assert (said["departure_at"], said["energy_wh"]) == ("2099-01-31T07:00:00Z", 12_000)
    assert (await server.get("/sites/garage"))["version"] > before
    assert await server.get(path) == said
    assert (await server.api("DELETE", path)).status == 204
    assert (await server.api("GET", path)).status == 404


async def test_a_departure_is_in_the_future(server: Running) -> None:
    await set_up(server)
    path = f"/transactions/{await charging(server)}/charging-need"
    body = {"departure_at": "2020-01-31T07:00:00Z"}
    refused(await server.api("PUT", path, body), 422, "departure_at")


async def test_an_unknown_transaction_needs_nothing(server: Running) -> None:
    assert (await server.api("PUT", "/transactions/7/charging-need", {})).status == 404


async def test_alarms_are_listed_until_they_are_over_and_after(server: Running) -> None:
    await set_up(server)
    await server.rows(
        "INSERT INTO load_alarms (site_id, kind, subject, severity, message, raised_at, "
        "updated_at, cleared_at) VALUES "
        "('garage', 'meter_silent', 'main', 'warning', 'silent', now(), now(), now()), "
        "('garage', 'overdraw', 'CP-1/1', 'critical', '20 A over', now(), now(), NULL)"
    )
    listed = (await server.get("/load-alarms?site_id=garage"))["items"]
    assert [alarm["kind"] for alarm in listed] == ["overdraw", "meter_silent"]
    active = (await server.get("/load-alarms?active=true"))["items"]
    assert [alarm["subject"] for alarm in active] == ["CP-1/1"]


async def test_switches_between_one_and_three_phases_are_listed(server: Running) -> None:
    await set_up(server)
    await server.rows(
        "INSERT INTO phase_switches (charge_point_key, evse_id, at, from_phases, to_phases, reason)"
        " SELECT key, 1, now(), 3, 1, 'little sun' FROM charge_points"
    )
    (switch,) = (await server.get("/evses/CP-1/1/phase-switches"))["items"]
    assert (switch["from_phases"], switch["to_phases"], switch["reason"]) == (3, 1, "little sun")


async def dry_run(server: Running, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await server.post("/sites/garage/dry-run", body)
    return found


async def test_a_dry_run_tells_who_would_get_what_and_why(server: Running) -> None:
    await set_up(server)
    new = {"charge_point_id": "NEW", "evse_id": 1, **EVSE, "phases": "L1", "rated_a": 32}
    tried = await dry_run(server, {"evses": [new]})
    limits = {one["charge_point_id"]: one["limit_a"] for one in tried["evses"]}
    assert limits == {"CP-1": 16, "NEW": 16}
    (car,) = [one for one in tried["evses"] if one["charge_point_id"] == "NEW"]
    assert car["binding"] == "Piso -3 Circuito 2, L1, 32 A"
    assert (await server.api("GET", "/evses/NEW/1")).status == 404


async def test_a_dry_run_tries_other_breakers_and_loads(server: Running) -> None:
    await set_up(server)
    tried = await dry_run(
        server,
        {
            "circuits": [{"id": "floor-3-2", "breaker_a": 20}],
            "other_loads": [{"circuit_id": "floor-3-2", "load_a": 8}],
        },
    )
    (evse,) = tried["evses"]
    assert (evse["limit_a"], evse["phases"]) == (12, "L1L2L3")
    circuits = {one["circuit_id"]: one for one in tried["circuits"]}
    assert circuits["floor-3-2"]["chargers_a"] == {"l1": 12, "l2": 12, "l3": 12}
    assert (await server.get("/circuits/floor-3-2"))["breaker_a"]["l1"] == 32


async def test_a_dry_run_of_what_cannot_be_says_why(server: Running) -> None:
    await set_up(server)
    tried = await dry_run(server, {"circuits": [{"id": "floor-3", "parent_id": "floor-3-2"}]})
    assert {found["level"] for found in tried["findings"]} == {"error"}
    assert tried["evses"] == []


async def test_a_dry_run_of_a_site_without_circuits_is_empty(server: Running) -> None:
    await server.put("/sites/garage", {})
    assert await dry_run(server, {}) == {"findings": [], "circuits": [], "evses": []}


async def test_a_dry_run_names_what_is_unknown(server: Running) -> None:
    await set_up(server)
    for body, field in [
        ({"cars": [{"charge_point_id": "X", "evse_id": 1}]}, "cars.0"),
        ({"other_loads": [{"circuit_id": "x", "load_a": 1}]}, "other_loads.0.circuit_id"),
        ({"circuits": [{"id": "x", "parent_id": "main"}]}, "circuits.0.breaker_a"),
        ({"evses": [{"charge_point_id": "X", "evse_id": 1}]}, "evses.0.circuit_id"),
        ({"evses": [{"charge_point_id": "CP-1", "evse_id": 1, "phases": "X"}]}, "evses.0.phases"),
    ]:
        refused(await server.api("POST", "/sites/garage/dry-run", body), 422, field)


async def test_the_allocation_of_a_site_that_is_not_there_is_not_found(server: Running) -> None:
    assert (await server.api("GET", "/sites/garage/allocation")).status == 404


async def test_two_sites_have_circuits_of_their_own(server: Running) -> None:
    await set_up(server)
    await server.put("/sites/home", {})
    await server.put("/circuits/house", {**BREAKER, "site_id": "home"})
    listed = (await server.get("/circuits?site_id=home"))["items"]
    assert [one["id"] for one in listed] == ["house"]
    assert (await server.get("/evses?site_id=home"))["items"] == []
    assert len((await server.get("/evses?circuit_id=floor-3-2"))["items"]) == 1
