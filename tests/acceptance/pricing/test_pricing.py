"""What transactions cost: by readings, by the tariff that counts, and never 0 by mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from acceptance.pricing.bodies import flat_rate, four_periods, version
from acceptance.pricing.charging import MONDAY, begin, charge, cost, end, meter_values
from running import V16_BOOT, Running


async def set_up(server: Running, tariff: dict[str, Any], scope: str = "site") -> None:
    """A site in Lisbon with one charger, under a tariff."""
    await server.post("/sites", {"id": "lisbon", "time_zone": "Europe/Lisbon"}, status=201)
    await server.accept("CP-1", site_id="lisbon")
    await server.post("/users", {"id": "ana", "name": "Ana"}, status=201)
    await server.add_token("card", user_id="ana")
    await server.post("/tariffs", tariff, status=201)
    await assign(server, tariff["id"], scope)


async def assign(server: Running, tariff_id: str, scope: str) -> None:
    subject = {"site": "lisbon", "charge_point": "CP-1", "id_token": "card", "user": "ana"}[scope]
    body = {"tariff_id": tariff_id, "scope": scope, "subject_id": subject}
    await server.post("/tariff-assignments", body, status=201)


async def test_energy_is_priced_when_it_flowed(server: Running) -> None:
    await set_up(server, four_periods())
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        # 06:00 to 08:00 on a winter Monday in Lisbon, 5 kWh an hour
        number = await charge(charger, MONDAY + timedelta(hours=6))

    found = await cost(server, number)

    assert [(each["section"], each["name"], each["amount"]) for each in found["lines"]] == [
        ("Winter/weekday", "Vazio 2", 0.99),
        ("Winter/weekday", "Cheia 1", 1.14),
    ]
    assert (found["state"], found["currency"], found["gross"]) == ("priced", "EUR", 2.13)
    assert found["tariff_reason"] == "tariff 'tetra' is assigned to site 'lisbon'"
    assert (found["tariff_id"], found["versions"], found["flags"]) == ("tetra", [1], [])


async def test_the_price_keeps_what_it_was_worked_out_from(server: Running) -> None:
    await set_up(server, four_periods())
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger, MONDAY + timedelta(hours=6))
    await cost(server, number)

    (kept,) = (await server.get(f"/transactions/{number}/prices"))["items"]

    assert (kept["user_id"], kept["site_id"], kept["time_zone"]) == (
        "ana",
        "lisbon",
        "Europe/Lisbon",
    )
    assert [each["register_wh"] for each in kept["readings"]] == [5000]
    assert [(each["quantity"], each["unit_price"]) for each in kept["lines"]] == [
        (5, 0.198418),
        (5, 0.227756),
    ]


async def test_without_a_tariff_a_transaction_is_unpriced_and_says_why(server: Running) -> None:
    await server.add_token("card")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger)
    found = await cost(server, number)
    assert (found["state"], found["net"], found["gross"]) == ("unpriced", None, None)
    assert found["reason"].startswith("no tariff is assigned to id token 'CARD'")
    assert found["lines"][0]["quantity"] == 10
    assert found["lines"][0]["amount"] is None


async def test_what_had_no_tariff_is_priced_once_one_is_assigned(server: Running) -> None:
    await server.add_token("card")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger)
    await cost(server, number)
    await server.post("/tariffs", flat_rate(0.25), status=201)

    body = {"tariff_id": "flat", "scope": "id_token", "subject_id": "card"}
    await server.post("/tariff-assignments", body, status=201)

    found = await server.eventually(
        f"/transactions/{number}", lambda each: each["cost"]["state"] == "priced"
    )
    assert (found["cost"]["gross"], found["cost"]["revision"]) == (2.5, 2)


async def test_a_version_that_priced_something_stays_and_the_refusal_advises(
    server: Running,
) -> None:
    await set_up(server, flat_rate(0.20))
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        await cost(server, await charge(charger))

    changes = (
        ("PUT", "/tariffs/flat/versions/1", version(0.30)),
        ("DELETE", "/tariffs/flat", None),
        ("PUT", "/tariffs/flat", flat_rate(0.30)),
        ("PUT", "/tariffs/flat", flat_rate(0.20, currency="CHF")),
    )
    for method, path, body in changes:
        refused = await server.api(method, path, body)
        assert refused.status == 409, (method, path)
        assert "version 1 of tariff 'flat' priced transactions already" in refused.body["detail"]
        assert "POST /api/v1/tariffs/flat/versions" in refused.body["detail"]

    renamed = await server.api("PUT", "/tariffs/flat", flat_rate(0.20, name="Old rate"))
    assert renamed.status == 200


async def test_pricing_again_gives_a_new_revision_only_if_the_price_is_another(
    server: Running,
) -> None:
    await set_up(server, flat_rate(0.20))
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger)
    first = await cost(server, number)

    same = await server.post(f"/transactions/{number}/price")
    assert same == first

    await server.post("/tariffs/flat/versions", version(0.30, "2026-01-01"), status=201)
    again = await server.post(f"/transactions/{number}/price")
    assert (again["revision"], again["gross"]) == (2, 3)

    revisions = (await server.get(f"/transactions/{number}/prices"))["items"]
    assert [each["cost"]["gross"] for each in revisions] == [3, 2]


async def test_many_are_priced_again_on_request(server: Running) -> None:
    await set_up(server, flat_rate(0.20))
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        first = await charge(charger)
        await charge(charger, MONDAY + timedelta(days=1))
    await server.post("/tariffs/flat/versions", version(0.30, "2026-01-01"), status=201)

    until = (MONDAY + timedelta(days=1)).isoformat()
    queued = await server.post("/pricing-requests", {"until": until}, status=202)

    assert queued == {"count": 1, "statements": []}
    await server.eventually(f"/transactions/{first}", lambda each: each["cost"]["gross"] == 3)


async def test_a_late_reading_prices_an_ended_transaction_again(server: Running) -> None:
    await set_up(server, four_periods())
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        start = MONDAY + timedelta(hours=6)
        number = await begin(charger, start)
        await end(charger, number, start + timedelta(hours=2), 10_000)
        assert (await cost(server, number))["flags"] == ["no_readings", "readings_far_apart"]

        readings = [(start + timedelta(minutes=30), 1000), (start + timedelta(minutes=60), 2000)]
        await charger.send("MeterValues", meter_values(number, readings))

    found = await server.post(f"/transactions/{number}/price")  # the next sweep would do it too
    assert found["revision"] == 2
    assert [each["quantity"] for each in found["lines"]] == [2, 8]
    assert found["flags"] == []


async def test_an_open_transaction_shows_what_it_costs_so_far(server: Running) -> None:
    await set_up(server, flat_rate(0.20))
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await begin(charger, MONDAY)
        shown = (await server.get(f"/transactions/{number}"))["cost"]
        assert (shown["state"], shown["gross"]) == ("running", None)

        reading = (MONDAY + timedelta(hours=1), 4000)
        await charger.send("MeterValues", meter_values(number, [reading]))

        found = await server.eventually(
            f"/transactions/{number}", lambda each: each["cost"]["gross"] is not None
        )
        assert found["cost"]["state"] == "running"
        assert (found["cost"]["gross"], found["cost"]["unit_price"]) == (0.8, 0.2)
        refused = await server.api("POST", f"/transactions/{number}/price", {})
        assert refused.status == 409


async def test_who_paid_stays_when_the_token_gets_another_owner(server: Running) -> None:
    await set_up(server, flat_rate(0.20), "user")
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger)
    assert (await cost(server, number))["gross"] == 2
    await server.post("/users", {"id": "rui", "name": "Rui"}, status=201)
    await server.add_token("card", user_id="rui")

    again = await server.post(f"/transactions/{number}/price")

    assert again["tariff_reason"] == "tariff 'flat' is assigned to user 'ana'"


async def test_a_deleted_tariff_leaves_nothing_behind_that_names_it(server: Running) -> None:
    await set_up(server, flat_rate(0.20, versions=[version(0.20, "2090-01-01")]))
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger)
    assert (await cost(server, number))["reason"] == "the tariff begins on 2090-01-01"
    (assignment,) = (await server.get("/tariff-assignments"))["items"]
    await server.api("DELETE", f"/tariff-assignments/{assignment['id']}")

    assert (await server.api("DELETE", "/tariffs/flat")).status == 204

    found = await server.eventually(
        f"/transactions/{number}", lambda each: each["cost"]["revision"] == 2
    )
    assert (found["cost"]["state"], found["cost"]["tariff_id"]) == ("unpriced", None)
    month = {"kind": "user", "subject_id": "ana", "site_id": "lisbon", "month": "2026-11"}
    draft = await server.post("/statements/drafts", month)
    assert (draft["complete"], draft["unpriced_kwh"]) == (False, 10)


async def test_a_wrong_owner_is_corrected_until_a_statement_is_issued(server: Running) -> None:
    await set_up(server, flat_rate(0.20))
    await server.post("/users", {"id": "rui", "name": "Rui"}, status=201)
    issuer = {"name": "Garage", "series": "G", "language": "en"}
    await server.put("/sites/lisbon/statement-issuer", issuer)
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        stated = await charge(charger, MONDAY - timedelta(days=40))
        await cost(server, stated)
        october = {"kind": "user", "subject_id": "ana", "site_id": "lisbon", "month": "2026-10"}
        await server.post("/statements", october, status=201)
        number = await charge(charger)
        await cost(server, number)
    await server.put("/id-tokens/card", {"user_id": "rui"})

    asked = {"id_token": "card", "owner_anew": True}
    queued = await server.post("/pricing-requests", asked, status=202)

    assert queued == {"count": 1, "statements": []}
    prices = await server.eventually(
        f"/transactions/{number}/prices", lambda each: len(each["items"]) == 2
    )
    assert [each["user_id"] for each in prices["items"]] == ["rui", "ana"]
    (kept,) = (await server.get(f"/transactions/{stated}/prices"))["items"]
    assert kept["user_id"] == "ana"
    await server.post(f"/transactions/{number}/price")
    assert len((await server.get(f"/transactions/{number}/prices"))["items"]) == 2


async def test_what_an_account_paid_stays_its_owners(server: Running) -> None:
    await set_up(server, flat_rate(0.20))
    await server.put("/accounts/anas", {"currency": "EUR", "user_id": "ana"})
    top_up = {"amount": 20, "idempotency_key": "first"}
    await server.post("/accounts/anas/top-ups", top_up, status=201)
    await server.post("/users", {"id": "rui", "name": "Rui"}, status=201)
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        start = datetime.now(UTC) - timedelta(minutes=5)
        await charge(charger, start, hours=0.2, wh=1000)
    await server.eventually("/accounts/anas", lambda account: account["balance"] != 20)
    await server.put("/id-tokens/card", {"user_id": "rui"})

    asked = {"id_token": "card", "owner_anew": True}

    queued = await server.post("/pricing-requests", asked, status=202)
    assert queued == {"count": 0, "statements": []}


async def test_a_wrong_owner_on_issued_statements_is_corrected_on_both(server: Running) -> None:
    await set_up(server, flat_rate(0.20))
    await server.post("/users", {"id": "rui", "name": "Rui"}, status=201)
    await server.add_token("other", user_id="rui")
    await server.put("/sites/lisbon/statement-issuer", {"name": "Garage", "series": "G"})
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        for days, card in ((40, "CARD"), (39, "OTHER")):
            await cost(server, await charge(charger, MONDAY - timedelta(days=days), id_tag=card))
    october = {"kind": "user", "site_id": "lisbon", "month": "2026-10"}
    issued = [
        await server.post("/statements", {**october, "subject_id": user}, status=201)
        for user in ("ana", "rui")
    ]
    whole = await server.post("/statements", {**october, "kind": "site"}, status=201)
    await server.put("/id-tokens/card", {"user_id": "rui"})

    asked = {"id_token": "card", "owner_anew": True, "also_settled": True}
    queued = await server.post("/pricing-requests", asked, status=202)
    await server.eventually("/transactions/1/prices", lambda each: len(each["items"]) == 2)

    assert queued == {"count": 1, "statements": [*(each["id"] for each in issued), whole["id"]]}
    why = {"reason": "the card is Rui's"}
    corrected = [
        await server.post(f"/statements/{number}/corrections", why, status=201)
        for number in queued["statements"]
    ]
    assert [[total["gross"] for total in each["totals"]] for each in corrected] == [[], [4], [4]]
    document = (await server.get(f"/statements/{corrected[0]['id']}"))["document"]
    assert document["corrects"]["number"] == issued[0]["number"]
    again = await server.post("/pricing-requests", asked, status=202)
    assert again["statements"] == []


async def test_a_wrong_owner_whose_account_paid_gets_it_back_from_the_right_ones(
    server: Running,
) -> None:
    await set_up(server, flat_rate(0.20))
    await server.post("/users", {"id": "rui", "name": "Rui"}, status=201)
    for user in ("ana", "rui"):
        await server.put(f"/accounts/{user}s", {"currency": "EUR", "user_id": user})
        top_up = {"amount": 20, "idempotency_key": "first"}
        await server.post(f"/accounts/{user}s/top-ups", top_up, status=201)
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        start = datetime.now(UTC) - timedelta(minutes=5)
        await charge(charger, start, hours=0.2, wh=1000)
    await server.eventually("/accounts/anas", lambda account: account["balance"] != 20)
    await server.put("/id-tokens/card", {"user_id": "rui"})

    asked = {"id_token": "card", "owner_anew": True, "also_settled": True}
    assert (await server.post("/pricing-requests", asked, status=202))["count"] == 1

    await server.eventually("/accounts/ruis", lambda account: account["balance"] != 20)
    entries = [
        [
            (entry["kind"], entry["amount"], entry["note"])
            for entry in (await server.get(f"/accounts/{user}s/entries"))["items"]
        ]
        for user in ("ana", "rui")
    ]
    assert entries[0][:2] == [
        ("correction", 0.2, "transaction 1 is another user's"),
        ("charge", -0.2, "transaction 1"),
    ]
    assert entries[1][:1] == [("charge", -0.2, "transaction 1")]
    for user, balance in (("ana", 20), ("rui", 19.8)):
        assert (await server.get(f"/accounts/{user}s"))["balance"] == balance


async def test_what_is_settled_is_moved_only_with_its_owner(server: Running) -> None:
    refused = await server.api("POST", "/pricing-requests", {"also_settled": True})
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "also_settled")
