"""What all whole charge points have in common, whatever version they speak.

A `ChargePoint` lives by its clock: `tick` lets the time since the last tick pass (energy flows,
samples fall due, reservations end) and queues what there is to say. `v16` and `v201` say it.
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
from .evse import Evse, RemoteStart, Reservation, Transaction
from .frames import Call, Payload
from .link import Link, LinkOptions, Reply
from .outbox import Message, Outbox
from .profiles import ProfileStore
from .tokens import IdToken, LocalTokens, TokenInfo
from .uplink import Backoff, LinkFactory, Uplink
from .vehicle import Vehicle
from .wallbox import Wallbox, WallboxModel

logger = logging.getLogger(__name__)

StopReason = Literal[
    "Local", "Remote", "EVDisconnected", "DeAuthorized", "PowerLoss", "Reboot", "Reset", "Unlock"
]
"""Why a transaction ended, in neutral words. "Reset" is one ordered from outside."""

longest_step_s = 30.0


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


class ChargePoint(ABC):
    """A charge point with real sockets and cars. Use it as an async context manager."""

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

    def lose_power(self) -> None:
        """The lights go out: no link, no current; what was running will be ended at return."""
        self._live_until(self.clock.now())
        self.has_power = False
        self.uplink.forbid()
        for evse in self.evses:
            self.end(evse, "PowerLoss", self.clock.now())

    def restore_power(self) -> None:
        """Power is back: boot again."""
        self.has_power = True
        self._lived_until = self.clock.now()
        self._must_boot, self._boot_reason = True, "PowerUp"
        self.uplink.allow()

    async def reboot(self, reason: str = "RemoteReset") -> None:
        """End everything, close the link, come back and boot."""
        for evse in self.evses:
            self.end(evse, "Reset", self.clock.now())
        await self.flush()
        for evse in self.evses:
            evse.awaited = None
        self._must_boot, self._boot_reason = True, reason
        self.uplink.forbid(abruptly=False)
        await self.uplink.hang_up()
        await asyncio.sleep(self.options.reboot_s)
        self.uplink.allow()

    async def _respond(self, call: Call) -> Reply:
        command = self.commands.get(call.action)
        if command is None:
            raise CallError("NotImplemented", f"{call.action} is not known here")
        answer = await command(self, call.payload)
        return answer if isinstance(answer, Reply) else Reply(answer)

    # -- what people do ------------------------------------------------------------------------

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

    async def status(self, evse_id: int) -> None:
        """Tell the status of an EVSE, changed or not."""
        self.say_status(self.evse(evse_id), self.clock.now(), always=True)
        await self.flush()

    async def meter_values(self, evse_id: int, context: str = "Sample.Periodic") -> None:
        """Send the meter values of an EVSE now."""
        self.say_sample(self.evse(evse_id), self.clock.now(), context)
        await self.flush()

    async def plug_in(self, evse_id: int, vehicle: Vehicle) -> None:
        """A car is plugged in; a remote start that waited for it begins."""
        evse, now = self.evse(evse_id), self.clock.now()
        self._live_until(now)
        evse.vehicle, evse.is_finishing = vehicle, False
        self.say_status(evse, now)
        awaited, evse.awaited = evse.awaited, None
        if awaited is not None and now < awaited.expires_at:
            self.begin(evse, awaited.token, now, remote_start_id=awaited.remote_start_id)
        await self.flush()

    async def unplug(self, evse_id: int) -> Vehicle | None:
        """The car leaves; a transaction that still runs ends."""
        evse, now = self.evse(evse_id), self.clock.now()
        self._live_until(now)
        self.end(evse, "EVDisconnected", now)
        vehicle, evse.vehicle, evse.is_finishing = evse.vehicle, None, False
        self.say_status(evse, now)
        await self.flush()
        return vehicle

    async def authorize(self, token: IdToken) -> TokenInfo:
        """What is known of a token: the local list first, then the central system, then rules.

        Offline, known tokens are taken at their last status and unknown ones accepted only with
        AllowOfflineTxForUnknownId.
        """
        known = self.tokens.known(token) if self.flag("LocalPreAuthorize") else None
        if known is not None and known.status_at(self.clock.now()) == "Accepted":
            return known
        if self.is_online:
            try:
                info = await self.ask_token(token)
            except LinkError as error:
                logger.debug("%s could not ask: %s", self.identity, error)
            else:
                self.tokens.remember(token, info)
                return info
        return self._authorize_offline(token)

    def _authorize_offline(self, token: IdToken) -> TokenInfo:
        known = self.tokens.known(token)
        if known is not None:
            trusted = self.flag("LocalAuthorizeOffline")
            status = known.status_at(self.clock.now()) if trusted else "Invalid"
            return TokenInfo(status, group=known.group)
        unknown = self.flag("AllowOfflineTxForUnknownId")
        return TokenInfo("Accepted" if unknown else "Invalid")

    async def present_card(self, evse_id: int, token: IdToken) -> bool:
        """A driver holds a card to the reader: starts, or stops what it started. Did it help?"""
        evse = self.evse(evse_id)
        if not self.has_power:
            return False
        if evse.transaction is not None:
            return await self._present_for_stop(evse, evse.transaction, token)
        info = await self.authorize(token)
        if info.status_at(self.clock.now()) != "Accepted":
            return False
        return await self.start(evse_id, token, group=info.group)

    async def _present_for_stop(self, evse: Evse, running: Transaction, token: IdToken) -> bool:
        if running.token.key != token.key:
            info = await self.authorize(token)
            if info.group is None or info.group != running.group:
                return False
        return await self.stop(evse.id, "Local", token)

    async def start(self, evse_id: int, token: IdToken, group: str | None = None) -> bool:
        """Start a transaction without asking about the token first. False if it cannot be."""
        evse = self.evse(evse_id)
        if not self.may_start(evse, token, group):
            return False
        self.begin(evse, token, self.clock.now(), group=group)
        await self.flush()
        return True

    async def stop(
        self, evse_id: int, reason: StopReason = "Local", token: IdToken | None = None
    ) -> bool:
        """End the transaction of an EVSE; False if there is none."""
        now = self.clock.now()
        self._live_until(now)
        ended = self.end(self.evse(evse_id), reason, now, token)
        await self.flush()
        return ended

    def break_down(self, evse_id: int, fault: str | None) -> None:
        """An EVSE gets (or with None loses) a fault; no current flows while it lasts."""
        self._live_until(self.clock.now())
        self.evse(evse_id).fault = fault
        self.say_status(self.evse(evse_id), self.clock.now())

    # -- transactions --------------------------------------------------------------------------

    def may_start(self, evse: Evse, token: IdToken, group: str | None = None) -> bool:
        """Whether this token may start here now: free, working, not reserved for another."""
        if evse.transaction is not None or evse.fault is not None:
            return False
        if not evse.is_operative or not self.has_power:
            return False
        reserved = evse.reservation
        return reserved is None or reserved.is_for(token, group)

    def begin(
        self,
        evse: Evse,
        token: IdToken,
        at: datetime,
        *,
        remote_start_id: int | None = None,
        group: str | None = None,
    ) -> Transaction:
        """Begin a transaction and queue the message."""
        self._live_until(at)
        transaction = Transaction(token, at, evse.box.register_wh, group=group)
        transaction.remote_start_id = remote_start_id
        reservation = self._reservation_for(evse, token, group)
        if reservation is not None:
            transaction.reservation_id = reservation.id
            self.drop_reservation(reservation)
        interval_s = self.sample_interval_s()
        if interval_s:
            transaction.next_sample_at = at + timedelta(seconds=interval_s)
        evse.transaction, evse.is_finishing = transaction, False
        self._update_offers(at)
        self.say_started(evse, transaction, at)
        self.say_status(evse, at)
        return transaction

    def end(
        self, evse: Evse, reason: StopReason, at: datetime, token: IdToken | None = None
    ) -> bool:
        """End the transaction of an EVSE and queue the message; False if there is none."""
        transaction = evse.transaction
        if transaction is None:
            return False
        evse.flow(0.0)
        evse.transaction = None
        evse.is_finishing = evse.vehicle is not None
        if token is not None:
            transaction.token = token
        self.say_stopped(evse, transaction, at, reason)
        self.profiles.end_transaction(evse.id)
        if evse.becomes_inoperative:
            evse.is_operative, evse.becomes_inoperative = False, False
        self._update_offers(at)
        self.say_status(evse, at)
        return True

    def judge(self, evse: Evse, transaction: Transaction, status: str) -> None:
        """The central system judged the token of a running transaction."""
        if status == "Accepted" or evse.transaction is not transaction:
            return
        if self.flag("StopTransactionOnInvalidId"):
            self.end(evse, "DeAuthorized", self.clock.now())
        else:
            transaction.is_authorised = False

    def running(self, transaction_id: str) -> Evse | None:
        """The EVSE on which the transaction with this id runs."""
        for evse in self.evses:
            if evse.transaction is not None and evse.transaction.id == transaction_id:
                return evse
        return None

    def await_cable(
        self, evse: Evse, token: IdToken, timeout_s: float, remote_start_id: int | None
    ) -> None:
        """Start as soon as a cable comes, within so many seconds."""
        now = self.clock.now()
        evse.awaited = RemoteStart(token, now + timedelta(seconds=timeout_s), remote_start_id)
        self.say_status(evse, now)

    # -- reservations --------------------------------------------------------------------------

    def reserve(self, reservation: Reservation) -> None:
        """Keep an EVSE (or any, id 0) for somebody; replaces one with the same id."""
        old = self.reservations.get(reservation.id)
        if old is not None:
            self.drop_reservation(old)
        self.reservations[reservation.id] = reservation
        if reservation.evse_id:
            evse = self.evse(reservation.evse_id)
            evse.reservation = reservation
            self.say_status(evse, self.clock.now())

    def drop_reservation(self, reservation: Reservation) -> None:
        """A reservation is used, cancelled or over."""
        self.reservations.pop(reservation.id, None)
        for evse in self.evses:
            if evse.reservation is reservation:
                evse.reservation = None
                self.say_status(evse, self.clock.now())

    def _reservation_for(self, evse: Evse, token: IdToken, group: str | None) -> Reservation | None:
        for reservation in self.reservations.values():
            if reservation.evse_id in (0, evse.id) and reservation.is_for(token, group):
                return reservation
        return None

    # -- time ----------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Let the time since the last tick pass and queue what fell due."""
        now = self.clock.now()
        self._live_until(now)
        if self._next_heartbeat_at is not None and now >= self._next_heartbeat_at:
            self.schedule_heartbeat(self.heartbeat_interval_s())
            self.outbox.put(Message("Heartbeat", dict))
        for evse in self.evses:
            if evse.awaited is not None and now >= evse.awaited.expires_at:
                evse.awaited = None
                self.say_status(evse, now)
        for reservation in list(self.reservations.values()):
            if now >= reservation.expires_at:
                self.drop_reservation(reservation)
                self.say_reservation_over(reservation, now)

    async def live(self, tick_s: float = 1.0) -> None:
        """Tick in real time for ever, until cancelled."""
        while True:
            await self.tick()
            await asyncio.sleep(tick_s)

    def _live_until(self, now: datetime) -> None:
        while self._lived_until < now:
            until = min([now, self._lived_until + timedelta(seconds=longest_step_s), *self._due()])
            until = max(until, self._lived_until)
            self._update_offers(self._lived_until)
            dt_s = (until - self._lived_until).total_seconds()
            for evse in self.evses:
                evse.flow(dt_s)
            self._lived_until = until
            self._update_offers(until)
            for evse in self.evses:
                self.say_status(evse, until)
                self._sample_if_due(evse, until)

    def _due(self) -> list[datetime]:
        transactions = [evse.transaction for evse in self.evses if evse.transaction]
        return [t.next_sample_at for t in transactions if t.next_sample_at is not None]

    def _sample_if_due(self, evse: Evse, at: datetime) -> None:
        transaction = evse.transaction
        if transaction is None or transaction.next_sample_at is None:
            return
        if at >= transaction.next_sample_at:
            interval_s = self.sample_interval_s()
            next_at = transaction.next_sample_at + timedelta(seconds=interval_s)
            transaction.next_sample_at = next_at if interval_s else None
            self.say_sample(evse, at, "Sample.Periodic")

    def update_limits(self) -> None:
        """Profiles changed: obey them from now on."""
        now = self.clock.now()
        self._live_until(now)
        self._update_offers(now)
        for evse in self.evses:
            self.say_status(evse, now)

    def _update_offers(self, at: datetime) -> None:
        sharing = sum(1 for evse in self.evses if evse.transaction is not None)
        for evse in self.evses:
            evse.update_offer(self.profiles, at, sharing)

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
