"""A whole OCPP 2.1 charging station: what it says is 2.0.1's, what it does on command is more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from ..chargepoint import StationOptions
from ..clock import Clock
from ..frames import Payload
from ..link import Link, Reply
from ..uplink import LinkFactory
from ..v201 import ChargePoint201
from .commands import commands


class ChargePoint21(ChargePoint201):
    """OCPP 2.1, thin: no terminal, no batteries to swap, and nothing that feeds the grid."""

    subprotocols: ClassVar[tuple[str, ...]] = ("ocpp2.1",)

    def __init__(
        self,
        options: StationOptions,
        clock: Clock | None = None,
        link_factory: LinkFactory = Link,
    ) -> None:
        super().__init__(options, clock, link_factory)
        self.tariffs: dict[int, Payload] = {}
        """Default tariffs by EVSE."""
        self.der_controls: dict[str, Payload] = {}
        self.dynamic_profiles: dict[int, Payload] = {}
        """The SetChargingProfile of each, by the profile's id."""

    @property
    def commands(self) -> Mapping[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]]:
        return commands
