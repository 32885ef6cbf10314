"""A gateway with real sockets over a world in memory, for tests of OCPP-J itself.

async with running_gateway() as site:
    async with site.link("CP-1") as link:
        await link.call("Heartbeat", {})
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fake_chargepoints.link import Link, LinkOptions, Responder, refuse_everything
from swift_time import SwiftClock, SwiftLoop
from unit.world import MemoryRecorder, World, make_world

from csms.clock import Clock, SystemClock
from csms.config import Settings
from csms.gateway.actions import BY_CHARGE_POINT
from csms.gateway.links import LiveLinks
from csms.gateway.server import Gateway
from csms.handlers.contract import Handler, Payload, Routes
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.passwords import PasswordHashes
from csms.services.records import LoggedMessage, Record
from csms.services.services import Services

SUBPROTOCOLS = {OcppVersion.V16: ("ocpp1.6",), OcppVersion.V201: ("ocpp2.0.1",)}


@dataclass(slots=True)
class Passwords:
    """Provides `csms.services.ports.PasswordStore`."""

    hashes: dict[str, str] = field(default_factory=dict)
    sent: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def password_hashes(self, charge_point_id: str) -> PasswordHashes:
        identity = charge_point_id.casefold()
        return PasswordHashes(self.hashes.get(identity), self.sent.get(identity, ()))

    async def password_taken(self, charge_point_id: str, password_hash: str) -> bool:
        identity = charge_point_id.casefold()
        sent = self.sent.get(identity, ())
        if password_hash not in sent:
            return False
        self.hashes[identity] = password_hash
        self.sent[identity] = sent[: sent.index(password_hash)]
        return True


@dataclass(slots=True)
class BreakableRecorder:
    """Provides `csms.services.records.Recorder` to the gateway, until it is broken."""

    recorder: MemoryRecorder
    broken: bool = False

    def commit(self, *records: Record) -> Awaitable[None]:
        return self.recorder.commit(*records)

    def later(self, *records: Record) -> None:
        self.recorder.later(*records)

    async def database_back(self) -> None:
        await self.recorder.database_back()

    def log(self, message: LoggedMessage) -> None:
        if self.broken:
            raise RuntimeError("the recorder is broken")
        self.recorder.log(message)


@dataclass(slots=True)
class Desk:
    """Handlers that note what reached them and answer what a test wants."""

    received: list[tuple[str, Payload]] = field(default_factory=list)
    answers: dict[str, Payload] = field(default_factory=dict)
    hold: asyncio.Event | None = None
    handled: int = 0
    fail_with: Exception | None = None

    def handler(self, action: str) -> Handler:
        async def handle(
            services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
        ) -> Payload:
            self.received.append((action, payload))
            if self.fail_with is not None:
                raise self.fail_with
            if self.hold is not None:
                await self.hold.wait()
            self.handled += 1
            return self.answers.get(action, {})

        return handle

    def routes(self, actions: frozenset[str]) -> Routes:
        return {action: self.handler(action) for action in actions}

    def of(self, action: str) -> list[Payload]:
        return [payload for name, payload in self.received if name == action]


@dataclass(slots=True)
class Site:
    """A running gateway and everything around it that a test may look at."""

    world: World
    gateway: Gateway
    links: LiveLinks
    passwords: Passwords
    desk: Desk
    recorder: BreakableRecorder

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.gateway.port}"

    def link(
        self,
        identity: str = "CP-1",
        responder: Responder = refuse_everything,
        version: OcppVersion = OcppVersion.V16,
        **options: Any,
    ) -> Link:
        options.setdefault("subprotocols", SUBPROTOCOLS[version])
        url = options.pop("url", self.url)
        return Link(LinkOptions(url, identity, **options), responder)

    def count(self, name: str, **labels: str) -> float:
        """The value of a counter, 0 if it never counted."""
        return self.world.metrics.registry.get_sample_value(f"csms_{name}_total", labels) or 0.0

    async def until(self, condition: Callable[[], object], timeout_s: float = 5.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.005)


def _clock() -> Clock:
    """The clock of the loop that this runs in."""
    loop = asyncio.get_running_loop()
    return SwiftClock(loop, datetime.now(UTC)) if isinstance(loop, SwiftLoop) else SystemClock()


@asynccontextmanager
async def running_gateway(
    *,
    routes: Mapping[OcppVersion, Routes] | None = None,
    unknown: Any = "accept",
    heartbeat: Any = 300,
    tls: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[Site]:
    """Start a gateway on a free port; handlers note and answer unless `routes` are given."""
    world = make_world(unknown=unknown, heartbeat_interval_s=heartbeat)
    desk = Desk()
    if routes is None:
        routes = {
            version: desk.routes(BY_CHARGE_POINT[version])
            for version in (OcppVersion.V16, OcppVersion.V201)
        }
    settings.setdefault("ping_interval", 3600.0)
    passwords, links, recorder = Passwords(), LiveLinks(), BreakableRecorder(world.recorder)
    gateway = Gateway(
        Settings(ocpp_host="127.0.0.1", ocpp_port=0, **settings, **(tls or {})),
        world.services,
        routes,
        recorder,
        passwords,
        links,
        world.metrics,
        _clock(),
    )
    await gateway.start()
    try:
        yield Site(world, gateway, links, passwords, desk, recorder)
    finally:
        await gateway.stop(2.0)
