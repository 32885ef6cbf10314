"""What open transactions cost so far is forgotten in time, however busy the server is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from swift_time import SwiftClock, run_swiftly
from unit.tariff.tariffs import always, energy, only, tariff, version

from csms.events import Events, MeterValuesReceived
from csms.metrics import Metrics
from csms.model import MeterValue, OcppVersion, RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.pricing.pricers import Pricers
from csms.services.pricing.records import Evidence, KnownCircumstances, StoredUsage
from csms.services.pricing.running import REMEMBERED_S, RunningCosts
from csms.services.transactions.model import Transaction
from csms.tariff.assignment import Assignment, Circumstances, Scope
from csms.tariff.model import Restrictions
from csms.tariff.usage import Reading

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
READ_AT = NOON + timedelta(minutes=30)


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


class CardShownLate(TransactionsLongGone):
    """Transaction 7 began without a card; CARD-1, shown later, pays 1.00 a kWh."""

    def __init__(self) -> None:
        self.elements = [always(energy("1.00"))]
        self.registers_wh = [1500]
        """By the database, all of one moment."""
        self.transaction = Transaction(
            7, 1, 1, 1, OcppVersion.V201, "7", NOON,
            meter_start_wh=Decimal(0), energy_wh=Decimal(1500), last_reading_at=READ_AT,
        )  # fmt: skip
        self._charge_point = ChargePoint(1, "CP-1", RegistrationStatus.ACCEPTED)
        self._charge_point.open_transactions[7] = self.transaction

    async def evidence(self, transaction_ids: Collection[int]) -> Sequence[Evidence]:
        id_token = self.transaction.id_token
        known = Circumstances(NOON, None, "CP-1", id_token, None, frozenset())
        usage = StoredUsage(
            started_at=NOON,
            stopped_at=None,
            energy_wh=Decimal(1500),
            meter_start_wh=Decimal(0),
            meter_stop_wh=None,
            readings=[Reading(READ_AT, Decimal(register_wh)) for register_wh in self.registers_wh],
        )
        return [Evidence(transaction_id=7, known=KnownCircumstances(known, "UTC"), usage=usage)]

    async def assignments(self, subjects: object) -> Sequence[Any]:
        return [Assignment("tariff", Scope.ID_TOKEN, "CARD-1")]

    async def tariffs(self, tariff_ids: object) -> dict[str, Any]:
        return {"tariff": tariff(version(*self.elements))}

    def live(self, charge_point_id: str) -> ChargePoint:
        return self._charge_point

    def connected_ones(self) -> tuple[ChargePoint, ...]:
        return ()


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
        await costs.look_again()
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


def test_a_transaction_costs_what_its_card_pays_also_if_that_is_shown_after_the_cable() -> None:
    world = CardShownLate()
    assert costs_after(world, (None, 1500), ("CARD-1", 1500)) == [None, Decimal("1.50")]


@pytest.mark.parametrize(
    ("registers_wh", "heard_wh"), [([1000, 1500], None), ([1000], 1500)], ids=["kept", "heard"]
)
def test_of_readings_of_one_moment_the_last_counts(
    registers_wh: list[int], heard_wh: int | None
) -> None:
    world = CardShownLate()
    world.elements = [
        only(Restrictions(start_time=time(12), end_time=time(12, 30)), energy("1.00")),
        always(energy("2.00")),
    ]
    world.registers_wh = registers_wh
    assert costs_after(world, ("CARD-1", heard_wh)) == [Decimal("1.50")]


def costs_after(world: CardShownLate, *readings: tuple[str | None, int | None]) -> list[Any]:
    """The cost after each reading, which tells a register or nothing of the energy, for a card."""
    events = Events()

    async def live() -> list[Any]:
        clock = SwiftClock(asyncio.get_running_loop(), READ_AT)
        store: Any = world
        costs = RunningCosts(store, events, world, Metrics(), clock, Pricers(), "UTC")
        costs.start()
        await costs.look_again()
        await asyncio.sleep(1)
        found: list[Any] = []
        for id_token, register_wh in readings:
            world.transaction.id_token = id_token
            energy_wh = None if register_wh is None else Decimal(register_wh)
            events.publish(
                MeterValuesReceived(
                    at=READ_AT,
                    charge_point_id="CP-1",
                    evse_id=1,
                    connector_id=1,
                    transaction_id=7,
                    meter_values=(MeterValue(READ_AT, energy_wh=energy_wh),),
                )
            )
            await asyncio.sleep(1)
            cost = costs.running_cost(7)
            found.append(None if cost is None else cost.gross)
        await costs.stop()
        return found

    return run_swiftly(live())
