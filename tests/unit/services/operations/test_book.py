"""Operations over time: answers that don't come, deadlines, parts."""

from __future__ import annotations

import pytest
from unit.operations_in_memory import DisplaysInMemory, OperationsInMemory
from unit.world import World, make_world

from csms.services.charge_point import ChargePoint
from csms.services.operations.book import OperationBook, is_whole
from csms.services.operations.model import Kind, Operation, Part, State


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
async def charge_point(world: World) -> ChargePoint:
    return await world.connect("CP-1")


@pytest.fixture
def store() -> OperationsInMemory:
    return OperationsInMemory()


@pytest.fixture
def book(world: World, store: OperationsInMemory) -> OperationBook:
    return OperationBook(store, DisplaysInMemory(), world.events, world.clock)


async def begin(book: OperationBook, charge_point: ChargePoint, kind: Kind) -> Operation:
    return await book.begin(charge_point, kind, {}, "tests")


async def test_what_nothing_is_heard_of_times_out_and_may_still_go_on(
    world: World, charge_point: ChargePoint, book: OperationBook, store: OperationsInMemory
) -> None:
    update = await begin(book, charge_point, Kind.FIRMWARE_UPDATE)
    world.clock.advance(7100)
    await book.expire()
    assert store.operations[update.id].state is State.REQUESTED
    world.clock.advance(200)
    await book.expire()
    assert store.operations[update.id].state is State.TIMED_OUT
    now = world.clock.now()
    await book.told(charge_point, Kind.FIRMWARE_UPDATE, "Installed", update.request_id, now)
    assert store.operations[update.id].state is State.SUCCEEDED


async def test_a_status_pushes_the_deadline_away(
    world: World, charge_point: ChargePoint, book: OperationBook, store: OperationsInMemory
) -> None:
    log = await begin(book, charge_point, Kind.LOG)
    now = world.clock.advance(3500)
    await book.told(charge_point, Kind.LOG, "Uploading", log.request_id, now)
    world.clock.advance(3500)
    await book.expire()
    assert store.operations[log.id].state is State.RUNNING


async def test_a_number_that_nobody_gave_changes_nothing(
    world: World, charge_point: ChargePoint, book: OperationBook, store: OperationsInMemory
) -> None:
    log = await begin(book, charge_point, Kind.LOG)
    other = log.request_id % 1000 + 1
    await book.told(charge_point, Kind.LOG, "Uploaded", other, world.clock.now())
    assert store.operations[log.id].state is State.REQUESTED


async def test_a_part_far_beyond_any_report_is_not_kept(
    world: World, charge_point: ChargePoint, book: OperationBook, store: OperationsInMemory
) -> None:
    asked = await begin(book, charge_point, Kind.CUSTOMER_INFORMATION)
    part = Part(100_000, is_last=True, data="x")
    now = world.clock.now()
    assert not await book.customer_told(charge_point, asked.request_id, part, now)
    assert store.parts == {}


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], False),
        ([(0, True)], True),
        ([(0, False), (1, True)], True),
        ([(0, False), (2, True)], False),
        ([(1, True)], False),
        ([(0, False)], False),
    ],
)
def test_a_report_is_whole_when_no_part_is_missing(
    parts: list[tuple[int, bool]], whole: bool
) -> None:
    assert is_whole(parts) is whole
