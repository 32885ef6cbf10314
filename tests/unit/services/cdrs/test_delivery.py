"""When CDRs are sent: what failed at its time, also if nothing else happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from swift_time import SwiftClock, run_swiftly

from csms.errors import DatabaseUnavailableError
from csms.events import Events
from csms.metrics import Metrics
from csms.services.cdrs.delivery import LOOK_S, CdrDelivery
from csms.services.cdrs.webhooks import PAUSES, Delivery, new_secret
from csms.services.destinations import Destinations

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
NOBODY = "http://127.0.0.1:9/"


class OneInTheOutbox:
    """A delivery that waits, in memory."""

    def __init__(self) -> None:
        self.due_at: datetime | None = NOON
        self.attempts = 0
        self.attempted_at: list[datetime] = []
        self.looks = 0
        self.is_away = False

    async def claim(self, now: datetime, lease_until: datetime, most: int) -> Sequence[Delivery]:
        self.looks += 1
        if self.is_away:
            raise DatabaseUnavailableError("nobody answers")
        if self.due_at is None or self.due_at > now:
            return ()
        self.due_at = lease_until
        return [Delivery(1, 1, NOBODY, new_secret(), 7, 1, self.attempts)]

    async def next_due(self, now: datetime) -> datetime | None:
        return self.due_at if self.due_at is not None and self.due_at > now else None

    async def body(self, delivery: Delivery) -> bytes:
        return b"{}"

    async def delivered(self, delivery: Delivery, now: datetime, status: int) -> None:
        self.due_at = None

    async def failed(
        self,
        delivery: Delivery,
        now: datetime,
        error: str,
        status: int | None,
        again_at: datetime | None,
    ) -> None:
        self.attempts += 1
        self.attempted_at.append(now)
        self.due_at = again_at


def deliver_for(seconds: float, outbox: OneInTheOutbox) -> None:
    async def deliver() -> None:
        clock = SwiftClock(asyncio.get_running_loop(), NOON)
        delivery = CdrDelivery(outbox, Events(), clock, Metrics(), Destinations())
        delivery.start()
        delivery.look()
        await asyncio.sleep(seconds)
        await delivery.stop()

    run_swiftly(deliver())


def test_a_delivery_that_failed_is_tried_again_in_its_time() -> None:
    outbox = OneInTheOutbox()
    deliver_for(3600, outbox)
    due_at = [NOON]
    for pause in PAUSES[:4]:
        due_at.append(due_at[-1] + pause)
    late = [at - due for at, due in zip(outbox.attempted_at, due_at, strict=True)]
    assert all(timedelta(0) <= each < timedelta(seconds=1) for each in late)


def test_an_empty_outbox_is_hardly_looked_at() -> None:
    outbox = OneInTheOutbox()
    outbox.due_at = None
    deliver_for(600, outbox)
    assert outbox.looks <= 600 / LOOK_S + 1


def test_a_database_that_is_back_is_noticed_soon() -> None:
    outbox = OneInTheOutbox()
    outbox.is_away = True
    deliver_for(LOOK_S, outbox)
    assert outbox.looks >= 5
