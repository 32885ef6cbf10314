"""Fetches market prices now and then, for every site that names a source.

A source is whatever implements `PriceFetcher`; the one that is built in reads a file of prices
from a URL.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import aiohttp

from csms.clock import Clock
from csms.errors import CsmsError, InvalidValueError
from csms.metrics import Metrics
from csms.services.destinations import Destinations
from csms.services.pricing.price_files import MAX_FILE_CHARS, QuarterPrice, read_price_file

log = logging.getLogger(__name__)

LOOK_S: Final = 30.0
"""Between looks for sources whose time has come."""
AT_ONCE: Final = 20
TIMEOUT_S: Final = 30.0
RETRY: Final = timedelta(minutes=5)
"""After a failure, if the source isn't asked more often anyway."""
SHOWN_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where a site's prices come from, and how often they are fetched."""

    site_id: str
    url: str
    every: timedelta


class PriceFetchError(CsmsError):
    """A source that did not give prices, and why."""


class PriceFetcher(Protocol):
    """Who knows a kind of source."""

    async def fetch(self, source: PriceSource) -> Sequence[QuarterPrice]:
        """Return the prices that a source has now. Raises PriceFetchError, InvalidValueError."""
        ...


class PriceSourceStore(Protocol):
    async def claim(self, now: datetime, limit: int) -> Sequence[PriceSource]:
        """Return sources that are due; nobody else gets them for a while."""
        ...

    async def keep(self, source: PriceSource, prices: Sequence[QuarterPrice]) -> int:
        """Keep prices of a site and have what waits for them priced; returns how many are new."""
        ...

    async def note(
        self, source: PriceSource, at: datetime, problem: str | None, next_at: datetime
    ) -> None:
        """Remember how a fetch went and when the next one is due."""
        ...


class UrlFetcher:
    """Reads a file of prices, CSV or JSON, from a URL."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations

    async def fetch(self, source: PriceSource) -> Sequence[QuarterPrice]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=timeout,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    connector=self._destinations.connector(),
                ) as http,
                http.get(source.url, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise PriceFetchError(f"the source answered {response.status}")
                raw = await response.content.read(MAX_FILE_CHARS + 1)
                while not response.content.at_eof() and len(raw) <= MAX_FILE_CHARS:
                    raw += await response.content.read(MAX_FILE_CHARS + 1 - len(raw))
        except TimeoutError as error:
            raise PriceFetchError(f"no answer within {TIMEOUT_S:g} s") from error
        except (OSError, aiohttp.ClientError, ValueError) as error:
            raise PriceFetchError(f"{type(error).__name__}: {error}") from error
        try:
            return read_price_file(raw.decode())
        except UnicodeDecodeError as error:
            raise PriceFetchError("it is not UTF-8") from error


class PriceFetching:
    """Asks all sources in their time."""

    def __init__(
        self, store: PriceSourceStore, fetcher: PriceFetcher, metrics: Metrics, clock: Clock
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._fetches = metrics.price_fetches

    async def fetch_due(self) -> None:
        """Ask the sources whose time has come. Raises DatabaseUnavailableError."""
        due = await self._store.claim(self._clock.now(), AT_ONCE)
        await asyncio.gather(*map(self.fetch, due))

    async def fetch(self, source: PriceSource) -> None:
        """Fetch the prices of one source and note how it went."""
        problem = None
        try:
            new = await self._store.keep(source, await self._fetcher.fetch(source))
        except (PriceFetchError, InvalidValueError) as error:
            problem = str(error)[:SHOWN_CHARS]
            log.warning("site %s: no prices from its source: %s", source.site_id, problem)
            self._fetches.labels("failed").inc()
        else:
            self._fetches.labels("kept" if new else "unchanged").inc()
        now = self._clock.now()
        wait = source.every if problem is None else min(source.every, RETRY)
        await self._store.note(source, now, problem, now + wait)
