"""/sites/{id}/prices/file and /sites/{id}/price-source: prices by file, and fetched from a URL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from aiohttp.web_protocol import RequestPayloadError
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.paging import view
from csms.api.problems import Problem
from csms.api.resources.prices import TAG, Kept
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import InvalidValueError
from csms.services.destinations import Destinations
from csms.services.pricing.price_files import read_price_file
from csms.store import price_sources as store
from csms.store.admin import sites

UPLOAD_TIMEOUT_S: Final = 30.0
_URL: Final = r"^https?://[^\s\x00-\x1f\x7f]+$"


class PriceSourceSettings(Struct, forbid_unknown_fields=True, kw_only=True):
    """A URL that gives a file of prices, CSV or JSON."""

    url: Annotated[str, Meta(max_length=2000, pattern=_URL)]
    every_s: Annotated[int, Meta(ge=60, le=86_400, description="How often it is fetched.")] = 3600


class PriceSourceView(Struct):
    """`problem` is what went wrong the last time; null: nothing."""

    site_id: str
    url: str
    every_s: int
    fetched_at: datetime | None
    problem: str | None
    next_at: datetime


class PriceSources:
    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> Sequence[Route[Any, Any]]:
        site = "/api/v1/sites/{site_id}"
        source = site + "/price-source"
        return [
            Route(
                method="PUT",
                path=site + "/prices/file",
                handler=self.upload,
                summary="Set prices from a file: CSV with a header, or JSON",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: Kept},
                problems=(404, 408, 413, 422),
                takes_file=True,
            ),
            get(
                source,
                self.read,
                "Show where prices are fetched",
                tag=TAG,
                query=Nothing,
                answer=PriceSourceView,
            ),
            Route(
                method="PUT",
                path=source,
                handler=self.replace,
                summary="Have prices fetched from a URL now and then",
                tag=TAG,
                query=Nothing,
                body=PriceSourceSettings,
                answers={200: PriceSourceView},
                problems=(404,),
            ),
            delete(source, self.remove, "Fetch prices no more; those that came stay", tag=TAG),
        ]

    async def upload(self, asked: Asked[Nothing, Nothing]) -> Kept:
        site_id = str(asked.path["site_id"])
        prices = read_price_file(await _text(asked))
        shown = {
            "from": prices[0].starts_at.isoformat(),
            "last": prices[-1].starts_at.isoformat(),
            "count": len(prices),
        }
        async with self._context.change(
            asked.actor.name, "upload", f"sites/{site_id}/prices", shown
        ) as connection:
            await sites.touch(connection, site_id)
            await store.keep_prices(connection, site_id, prices)
        await self._context.prices_changed()
        return Kept(len(prices))

    async def read(self, asked: Asked[Nothing, Nothing]) -> PriceSourceView:
        async with self._context.database.begin() as connection:
            return view(PriceSourceView, await store.find(connection, asked.path["site_id"]))

    async def replace(self, asked: Asked[Nothing, PriceSourceSettings]) -> Reply:
        site_id, body = str(asked.path["site_id"]), asked.body
        _check_url(body.url)
        Destinations(self._context.settings.private_networks).check("url", body.url)
        values = {"url": body.url, "every_s": body.every_s}
        async with self._context.change(
            asked.actor.name,
            "replace",
            f"sites/{site_id}/price-source",
            {"host": urlsplit(body.url).hostname, "every_s": body.every_s},
        ) as connection:
            await sites.find(connection, site_id)
            row = await store.replace(connection, site_id, values, self._context.clock.now())
        return Reply(view(PriceSourceView, row), 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        site_id = str(asked.path["site_id"])
        async with self._context.change(
            asked.actor.name, "delete", f"sites/{site_id}/price-source", {}
        ) as connection:
            await store.remove(connection, site_id)


async def _text(asked: Asked[Any, Any]) -> str:
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT_S):
            raw = await asked.http.read()
    except TimeoutError as error:
        raise Problem(408, f"the file did not arrive within {UPLOAD_TIMEOUT_S:g} s") from error
    except RequestPayloadError as error:
        raise Problem(400, "the file is not in the Content-Encoding it claims") from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidValueError("file", "other bytes", "a text in UTF-8") from error


def _check_url(url: str) -> None:
    """Refuse what only looks like a URL."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidValueError("url", url, "a URL such as https://prices.example/today.csv")
