"""What would it cost? Nothing of it is kept."""

from __future__ import annotations

from acceptance.pricing.bodies import energy, flat_rate, four_periods
from acceptance.pricing.charging import MONDAY, charge, cost
from acceptance.pricing.test_pricing import set_up
from running import V16_BOOT, Running

JUNE_MORNING = {
    "started_at": "2025-06-02T07:45:00Z",
    "ended_at": "2025-06-02T08:45:00Z",
    "readings": [
        {"at": "2025-06-02T07:45:00Z", "register_wh": 100_000},
        {"at": "2025-06-02T08:45:00Z", "register_wh": 106_000},
    ],
}


async def test_readings_are_priced_under_a_tariff_in_the_body(server: Running) -> None:
    body = {"usage": JUNE_MORNING, "tariff": four_periods(), "time_zone": "Europe/Lisbon"}

    found = await server.post("/cost-calculations", body)

    assert [(each["name"], each["quantity"], each["amount"]) for each in found["lines"]] == [
        ("Cheia 1", 3, 0.68),
        ("Ponta", 3, 0.74),
    ]
    assert (found["gross"], found["currency"], found["flags"]) == (1.42, "EUR", ["no_readings"])
    assert (await server.get("/tariffs"))["items"] == []


async def test_a_market_tariff_takes_the_prices_given_and_tells_what_lacks(
    server: Running,
) -> None:
    tariff = flat_rate(0)
    tariff["versions"][0]["elements"][0]["components"] = [energy(0.06, market={"factor": 1.1})]
    quarters = ("07:45", "08:00", "08:15", "08:30")
    prices = [
        {"starts_at": f"2025-06-02T{clock}:00Z", "price": round(0.05 * (number + 1), 2)}
        for number, clock in enumerate(quarters)
    ]
    body = {"usage": JUNE_MORNING, "tariff": tariff, "market_prices": prices}

    whole = await server.post("/cost-calculations", body)
    assert [each["unit_price"] for each in whole["details"]] == [0.115, 0.17, 0.225, 0.28]
    assert whole["lines"][0]["unit_price"] == 0.1975

    lacking = await server.post("/cost-calculations", {**body, "market_prices": prices[1:]})
    assert (lacking["gross"], lacking["reason"]) == (
        None,
        "there is no market price for this time",
    )


async def test_a_transaction_is_priced_under_its_own_tariff_and_under_another(
    server: Running,
) -> None:
    await set_up(server, flat_rate(0.20))
    await server.post("/tariffs", flat_rate(0.35, "dear"), status=201)
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger, MONDAY)
    await cost(server, number)

    own = await server.post("/cost-calculations", {"transaction_id": number})
    dear = await server.post("/cost-calculations", {"transaction_id": number, "tariff_id": "dear"})

    assert (own["gross"], own["tariff_reason"]) == (
        2,
        "tariff 'flat' is assigned to site 'lisbon'",
    )
    assert (dear["gross"], dear["tariff_reason"]) == (3.5, "the tariff was given")
    assert len((await server.get(f"/transactions/{number}/prices"))["items"]) == 1


async def test_questions_that_cannot_be_answered_say_what_is_missing(server: Running) -> None:
    usage = {**JUNE_MORNING, "ended_at": "2025-06-01T00:00:00Z"}
    bad = {
        "usage": {"transaction_id": 1, "usage": JUNE_MORNING, "tariff": flat_rate(0.2)},
        "tariff_id": {"usage": JUNE_MORNING},
        "usage.ended_at": {"usage": usage, "tariff": flat_rate(0.2)},
        "time_zone": {"usage": JUNE_MORNING, "tariff": flat_rate(0.2), "time_zone": "Mars/Base"},
        "tariff.versions.0.elements.0.components.0.price": {
            "usage": JUNE_MORNING,
            "tariff": flat_rate(-0.2),
        },
    }
    for field, body in bad.items():
        refused = await server.api("POST", "/cost-calculations", body)
        assert (refused.status, [each["field"] for each in refused.body["errors"]]) == (
            422,
            [field],
        )
    assert (await server.api("POST", "/cost-calculations", {"transaction_id": 9})).status == 404
