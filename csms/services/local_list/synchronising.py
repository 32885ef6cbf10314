"""Makes the list in a charge point the one that the id tokens ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final
from weakref import WeakValueDictionary

from csms.clock import Clock
from csms.errors import CommandError
from csms.metrics import Metrics
from csms.services.charge_point import ChargePoint
from csms.services.local_list.choosing import ListChooser
from csms.services.local_list.exchange import (
    Commander,
    Exchange,
    Outcome,
    StoppedError,
    Synchronisation,
)
from csms.services.local_list.planning import difference
from csms.services.local_list.ports import LocalListStore

BELIEVED: Final = timedelta(days=1)
"""A list that was verified so lately is not asked for again without a reason."""


class ListSynchroniser:
    def __init__(
        self,
        store: LocalListStore,
        chooser: ListChooser,
        commands: Commander,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._chooser = chooser
        self._commands = commands
        self._clock = clock
        self._outcomes = metrics.local_list_syncs
        self._busy: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def keep(self, charge_point: ChargePoint) -> Synchronisation | None:
        """Bring a list up to date if anything is to be sent, or verified after a while.

        Two turns at once are one: the later one finds what the earlier one did. Returns None if
        there was nothing to do. Raises as `synchronise`.
        """
        async with self._alone_with(charge_point):
            if not await self._is_due(charge_point):
                return None
            return await self._settled(charge_point, lambda it: it.bring_up_to_date(full=False))

    async def _is_due(self, charge_point: ChargePoint) -> bool:
        known = await self._chooser.known(charge_point)
        now = self._clock.now()
        if known.state == Outcome.NOT_SUPPORTED:
            return known.settled_at is None or now - known.settled_at >= BELIEVED
        if known.entries is None or known.told_at is None or now - known.told_at >= BELIEVED:
            return True
        wanted, _ = await self._chooser.choose(charge_point)
        return bool(difference(known.entries, wanted.entries))

    async def synchronise(
        self, charge_point: ChargePoint, *, full: bool = False
    ) -> Synchronisation:
        """Bring a list up to date; `full`: replace it whatever it is.

        Raises NotConnectedError and the other errors of commands that got no answer.
        """
        return await self._run(charge_point, lambda it: it.bring_up_to_date(full=full))

    async def check(self, charge_point: ChargePoint) -> Synchronisation:
        """Ask for a list's version alone (D02). Raises as `synchronise`."""
        return await self._run(charge_point, lambda it: it.check(), settles=False)

    async def clear(self, charge_point: ChargePoint) -> Synchronisation:
        """Empty a list. Raises as `synchronise`."""
        return await self._run(charge_point, lambda it: it.empty())

    async def _run(
        self,
        charge_point: ChargePoint,
        work: Callable[[Exchange], Awaitable[None]],
        *,
        settles: bool = True,
    ) -> Synchronisation:
        """Work on a list while nobody else does."""
        async with self._alone_with(charge_point):
            return await self._settled(charge_point, work, settles=settles)

    def _alone_with(self, charge_point: ChargePoint) -> asyncio.Lock:
        return self._busy.setdefault(charge_point.key, asyncio.Lock())

    async def _settled(
        self,
        charge_point: ChargePoint,
        work: Callable[[Exchange], Awaitable[None]],
        *,
        settles: bool = True,
    ) -> Synchronisation:
        """Work on a list and note how that ended.

        What only looks (`settles` false) tells that something is wrong, not that all is well.
        """
        done = Synchronisation()
        try:
            await work(Exchange(self._chooser, self._commands, charge_point, done.steps))
        except StoppedError as stopped:
            done.outcome, done.reason = stopped.outcome, stopped.reason
        except CommandError as error:
            await self._settle(charge_point, Outcome.FAILED, str(error))
            raise
        if settles or done.outcome is not Outcome.IN_SYNC:
            await self._settle(charge_point, done.outcome, done.reason)
        return done

    async def _settle(
        self, charge_point: ChargePoint, outcome: Outcome, reason: str | None
    ) -> None:
        self._outcomes.labels(outcome.value).inc()
        await self._store.settle(charge_point.key, outcome.value, reason, self._clock.now())
