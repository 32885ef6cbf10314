"""A server and a garage full of chargers that live a swift day together, in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from database import cloned
from fake_chargepoints.garage import Garage
from fake_chargepoints.garage_site import GarageSite
from fake_chargepoints.garage_stations import GarageOptions
from running import Running, running_app
from swift_time import SwiftClock, run_swiftly


@dataclass
class GarageWorld:
    """What a test of a garage has in its hands."""

    server: Running
    garage: Garage
    clock: SwiftClock

    async def pass_time(self, *, hours: float = 0.0, seconds: float = 0.0) -> None:
        """Live on for so long."""
        await self.garage.live(self.clock.now() + timedelta(hours=hours, seconds=seconds))


Story = Callable[[GarageWorld], Awaitable[None]]
SetUp = Callable[[Running], Awaitable[None]]


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
    set_up: SetUp | None = None,
    **options: Any,
) -> Garage:
    """Live a story on a swift event loop; the garage as it is afterwards, switched off."""

    async def live() -> Garage:
        clock = SwiftClock(asyncio.get_running_loop(), today(hour))
        async with (
            cloned(database_server) as url,
            running_app(url, data_dir, clock, unknown_id_tokens="accept") as server,
        ):
            if set_up is not None:
                await set_up(server)
            async with _garage(server, site, clock, options) as garage:
                await story(GarageWorld(server, garage, clock))
        assert garage.failures == []
        return garage

    return run_swiftly(live())


@asynccontextmanager
async def _garage(
    server: Running, site: GarageSite, clock: SwiftClock, options: dict[str, Any]
) -> AsyncIterator[Garage]:
    async with Garage(site, GarageOptions(server.url, **options), clock) as garage:
        await garage.until_ready()
        yield garage
