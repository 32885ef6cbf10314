"""Pricing on a real PostgreSQL: nothing forgotten, nothing twice, nobody held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from store.running_store import RunningStore, running_store
from unit.tariff.tariffs import always, energy, parking, simple

from csms.clock import SystemClock
from csms.events import Events
from csms.model import ConnectorStatus, MeterValue, OcppVersion, Place, RegistrationStatus
from csms.services.charge_point import ChargePoint, Connector
from csms.services.load_management.ports import WithheldEnergy
from csms.services.pricing.ended import EndedPricing
from csms.services.pricing.pricers import Pricers
from csms.services.pricing.records import PricedRecord
from csms.services.records import ChargingStateReport, ConnectorReport, MeterValueRecord
from csms.services.transactions.model import Transaction
from csms.smart_charging.grid import EvseKey
from csms.store.load_management import LoadStore
from csms.store.pricing import PricingStore
from csms.store.tariff_tables import tariff_assignments, tariff_versions, tariffs
from csms.store.tariffs import tariff_row, version_row
from csms.tariff.model import Tariff
from csms.tariff.pricing import Pricer

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
FLAT = simple(always(energy("0.20")))
IDLE = simple(always(energy("0.20"), parking("6")))


@dataclass
class PricedWorld:
    store: RunningStore
    pricing: EndedPricing
    charge_point: ChargePoint

    def node(self) -> EndedPricing:
        """Another node on the same database."""
        return EndedPricing(
            PricingStore(self.store.database),
            Events(),
            self.store.metrics,
            SystemClock(),
            Pricers(),
            "UTC",
        )

    async def tariff(self, tariff: Tariff, id_token: str = "CARD") -> None:
        """Enter a tariff and assign it to a card."""
        async with self.store.database.begin() as connection:
            await connection.execute(insert(tariffs).values(id=tariff.id, **tariff_row(tariff)))
            for version in tariff.versions:
                row = version_row(tariff.id, version)
                await connection.execute(insert(tariff_versions).values(**row))
            await connection.execute(
                insert(tariff_assignments).values(
                    tariff_id=tariff.id, scope="id_token", subject_id=id_token
                )
            )

    def transaction(self, number: int = 1, *, wh: int = 10_000, minutes: int = 60) -> Transaction:
        """An ended transaction."""
        return Transaction(
            id=number,
            charge_point_key=self.charge_point.key,
            evse_id=1,
            connector_id=1,
            ocpp_version=OcppVersion.V16,
            ocpp_transaction_id=str(number),
            started_at=NOON,
            stopped_at=NOON + timedelta(minutes=minutes),
            id_token="CARD",
            energy_wh=Decimal(wh),
            meter_start_wh=Decimal(0),
            meter_stop_wh=Decimal(wh),
            start_received_at=NOON,
        )

    def status(self, minute: int, status: str) -> ConnectorReport:
        at = NOON + timedelta(minutes=minute)
        connector = Connector(ConnectorStatus(status), at)
        return ConnectorReport(self.charge_point.key, Place(1, 1), connector, at)

    def reading(self, minute: int, wh: int) -> MeterValueRecord:
        at = NOON + timedelta(minutes=minute)
        value = MeterValue(sampled_at=at, energy_wh=Decimal(wh))
        return MeterValueRecord(self.charge_point.key, 1, 1, 1, at, value)

    async def priced(self) -> Sequence[PricedRecord]:
        """All that is current, by transaction."""
        async with PricingStore(self.store.database).turn(wait=True) as turn:
            assert turn is not None
            return list((await turn.current(range(1, 100))).values())

    async def revisions(self) -> list[tuple[int, int]]:
        rows = await self.store.rows(
            "SELECT transaction_id, revision FROM priced_transactions ORDER BY 1, 2"
        )
        return [(row["transaction_id"], row["revision"]) for row in rows]


@asynccontextmanager
async def priced_world(url: str) -> AsyncIterator[PricedWorld]:
    async with running_store(url) as store:
        charge_point = await store.live.create("CP-1", RegistrationStatus.ACCEPTED, NOON)
        world = PricedWorld(store, None, charge_point)  # type: ignore[arg-type]  # made next
        world.pricing = world.node()
        yield world


async def test_the_commit_that_ends_a_transaction_has_it_priced_without_any_event(
    database_url: str,
) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(FLAT)
        await world.store.writer.commit(world.transaction())
        assert await world.pricing.sweep() == 1
        (found,) = await world.priced()
        assert (found.priced.bill.gross, found.complete) == (Decimal("2.00"), True)
        assert await world.store.rows("SELECT FROM pricing_queue") == []
        assert await world.pricing.sweep() == 0


async def test_an_open_transaction_is_not_priced(database_url: str) -> None:
    async with priced_world(database_url) as world:
        await world.store.writer.commit(replace(world.transaction(), stopped_at=None))
        assert await world.pricing.sweep() == 0


async def test_what_is_kept_priced_again_gives_the_same(database_url: str) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(FLAT)
        await world.store.writer.commit(world.reading(20, 4001), world.transaction())
        await world.pricing.sweep()
        (found,) = await world.priced()
        again = Pricer(FLAT, ZoneInfo(found.time_zone)).price(found.priced.usage)
        assert again == found.priced


async def test_of_many_nodes_that_price_at_once_each_transaction_is_priced_once(
    database_url: str,
) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(FLAT)
        await world.store.writer.commit(*(world.transaction(number) for number in range(1, 41)))
        await asyncio.gather(*(world.node().sweep_all() for _ in range(4)))
        await world.pricing.sweep_all()
        assert await world.revisions() == [(number, 1) for number in range(1, 41)]


async def test_saving_an_ended_transaction_again_makes_no_revision_if_nothing_changed(
    database_url: str,
) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(FLAT)
        for wh in (10_000, 10_000, 12_000):
            await world.store.writer.commit(world.transaction(wh=wh))
            await world.pricing.sweep_all()
        assert await world.revisions() == [(1, 1), (1, 2)]
        (found,) = await world.priced()
        assert (found.revision, found.priced.bill.gross) == (2, Decimal("2.40"))


async def test_what_is_queued_while_it_is_priced_is_priced_again(database_url: str) -> None:
    async with priced_world(database_url) as world:
        await world.store.writer.commit(world.transaction())
        async with PricingStore(world.store.database).turn() as turn:
            assert turn is not None
            assert await turn.due(10) == [1]
            await world.store.writer.commit(world.transaction(wh=12_000))  # nobody waits
            await turn.done([1])
        assert await world.pricing.sweep() == 1


async def test_one_that_cannot_be_priced_holds_up_no_other(database_url: str) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(replace(FLAT, id="broken"), "BROKEN")
        await world.tariff(FLAT)
        async with world.store.database.begin() as connection:
            await connection.exec_driver_sql(
                "UPDATE tariff_versions SET body = '{}' WHERE tariff_id = 'broken'"
            )
        await world.store.writer.commit(
            replace(world.transaction(1), id_token="BROKEN"), world.transaction(2)
        )

        await world.pricing.sweep_all()

        assert await world.revisions() == [(2, 1)]
        assert world.store.metric("csms_pricing_failures_total") == 1
        (row,) = await world.store.rows(
            "SELECT attempts, due_at > now() AS later FROM pricing_queue"
        )
        assert (row["attempts"], row["later"]) == (1, True)


async def test_a_transaction_that_ends_before_it_begins_is_unpriced_with_the_reason(
    database_url: str,
) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(FLAT)
        await world.store.writer.commit(world.transaction(minutes=-5))
        await world.pricing.sweep()
        (found,) = await world.priced()
        assert (found.complete, found.reason) == (False, "transaction 1 runs backwards")


async def test_energy_that_load_management_withheld_costs_no_parking(database_url: str) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(IDLE)
        loads = LoadStore(world.store.database, SystemClock())
        key = EvseKey("CP-1", 1)
        for minute, withheld in ((-60, False), (20, True), (40, False)):
            at = NOON + timedelta(minutes=minute)
            await loads.log_withheld(WithheldEnergy(key, at, withheld))
        # the charger calls the pause the car's own
        statuses = [world.status(0, "Charging"), world.status(20, "SuspendedEV")]
        for status in statuses:
            await world.store.writer.commit(status)
        await world.store.writer.commit(world.reading(20, 10_000), world.transaction())
        await world.pricing.sweep()

        (found,) = await world.priced()

        parked = [line for line in found.priced.lines if line.kind == "PARKING_TIME"]
        assert [(line.quantity, line.amount) for line in parked] == [(Decimal(1200), Decimal(2))]
        assert found.priced.bill.gross == Decimal("4.00")


async def test_charging_states_of_2_0_1_tell_charging_from_parking(database_url: str) -> None:
    async with priced_world(database_url) as world:
        await world.tariff(IDLE)
        for minute, state in ((0, "EVConnected"), (10, "Charging"), (50, "SuspendedEV")):
            at = NOON + timedelta(minutes=minute)
            await world.store.writer.commit(
                ChargingStateReport(world.charge_point.key, 1, at, state)
            )
        await world.store.writer.commit(world.transaction())
        await world.pricing.sweep()
        (found,) = await world.priced()
        parked = [line for line in found.priced.lines if line.kind == "PARKING_TIME"]
        assert [line.quantity for line in parked] == [600]
