"""The power of a site follows the latest readings of its chargers."""

from __future__ import annotations

from datetime import UTC, datetime

from unit.world import World, make_world

from csms.events import ChargePointDisconnected, MeterValuesReceived, TransactionEnded
from csms.model import MeterValue
from csms.services.site_power import SitePower

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)


def reading(identity: str, evse_id: int, power_w: float) -> MeterValuesReceived:
    return MeterValuesReceived(
        at=NOON,
        charge_point_id=identity,
        evse_id=evse_id,
        connector_id=1,
        transaction_id=1,
        meter_values=(MeterValue(NOON, power_w=power_w),),
    )


async def site_with_two_chargers() -> tuple[World, SitePower]:
    world = make_world()
    for identity in ("CP-1", "CP-2"):
        charge_point = await world.connect(identity)
        charge_point.site_id = "garage"
    watch = SitePower(world.events, world.services.charge_points, world.metrics)
    watch.take(reading("CP-1", 1, 7000.0))
    watch.take(reading("CP-2", 1, 11000.0))
    return world, watch


def power_w(world: World) -> float | None:
    return world.metrics.registry.get_sample_value("csms_site_power_watts", {"site": "garage"})


async def test_a_site_draws_what_its_chargers_draw_together() -> None:
    world, watch = await site_with_two_chargers()
    watch.take(reading("CP-1", 1, 3000.0))
    assert power_w(world) == 14000.0


async def test_a_transaction_that_ended_draws_nothing() -> None:
    world, watch = await site_with_two_chargers()
    watch.take(
        TransactionEnded(
            at=NOON,
            charge_point_id="CP-2",
            transaction_id=1,
            evse_id=1,
            connector_id=1,
            energy_wh=None,
            stop_reason="Local",
        )
    )
    assert power_w(world) == 7000.0


async def test_a_charger_that_left_is_no_longer_counted() -> None:
    world, watch = await site_with_two_chargers()
    watch.take(ChargePointDisconnected(at=NOON, charge_point_id="CP-1", reason="gone"))
    assert power_w(world) == 11000.0
