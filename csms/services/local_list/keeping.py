"""Keeps the lists of the charge points whose operator wants it, without waking all at once.

A charge point's turn comes when it connects, when tokens changed, and now and then. Whose turn it
is waits in a line that is worked off at a fixed pace; most need nothing, and are not spoken to.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from csms.clock import Clock
from csms.errors import CsmsError, DatabaseUnavailableError
from csms.events import ChargePointBooted, ChargePointConnected, Events
from csms.metrics import Metrics
from csms.services.charge_points import ChargePointService
from csms.services.local_list.ports import ListPolicies
from csms.services.local_list.synchronising import ListSynchroniser
from csms.services.rounds import Rounds

log = logging.getLogger(__name__)

WAITING_EVENTS: Final = 10_000
BATCH: Final = 200
"""Charge points whose settings are looked up at once."""
AT_ONCE: Final = 4
"""Lists that are sent at the same time."""
PACE_S: Final = 0.05
"""Between one charge point and the next: at most 20 a second."""
LOOK_S: Final = 30.0
"""Between looks for tokens that another server has changed."""
LONGEST_DELAYS: Final = 10
"""Changes that never pause don't put off the lists for longer than so many delays."""
EVERYBODY_S: Final = 6 * 3600.0
"""After this long everybody has a turn: tokens expire by themselves."""


class LocalListKeeper:
    def __init__(
        self,
        events: Events,
        charge_points: ChargePointService,
        policies: ListPolicies,
        synchroniser: ListSynchroniser,
        clock: Clock,
        metrics: Metrics,
        *,
        delay_s: float,
    ) -> None:
        self._failures = metrics.local_list_syncs.labels("error")
        self._news = events.subscribe(WAITING_EVENTS, ChargePointConnected, ChargePointBooted)
        self._charge_points = charge_points
        self._policies = policies
        self._synchroniser = synchroniser
        self._clock = clock
        self._delay_s = delay_s
        self._line: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._changed_at: float | None = None
        self._first_changed_at = 0.0
        self._looks = Rounds(
            "tokens of lists", self._look_around, metrics, every_s=LOOK_S, first_s=0.0
        )
        self._mark: object = None
        self._everybody_at = clock.monotonic() + EVERYBODY_S

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._looks.run())
            tasks.create_task(self._work())

    def tokens_changed(self) -> None:
        """Note that id tokens have changed: all lists have a turn once that has settled."""
        now = self._clock.monotonic()
        if self._changed_at is None:
            self._first_changed_at = now
        self._changed_at = now
        self._wake.set()

    def enqueue(self, charge_point_ids: Iterable[str]) -> None:
        """Give some charge points a turn after a moment, in which more may change."""
        due_at = self._clock.monotonic() + self._delay_s
        for charge_point_id in charge_point_ids:
            self._line.setdefault(charge_point_id, due_at)
        self._wake.set()

    def enqueue_everybody(self) -> None:
        self.enqueue(each.id for each in self._charge_points.connected_ones())

    async def _listen(self) -> None:
        lost = 0
        async for event in self._news:
            self.enqueue([event.charge_point_id])
            if self._news.lost != lost:
                lost = self._news.lost
                self.enqueue_everybody()

    async def _look_around(self) -> None:
        """Notice what changed without a word: by another server, or by time alone."""
        if self._clock.monotonic() >= self._everybody_at:
            self._everybody_at += EVERYBODY_S
            self.enqueue_everybody()
        before, self._mark = self._mark, await self._policies.tokens_mark()
        if before is not None and self._mark != before:
            self.tokens_changed()

    async def _work(self) -> None:
        slots = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as sending:
            while True:
                await self._pause()
                for charge_point_id in await self._next_ones():
                    await slots.acquire()
                    turn = sending.create_task(self._turn(charge_point_id))
                    turn.add_done_callback(lambda _: slots.release())
                    await asyncio.sleep(PACE_S)

    async def _pause(self) -> None:
        """Wait until somebody's turn may have come."""
        now = self._clock.monotonic()
        if self._changed_at is not None:
            settled_at = self._changed_at + self._delay_s
            latest = self._first_changed_at + LONGEST_DELAYS * self._delay_s
            if min(settled_at, latest) <= now:
                self._changed_at = None
                for each in self._charge_points.connected_ones():
                    self._line[each.id] = now
            else:
                await asyncio.sleep(min(settled_at, latest) - now)
            return
        if not self._line:
            self._wake.clear()
            await self._wake.wait()
            return
        await asyncio.sleep(max(0.0, next(iter(self._line.values())) - now))

    async def _next_ones(self) -> list[str]:
        """Take those from the line whose turn it is and whose lists are kept automatically."""
        now = self._clock.monotonic()
        keys: dict[int, str] = {}
        for charge_point_id in list(self._line)[:BATCH]:
            if self._line[charge_point_id] > now:
                break
            del self._line[charge_point_id]
            charge_point = self._charge_points.live(charge_point_id)
            if charge_point is not None and charge_point.accepted:
                keys[charge_point.key] = charge_point.id
        if not keys:
            return []
        try:
            automatic = await self._policies.automatic(keys)
        except DatabaseUnavailableError:
            await asyncio.sleep(LOOK_S)
            self.enqueue(keys.values())
            return []
        return [charge_point_id for key, charge_point_id in keys.items() if key in automatic]

    async def _turn(self, charge_point_id: str) -> None:
        charge_point = self._charge_points.live(charge_point_id)
        if charge_point is None or not self._charge_points.is_connected(charge_point_id):
            return  # it has its turn when it is back
        try:
            done = await self._synchroniser.keep(charge_point)
            if done is not None:
                log.info("local list of %s: %s", charge_point_id, done.reason or done.outcome)
        except CsmsError as error:
            log.warning("the local list of %s has to wait: %s", charge_point_id, error)
        except Exception:  # its list fails alone
            self._failures.inc()
            log.exception("the local list of %s failed", charge_point_id)
