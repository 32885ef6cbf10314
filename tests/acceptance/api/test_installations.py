"""An installer sets up a garage, and is told what can't be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from acceptance.api.installation import BREAKER, EVSE, once_set_up, refused, set_up
from running import Running, sharing_a_server


async def version(server: Running) -> int:
    return int((await server.get("/sites/garage"))["version"])


async def test_a_garage_is_set_up_from_the_grid_connection_downwards(server: Running) -> None:
    await set_up(server)
    circuits = (await server.get("/circuits?site_id=garage"))["items"]
    assert [(one["id"], one["parent_id"]) for one in circuits] == [
        ("floor-3", "main"),
        ("floor-3-2", "floor-3"),
        ("main", None),
    ]
    assert circuits[1]["breaker_a"] == {"l1": 32, "l2": 32, "l3": 32}
    evse = await server.get("/evses/cp-1/1")
    assert (evse["charge_point_id"], evse["site_id"], evse["phases"]) == (
        "CP-1",
        "garage",
        "L2L3L1",
    )
    assert (evse["mode"], evse["min_a"], evse["controllable"]) == ("power", 6, True)
    assert (await server.get("/charge-points/CP-1"))["site_id"] == "garage"
    assert (await server.get("/sites/garage/findings"))["items"] == []


async def test_amps_may_differ_by_phase(server: Running) -> None:
    await server.put("/sites/garage", {})
    made = await server.put("/circuits/main", {**BREAKER, "breaker_a": {"l1": 35, "l3": 25.5}})
    assert made["breaker_a"] == {"l1": 35, "l2": 0, "l3": 25.5}


async def test_on_a_single_phase_site_one_number_means_its_only_phase(server: Running) -> None:
    await server.put("/sites/garage", {"network": "single_phase"})
    made = await server.put("/circuits/main", BREAKER)
    assert made["breaker_a"] == {"l1": 63, "l2": 0, "l3": 0}


async def parents(server: Running) -> dict[str, str | None]:
    circuits = (await server.get("/circuits?site_id=garage"))["items"]
    return {one["id"]: one["parent_id"] for one in circuits}


async def test_a_new_grid_connection_is_put_above_the_old_one(server: Running) -> None:
    await set_up(server)
    above = {**BREAKER, "id": "0-transformer", "site_id": "garage", "feeds": ["main"]}
    made = await server.api("POST", "/circuits", above)
    assert made.status == 201, made
    assert await parents(server) == {
        "0-transformer": None,
        "main": "0-transformer",
        "floor-3": "main",
        "floor-3-2": "floor-3",
    }


async def test_the_grid_connection_gets_another_id(server: Running) -> None:
    await set_up(server)
    await server.put("/circuits/meter-room", {**BREAKER, "site_id": "garage", "feeds": ["main"]})
    await server.put("/circuits/meter-room", {**BREAKER, "feeds": ["floor-3"]})
    assert (await server.api("DELETE", "/circuits/main")).status == 204
    assert await parents(server) == {
        "meter-room": None,
        "floor-3": "meter-room",
        "floor-3-2": "floor-3",
    }


async def test_two_circuits_change_places(server: Running) -> None:
    await set_up(server)
    await server.put("/circuits/floor-3", {**BREAKER, "feeds": ["main"]})
    assert await parents(server) == {"floor-3": None, "main": "floor-3", "floor-3-2": "floor-3"}


async def test_every_change_below_a_site_counts_its_version_up(server: Running) -> None:
    await set_up(server)
    seen = [await version(server)]
    changes: list[tuple[str, str, Any]] = [
        ("PUT", "/sites/garage", {"name": "Garage"}),
        ("PUT", "/circuits/main", {**BREAKER, "breaker_a": 125}),
        ("PUT", "/evses/CP-1/1", {**EVSE, "rated_a": 32}),
        ("POST", "/evses/CP-1/1/mode", {"mode": "solar_pure"}),
        ("PUT", "/meters/grid", {"circuit_id": "main", "kind": "api"}),
        ("POST", "/circuits/main/limit-orders", {"power_w": 10_000}),
        ("DELETE", "/limit-orders/1", None),
        ("PUT", "/sites/garage/prices", {"points": [point(0, 0.2)]}),
        ("POST", "/circuits/floor-3/readings", {"current_a": 12}),
        ("DELETE", "/meters/grid", None),
        ("DELETE", "/evses/CP-1/1", None),
        ("DELETE", "/circuits/floor-3-2", None),
    ]
    for method, path, body in changes:
        answer = await server.api(method, path, body)
        assert answer.status < 300, (method, path, answer)
        seen.append(await version(server))
        assert seen[-1] > seen[-2], (method, path)


async def test_a_refused_change_leaves_everything_as_it_was(server: Running) -> None:
    await set_up(server)
    before = (await version(server), (await server.get("/circuits"))["items"])
    body = {**BREAKER, "parent_id": "floor-3-2"}
    refused(await server.api("PUT", "/circuits/main", body), 422, "parent_id")
    assert (await version(server), (await server.get("/circuits"))["items"]) == before


@sharing_a_server
@pytest.mark.parametrize(
    ("path", "body", "field", "words"),
    [
        ("/circuits/floor-3", {**BREAKER, "parent_id": "floor-3-2"}, "parent_id", "feed itself"),
        ("/circuits/new", BREAKER, "parent_id", "one grid connection"),
        ("/circuits/0-new", BREAKER, "parent_id", "`feeds` what a new one feeds"),
        ("/circuits/new", {**BREAKER, "feeds": ["attic"]}, "feeds", "other circuits"),
        ("/circuits/main", {**BREAKER, "feeds": ["main"]}, "feeds", "other circuits"),
        (
            "/circuits/floor-3",
            {**BREAKER, "parent_id": "main", "feeds": ["main"]},
            "parent_id",
            "feed itself",
        ),
        ("/circuits/new", {**BREAKER, "parent_id": "attic"}, "parent_id", "no circuit 'attic'"),
        ("/circuits/new", {**BREAKER, "site_id": "attic"}, "site_id", "a site that there is"),
        ("/circuits/new", {"breaker_a": 16}, "site_id", "the site of a new circuit"),
        ("/circuits/new", {**BREAKER, "parent_id": "main", "breaker_a": 0}, "breaker_a", "0 A"),
        ("/evses/CP-1/1", {**EVSE, "circuit_id": "attic"}, "circuit_id", "a circuit that there is"),
        ("/evses/CP-1/1", {**EVSE, "phases": "L4"}, "phases", "RST"),
        ("/evses/CP-1/1", {**EVSE, "phases": "L1-L2"}, "phases", "for IT nets"),
        ("/evses/CP-1/1", {**EVSE, "min_a": 20}, "min_a", "above rated_a"),
        ("/evses/CP-1/1", {**EVSE, "mode": "time_plan"}, "time_plan", "seven days"),
        ("/sites/garage", {"time_zone": "Lisbon"}, "time_zone", "Europe/Lisbon"),
        ("/sites/garage", {"pv_groups": [{"panels": 9, "panel_peak_w": 400}]}, "latitude", "solar"),
        ("/meters/m", {"circuit_id": "attic", "kind": "api"}, "circuit_id", "a circuit that"),
    ],
)
async def test_what_cannot_be_is_named(
    shared_server: Running, path: str, body: dict[str, Any], field: str, words: str
) -> None:
    await once_set_up(shared_server)
    assert words in refused(await shared_server.api("PUT", path, body), 422, field)


async def test_an_evse_on_a_phase_that_its_circuit_lacks_is_refused(server: Running) -> None:
    await set_up(server)
    body = {**BREAKER, "parent_id": "floor-3", "breaker_a": {"l2": 16}}
    await server.put("/circuits/lamp", body)
    wrong = {**EVSE, "circuit_id": "lamp", "phases": "L1"}
    answer = await server.api("PUT", "/evses/CP-1/1", wrong)
    assert "is on L1, but circuit 'lamp' has L2 alone" in refused(answer, 422, "phases")


async def test_a_circuit_loses_no_phase_on_which_an_evse_hangs(server: Running) -> None:
    await set_up(server)
    body = {**BREAKER, "parent_id": "floor-3", "breaker_a": {"l1": 32, "l2": 32}}
    assert "CP-1/1 is on L3" in refused(await server.api("PUT", "/circuits/floor-3-2", body), 409)


async def test_a_circuit_must_hold_the_evses_that_no_profile_reaches(server: Running) -> None:
    await set_up(server)
    await server.put("/evses/CP-1/1", {**EVSE, "rated_a": 32, "controllable": False})
    body = {**BREAKER, "parent_id": "floor-3", "breaker_a": 25}
    detail = refused(await server.api("PUT", "/circuits/floor-3-2", body), 422, "breaker_a")
    assert "may carry 25 A on L1, but its EVSEs that can't be controlled may draw 32 A" in detail


async def test_what_is_odd_comes_back_as_a_warning(server: Running) -> None:
    await set_up(server)
    body = {**BREAKER, "parent_id": "main", "breaker_a": 160}
    changed = await server.put("/circuits/floor-3", body)
    (warning,) = changed["warnings"]
    assert warning["field"] == "circuits/floor-3/breaker_a"
    assert "more than the 100 A of circuit 'main'" in warning["message"]
    assert (await server.get("/sites/garage/findings"))["items"] == changed["warnings"]


async def test_what_something_hangs_on_stays(server: Running) -> None:
    await set_up(server)
    assert "circuits" in refused(await server.api("DELETE", "/sites/garage"), 409)
    assert "circuits" in refused(await server.api("DELETE", "/circuits/main"), 409)
    assert "EVSEs" in refused(await server.api("DELETE", "/circuits/floor-3-2"), 409)
    assert "circuits" in refused(await server.api("DELETE", "/charge-points/CP-1"), 409)
    await server.put("/meters/m", {"circuit_id": "floor-3-2", "kind": "api"})
    await server.post("/circuits/floor-3-2/limit-orders", {"power_w": 0}, status=201)
    for path, status in [
        ("/evses/CP-1/1", 204),
        ("/circuits/floor-3-2", 409),
        ("/meters/m", 204),
        ("/circuits/floor-3-2", 409),
        ("/limit-orders/1", 200),
        ("/circuits/floor-3-2", 204),
        ("/circuits/floor-3", 204),
        ("/circuits/main", 204),
        ("/sites/garage", 204),
    ]:
        assert (await server.api("DELETE", path)).status == status, path


async def test_a_charger_is_at_the_site_of_its_circuits(server: Running) -> None:
    await set_up(server)
    await server.put("/sites/home", {})
    await server.put("/circuits/house", {"site_id": "home", "breaker_a": 63})
    answer = await server.api("PUT", "/evses/CP-1/1", {**EVSE, "circuit_id": "house"})
    assert "has the site_id 'garage'" in refused(answer, 409)
    answer = await server.api("PUT", "/charge-points/CP-1", {"site_id": "home"})
    assert "in a circuit of site 'garage'" in refused(answer, 409)


async def test_a_connected_charger_is_at_its_site_at_once(server: Running) -> None:
    await server.put("/sites/garage", {})
    await server.put("/circuits/floor-3-2", BREAKER)
    async with server.charge_point("CP-7"):
        await server.eventually("/charge-points/CP-7", lambda one: one["connected"])
        await server.put("/evses/CP-7/1", EVSE)
        live = server.app.services.charge_points.live("CP-7")
        assert live is not None
        assert live.site_id == "garage"


async def test_ids_are_taken_once(server: Running) -> None:
    await set_up(server)
    assert (await server.api("POST", "/sites", {"id": "garage"})).status == 409
    body = {**BREAKER, "id": "floor-3", "parent_id": "main"}
    assert "at site 'garage'" in refused(await server.api("POST", "/circuits", body), 409)
    await server.put("/sites/home", {})
    answer = await server.api("PUT", "/circuits/floor-3", {"site_id": "home", "breaker_a": 16})
    assert "can't move" in refused(answer, 409)


async def test_the_owner_changes_the_mode_alone(server: Running) -> None:
    await set_up(server)
    week = [["solar_pure"] * 24] * 7
    changed = await server.post("/evses/CP-1/1/mode", {"mode": "time_plan", "time_plan": week})
    assert (changed["mode"], changed["time_plan"]) == ("time_plan", week)
    plus = {"floor": "50%", "solar_share": 0.6}
    changed = await server.post("/evses/CP-1/1/mode", {"mode": "solar_plus", "solar_plus": plus})
    assert (changed["solar_plus"], changed["time_plan"]) == (plus, week)
    again = await server.put("/evses/CP-1/1", {**EVSE, "rated_a": 20})
    assert (again["rated_a"], again["mode"], again["solar_plus"]) == (20, "solar_plus", plus)


async def test_a_reading_by_api_is_the_circuits_latest(server: Running) -> None:
    await set_up(server)
    reading = {"current_a": {"l1": 12.5, "l2": -3, "l3": 0}, "power_w": 2185, "battery_w": -100}
    await server.post("/circuits/main/readings", reading, status=202)
    circuit = await server.get("/circuits/main")
    assert circuit["has_meter"]
    assert circuit["last_reading"]["current_a"] == {"l1": 12.5, "l2": -3, "l3": 0}
    assert circuit["last_reading"]["battery_w"] == -100


async def test_an_old_reading_replaces_no_newer_one(server: Running) -> None:
    await set_up(server)
    newest = await server.post("/circuits/main/readings", {"current_a": 10}, status=202)
    past = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    body = {"current_a": 99, "measured_at": past}
    late = await server.post("/circuits/main/readings", body, status=202)
    circuit = await server.get("/circuits/main")
    assert circuit["last_reading"]["current_a"]["l1"] == 10
    assert (newest["latest"], late["latest"]) == (True, False)


@sharing_a_server
@pytest.mark.parametrize("minutes", [-61, 2])
async def test_a_reading_of_another_time_is_refused(shared_server: Running, minutes: float) -> None:
    await once_set_up(shared_server)
    moment = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    body = {"current_a": 10, "measured_at": moment}
    refused(await shared_server.api("POST", "/circuits/main/readings", body), 422, "measured_at")


async def test_a_circuit_that_its_own_meter_reads_takes_no_other_readings(server: Running) -> None:
    await set_up(server)
    modbus = {"circuit_id": "main", "kind": "modbus", "settings": {"host": "10.0.0.7"}}
    await server.put("/meters/grid", modbus)
    answer = await server.api("POST", "/circuits/main/readings", {"current_a": 10})
    assert "is read by its meter 'grid'" in refused(answer, 409)
    other = {"circuit_id": "main", "kind": "api"}
    assert "'grid'" in refused(await server.api("PUT", "/meters/second", other), 409)
    await server.put("/meters/grid", {**modbus, "enabled": False})
    await server.put("/meters/second", other)


async def test_wrong_settings_of_a_meter_are_named(server: Running) -> None:
    await set_up(server)
    body = {"circuit_id": "main", "kind": "modbus", "settings": {"host": "10.0.0.7", "port": 0}}
    refused(await server.api("PUT", "/meters/grid", body), 422, "settings.port")


async def test_limit_orders_stay_in_the_history(server: Running) -> None:
    await set_up(server)
    later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    await server.post("/circuits/main/limit-orders", {"limit_a": 20, "reason": "§ 14a"}, status=201)
    future = {"power_w": 4200, "starts_at": later}
    await server.post("/circuits/floor-3/limit-orders", future, status=201)
    listed = await server.get("/limit-orders?site_id=garage")
    assert [order["circuit_id"] for order in listed["items"]] == ["floor-3", "main"]
    active = await server.get("/limit-orders?active=true")
    assert [order["reason"] for order in active["items"]] == ["§ 14a"]
    cancelled = await server.api("DELETE", "/limit-orders/1")
    assert cancelled.body["cancelled_by"] == "tests"
    assert (await server.get("/limit-orders/1"))["cancelled_at"] is not None
    assert (await server.get("/limit-orders?active=true"))["items"] == []


@sharing_a_server
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "power_w"),
        ({"power_w": 1, "ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        (
            {
                "power_w": 1,
                "starts_at": "2099-01-02T00:00:00Z",
                "ends_at": "2099-01-01T00:00:00Z",
            },
            "ends_at",
        ),
    ],
)
async def test_an_order_that_limits_nothing_is_refused(
    shared_server: Running, body: dict[str, Any], field: str
) -> None:
    await once_set_up(shared_server)
    refused(await shared_server.api("POST", "/circuits/main/limit-orders", body), 422, field)


async def test_the_grid_operators_signal_sets_and_takes_back_a_limit(server: Running) -> None:
    await set_up(server)
    answer = await server.api("POST", "/circuits/main/signal")
    assert "listens to no signal" in refused(answer, 409)
    signal = {"failsafe_power_w": 4200}
    await server.put("/circuits/main", {**BREAKER, "breaker_a": 100, "signal": signal})
    heard = await server.post("/circuits/main/signal", {"limit_power_w": 7000})
    assert heard["limit_power_w"] == 7000
    assert (await server.post("/circuits/main/signal"))["limit_power_w"] == 7000
    assert (await server.get("/circuits/main"))["signal_at"] is not None
    (order,) = (await server.get("/limit-orders?active=true"))["items"]
    assert (order["power_w"], order["source"]) == (7000, "signal")
    await server.post("/circuits/main/signal", {"limit_power_w": None})
    assert (await server.get("/limit-orders?active=true"))["items"] == []
    assert len((await server.get("/limit-orders"))["items"]) == 1


def point(quarter: int, price: float, **more: Any) -> dict[str, Any]:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(minutes=15 * quarter)
    return {"starts_at": at.isoformat(), "price": price, **more}


async def test_prices_are_kept_to_the_cent_by_quarter_hours(server: Running) -> None:
    await server.put("/sites/home", {})
    series = [point(0, 0.2315, minutes=60), point(4, -0.01, export_price=0.05)]
    assert (await server.put("/sites/home/prices", {"points": series}))["count"] == 5
    await server.put("/sites/home/prices", {"points": [point(1, 0.3, emissions_g_per_kwh=120)]})
    listed = (await server.get("/sites/home/prices"))["items"]
    assert [one["price"] for one in listed] == [0.2315, 0.3, 0.2315, 0.2315, -0.01]
    assert listed[4]["export_price"] == 0.05
    path = "/sites/home/prices?from=2026-01-31T12:15:00Z&to=2026-01-31T12:30:00Z"
    assert len((await server.get(path))["items"]) == 1
    assert (await server.api("DELETE", "/sites/home/prices")).status == 204
    assert (await server.get("/sites/home/prices"))["items"] == []


@pytest.mark.parametrize(
    "points",
    [[point(0, 1), point(0, 2)], [{"starts_at": "2026-01-31T12:07:00Z", "price": 1}]],
    ids=["twice", "between quarters"],
)
async def test_a_quarter_hour_has_one_price(server: Running, points: list[Any]) -> None:
    await server.put("/sites/home", {})
    answer = await server.api("PUT", "/sites/home/prices", {"points": points})
    assert "a quarter of an hour" in refused(answer, 422)


async def test_panels_of_a_roof_belong_to_the_site(server: Running) -> None:
    groups = [
        {"panels": 12, "panel_peak_w": 430, "azimuth_deg": 90, "tilt_deg": 30},
        {"panels": 12, "panel_peak_w": 430, "azimuth_deg": 270, "tilt_deg": 30},
    ]
    body = {"latitude": 38.7, "longitude": -9.1, "pv_groups": groups}
    assert (await server.put("/sites/home", body))["pv_groups"] == groups
    assert (await server.get("/sites/home"))["pv_groups"] == groups
    assert (await server.put("/sites/home", {}))["pv_groups"] == []


async def test_who_may_only_read_changes_nothing(server: Running) -> None:
    key = await server.post("/api-keys", {"name": "eyes", "role": "read-only"}, status=201)
    headers = {"Authorization": f"Bearer {key['key']}"}
    url = f"{server.api_url}/api/v1/sites/garage"
    async with server.http.put(url, json={}, headers=headers) as response:
        assert response.status == 403


async def test_changes_of_an_installation_are_in_the_audit_log(server: Running) -> None:
    await set_up(server)
    lines = (await server.get("/audit-log"))["items"]
    assert {"evses/CP-1/1", "circuits/main", "sites/garage"} <= {line["target"] for line in lines}
