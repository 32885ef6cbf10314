"""Whose list has a turn, and how fast they come."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from unit.world import make_world

from csms.clock import SystemClock
from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.local_list.keeping import PACE_S, LocalListKeeper
from csms.services.local_list.synchronising import ListSynchroniser


class Settled(ListSynchroniser):
    """All lists are right; notes who was looked at, and when."""

    def __init__(self, expected: int) -> None:
        self.looked_at: list[tuple[float, str]] = []
        self.all = asyncio.Event()
        self._expected = expected

    async def keep(self, charge_point: ChargePoint) -> None:
        self.looked_at.append((asyncio.get_running_loop().time(), charge_point.id))
        if len(self.looked_at) >= self._expected:
            self.all.set()


class Policies:
    """Some want their lists kept."""

    def __init__(self, keys: Collection[int]) -> None:
        self._keys = keys

    async def automatic(self, charge_point_keys: Collection[int]) -> set[int]:
        return set(charge_point_keys) & set(self._keys)

    async def tokens_mark(self) -> object:
        return ()


async def test_a_changed_card_does_not_wake_everybody_at_once() -> None:
    world = make_world()
    points = [await world.connect(f"CP-{number}") for number in range(12)]
    points[3].registration_status = RegistrationStatus.PENDING
    wanted = {each.key for each in points if each is not points[5]}
    looks = Settled(expected=10)
    keeper = LocalListKeeper(
        world.events,
        world.services.charge_points,
        Policies(wanted),
        looks,
        SystemClock(),
        world.metrics,
        delay_s=0.01,
    )
    running = asyncio.create_task(keeper.run())
    for _ in range(50):  # an import of many cards is one change
        keeper.tokens_changed()
    async with asyncio.timeout(10):
        await looks.all.wait()
    await asyncio.sleep(3 * PACE_S)
    running.cancel()
    names = [name for _, name in looks.looked_at]
    assert sorted(names) == sorted(p.id for p in points if p not in (points[3], points[5]))
    times = [at for at, _ in looks.looked_at]
    assert times[-1] - times[0] >= 9 * PACE_S * 0.9
