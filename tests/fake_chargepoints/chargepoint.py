"""What all whole charge points do, whatever version they speak.

A `ChargePoint` lives by its clock: `tick` lets the time since the last tick pass (energy flows,
samples fall due, reservations end) and queues what there is to say. `v16` and `v201` say it.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from .errors import LinkError
from .evse import Evse, RemoteStart, Reservation, Transaction
from .outbox import Message
from .station import Station, StationOptions, StopReason
from .tokens import IdToken, TokenInfo
from .vehicle import Vehicle

__all__ = ["ChargePoint", "StationOptions", "StopReason"]

logger = logging.getLogger(__name__)

longest_step = timedelta(seconds=30)


class ChargePoint(Station):
    """A charge point with real sockets and cars. Use it as an async context manager."""

    # -- what people do ------------------------------------------------------------------------

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

    # -- power and reset --------------------------------------------------------------------

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

    async def crash(self) -> None:
        """The controller restarts by itself: transactions go on, but not their TxProfiles.

        It should keep them (2.0.1 K01.FR.27); many keep the other profiles alone.
        """
        self.profiles.clear(purpose="Tx")
        self.update_limits()
        self._must_boot, self._boot_reason = True, "Watchdog"
        self.uplink.forbid()
        await asyncio.sleep(self.options.reboot_s)
        self.uplink.allow()

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
        transaction.next_aligned_at = _next_aligned(at, self.aligned_interval_s())
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

    @property
    def is_lively(self) -> bool:
        """Whether somebody stands here: a car, a transaction, a driver who was let in."""
        return any(e.vehicle or e.transaction or e.awaited for e in self.evses)

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
            until = min(now, self._lived_until + longest_step, *self._due())
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
        moments = [at for t in transactions for at in (t.next_sample_at, t.next_aligned_at)]
        return [at for at in moments if at is not None]

    def _sample_if_due(self, evse: Evse, at: datetime) -> None:
        transaction = evse.transaction
        if transaction is None:
            return
        if transaction.next_aligned_at is not None and at >= transaction.next_aligned_at:
            transaction.next_aligned_at = _next_aligned(at, self.aligned_interval_s())
            self.say_sample(evse, at, "Sample.Clock")
        if transaction.next_sample_at is not None and at >= transaction.next_sample_at:
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


def _next_aligned(at: datetime, interval_s: int) -> datetime | None:
    """The next multiple of the interval, counted from midnight (UTC) as both versions say."""
    if not interval_s:
        return None
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (at - midnight) // timedelta(seconds=interval_s)
    return midnight + timedelta(seconds=min((passed + 1) * interval_s, 86_400))
