"""What every area of the wiring stands on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from csms.clock import Clock
from csms.config import Settings
from csms.metrics import Metrics
from csms.services.rounds import FIRST_S, Job, Rounds
from csms.store.database import Database


@dataclass(frozen=True, slots=True)
class Ground:
    """`stack` ends what was begun, the last first."""

    settings: Settings
    clock: Clock
    database: Database
    metrics: Metrics
    stack: AsyncExitStack

    def begin(self, name: str, job: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a job in a task of its own until the server ends."""
        task = asyncio.create_task(job, name=name)
        self.stack.callback(task.cancel)
        return task

    def repeat(self, task: str, job: Job, *, every_s: float, first_s: float = FIRST_S) -> Rounds:
        """Do a job in rounds of its own until the server ends."""
        rounds = Rounds(task, job, self.metrics, every_s=every_s, first_s=first_s)
        rounds.start()
        self.stack.push_async_callback(rounds.stop)
        return rounds


async def end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is over."""
    task.cancel()
    await asyncio.wait([task])
