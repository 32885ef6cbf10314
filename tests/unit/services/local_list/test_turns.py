"""Several turns of one charge point at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from unit.world import make_world

from csms.handlers.v16.local_list import DIALECT
from csms.model import OcppVersion
from csms.services.commands import Command, CommandAnswer
from csms.services.local_list.choosing import ListChooser
from csms.services.local_list.synchronising import ListSynchroniser
from csms.services.local_list.words import Candidate, Dialect, KnownList, ListLimits, SentList

HOLDS_NO_LIST = -1


class Memory:
    """What is known of one list; implements LocalListStore."""

    def __init__(self) -> None:
        self._known = KnownList()

    async def known(self, charge_point_key: int) -> KnownList:
        return self._known

    async def candidates(
        self, charge_point_id: str, site_id: str | None, now: datetime, most: int
    ) -> Sequence[Candidate]:
        return []

    async def limits(self, charge_point_key: int, dialect: Dialect) -> ListLimits:
        return ListLimits()

    async def keep_sent(self, charge_point_key: int, part: SentList, at: datetime) -> None:
        raise AssertionError("nothing is sent to who holds no list")

    async def keep_told(self, charge_point_key: int, version: int, at: datetime) -> None:
        raise AssertionError("nobody watches the answers here")

    async def forget(self, charge_point_key: int, at: datetime) -> None:
        raise AssertionError("nobody watches the answers here")

    async def settle(
        self, charge_point_key: int, state: str, reason: str | None, at: datetime
    ) -> None:
        self._known = KnownList(state=state, reason=reason, settled_at=at)


class SlowChargePoint:
    """Says that it holds no list; the next turn comes before it has said so."""

    def __init__(self) -> None:
        self.asked = 0

    async def execute(
        self, charge_point_id: str, command: Command, timeout_s: float | None = None
    ) -> CommandAnswer:
        self.asked += 1
        for _ in range(10):
            await asyncio.sleep(0)
        return CommandAnswer(
            "Accepted", accepted=True, response={}, results=[{"version": HOLDS_NO_LIST}]
        )


async def test_a_turn_that_waited_for_another_finds_nothing_left_to_do() -> None:
    world = make_world()
    charge_point = await world.connect("CP-1")
    store, there = Memory(), SlowChargePoint()
    chooser = ListChooser(store, {OcppVersion.V16: DIALECT}, world.clock)
    synchroniser = ListSynchroniser(store, chooser, there, world.clock, world.metrics)

    first, second = await asyncio.gather(
        synchroniser.keep(charge_point), synchroniser.keep(charge_point)
    )

    assert there.asked == 1
    assert first is not None
    assert second is None
