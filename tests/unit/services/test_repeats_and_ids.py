"""OCPP 1.6 transactions told twice, by wrong ids, or by half."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from unit.services.driving import by_id, only, reading, report, start, stop
from unit.services.messages import stored
from unit.world import NOON, World, make_world

from csms.model import AuthorizationStatus, ConnectorStatus, Flag, OcppVersion, Place
from csms.services.charge_point import ChargePoint, Connector
from csms.services.charge_points import StatusReport
from csms.services.transactions.ending import MAX_OPEN
from csms.services.transactions.memory import RECENT

# --- starts


async def test_a_repeated_start_gets_the_same_id_and_status(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("ONCE", max_concurrent_transactions=1)
    at = world.clock.text()
    first = await start(world, charge_point, token="ONCE", at=at)
    world.clock.advance(90)
    again = await start(world, charge_point, token="ONCE", at=at)
    assert again == first
    assert again.authorization.accepted
    assert Flag.DUPLICATE in (await only(world)).flags


async def test_a_repeated_start_of_a_refused_card_is_refused_again_though_it_is_unblocked_now(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("LATE", status=AuthorizationStatus.BLOCKED)
    at = world.clock.text()
    first = await start(world, charge_point, token="LATE", at=at)
    world.add_token("LATE")
    again = await start(world, charge_point, token="LATE", at=at)
    assert again.transaction_id == first.transaction_id
    assert again.authorization.status is AuthorizationStatus.BLOCKED


async def test_a_start_repeated_on_a_new_connection_while_the_first_is_being_saved(
    world: World, charge_point: ChargePoint
) -> None:
    at = world.clock.text()
    with world.recorder.held():
        first = asyncio.create_task(start(world, charge_point, at=at))
        await asyncio.sleep(0)
        replaced = await world.connect("CP-1")
        second = asyncio.create_task(start(world, replaced, at=at))
        await asyncio.sleep(0)
        assert not world.store.transactions
    assert (await first).transaction_id == (await second).transaction_id
    assert len(world.store.transactions) == 1


async def test_a_start_that_is_repeated_after_its_session_ended_begins_no_second_one(
    world: World, charge_point: ChargePoint
) -> None:
    at = world.clock.text()
    number = (await start(world, charge_point, at=at)).transaction_id
    world.clock.advance(600)
    await stop(world, charge_point, number)
    assert (await start(world, charge_point, at=at)).transaction_id == number
    assert not (await only(world)).open


async def test_boxes_that_restart_in_1970_begin_a_new_session_each_time(
    world: World, charge_point: ChargePoint
) -> None:
    first = await start(world, charge_point, at="1970-01-01T00:00:09Z")
    world.clock.advance(2 * 3600)
    second = await start(world, charge_point, at="1970-01-01T00:00:09Z")
    assert second.transaction_id != first.transaction_id


async def test_a_card_known_to_the_charger_alone_is_authorised_at_the_start(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await start(world, charge_point, token="stranger")
    assert answer.authorization.status is AuthorizationStatus.INVALID
    transaction = await only(world)
    assert transaction.id_token == "STRANGER"
    assert Flag.NOT_AUTHORIZED in transaction.flags


async def test_a_session_whose_stop_was_lost_does_not_bar_its_driver_at_the_same_outlet(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("ONCE", max_concurrent_transactions=1)
    await start(world, charge_point, token="ONCE")
    world.clock.advance(3600)
    assert (await start(world, charge_point, token="ONCE")).authorization.accepted


async def test_a_card_shown_at_two_chargers_at_once_charges_at_one(world: World) -> None:
    world.add_token("ONCE", max_concurrent_transactions=1)
    charge_points = [await world.connect(f"CP-{number}") for number in range(5)]
    answers = await asyncio.gather(*(start(world, each, token="ONCE") for each in charge_points))
    statuses = [answer.authorization.status for answer in answers]
    assert statuses.count(AuthorizationStatus.ACCEPTED) == 1
    assert statuses.count(AuthorizationStatus.CONCURRENT_TX) == 4
    assert len(world.store.transactions) == 5


async def test_no_id_is_given_twice_to_many_chargers_at_once(world: World) -> None:
    charge_points = [await world.connect(f"CP-{number}") for number in range(300)]
    answers = await asyncio.gather(*(start(world, each) for each in charge_points))
    assert len({answer.transaction_id for answer in answers}) == 300


async def test_a_charger_that_waits_for_approval_may_tell_of_transactions() -> None:
    world = make_world(unknown="pending")
    pending = await world.connect("CP-NEW")
    number = (await start(world, pending)).transaction_id
    world.clock.advance(600)
    await stop(world, pending, number)
    transaction = await only(world)
    assert Flag.BEFORE_ACCEPTANCE in transaction.flags
    assert transaction.energy_wh == 4000


async def test_a_stop_alone_of_a_charger_that_waits_for_approval_is_flagged_too() -> None:
    world = make_world(unknown="pending")
    await stop(world, await world.connect("CP-NEW"), -1)
    assert Flag.BEFORE_ACCEPTANCE in (await only(world)).flags


# --- stops


async def test_a_stop_is_repeated_until_it_is_answered_and_changes_nothing(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    at = world.clock.text()
    for _ in range(4):
        world.clock.advance(60)
        await stop(world, charge_point, number, at=at, reason="Remote")
    transaction = await only(world)
    assert transaction.stopped_at == NOON + timedelta(hours=1)
    assert transaction.energy_wh == 4000
    assert [type(each).__name__ for each in world.events.published].count("TransactionEnded") == 1


async def test_a_stop_without_a_reason_is_local(world: World, charge_point: ChargePoint) -> None:
    number = (await start(world, charge_point)).transaction_id
    await stop(world, charge_point, number)
    assert (await only(world)).stop_reason == "Local"


@pytest.mark.parametrize("unknown_id", [-1, 0, 98765, 2**40])
async def test_a_stop_with_an_id_that_means_nothing_ends_what_is_running(
    world: World, charge_point: ChargePoint, unknown_id: int
) -> None:
    await start(world, charge_point)
    world.clock.advance(3600)
    await stop(world, charge_point, unknown_id, token="CARD-1")
    transaction = await only(world)
    assert transaction.energy_wh == 4000
    assert Flag.UNKNOWN_TRANSACTION_ID in transaction.flags


async def test_a_nameless_stop_ends_the_one_of_two_that_its_register_fits(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-2")
    left = (await start(world, charge_point, evse_id=1, meter=1000)).transaction_id
    right = (
        await start(world, charge_point, evse_id=2, meter=700_000, token="CARD-2")
    ).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, -1, meter=8000)
    assert not (await by_id(world, left)).open
    assert (await by_id(world, right)).open


async def test_a_nameless_stop_ends_the_one_of_two_that_its_card_began(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-2")
    left = (await start(world, charge_point, evse_id=1)).transaction_id
    right = (await start(world, charge_point, evse_id=2, token="CARD-2")).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, -1, token="CARD-1")
    assert not (await by_id(world, left)).open
    assert (await by_id(world, right)).open


async def test_another_card_of_the_family_may_stop_without_an_id(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("MUM", group_id="FAMILY")
    world.add_token("DAD", group_id="FAMILY")
    await start(world, charge_point, token="MUM")
    world.clock.advance(3600)
    await stop(world, charge_point, -1, token="DAD")
    transaction = await only(world)
    assert (transaction.id_token, transaction.stop_id_token) == ("MUM", "DAD")


async def test_a_stranger_s_nameless_stop_ends_nobody_else_s_session(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, -1, token="STRANGER", meter=900_000)
    assert (await by_id(world, number)).open
    assert len(await stored(world)) == 2


async def test_two_nameless_stops_end_two_sessions_and_repeats_end_nothing_else(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point, evse_id=1, meter=1000)
    await start(world, charge_point, evse_id=2, meter=500_000)
    world.clock.advance(3600)
    at = world.clock.text()
    for _ in range(2):
        await stop(world, charge_point, -1, at=at, meter=6000)
        await stop(world, charge_point, -1, at=at, meter=504_000)
    transactions = await stored(world)
    assert sorted(int(t.energy_wh or 0) for t in transactions) == [4000, 5000]


async def test_only_the_stop_arrives_and_the_session_is_built_from_it(
    world: World, charge_point: ChargePoint
) -> None:
    values = (reading(world, 1000, -60), reading(world, 4000, -30))
    await stop(world, charge_point, 77, token="CARD-1", meter=7000, values=values)
    transaction = await only(world)
    assert transaction.started_at == NOON - timedelta(hours=1)
    assert transaction.stopped_at == NOON
    assert transaction.energy_wh == 6000
    assert transaction.id_token == "CARD-1"
    assert Flag.MISSING_START in transaction.flags


async def test_a_stop_without_any_start_or_reading_has_no_energy_rather_than_a_wrong_one(
    world: World, charge_point: ChargePoint
) -> None:
    await stop(world, charge_point, 77, meter=8_000_000)
    transaction = await only(world)
    assert transaction.energy_wh is None
    assert Flag.NO_ENERGY_EVIDENCE in transaction.flags


async def test_a_stop_alone_belongs_to_the_only_connector_there_is(
    world: World, charge_point: ChargePoint
) -> None:
    charge_point.connectors[Place(1)] = Connector(ConnectorStatus.AVAILABLE, NOON)
    await stop(world, charge_point, -1)
    assert (await only(world)).evse_id == 1


async def test_a_start_that_comes_after_its_stop_completes_the_session(
    world: World, charge_point: ChargePoint
) -> None:
    await stop(world, charge_point, -1, token="CARD-1", minutes=-10)
    answer = await start(world, charge_point, minutes=-70)
    transaction = await only(world)
    assert answer.transaction_id == transaction.id
    assert transaction.energy_wh == 4000
    assert transaction.evse_id == 1
    assert transaction.flags.isdisjoint({Flag.MISSING_START, Flag.NO_ENERGY_EVIDENCE})


async def test_an_old_start_does_not_take_over_another_card_s_stop(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-2")
    await stop(world, charge_point, -1, token="CARD-2", minutes=-10)
    await start(world, charge_point, minutes=-70)
    assert len(await stored(world)) == 2


# --- ids that chargers make up


async def test_a_charger_that_makes_up_an_id_is_understood_by_connector(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point)
    for energy_wh in (2000, 3000):
        world.clock.advance(900)
        await report(world, charge_point, energy_wh, 555)
    world.clock.advance(900)
    await stop(world, charge_point, 555, meter=4000)
    transaction = await only(world)
    assert transaction.claimed_id == "555"
    assert transaction.energy_wh == 3000
    assert len(transaction.runs) == 1
    assert [transaction.runs[0].first_wh, transaction.runs[0].last_wh] == [2000, 3000]


async def test_a_made_up_id_that_equals_an_older_one_of_ours_is_not_booked_to_it(
    world: World, charge_point: ChargePoint
) -> None:
    old = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, old, meter=2000)
    world.clock.advance(3600)
    new = (await start(world, charge_point, meter=2000)).transaction_id
    world.clock.advance(900)
    await report(world, charge_point, 3000, old)
    world.clock.advance(900)
    await stop(world, charge_point, old, meter=4000)
    assert (await by_id(world, old)).energy_wh == 1000
    assert (await by_id(world, new)).energy_wh == 2000


async def test_a_made_up_id_is_durable_at_once(world: World, charge_point: ChargePoint) -> None:
    number = (await start(world, charge_point)).transaction_id
    await report(world, charge_point, 1000, 555)
    assert world.store.transactions[number].claimed_id == "555"


async def test_readings_of_an_unknown_id_make_a_transaction_that_is_durable_at_once(
    world: World, charge_point: ChargePoint
) -> None:
    await report(world, charge_point, 1000, 4242)
    transaction = world.store.transaction()
    assert transaction.open
    assert {Flag.MISSING_START, Flag.UNKNOWN_TRANSACTION_ID} <= transaction.flags


async def test_readings_of_an_unknown_id_may_come_backwards(
    world: World, charge_point: ChargePoint
) -> None:
    for minutes, energy_wh in ((-5, 3000), (-15, 1000), (-10, 2000)):
        await report(world, charge_point, energy_wh, 4242, minutes=minutes)
    transaction = await only(world)
    assert transaction.started_at == NOON - timedelta(minutes=15)
    assert transaction.energy_wh == 2000


async def test_a_nameless_stop_does_not_make_a_made_up_id_forgotten(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point)
    world.clock.advance(900)
    await report(world, charge_point, 2000, 555)
    world.clock.advance(900)
    await stop(world, charge_point, -1, meter=3000)
    await report(world, charge_point, 1500, 555, minutes=-25)
    assert (await only(world)).claimed_id == "555"


async def test_the_main_meter_s_readings_go_to_the_only_session_they_can_mean(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    await report(world, charge_point, None, 4242, evse_id=0)
    assert (await only(world)).id == number


# --- outlets


async def test_two_connectors_charge_at_once_and_end_apart(
    world: World, charge_point: ChargePoint
) -> None:
    left = (await start(world, charge_point, evse_id=1, meter=1000)).transaction_id
    right = (await start(world, charge_point, evse_id=2, meter=9000)).transaction_id
    world.clock.advance(1800)
    await report(world, charge_point, 2000, left, evse_id=1)
    await report(world, charge_point, 9500, right, evse_id=2)
    world.clock.advance(1800)
    await stop(world, charge_point, right, meter=10_000)
    await stop(world, charge_point, left, meter=3000)
    assert (await by_id(world, left)).energy_wh == 2000
    assert (await by_id(world, right)).energy_wh == 1000


async def test_a_simulator_whose_connector_is_its_transaction_id_stays_within_limits(
    world: World, charge_point: ChargePoint
) -> None:
    for number in range(MAX_OPEN + 5):
        world.clock.advance(1)
        await start(world, charge_point, evse_id=1000 + number)
    assert len(charge_point.open_transactions) == MAX_OPEN
    assert len(charge_point.recent_transactions) <= RECENT
    ended = [t for t in await stored(world) if not t.open]
    assert len(ended) == 5
    assert all(Flag.MISSING_STOP in t.flags for t in ended)


async def test_an_id_that_is_not_the_charger_s_does_not_end_another_charger_s_session(
    world: World, charge_point: ChargePoint
) -> None:
    other = await world.connect("CP-2")
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(60)
    await stop(world, other, number)
    assert (await by_id(world, number)).open


async def test_available_while_charging_ends_nothing(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point)
    await world.services.charge_points.connector_status(
        charge_point, StatusReport(Place(1), ConnectorStatus.AVAILABLE), world.clock.now()
    )
    assert (await only(world)).open


# --- missing stops


async def test_a_session_without_a_stop_ended_with_its_last_reading_before_the_next_one(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(1800)
    await report(world, charge_point, 3000, number)
    world.clock.advance(1800)
    await start(world, charge_point, meter=3000)
    transaction = await by_id(world, number)
    assert transaction.stopped_at == NOON + timedelta(minutes=30)
    assert transaction.energy_wh == 2000
    assert {Flag.SUPERSEDED, Flag.MISSING_STOP} <= transaction.flags


async def test_a_late_reading_moves_an_inferred_end(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    await start(world, charge_point, meter=4000)
    await report(world, charge_point, 3500, number, minutes=-10)
    assert (await by_id(world, number)).stopped_at == NOON + timedelta(minutes=50)


async def test_the_real_stop_replaces_an_inferred_one(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    await start(world, charge_point, meter=4000)
    await stop(world, charge_point, number, minutes=-5, meter=4000, reason="EVDisconnected")
    transaction = await by_id(world, number)
    assert transaction.stopped_at == NOON + timedelta(minutes=55)
    assert transaction.flags.isdisjoint({Flag.SUPERSEDED, Flag.MISSING_STOP})
    ended = [e for e in world.events.published if type(e).__name__ == "TransactionEnded"]
    assert len(ended) == 2  # the inferred end, then the real one


async def test_power_comes_back_and_the_charger_reports_the_session_it_lost(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    for energy_wh in (2000, 3000):
        world.clock.advance(900)
        await report(world, charge_point, energy_wh, number)
    world.clock.advance(7200)
    replaced = await world.connect("CP-1", OcppVersion.V16)
    at = (NOON + timedelta(minutes=31)).strftime("%Y-%m-%dT%H:%M:%SZ")
    await stop(world, replaced, number, at=at, meter=0, reason="PowerLoss")
    transaction = await only(world)
    assert transaction.stop_reason == "PowerLoss"
    assert transaction.stopped_at == NOON + timedelta(minutes=31)
    assert transaction.energy_wh == 2000
    assert Flag.METER_STOP_IMPLAUSIBLE in transaction.flags


async def test_an_old_session_s_stop_is_found_in_the_store_long_after(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    for evse_id in range(2, 2 + 2 * RECENT):
        await start(world, charge_point, evse_id=evse_id)
    world.clock.advance(60)
    await start(world, charge_point, meter=1000)
    for each in list(charge_point.open_transactions):
        await stop(world, charge_point, each, meter=1000)
    assert number not in charge_point.recent_transactions
    await stop(world, charge_point, number, meter=1500)
    assert (await by_id(world, number)).meter_stop_wh == Decimal(1500)
    assert number in charge_point.recent_transactions
