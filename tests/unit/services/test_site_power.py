"""The power of a site follows the latest readings of its chargers."""

from __future__ import annotations

from decimal import Decimal

from unit.world import World, make_world

from csms.model import IdToken, MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.site_power import SitePower
from csms.services.transactions.model import MeterReport, Start, Stop


async def charging(world: World, identity: str, power_w: float) -> ChargePoint:
    """A charger in the garage with a car that draws `power_w`."""
    charge_point = await world.connect(identity)
    charge_point.site_id = "garage"
    now = world.clock.now()
    start = Start(1, 1, IdToken("CARD"), Decimal(0), world.clock.text())
    await world.services.transactions.start(charge_point, start, now)
    await report(world, charge_point, power_w)
    return charge_point


async def report(world: World, charge_point: ChargePoint, power_w: float) -> None:
    now = world.clock.advance(60)
    values = (MeterValue(now, power_w=power_w),)
    report = MeterReport(1, 1, values)
    await world.services.transactions.meter_values(charge_point, report, now)


def site_power_w(world: World) -> float | None:
    SitePower(world.services.charge_points, world.metrics).measure()
    return world.metrics.registry.get_sample_value("csms_site_power_watts", {"site": "garage"})


async def test_a_site_draws_what_its_chargers_draw_together() -> None:
    world = make_world()
    first = await charging(world, "CP-1", 7000.0)
    await charging(world, "CP-2", 11000.0)
    await report(world, first, 3000.0)
    assert site_power_w(world) == 14000.0


async def test_a_transaction_that_ended_draws_nothing() -> None:
    world = make_world()
    first = await charging(world, "CP-1", 7000.0)
    await charging(world, "CP-2", 11000.0)
    (number,) = first.open_transactions
    stop = Stop(number, Decimal(500), world.clock.text())
    await world.services.transactions.stop(first, stop, world.clock.now())
    assert site_power_w(world) == 11000.0


async def test_a_charger_that_left_is_no_longer_counted() -> None:
    world = make_world()
    first = await charging(world, "CP-1", 7000.0)
    await charging(world, "CP-2", 11000.0)
    world.services.charge_points.disconnected(first, "gone")
    assert site_power_w(world) == 11000.0
