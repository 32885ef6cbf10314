"""A report is complete when all its parts came, in whatever order, once or twice."""

from __future__ import annotations

from typing import Any

from unit.world import KeptReports, World, make_world

from csms.events import ReportProgressed
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.provisioning.reports import ABANDONED, PATIENCE, Reports
from csms.services.records import OldMonitorsGone, ReportState


class Answering:
    """A live connection, as far as reports need one."""

    version = OcppVersion.V201

    def __init__(self, charge_point: ChargePoint) -> None:
        self.charge_point = charge_point

    async def call(self, action: str, payload: Any, timeout_s: float) -> dict[str, Any]:
        raise AssertionError("nothing is sent here")


def states(world: World) -> list[str]:
    return [each.status for each in world.store.of(ReportState)]


def last(world: World) -> ReportState:
    return world.store.of(ReportState)[-1]


async def asked(world: World, charge_point: ChargePoint, status: str = "Accepted") -> None:
    """Say what the charge point answered to a request that somebody sent."""
    payload = {"requestId": 7, "reportBase": "FullInventory"}
    answer = {"status": status}
    await world.services.reports.answered(Answering(charge_point), "GetBaseReport", payload, answer)


async def part(world: World, charge_point: ChargePoint, number: int, *, more: bool) -> None:
    await world.services.reports.received(charge_point, 7, number, 2, more=more)


async def test_parts_may_come_in_any_order() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    await part(world, charge_point, 1, more=True)
    await part(world, charge_point, 2, more=False)
    assert (last(world).status, last(world).missing_parts) == ("incomplete", (0,))
    await part(world, charge_point, 0, more=True)
    assert (last(world).status, last(world).parts, last(world).items) == ("complete", 3, 6)


async def test_a_part_that_comes_twice_counts_once() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    for number in (0, 0, 1, 1):
        await part(world, charge_point, number, more=number == 0)
    assert [each for each in states(world) if each == "complete"] == ["complete"]
    assert last(world).parts == 2


async def test_a_report_that_stops_coming_times_out() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    await part(world, charge_point, 0, more=True)
    world.clock.advance(PATIENCE.total_seconds() - 1)
    await world.services.reports.sweep()
    assert last(world).status == "receiving"
    world.clock.advance(2)
    await world.services.reports.sweep()
    assert (last(world).status, last(world).reason) == ("timed_out", "no further part came")


async def test_a_report_may_be_faster_than_the_answer_to_its_request() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await part(world, charge_point, 0, more=False)
    await asked(world, charge_point)
    assert (last(world).status, last(world).kind) == ("complete", "base")
    assert last(world).scope == {"base": "FullInventory"}


async def test_a_refusal_is_kept_with_the_chargers_word() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point, "NotSupported")
    assert (last(world).status, last(world).reason) == ("refused", "NotSupported")


async def test_every_step_is_told_to_who_watches() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    await part(world, charge_point, 0, more=True)
    await part(world, charge_point, 1, more=False)
    told = [each for each in world.events.published if isinstance(each, ReportProgressed)]
    assert [(each.status, each.parts) for each in told] == [
        ("requested", 0),
        ("receiving", 1),
        ("complete", 2),
    ]


async def test_monitors_are_forgotten_only_after_a_report_of_all() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    link, reports = Answering(charge_point), world.services.reports
    accepted = {"status": "Accepted"}
    some = {"requestId": 1, "monitoringCriteria": ["DeltaMonitoring"]}
    await reports.answered(link, "GetMonitoringReport", some, accepted)
    await reports.received(charge_point, 1, 0, 1, more=False, monitoring=True)
    assert not world.store.of(OldMonitorsGone)
    await reports.answered(link, "GetMonitoringReport", {"requestId": 2}, accepted)
    await reports.received(charge_point, 2, 0, 1, more=False, monitoring=True)
    assert len(world.store.of(OldMonitorsGone)) == 1


def restarted(world: World) -> Reports:
    """What a new process knows: what was kept, and nothing else."""
    return Reports(world.recorder, world.events, world.clock, KeptReports(world.store))


async def test_a_report_goes_on_after_the_server_was_restarted() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    await part(world, charge_point, 0, more=True)
    report = await restarted(world).received(charge_point, 7, 1, 2, more=False)
    assert (report.status, report.kind, report.scope) == (
        "complete",
        "base",
        {"base": "FullInventory"},
    )
    assert (last(world).parts, last(world).items, last(world).missing_parts) == (2, 4, ())


async def test_a_part_said_twice_around_a_restart_leaves_a_whole_report_whole() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    await part(world, charge_point, 0, more=True)
    await part(world, charge_point, 1, more=False)
    await restarted(world).received(charge_point, 7, 1, 2, more=False)
    assert (last(world).status, last(world).parts, last(world).kind) == ("complete", 2, "base")


async def test_a_report_that_a_stopped_server_left_times_out() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    reports = restarted(world)
    world.clock.advance(ABANDONED.total_seconds() + 1)
    await reports.sweep_left()
    assert (last(world).status, last(world).reason) == ("timed_out", "no further part came")


async def test_a_part_that_comes_after_patience_ended_is_still_of_its_report() -> None:
    world = make_world()
    charge_point = await world.connect(version=OcppVersion.V201)
    await asked(world, charge_point)
    await part(world, charge_point, 0, more=True)
    world.clock.advance(PATIENCE.total_seconds() + 1)
    await world.services.reports.sweep()
    await part(world, charge_point, 1, more=False)
    assert (last(world).status, last(world).kind, last(world).reason) == ("complete", "base", None)
