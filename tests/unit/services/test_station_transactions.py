"""OCPP 2.0.1 transactions: events in any order, with gaps, restarts and missing parts."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.services.driving import by_id, event, only, reading, report
from unit.services.messages import stored
from unit.world import NOON, World

from csms.model import AuthorizationStatus, Flag, MeterValue, OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.transactions.sequence import MAX_RANGES, add_seq, has_seq


def begin(world: World, energy_wh: float, minutes: float = 0) -> MeterValue:
    value = reading(world, energy_wh, minutes)
    value.context = "Transaction.Begin"
    return value


def end(world: World, energy_wh: float, minutes: float = 0) -> MeterValue:
    value = reading(world, energy_wh, minutes)
    value.context = "Transaction.End"
    return value


async def test_plug_card_charge_unplug(world: World, station: ChargePoint) -> None:
    await event(
        world, station, "Started", 0, evse_id=2, connector_id=1, charging_state="EVConnected"
    )
    world.clock.advance(30)
    answer = await event(
        world,
        station,
        "Updated",
        1,
        token="card-1",
        charging_state="Charging",
        meter_values=(begin(world, 1000),),
    )
    assert answer.authorization is not None
    assert answer.authorization.accepted
    world.clock.advance(3600)
    await event(
        world,
        station,
        "Ended",
        2,
        stopped_reason="EVDisconnected",
        meter_values=(end(world, 8000),),
    )
    transaction = await only(world)
    assert (transaction.evse_id, transaction.id_token) == (2, "CARD-1")
    assert transaction.energy_wh == 7000
    assert transaction.energy_source == "registers"
    assert transaction.stop_reason == "EVDisconnected"
    assert transaction.flags == set()


async def test_the_outlet_is_named_in_the_first_event_only(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, evse_id=2)
    await event(world, station, "Ended", 1)
    assert (await only(world)).evse_id == 2


async def test_an_end_without_a_reason_is_local(world: World, station: ChargePoint) -> None:
    await event(world, station, "Started", 0)
    await event(world, station, "Ended", 1)
    assert (await only(world)).stop_reason == "Local"


async def test_events_before_the_start_wait_for_it(world: World, station: ChargePoint) -> None:
    await event(world, station, "Ended", 2, minutes=0, meter_values=(end(world, 5000),))
    assert {Flag.MISSING_START, Flag.MISSING_EVENTS} <= (await only(world)).flags
    await event(
        world, station, "Updated", 1, minutes=-30, meter_values=(reading(world, 3000, -30),)
    )
    assert (await only(world)).started_at == NOON - timedelta(minutes=30)
    await event(world, station, "Started", 0, minutes=-60, meter_values=(begin(world, 1000, -60),))
    transaction = await only(world)
    assert transaction.started_at == NOON - timedelta(hours=1)
    assert transaction.energy_wh == 4000
    assert transaction.flags == {Flag.OUT_OF_ORDER}


async def test_a_gap_in_the_numbers_is_told_and_heals(world: World, station: ChargePoint) -> None:
    await event(world, station, "Started", 0)
    await event(world, station, "Ended", 3)
    assert Flag.MISSING_EVENTS in (await only(world)).flags
    for seq_no in (2, 1):
        await event(world, station, "Updated", seq_no)
    assert Flag.MISSING_EVENTS not in (await only(world)).flags


async def test_numbers_may_go_on_from_one_transaction_to_the_next(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 41)
    await event(world, station, "Ended", 42)
    assert Flag.MISSING_EVENTS not in (await only(world)).flags


async def test_events_without_a_number_are_kept_and_not_called_incomplete(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", -1, token="CARD-1")
    await event(world, station, "Ended", -1)
    transaction = await only(world)
    assert not transaction.open
    assert transaction.flags == {Flag.NO_ENERGY_EVIDENCE}


async def test_numbers_that_restart_after_a_reboot_lose_nothing(
    world: World, station: ChargePoint
) -> None:
    for seq_no in range(5):
        kind = "Updated" if seq_no else "Started"
        await event(world, station, kind, seq_no, charging_state="Charging", evse_id=1)
    world.clock.advance(600)
    await event(
        world,
        station,
        "Updated",
        0,
        charging_state="SuspendedEV",
        meter_values=(reading(world, 3000),),
    )
    transaction = await only(world)
    assert transaction.charging_state == "SuspendedEV"
    assert transaction.last_reading_at == world.clock.now()


async def test_an_old_event_does_not_change_the_charging_state(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, minutes=-60, charging_state="EVConnected")
    await event(world, station, "Updated", 5, charging_state="SuspendedEV")
    await event(world, station, "Updated", 3, minutes=-20, charging_state="Charging")
    await event(world, station, "Updated", 4, charging_state="Charging")
    assert (await only(world)).charging_state == "SuspendedEV"


async def test_a_repeated_event_gets_the_same_answer_and_leaves_one_transaction(
    world: World, station: ChargePoint
) -> None:
    world.add_token("ONCE", max_concurrent_transactions=1)
    at = world.clock.text()
    first = await event(world, station, "Started", 0, token="ONCE", at=at)
    other = await world.connect("CS-2", OcppVersion.V201)
    await event(world, other, "Started", 0, "TX-2", token="ONCE")
    again = await event(world, station, "Started", 0, token="ONCE", at=at)
    assert first.authorization is not None
    assert again.authorization is not None
    assert again.authorization.status is first.authorization.status
    assert len(await stored(world)) == 2


async def test_the_same_event_twice_at_once_over_two_connections(
    world: World, station: ChargePoint
) -> None:
    at = world.clock.text()
    answers = await asyncio.gather(
        *(event(world, station, "Started", 0, token="CARD-1", at=at) for _ in range(3))
    )
    assert len({answer.transaction_id for answer in answers}) == 1
    assert len(world.store.transactions) == 1


async def test_the_same_id_at_two_stations_is_two_transactions(
    world: World, station: ChargePoint
) -> None:
    other = await world.connect("CS-2", OcppVersion.V201)
    await event(world, station, "Started", 0, "1")
    await event(world, other, "Started", 0, "1")
    assert len(await stored(world)) == 2


# --- tokens


async def test_the_first_token_pays_and_another_of_the_group_may_stop(
    world: World, station: ChargePoint
) -> None:
    world.add_token("MUM", group_id="FAMILY")
    world.add_token("DAD", group_id="FAMILY")
    await event(world, station, "Started", 0, token="MUM")
    await event(world, station, "Updated", 1, token="DAD", trigger_reason="StopAuthorized")
    await event(world, station, "Ended", 2)
    transaction = await only(world)
    assert (transaction.id_token, transaction.stop_id_token) == ("MUM", "DAD")


async def test_the_stopper_pays_only_as_long_as_nobody_else_is_known(
    world: World, station: ChargePoint
) -> None:
    world.add_token("MUM", group_id="FAMILY")
    world.add_token("DAD", group_id="FAMILY")
    await event(world, station, "Updated", 1, token="DAD", trigger_reason="StopAuthorized")
    assert (await only(world)).id_token == "DAD"
    await event(world, station, "Started", 0, token="MUM")
    assert (await only(world)).id_token == "MUM"


async def test_showing_the_card_to_stop_is_no_second_transaction_of_it(
    world: World, station: ChargePoint
) -> None:
    world.add_token("ONCE", max_concurrent_transactions=1)
    await event(world, station, "Started", 0, token="ONCE")
    other = await world.connect("CS-2", OcppVersion.V201)
    await event(world, other, "Started", 0, "TX-2")
    answer = await event(
        world, other, "Updated", 1, "TX-2", token="ONCE", trigger_reason="StopAuthorized"
    )
    assert answer.authorization is not None
    assert answer.authorization.accepted


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_a_driver_who_was_refused_does_not_pay_for_the_one_who_charged(
    world: World, station: ChargePoint, order: tuple[int, int]
) -> None:
    tokens = {1: "STRANGER", 2: "CARD-1"}
    await event(world, station, "Started", 0)
    for seq_no in order:
        await event(world, station, "Updated", seq_no, token=tokens[seq_no])
    transaction = await only(world)
    assert transaction.id_token == "CARD-1"
    assert transaction.authorization_status is AuthorizationStatus.ACCEPTED
    assert Flag.NOT_AUTHORIZED not in transaction.flags


async def test_the_token_s_sessions_are_counted_by_the_one_who_pays(
    world: World, station: ChargePoint
) -> None:
    world.add_token("MUM", max_concurrent_transactions=1)
    world.add_token("DAD", max_concurrent_transactions=1)
    await event(world, station, "Updated", 5, token="DAD")
    await event(world, station, "Started", 0, token="MUM")
    other = await world.connect("CS-2", OcppVersion.V201)
    dad = await event(world, other, "Started", 0, "TX-2", token="DAD")
    mum = await event(world, other, "Started", 0, "TX-3", token="MUM")
    assert dad.authorization is not None
    assert mum.authorization is not None
    assert dad.authorization.accepted
    assert mum.authorization.status is AuthorizationStatus.CONCURRENT_TX


async def test_a_start_without_a_card_at_all_is_accepted(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, token=None, remote_start_id=7)
    transaction = await only(world)
    assert transaction.id_token is None
    assert transaction.remote_start_id == 7
    assert Flag.NOT_AUTHORIZED not in transaction.flags


async def test_a_reservation_is_used_up_by_the_event_that_names_it(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0)
    await event(world, station, "Updated", 1, token="CARD-1", reservation_id=12)
    await event(world, station, "Updated", 2)
    (change,) = world.store.reservation_changes
    assert (change.reservation_id, change.status) == (12, "used")


# --- readings


async def test_the_beginning_that_comes_again_with_the_end_makes_up_for_a_lost_start(
    world: World, station: ChargePoint
) -> None:
    await event(
        world,
        station,
        "Ended",
        9,
        evse_id=1,
        meter_values=(begin(world, 1000, -60), reading(world, 3000, -30), end(world, 5000)),
    )
    transaction = await only(world)
    assert [transaction.meter_start_wh, transaction.meter_stop_wh] == [1000, 5000]
    assert transaction.energy_wh == 4000
    assert transaction.started_at == NOON - timedelta(hours=1)


async def test_clock_aligned_readings_belong_to_the_session_at_their_outlet_and_time(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, evse_id=1, minutes=-30)
    await report(world, station, 2000, evse_id=1)
    await report(world, station, 2000, evse_id=1, minutes=-45)
    await report(world, station, 2000, evse_id=2)
    number = (await only(world)).id
    assert [r.transaction_id for r in world.store.meter_values] == [number, None, None]


async def test_a_session_at_an_outlet_ends_when_the_next_one_begins_there(
    world: World, station: ChargePoint
) -> None:
    first = (await event(world, station, "Started", 0, "A", evse_id=1)).transaction_id
    world.clock.advance(3600)
    await event(world, station, "Started", 0, "B", evse_id=1)
    transaction = await by_id(world, first)
    assert not transaction.open
    assert Flag.SUPERSEDED in transaction.flags


async def test_offline_events_are_flagged_and_kept(world: World, station: ChargePoint) -> None:
    await event(world, station, "Started", 0, minutes=-600, offline=True)
    await event(world, station, "Ended", 1, minutes=-500, offline=True)
    transaction = await only(world)
    assert transaction.started_at == NOON - timedelta(minutes=600)
    assert Flag.OFFLINE in transaction.flags


# --- no id at all


async def test_events_without_an_id_make_one_transaction(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, "", evse_id=1)
    await event(world, station, "Updated", 1, "")
    at = world.clock.text(60)
    world.clock.advance(60)
    for _ in range(2):
        await event(world, station, "Ended", 2, "", at=at)
    transaction = await only(world)
    assert not transaction.open
    assert transaction.ocpp_transaction_id == str(transaction.id)


# --- the numbers alone


@given(st.lists(st.integers(0, 60)))
def test_numbers_are_remembered_as_ranges(numbers: list[int]) -> None:
    ranges: list[tuple[int, int]] = []
    seen: set[int] = set()
    for number in numbers:
        assert add_seq(ranges, number) is (number not in seen)
        seen.add(number)
    assert [n for n in range(61) if has_seq(ranges, n)] == sorted(seen)
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(ranges))


def test_a_thousand_gaps_take_little_memory_and_stay_gaps() -> None:
    ranges: list[tuple[int, int]] = []
    for number in range(0, 2000, 2):
        add_seq(ranges, number)
    assert 1 < len(ranges) <= MAX_RANGES


async def test_an_id_that_is_used_again_after_its_end_is_another_transaction(
    world: World, station: ChargePoint
) -> None:
    for first_wh, token in ((1000, "card-1"), (3000, "card-1")):
        await event(world, station, "Started", 0, evse_id=1, token=token)
        await event(world, station, "Updated", 1, meter_values=(begin(world, first_wh),))
        world.clock.advance(3600)
        await event(world, station, "Ended", 2, meter_values=(end(world, first_wh + 2000),))
        world.clock.advance(1200)
    first, second = sorted(await stored(world), key=lambda each: each.started_at)
    assert first.ocpp_transaction_id == second.ocpp_transaction_id
    assert (first.started_at, first.stopped_at) == (NOON, NOON + timedelta(hours=1))
    assert second.started_at == NOON + timedelta(minutes=80)
    assert [first.energy_wh, second.energy_wh] == [2000, 2000]
    assert Flag.DUPLICATE not in first.flags | second.flags


async def test_what_is_told_again_of_the_first_of_two_with_one_id_is_not_the_seconds(
    world: World, station: ChargePoint
) -> None:
    began_at = world.clock.text()
    for first_wh in (1000, 3000):
        await event(world, station, "Started", 0, evse_id=1, meter_values=(begin(world, first_wh),))
        world.clock.advance(3600)
        await event(world, station, "Ended", 1, meter_values=(end(world, first_wh + 2000),))
        world.clock.advance(1200)
    again = begin(world, 1000, -160)
    await event(world, station, "Started", 0, evse_id=1, at=began_at, meter_values=(again,))
    first, second = sorted(await stored(world), key=lambda each: each.started_at)
    assert Flag.DUPLICATE in first.flags
    assert [first.energy_wh, second.energy_wh] == [2000, 2000]


async def test_an_id_that_is_used_again_after_a_power_cut_is_another_transaction(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, evse_id=1, meter_values=(begin(world, 1000),))
    world.clock.advance(1800)
    await event(world, station, "Updated", 1, meter_values=(reading(world, 2000),))
    world.clock.advance(600)
    await event(world, station, "Started", 0, evse_id=1, meter_values=(begin(world, 2000),))
    world.clock.advance(600)
    await event(world, station, "Ended", 1, meter_values=(end(world, 2500),))
    first, second = sorted(await stored(world), key=lambda each: each.started_at)
    assert [first.energy_wh, second.energy_wh] == [1000, 500]
    assert Flag.SUPERSEDED in first.flags
