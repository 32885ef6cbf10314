"""Which meters this node reads: those of the sites that it steers, as they are configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from csms.meters.registry import MeterConfig, Meters

LOOK_S: Final = 30.0
"""Between looks that nobody rang for: every change of a meter changes its site's installation."""

Configured = Callable[[], Awaitable[Sequence[MeterConfig]]]
"""The enabled meters of all sites. Raises DatabaseUnavailableError."""


class MeterWatch:
    """`is_ours` tells of a circuit's id whether this node steers its site."""

    def __init__(
        self, meters: Meters, configured: Configured, is_ours: Callable[[str], bool]
    ) -> None:
        self._meters = meters
        self._configured = configured
        self._is_ours = is_ours

    async def look(self) -> None:
        """Follow what is configured now.

        Raises DatabaseUnavailableError; the known meters go on meanwhile.
        """
        configs = await self._configured()
        ours = [config for config in configs if self._is_ours(config.circuit_id)]
        await self._meters.configure(ours)
