"""Runs: the statements of all users of a site's month, one after the other, in the background.

A run is kept in the database and leased by the node that works on it. If that node dies, another
goes on after the lease with those who have no statement yet, so nobody gets two.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Final

from csms.clock import Clock
from csms.errors import ConflictError, CsmsError, DatabaseUnavailableError
from csms.services.statements.model import Order, Refusal, Run, Wanted
from csms.services.statements.ports import RunStore
from csms.services.statements.service import StatementService
from csms.statements.document import Kind

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)
LOOK_S: Final = 2.0
"""Between looks for new runs, and for what another node left behind."""
AT_ONCE: Final = 25
"""Users whose month is looked up together; between them progress is noted."""
MAX_REFUSALS: Final = 1000


class StatementRuns:
    """Works on runs, one at a time."""

    def __init__(
        self,
        store: RunStore,
        statements: StatementService,
        clock: Clock,
        *,
        look_s: float = LOOK_S,
    ) -> None:
        self._look_s = look_s
        self._store = store
        self._statements = statements
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work_forever(), name="statement runs")

    async def stop(self) -> None:
        """Stop after the statement in hand; the run goes on when a node looks for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work_forever(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self._work()
            except DatabaseUnavailableError as error:
                log.warning("statements wait: %s", error)

    async def _work(self) -> None:
        while True:
            now = self._clock.now()
            run = await self._store.claim(now, now + LEASE)
            if run is None:
                return
            try:
                await self._issue_all(run)
            except DatabaseUnavailableError:
                raise
            except CsmsError as error:
                await self._store.end(run, self._clock.now(), str(error))
            except Exception as error:  # the boundary of a run: the next one must not suffer
                log.exception("a statement run failed", extra={"run": run.id})
                await self._store.end(run, self._clock.now(), type(error).__name__)
            else:
                await self._store.end(run, self._clock.now())

    async def _issue_all(self, run: Run) -> None:
        users = await self._store.users(run.site_id, run.month)
        issued, refusals = run.issued, list[Refusal]()
        total = issued + len(users)
        for start in range(0, len(users), AT_ONCE):
            await self._note(run, total, issued, refusals)
            orders = [_order(run, user_id) for user_id in users[start : start + AT_ONCE]]
            for order, made in zip(
                orders, await self._statements.issue_many(orders, run.created_by), strict=True
            ):
                if isinstance(made, ConflictError):
                    refusals.append(Refusal(order.wanted.subject_id, str(made)))
                else:
                    issued += 1
        await self._note(run, total, issued, refusals)

    async def _note(self, run: Run, total: int, issued: int, refusals: list[Refusal]) -> None:
        await self._store.progress(
            run,
            total=total,
            done=issued + len(refusals),
            issued=issued,
            refusals=refusals[:MAX_REFUSALS],
            lease_until=self._clock.now() + LEASE,
        )


def _order(run: Run, user_id: str) -> Order:
    wanted = Wanted(Kind.USER, user_id, run.site_id, run.month)
    return Order(wanted, run.language, run.allow_unpriced)
