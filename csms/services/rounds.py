"""Work in the background: done again and again, at its time and when somebody rings.

Who looks after something now and then does it by `Rounds`; who follows events one by one goes on
behind a `Boundary`. Both survive whatever fails: it is said, counted, and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics

log = logging.getLogger(__name__)

AWAY_S: Final = 5.0
_AWAY_SHARE: Final = 1 / 60
"""While the database is away the next round comes after so much of the usual time, at least
`AWAY_S`: what is rare may be heavy, too."""

LONGEST_REST_S: Final = 1.0

FIRST_S: Final = 5.0
"""After a start the first seconds belong to the chargers, who all come back at once."""

Job = Callable[[], Awaitable[float | None] | None]
"""One round; returns in how many seconds the next one is due, if that is sooner than usual."""


class Boundary:
    """Where a task outlives what fails in one of its steps.

    A database that is away is told of once, and once that it is back; whatever else comes up is a
    mistake of ours, so it is logged with its traceback and counted.
    """

    def __init__(self, task: str, metrics: Metrics) -> None:
        """`task` is a label of a metric: one of few, never a name from outside."""
        self._task = task
        self._failures = metrics.background_failures.labels(task)
        self.is_away = False
        """Whether the database was away at the last step."""

    @contextmanager
    def survive(self, about: str = "") -> Iterator[None]:
        """Run a step; `about` says in the log which one."""
        try:
            yield
        except DatabaseUnavailableError as error:
            if not self.is_away:
                log.warning("%s: %s", self._task, error)
            self.is_away = True
        except Exception:  # a task of the background must live
            log.exception("%s: %s failed", self._task, about or "a round")
            self.count()
        else:
            if self.is_away:
                log.info("%s: the database answers again", self._task)
            self.is_away = False

    def count(self) -> None:
        """Count a failure that was dealt with, and logged, inside a step."""
        self._failures.inc()


class Rounds:
    """One task that does a job after `first_s`, then every `every_s`, and soon after each ring.

    After a ring it waits `settle_s`, so that what happens together shares a round. A ring during a
    round leads to another one. With `share` it takes at most that part of the time, as long as
    that means no rest of more than `LONGEST_REST_S`.
    """

    def __init__(
        self,
        task: str,
        job: Job,
        metrics: Metrics,
        *,
        every_s: float,
        first_s: float = FIRST_S,
        settle_s: float = 0.0,
        share: float = 1.0,
    ) -> None:
        self._name = task
        self._rests = 1 / share - 1
        self._job = job
        self._every_s = every_s
        self._first_s = min(first_s, every_s)
        self._settle_s = settle_s
        self._boundary = Boundary(task, metrics)
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Have a round soon."""
        self._rung.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self.run(), name=self._name)

    async def stop(self) -> None:
        """End, also in the middle of a round."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def run(self) -> None:
        """Do rounds until cancelled."""
        loop = asyncio.get_running_loop()
        pause_s, rested_s = self._first_s, loop.time()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._rung.wait()
                await asyncio.sleep(max(self._settle_s, rested_s - loop.time()))
            self._rung.clear()
            began_s = loop.time()
            pause_s = await self._round()
            ended_s = loop.time()
            rested_s = ended_s + min(self._rests * (ended_s - began_s), LONGEST_REST_S)

    async def _round(self) -> float:
        """Do the job; returns how long it is until its time comes again."""
        due_s: float | None = None
        with self._boundary.survive():
            job = self._job()
            due_s = None if job is None else await job
        if self._boundary.is_away:
            due_s = max(AWAY_S, self._every_s * _AWAY_SHARE)
        return self._every_s if due_s is None else min(due_s, self._every_s)
