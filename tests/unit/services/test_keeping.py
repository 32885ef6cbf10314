"""What load management remembers stays in the order in which it was said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from csms.metrics import Metrics
from csms.services.load_management.keeper import Keeper
from csms.services.load_management.ports import EvseMemory
from csms.smart_charging.grid import EvseKey

KEY = EvseKey("CP-1", 1)


class SlowStore:
    """Takes its time over the first write, as a database under load does."""

    def __init__(self) -> None:
        self.kept: dict[EvseKey, EvseMemory] = {}
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.writes = 0

    async def remember(self, memories: Sequence[EvseMemory]) -> None:
        self.writes += 1
        if not self.begun.is_set():
            self.begun.set()
            await self.may_end.wait()
        self.kept |= {memory.key: memory for memory in memories}


async def test_a_raise_is_not_forgotten_for_an_older_limit_that_is_still_being_written() -> None:
    store: Any = SlowStore()
    keeper = Keeper(store, Metrics())
    keeper.remember(memory(6.0))
    flushing = asyncio.create_task(keeper.flush())
    await store.begun.wait()
    raising = asyncio.create_task(keeper.remember_now(memory(16.0)))
    await asyncio.sleep(0)
    store.may_end.set()
    await asyncio.gather(flushing, raising)
    assert store.kept[KEY] == memory(16.0)
    assert not keeper.must_wait_for(memory(16.0))


async def test_raises_that_wait_for_one_another_are_written_together() -> None:
    store: Any = SlowStore()
    keeper = Keeper(store, Metrics())
    first = asyncio.create_task(keeper.remember_now(memory(6.0)))
    await store.begun.wait()
    others = [EvseKey(f"CP-{number}", 1) for number in range(2, 7)]
    memories = [EvseMemory(key=key, last_limit_a=16.0) for key in others]
    raising = [asyncio.create_task(keeper.remember_now(each)) for each in memories]
    await asyncio.sleep(0)
    store.may_end.set()
    await asyncio.gather(first, *raising)
    assert store.kept.keys() == {KEY, *others}
    assert store.writes == 2


class BrokenNewsError(Exception):
    """What nobody thought of."""


async def test_what_can_not_be_written_holds_up_nothing_else() -> None:
    store: Any = SlowStore()
    store.may_end.set()
    metrics = Metrics()
    keeper = Keeper(store, metrics)
    running = asyncio.create_task(keeper.run())

    async def break_down(*_: object) -> None:
        raise BrokenNewsError

    store.raise_alarm = break_down
    alarm: Any = None
    keeper.raise_alarm(alarm)
    keeper.remember(memory(6.0))
    async with asyncio.timeout(10):
        await store.begun.wait()
    running.cancel()
    failures = metrics.registry.get_sample_value(
        "csms_background_failures_total", {"task": "load management keeper"}
    )
    assert failures == 1


def memory(limit_a: float) -> EvseMemory:
    return EvseMemory(key=KEY, last_limit_a=limit_a)
