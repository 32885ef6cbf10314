"""Runs: the statements of all users of a site's month, one after the other, in the background.

A run is kept in the database and leased by the node that works on it. If that node dies, another
goes on after the lease with those who have no statement yet, so nobody gets two.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Final

from csms.clock import Clock
from csms.errors import ConflictError, CsmsError, DatabaseUnavailableError
from csms.metrics import Metrics
from csms.services.rounds import Boundary, Rounds
from csms.services.statements.model import Order, Refusal, Run, Wanted
from csms.services.statements.ports import RunStore
from csms.services.statements.service import NothingToStateError, StatementService
from csms.statements.document import Kind

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)
LOOK_S: Final = 30.0
"""Between looks for what was ordered from another node, or left behind by one."""
AT_ONCE: Final = 25
"""Users whose month is looked up together; between them progress is noted."""
MAX_REFUSALS: Final = 1000


class StatementRuns:
    """Works on runs, one at a time."""

    def __init__(
        self, store: RunStore, statements: StatementService, clock: Clock, metrics: Metrics
    ) -> None:
        self._store = store
        self._statements = statements
        self._clock = clock
        self._rounds = Rounds("statement runs", self._work, metrics, every_s=LOOK_S)
        self._boundary = Boundary("statement runs", metrics)

    def start(self) -> None:
        self._rounds.start()

    async def stop(self) -> None:
        """Stop after the statement in hand; the run goes on when a node looks for it."""
        await self._rounds.stop()

    def look(self) -> None:
        """Look now: a run was ordered."""
        self._rounds.ring()

    async def _work(self) -> float | None:
        """Work on what waits; returns in how many seconds a lease ends that may be a dead one's."""
        while True:
            now = self._clock.now()
            run = await self._store.claim(now, now + LEASE)
            if run is None:
                ends_at = await self._store.next_lease_end(now)
                return None if ends_at is None else (ends_at - now).total_seconds()
            await self._work_on(run)

    async def _work_on(self, run: Run) -> None:
        failure = None
        try:
            await self._issue_all(run)
        except DatabaseUnavailableError:
            raise
        except CsmsError as error:
            failure = str(error)
        except Exception as error:  # the next run must not suffer
            log.exception("a statement run failed", extra={"run": run.id})
            self._boundary.count()
            failure = type(error).__name__
        await self._store.end(run, self._clock.now(), failure)

    async def _issue_all(self, run: Run) -> None:
        users = await self._store.users(run.site_id, run.month)
        issued, refusals = run.issued, list(await self._store.outdated(run.site_id, run.month))
        total = issued + len(users) + len(refusals)
        for start in range(0, len(users), AT_ONCE):
            await self._note(run, total, issued, refusals)
            orders = [_order(run, user_id) for user_id in users[start : start + AT_ONCE]]
            for order, made in zip(
                orders, await self._statements.issue_many(orders, run.created_by), strict=True
            ):
                if isinstance(made, NothingToStateError):
                    total -= 1
                elif isinstance(made, ConflictError):
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
