"""What open transactions cost so far is forgotten in time, however busy the server is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from swift_time import SwiftClock, run_swiftly

from csms.events import Events, MeterValuesReceived
from csms.metrics import Metrics
from csms.services.charge_point import ChargePoint
from csms.services.pricing.pricers import Pricers
from csms.services.pricing.records import Evidence
from csms.services.pricing.running import REMEMBERED_S, RunningCosts

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


class TransactionsLongGone:
    """Somebody is under a tariff, but of no transaction anything is known."""

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Any]:
        yield self

    async def anything_counts(self) -> bool:
        return True

    async def evidence(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        return ()

    async def assignments(self, subjects: object) -> Sequence[Any]:
        return ()

    async def tariffs(self, tariff_ids: object) -> dict[str, Any]:
        return {}


class NobodyLeft:
    """The charge points of a node to which none is connected any more."""

    def live(self, charge_point_id: str) -> None:
        return None

    def connected_ones(self) -> tuple[ChargePoint, ...]:
        return ()


def test_who_left_is_forgotten_while_others_tell_their_readings_all_the_time() -> None:
    metrics, events = Metrics(), Events()

    def reading_of(number: int, at: datetime) -> None:
        events.publish(
            MeterValuesReceived(
                at=at,
                charge_point_id="CP-1",
                evse_id=1,
                connector_id=1,
                transaction_id=number,
                meter_values=(),
            )
        )

    async def live() -> list[float | None]:
        clock = SwiftClock(asyncio.get_running_loop(), NOON)
        store: Any = TransactionsLongGone()
        costs = RunningCosts(store, events, NobodyLeft(), metrics, clock, Pricers(), "UTC")
        costs.start()
        await asyncio.sleep(1)
        for number in range(50):
            reading_of(number, clock.now())
        await asyncio.sleep(1)
        followed = [metrics.registry.get_sample_value("csms_running_costs")]
        for _ in range(int(2 * REMEMBERED_S / 10)):
            reading_of(99, clock.now())
            await asyncio.sleep(10)
        followed.append(metrics.registry.get_sample_value("csms_running_costs"))
        await costs.stop()
        return followed

    assert run_swiftly(live()) == [50, 1]
