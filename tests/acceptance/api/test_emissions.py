"""What charging did to the climate: by region, by the hour, and what a site makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running import V16_BOOT, Running

from csms.smart_charging.price_curve import Goal
from csms.store.load_management import LoadStore

HOUR = timedelta(hours=1)
BEGAN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 4 * HOUR


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def register(wh: int, at: datetime) -> dict[str, Any]:
    return {"timestamp": text(at), "sampledValue": [{"value": str(wh)}]}


async def set_up(server: Running, intensities: list[int], **climate: Any) -> None:
    """A site in Portugal whose grid's intensity is known hour by hour."""
    await server.post("/sites", {"id": "garage", "name": "Garage"}, status=201)
    await server.put("/grid-regions/PT", {"name": "Portugal"})
    if intensities:
        points = [
            {"starts_at": text(BEGAN + HOUR * n), "g_per_kwh": grams}
            for n, grams in enumerate(intensities)
        ]
        assert await server.put("/grid-regions/PT/intensities", {"points": points}) == {
            "count": len(points)
        }
    await server.put("/sites/garage/climate", {"region_id": "PT", **climate})


async def charge(server: Running) -> int:
    """1 kWh in the first hour and 3 kWh in the second."""
    await server.add_token("CARD-1")
    await server.accept("CP-1", site_id="garage")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply={"status": "Accepted"})
        start = {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": text(BEGAN)}
        number: int = (await charger.send("StartTransaction", start))["transactionId"]
        values = [register(500, BEGAN + HOUR / 2), register(1000, BEGAN + HOUR)]
        report = {"connectorId": 1, "transactionId": number, "meterValue": values}
        await charger.send("MeterValues", report)
        stop = {"transactionId": number, "meterStop": 4000, "timestamp": text(BEGAN + 2 * HOUR)}
        await charger.send("StopTransaction", stop)
    return number


async def test_each_hours_energy_counts_with_its_own_intensity(server: Running) -> None:
    await set_up(server, [100, 200, 300], car_g_per_km=170, car_wh_per_km=200)
    number = await charge(server)
    found = await server.get(f"/transactions/{number}/emissions")
    assert found["emitted_g"] == 1 * 100 + 3 * 200
    assert found["avoided_g"] == 4000 / 200 * 170 - 700
    assert (found["energy_wh"], found["unknown_wh"]) == (4000, 0)


async def test_energy_without_a_known_intensity_is_told_apart(server: Running) -> None:
    await set_up(server, [100], car_g_per_km=170, car_wh_per_km=200)
    found = await server.get(f"/transactions/{await charge(server)}/emissions")
    assert (found["emitted_g"], found["unknown_wh"]) == (100, 3000)
    assert found["avoided_g"] == 1000 / 200 * 170 - 100


async def test_a_sites_report_sums_up_what_ended_in_a_time(server: Running) -> None:
    await set_up(server, [100, 200, 300])
    await charge(server)
    query = f"from={text(BEGAN)}&to={text(BEGAN + 3 * HOUR)}"
    report = await server.get(f"/sites/garage/emissions?{query}")
    assert (report["transactions"], report["energy_wh"], report["emitted_g"]) == (1, 4000, 700)
    query = f"from={text(BEGAN)}&to={text(BEGAN + HOUR)}"
    assert (await server.get(f"/sites/garage/emissions?{query}"))["transactions"] == 0


async def test_a_time_that_runs_backwards_is_refused_by_name(server: Running) -> None:
    await set_up(server, [])
    query = f"from={text(BEGAN)}&to={text(BEGAN)}"
    answer = await server.api("GET", f"/sites/garage/emissions?{query}")
    assert (answer.status, answer.body["errors"][0]["field"]) == (400, "to")


async def test_a_site_without_a_region_says_so(server: Running) -> None:
    await server.post("/sites", {"id": "garage", "name": "Garage"}, status=201)
    query = f"from={text(BEGAN)}&to={text(BEGAN + HOUR)}"
    answer = await server.api("GET", f"/sites/garage/emissions?{query}")
    assert (answer.status, answer.body["detail"]) == (409, "site garage has no grid region")


async def test_a_region_with_sites_is_not_deleted(server: Running) -> None:
    await set_up(server, [100])
    assert (await server.api("DELETE", "/grid-regions/PT")).status == 409
    assert (await server.api("DELETE", "/sites/garage/climate")).status == 204
    assert (await server.api("DELETE", "/grid-regions/PT")).status == 204


async def test_a_series_is_corrected_point_by_point(server: Running) -> None:
    await set_up(server, [100, 200])
    point = {"starts_at": text(BEGAN), "g_per_kwh": 90.5}
    await server.put("/grid-regions/PT/intensities", {"points": [point]})
    items = (await server.get("/grid-regions/PT/intensities"))["items"]
    assert [item["g_per_kwh"] for item in items] == [90.5, 200]
    answer = await server.api("PUT", "/grid-regions/PT/intensities", {"points": [point, point]})
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "points.1.starts_at")


@pytest.mark.parametrize(
    ("plan_by", "goal", "prices"),
    [("emissions", Goal.EMISSIONS, [300.0]), ("price", Goal.COST, [0.25])],
)
async def test_a_sites_plans_keep_low_what_it_asks_for(
    server: Running, plan_by: str, goal: Goal, prices: list[float]
) -> None:
    await set_up(server, [100, 200, 300], plan_by=plan_by)
    now = BEGAN + 2.5 * HOUR
    point = {"starts_at": text(now), "price": 0.25}
    await server.put("/sites/garage/prices", {"points": [point]})
    store = LoadStore(server.app.database, server.app.services.clock)
    expected = await store.expectations("garage", now)
    assert (expected.goal, [point.price for point in expected.prices]) == (goal, prices)


async def test_without_known_emissions_plans_go_by_price(server: Running) -> None:
    await set_up(server, [], plan_by="emissions")
    store = LoadStore(server.app.database, server.app.services.clock)
    assert (await store.expectations("garage", BEGAN)).goal is Goal.COST
