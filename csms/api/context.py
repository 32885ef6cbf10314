"""What the resources of the API work with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from csms.clock import Clock
from csms.config import Settings
from csms.events import Events
from csms.meters.guided_check import GuidedChecks
from csms.meters.registry import MeterHealth
from csms.metrics import Metrics
from csms.services.commanding import CommandService
from csms.services.load_management.ports import LoadView, MeterInbox
from csms.services.operator_limits import SteeredEvses
from csms.services.ports import Link
from csms.services.pricing.ended import EndedPricing
from csms.services.services import Services
from csms.store.admin import audit_log
from csms.store.admin.window import AdminConnection
from csms.store.database import Database


class LiveLinks(Protocol):
    """All live connections of this server, one for each charge point."""

    def get(self, charge_point_id: str) -> Link | None: ...

    def __iter__(self) -> Iterator[Link]: ...


class RunningMeters(Protocol):
    """The meters that this server reads."""

    def health(self) -> Sequence[MeterHealth]: ...


@dataclass(frozen=True, slots=True)
class Issuing:
    """Who is told of a committed order, so that it need not wait until it is looked for."""

    run_ordered: Callable[[], None]
    """A run of statements."""
    delivery_ordered: Callable[[], None]
    """CDRs are to be sent at once, or to a webhook that took none until now."""


@dataclass(frozen=True, slots=True)
class Context:
    settings: Settings
    database: Database
    services: Services
    commands: CommandService
    links: LiveLinks
    metrics: Metrics
    meters: MeterInbox | None = None
    """Who hears of readings at once; all are kept in any case."""
    loads: LoadView | None = None
    steered: SteeredEvses | None = None
    """Who knows what an operator's own limit would fight with."""
    running_meters: RunningMeters | None = None
    checks: GuidedChecks | None = None
    pricing: EndedPricing | None = None
    issuing: Issuing | None = None

    @property
    def clock(self) -> Clock:
        return self.services.clock

    @property
    def events(self) -> Events:
        return self.services.events

    async def prices_changed(self) -> None:
        """Price at once what a committed change put into the queue, and what runs."""
        if self.pricing is not None:
            self.pricing.wake()
        await self.services.running_costs.look_again()

    def run_ordered(self) -> None:
        """Have a committed run of statements begun at once."""
        if self.issuing is not None:
            self.issuing.run_ordered()

    def delivery_ordered(self) -> None:
        """Have CDRs sent at once that a committed change made due."""
        if self.issuing is not None:
            self.issuing.delivery_ordered()

    @asynccontextmanager
    async def change(
        self, actor: str, action: str, target: str, data: Mapping[str, Any]
    ) -> AsyncIterator[AdminConnection]:
        """Lend a connection for a change that is in the audit log if and only if it happened."""
        async with self.database.begin() as connection:
            yield connection
            await audit_log.record(connection, actor, action, target, data)
