"""Prices of the market come by file or from a URL, and price what waited for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from acceptance.pricing.bodies import energy, flat_rate
from acceptance.pricing.charging import MONDAY, charge, cost
from acceptance.pricing.test_pricing import set_up
from aiohttp import web
from running import V16_BOOT, Response, Running
from sqlalchemy import text

from csms.services.destinations import Destinations
from csms.services.pricing.fetching import (
    PriceFetchError,
    PriceFetching,
    PriceSource,
    UrlFetcher,
)
from csms.store.price_sources import PriceSources

CSV = "starts_at,price,export_price,minutes\n2026-11-16T00:00:00Z,0.10,0.05,120\n"


async def upload(server: Running, csv: str) -> Response:
    url = f"{server.api_url}/api/v1/sites/lisbon/prices/file"
    headers = {"Content-Type": "text/csv"}
    async with server.http.put(url, data=csv.encode(), headers=headers) as response:
        return Response(response.status, await response.json(content_type=None))


def market_tariff() -> dict[str, Any]:
    tariff = flat_rate(0)
    tariff["versions"][0]["elements"][0]["components"] = [energy(0.06, market={"factor": 1.1})]
    return tariff


async def test_a_transaction_waits_for_the_market_s_prices_and_is_priced_with_them(
    server: Running,
) -> None:
    await set_up(server, market_tariff())
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT)
        number = await charge(charger, MONDAY)
    waiting = await cost(server, number)
    assert (waiting["state"], waiting["gross"]) == ("unpriced", None)
    assert waiting["reason"] == "there is no market price for this time"

    assert (await upload(server, CSV)).body == {"count": 8}

    found = await server.eventually(
        f"/transactions/{number}", lambda each: each["cost"]["state"] == "priced"
    )
    assert (found["cost"]["gross"], found["cost"]["lines"][0]["unit_price"]) == (1.7, 0.17)
    revisions = (await server.get(f"/transactions/{number}/prices"))["items"]
    assert len(revisions[0]["market_prices"]) >= 8


async def test_a_bad_file_is_refused_by_its_line_and_changes_nothing(server: Running) -> None:
    await server.post("/sites", {"id": "lisbon"}, status=201)
    refused = await upload(server, CSV + "2026-11-16T02:00:00Z,cheap,,\n")
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "line 3")
    assert (await server.get("/sites/lisbon/prices"))["items"] == []


@asynccontextmanager
async def price_server(texts: list[str]) -> AsyncIterator[str]:
    """A source that answers with one text after the other, then with an error."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=texts.pop(0)) if texts else web.Response(status=500)

    application = web.Application()
    application.router.add_get("/today.csv", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/today.csv"
    finally:
        await runner.cleanup()


async def test_prices_are_fetched_from_a_url_and_a_failure_is_shown(server: Running) -> None:
    await server.post("/sites", {"id": "lisbon"}, status=201)
    store = PriceSources(server.app.database)
    clock = server.app.services.clock
    fetcher = UrlFetcher(Destinations([ip_network("127.0.0.0/8")]))
    fetching = PriceFetching(store, fetcher, server.app.metrics, clock)
    async with price_server([CSV]) as url:
        named = url.replace("127.0.0.1", "machine.example")
        await server.put("/sites/lisbon/price-source", {"url": named, "every_s": 600})
        later = clock.now() + timedelta(hours=1)  # so that the server itself leaves it to us
        async with server.app.database.begin() as connection:
            await connection.execute(
                text("UPDATE price_sources SET next_at = :at, url = :url"),
                {"at": later, "url": url},
            )
        (due,) = await store.claim(later, 5)
        assert await store.claim(later, 5) == []

        await fetching.fetch(due)
        assert len((await server.get("/sites/lisbon/prices"))["items"]) == 8
        shown = await server.get("/sites/lisbon/price-source")
        assert (shown["problem"], shown["fetched_at"] is not None) == (None, True)

        await fetching.fetch(due)
        shown = await server.get("/sites/lisbon/price-source")
        assert shown["problem"] == "the source answered 500"
        soon = datetime.fromisoformat(shown["next_at"]) - datetime.now(UTC)
        assert timedelta() < soon <= timedelta(minutes=5)
    assert len((await server.get("/sites/lisbon/prices"))["items"]) == 8


async def test_a_source_on_a_private_address_is_not_asked_whatever_its_name() -> None:
    async with price_server([CSV]) as url:
        for host in ("127.0.0.1", "localhost"):
            source = PriceSource("lisbon", url.replace("127.0.0.1", host), timedelta(hours=1))
            with pytest.raises(PriceFetchError, match="its address is not allowed"):
                await UrlFetcher(Destinations()).fetch(source)


@pytest.mark.parametrize("host", ["10.0.0.7", "[fd00::1]", "169.254.169.254", "localhost"])
async def test_a_source_on_a_private_address_is_refused_when_it_is_entered(
    server: Running, host: str
) -> None:
    await server.post("/sites", {"id": "lisbon"}, status=201)
    body = {"url": f"http://{host}/today.csv"}
    refused = await server.api("PUT", "/sites/lisbon/price-source", body)
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "url")


async def test_a_source_is_a_url(server: Running) -> None:
    await server.post("/sites", {"id": "lisbon"}, status=201)
    for url in ("ftp://prices.example/x", "http://[::1/x", "http://:80/x"):
        refused = await server.api("PUT", "/sites/lisbon/price-source", {"url": url})
        assert (refused.status, refused.body["errors"][0]["field"]) == (422, "url")
    assert (await server.api("GET", "/sites/lisbon/price-source")).status == 404
