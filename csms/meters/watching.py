"""Which meters this node reads: those of the sites that it steers, as they are configured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.meters.registry import MeterConfig, Meters

LOOK_S: Final = 2.0

Configured = Callable[[], Awaitable[Sequence[MeterConfig]]]
"""The enabled meters of all sites. Raises DatabaseUnavailableError."""


async def watch_meters(
    meters: Meters, configured: Configured, is_ours: Callable[[str], bool]
) -> None:
    """Follow what is configured, until cancelled; `is_ours` tells of a circuit's id.

    While the database is away the known meters go on.
    """
    while True:
        try:
            configs = await configured()
        except DatabaseUnavailableError:
            await asyncio.sleep(LOOK_S)
            continue
        await meters.configure([config for config in configs if is_ours(config.circuit_id)])
        await asyncio.sleep(LOOK_S)
