"""An operator exports CDRs and sets up webhooks for them."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest
from acceptance.api.installation import refused
from acceptance.pricing.bodies import flat_rate
from acceptance.pricing.charging import MONDAY, begin, cost, end, meter_values
from ocmf import SigningMeter
from running import V16_BOOT, Running, sharing_a_server
from statement_world import CDR_PARTY, StatementWorld, june_prices
from unit.statements.ocpi import CDR

HOOK: dict[str, Any] = {"url": "https://billing.example/cdrs"}


@pytest.fixture
async def garage(server: Running) -> Running:
    """A server whose garage has June's transactions, priced."""
    await StatementWorld(server.app.database).june()
    return server


async def test_junes_cdrs_are_exported_page_by_page(garage: Running) -> None:
    path = "/sites/garage/cdrs?from=2025-06-01T00:00:00Z&to=2025-07-01T00:00:00Z&limit=10"
    first = await garage.get(path)
    second = await garage.get(f"{path}&cursor={first['next_cursor']}")

    found = [*first["items"], *second["items"]]
    validator = jsonschema_rs.validator_for(CDR)
    for each in found:
        validator.validate(each)
    assert [each["id"] for each in found] == [str(number) for number in range(1, 20)]
    assert round(sum(each["total_energy"] for each in found), 3) == 360.018
    assert second["next_cursor"] is None


async def test_the_export_is_a_file_and_limited_by_time(garage: Running) -> None:
    url = f"{garage.api_url}/api/v1/sites/garage/cdrs?from=2025-06-30T00:00:00Z"
    async with garage.http.get(url) as response:
        assert response.headers["Content-Disposition"] == 'attachment; filename="cdrs-garage.json"'
        assert len((await response.json())["items"]) == 1


async def test_a_site_that_does_not_say_as_whom_has_no_cdrs(garage: Running) -> None:
    issuer = {"name": "A", "series": "A"}
    await garage.put("/sites/garage/statement-issuer", issuer)
    assert "has no cdr" in refused(await garage.api("GET", "/sites/garage/cdrs"), 409)
    await garage.put("/sites/garage/statement-issuer", issuer | {"cdr": CDR_PARTY})
    assert len((await garage.get("/sites/garage/cdrs"))["items"]) == 19
    assert (await garage.api("GET", "/sites/nowhere/cdrs")).status == 404


async def test_a_webhooks_secret_is_shown_once(garage: Running) -> None:
    made = await garage.post("/cdr-webhooks", HOOK, status=201)

    assert made.pop("secret").startswith("whsec_")
    assert await garage.get(f"/cdr-webhooks/{made['id']}") == made
    assert (await garage.get("/cdr-webhooks"))["items"] == [made]
    assert "whsec_" not in str(await garage.get("/audit-log"))


async def test_a_webhook_is_changed_and_deleted(garage: Running) -> None:
    made = await garage.post("/cdr-webhooks", HOOK, status=201)
    path = f"/cdr-webhooks/{made['id']}"

    changed = await garage.put(path, HOOK | {"enabled": False, "site_id": "garage"})
    assert (changed["enabled"], changed["site_id"]) == (False, "garage")
    assert (await garage.api("DELETE", path)).status == 204
    assert (await garage.api("GET", path)).status == 404
    refused(await garage.api("POST", "/cdr-webhooks", HOOK | {"site_id": "nowhere"}), 404)


@pytest.mark.parametrize(
    "url",
    [
        "http://billing.example/",
        "ftp://billing.example/",
        "https://user:password@billing.example/",
        "https:///path",
        "https://billing.example:99999/",
        "https://billing.example/#fragment",
        "http://localhost/",
        "https://192.168.1.20/",
        "https://[::ffff:169.254.169.254]/",
    ],
)
@sharing_a_server
async def test_bills_are_sent_nowhere_where_others_could_read_them(
    shared_server: Running, url: str
) -> None:
    refused(await shared_server.api("POST", "/cdr-webhooks", {"url": url}), 422, "url")


async def test_deliveries_can_be_seen_and_tried_again(garage: Running) -> None:
    made = await garage.post("/cdr-webhooks", HOOK, status=201)
    path = f"/cdr-webhooks/{made['id']}"
    await garage.rows("UPDATE cdr_webhooks SET url = 'http://127.0.0.1:9/'")
    await StatementWorld(garage.app.database).price(june_prices()[:1], revision=2)
    assert await garage.post(f"{path}/retry") == {"count": 1}

    page = await garage.eventually(
        f"{path}/deliveries?state=waiting",
        lambda body: bool(body["items"]) and body["items"][0]["attempts"] > 0,
    )

    assert page["items"][0]["transaction_id"] == 1
    assert page["items"][0]["error"]
    assert await garage.post(f"{path}/retry") == {"count": 1}


async def test_the_export_has_what_the_meter_signed(server: Running) -> None:
    place = {"latitude": 38.7, "longitude": -9.1}
    await server.put("/sites/garage", {"name": "Garage", **place})
    issuer = {"name": "A", "series": "A", "cdr": CDR_PARTY}
    await server.put("/sites/garage/statement-issuer", issuer)
    await server.accept("CP-1", site_id="garage")
    await server.add_token("CARD")
    await server.post("/tariffs", flat_rate(0.25), status=201)
    assigned = {"tariff_id": "flat", "scope": "site", "subject_id": "garage"}
    await server.post("/tariff-assignments", assigned, status=201)
    meter = SigningMeter()
    records = [meter.record(("B", 1.0)), meter.record(("E", 1.8))]
    await server.put("/charge-points/CP-1/meter-keys/1", {"public_key": meter.public_key})
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await begin(charger, MONDAY)
        for minutes, record in zip((1, 59), records, strict=True):
            body = meter_values(number, [(MONDAY + timedelta(minutes=minutes), 400)])
            body["meterValue"][0]["sampledValue"] = [{"value": record, "format": "SignedData"}]
            await charger.send("MeterValues", body)
        await end(charger, number, MONDAY + timedelta(hours=1), 800)
        await cost(server, number)
    (made,) = (await server.get("/sites/garage/cdrs"))["items"]

    jsonschema_rs.validator_for(CDR).validate(made)
    values = made["signed_data"]["signed_values"]
    assert [base64.b64decode(each["signed_data"]).decode() for each in values] == records
    assert [each["nature"] for each in values] == ["Start", "End"]
