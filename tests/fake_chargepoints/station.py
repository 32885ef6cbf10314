"""The lower half of a whole charge point: switched on, connected, booted, able to speak.

What a version must add (`say_...`, `boot_payload`, settings) is declared here; `chargepoint`
puts cars, people and time on top.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

from .clock import Clock, WallClock
from .errors import CallError, LinkError
from .evse import Evse, Reservation, Transaction
from .frames import Call, Payload
from .link import Link, LinkOptions, Reply
from .outbox import Message, Outbox
from .profiles import ProfileStore
from .tokens import IdToken, LocalTokens, TokenInfo
from .uplink import Backoff, LinkFactory, Uplink
from .wallbox import Wallbox, WallboxModel

logger = logging.getLogger(__name__)

StopReason = Literal[
    "Local", "Remote", "EVDisconnected", "DeAuthorized", "PowerLoss", "Reboot", "Reset", "Unlock"
]
"""Why a transaction ended, in neutral words. "Reset" is one ordered from outside."""


@dataclass(frozen=True, slots=True)
class StationOptions:
    """One charge point: how it connects and what it is made of.

    `boot_wait_s` caps how long it waits after a Pending or Rejected boot, `transfer_s` is the
    pause between the stages of an upload or update, `reboot_s` how long a reboot takes (all real
    seconds).
    """

    link: LinkOptions
    evses: tuple[WallboxModel, ...] = (WallboxModel(),)
    vendor: str = "Fake"
    model: str = "Wallbox"
    serial_number: str = "FAKE-0001"
    firmware_version: str = "1.0.0"
    backoff: Backoff = field(default_factory=Backoff)
    boot_wait_s: float = 60.0
    reboot_s: float = 0.1
    transfer_s: float = 0.05
    seed: int = 0


class Station(ABC):
    """A charge point that connects, boots and speaks; see `chargepoint` for the rest."""

    subprotocols: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        options: StationOptions,
        clock: Clock | None = None,
        link_factory: LinkFactory = Link,
    ) -> None:
        self.options = options
        self.clock = clock or WallClock()
        self.evses = [Evse(n, Wallbox(model)) for n, model in enumerate(options.evses, start=1)]
        self.profiles = ProfileStore()
        self.tokens = LocalTokens()
        self.reservations: dict[int, Reservation] = {}
        self.outbox = Outbox()
        self.is_replaying = False
        self.has_power = True
        self.failures: list[BaseException] = []
        self.boots = 0
        self._boot_reason = "PowerUp"
        self._must_boot = True
        self._boot_now = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lived_until = self.clock.now()
        self._next_heartbeat_at: datetime | None = None
        link = options.link
        if link.subprotocols is None:
            link = replace(link, subprotocols=self.subprotocols)
        self.uplink = Uplink(
            link,
            self._respond,
            self._greet,
            self.outbox,
            link_factory=link_factory,
            backoff=options.backoff,
            chance=random.Random(options.seed),
        )

    # -- what a version adds -----------------------------------------------------------------

    @property
    @abstractmethod
    def commands(self) -> Mapping[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]]:
        """The actions of the central system, each with what carries it out."""

    @abstractmethod
    def boot_payload(self, reason: str) -> Payload:
        """The BootNotification."""

    @abstractmethod
    def sample_interval_s(self) -> int:
        """Seconds between meter values of a transaction, 0 for none."""

    @abstractmethod
    def aligned_interval_s(self) -> int:
        """Seconds between meter values at full hours, quarters and so on, 0 for none."""

    @abstractmethod
    def flag(self, name: str) -> bool:
        """A yes-or-no setting by its 1.6 name (LocalAuthorizeOffline, ...)."""

    @abstractmethod
    def say_status(self, evse: Evse, at: datetime, *, always: bool = False) -> None:
        """Queue the status of an EVSE if it differs from what was told last."""

    @abstractmethod
    def say_station_status(self, at: datetime) -> None:
        """Queue the status of the station as a whole, where the version has one."""

    @abstractmethod
    def say_started(self, evse: Evse, transaction: Transaction, at: datetime) -> None:
        """Queue that a transaction started."""

    @abstractmethod
    def say_sample(self, evse: Evse, at: datetime, context: str) -> None:
        """Queue the meter values of an EVSE."""

    @abstractmethod
    def say_stopped(
        self, evse: Evse, transaction: Transaction, at: datetime, reason: StopReason
    ) -> None:
        """Queue that a transaction ended."""

    @abstractmethod
    def say_reservation_over(self, reservation: Reservation, at: datetime) -> None:
        """Queue that a reservation expired, where the version has a message for it."""

    @abstractmethod
    async def ask_token(self, token: IdToken) -> TokenInfo:
        """Ask the central system about a token. Raises LinkError."""

    # -- life --------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        return self.options.link.identity

    async def __aenter__(self) -> Self:
        self.start_up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.shut_down()

    def start_up(self) -> None:
        """Switch on: dial, boot, and stay connected in the background."""
        self.spawn(self.uplink.run())
        self.spawn(self.outbox.run())

    async def shut_down(self) -> None:
        """Switch off: close the link and end all background work."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def until_ready(self, timeout_s: float = 10.0) -> None:
        """Wait until connected and accepted. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self.uplink.ready.wait()

    async def flush(self) -> None:
        """Wait until all that is queued is delivered, or the link is gone."""
        await self.outbox.flush()

    @property
    def is_online(self) -> bool:
        return self.uplink.is_ready

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background for as long as the station is switched on."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None or isinstance(error, LinkError):
            return
        self.failures.append(error)
        logger.error("background work of %s failed", self.identity, exc_info=error)

    def then(self, payload: Payload, work: Callable[[], Coroutine[Any, Any, None]]) -> Reply:
        """An answer with work that begins once it is on its way."""

        async def begin() -> None:
            self.spawn(work())

        return Reply(payload, then=begin)

    # -- connection ----------------------------------------------------------------------------

    async def _greet(self, link: Link) -> None:
        while self._must_boot:
            self._boot_now.clear()
            answer = await link.call("BootNotification", self.boot_payload(self._boot_reason))
            self.boots += 1
            self._must_boot = answer["status"] != "Accepted"
            if self._must_boot:
                await self._wait_for_next_boot(link, float(answer["interval"]))
            else:
                self.accept_boot(answer)
        self.outbox.attach(link)
        now = self.clock.now()
        self.say_station_status(now)
        for evse in self.evses:
            self.say_status(evse, now, always=True)

    async def _wait_for_next_boot(self, link: Link, interval_s: float) -> None:
        wait_s = min(interval_s or self.options.boot_wait_s, self.options.boot_wait_s)
        waiters = [asyncio.ensure_future(event.wait()) for event in (self._boot_now, link.closed)]
        await asyncio.wait(waiters, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()

    @abstractmethod
    def accept_boot(self, answer: Payload) -> None:
        """Take over what the central system said when it accepted us."""

    def schedule_heartbeat(self, interval_s: float) -> None:
        """The next heartbeat is due in so many seconds; 0 means never."""
        due = self.clock.now() + timedelta(seconds=interval_s)
        self._next_heartbeat_at = due if interval_s > 0 else None

    @abstractmethod
    def heartbeat_interval_s(self) -> float:
        """Seconds between heartbeats, 0 for none."""

    def go_offline(self) -> None:
        """Lose the network: the link is cut and nothing is dialled until `go_online`."""
        self.uplink.forbid()

    def go_online(self) -> None:
        """The network is back."""
        self.uplink.allow()

    async def _respond(self, call: Call) -> Reply:
        command = self.commands.get(call.action)
        if command is None:
            raise CallError("NotImplemented", f"{call.action} is not known here")
        answer = await command(self, call.payload)
        return answer if isinstance(answer, Reply) else Reply(answer)

    # -- sending -------------------------------------------------------------------------------

    async def _call(self, action: str, payload: Payload) -> Payload:
        """Send something at once. Raises LinkError, or CallError when offline."""
        link = self.uplink.link
        if link is None:
            raise CallError("GenericError", "this charge point is offline")
        return await link.call(action, payload)

    def say(self, action: str, payload: Payload) -> None:
        """Queue a message that may be lost while offline."""
        self.outbox.put(Message(action, lambda: payload))

    async def say_in_turn(self, action: str, *payloads: Payload) -> None:
        """Queue messages with the pause of a transfer between them."""
        for payload in payloads:
            self.say(action, payload)
            await asyncio.sleep(self.options.transfer_s)

    def retry_boot(self) -> None:
        """Do not wait any longer before the next BootNotification."""
        self._boot_now.set()

    def evse(self, evse_id: int) -> Evse:
        """The EVSE with this id; raises KeyError."""
        if not 1 <= evse_id <= len(self.evses):
            raise KeyError(evse_id)
        return self.evses[evse_id - 1]

    async def boot(self, reason: str = "PowerUp") -> Payload:
        """Send a BootNotification on the present link."""
        return await self._call("BootNotification", self.boot_payload(reason))

    async def heartbeat(self) -> Payload:
        """Send a heartbeat at once."""
        return await self._call("Heartbeat", {})
