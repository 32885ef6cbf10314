"""A server and a garage full of chargers that live a swift day together, in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from database import cloned
from fake_chargepoints.garage import Garage
from fake_chargepoints.garage_api import GarageApi
from fake_chargepoints.garage_site import GarageSite
from fake_chargepoints.garage_stations import GarageOptions
from running import Running, running_app
from swift_time import SwiftClock, run_swiftly


class GarageWorld:
    """What a test of a garage has in its hands."""

    server: Running
    api: GarageApi
    garage: Garage

    def __init__(self, database_url: str, data_dir: Path, clock: SwiftClock) -> None:
        self.clock = clock
        self._database_url = database_url
        self._data_dir = data_dir
        self._ports: dict[str, Any] = {"ocpp_port": 0, "api_port": 0}
        self._starts = 0
        self._running = AsyncExitStack()

    async def start_server(self) -> None:
        """Start a server; from the second time on where it was before."""
        self._starts += 1
        self.server = await self._running.enter_async_context(
            running_app(
                self._database_url,
                self._data_dir,
                self.clock,
                f"operator {self._starts}",
                unknown_id_tokens="accept",
                **self._ports,
            )
        )
        app = self.server.app
        self._ports = {"ocpp_port": app.ocpp_port, "api_port": app.api_port}

    async def stop_server(self) -> None:
        """Let it be gone, as far as chargers and meters can tell."""
        await self._running.aclose()
        self._running = AsyncExitStack()

    async def pass_time(
        self,
        *,
        hours: float = 0.0,
        seconds: float = 0.0,
        on_step: Callable[[], None] | None = None,
    ) -> None:
        """Live on for so long."""
        until = self.clock.now() + timedelta(hours=hours, seconds=seconds)
        await self.garage.live(until, on_step)


Story = Callable[[GarageWorld], Awaitable[None]]


def today(hour: int) -> datetime:
    """A moment of this day, so that the database has room for it."""
    return datetime.now(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)


def live_in_garage(
    database_server: str,
    data_dir: Path,
    site: GarageSite,
    story: Story,
    *,
    hour: int = 8,
    steered: bool = False,
    **options: Any,
) -> Garage:
    """Live a story on a swift event loop; the garage as it is afterwards, switched off.

    `steered`: the site is set up by API before, and its meters report; else nobody knows of it.
    """

    async def live() -> Garage:
        clock = SwiftClock(asyncio.get_running_loop(), today(hour))
        async with cloned(database_server) as url:
            world = GarageWorld(url, data_dir, clock)
            async with _lent(world, site, options, steered=steered):
                await story(world)
        assert world.garage.failures == []
        return world.garage

    return run_swiftly(live())


@asynccontextmanager
async def _lent(
    world: GarageWorld, site: GarageSite, options: dict[str, Any], *, steered: bool
) -> AsyncIterator[None]:
    await world.start_server()
    try:
        key = world.server.http.headers["Authorization"].removeprefix("Bearer ")
        async with GarageApi(world.server.api_url, key) as world.api:
            if steered:
                await world.api.set_up(site)
            world.garage = Garage(
                site,
                GarageOptions(world.server.url, **options),
                world.clock,
                world.api.send_reading if steered else None,
            )
            async with world.garage as garage:
                await garage.until_ready()
                yield
    finally:
        await world.stop_server()
