"""Chargers' clocks: without a zone, in local time, never set, minutes off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from unit.services.driving import event, only, report, start, stop
from unit.world import NOON, World

from csms.model import Flag
from csms.services.charge_point import ChargePoint
from csms.services.clocks import ChargerClock, format_time, parse_time

HOUR = timedelta(hours=1)


def tell(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def hear(clock: ChargerClock, offset: timedelta, minutes: list[float]) -> None:
    """Let a charger whose clock is ahead by `offset` say the time now and then."""
    for minute in minutes:
        now = NOON + timedelta(minutes=minute)
        clock.read(tell(now + offset), now)


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time("2026-06-15T12:00:00") == NOON


@pytest.mark.parametrize(
    "raw",
    [
        "2023-10-19T15:28:07z",
        "2023-10-19T15:28:07 UTC",
        "2023-10-19T15:28:07GMT",
        "2023-10-19T15:28:07ZZ",
        "2023-10-19T15:28:07Z[UTC]",
        "2023-10-19 16:28:07 +1:00",
        "2023-10-19T16:28:07UTC+1",
        "2023-10-19T16:28:07.000Z+01:00",
        "2023/10/19 15:28:07",
        "2023.10.19 15:28:07",
        "19.10.2023 15:28:07",
        "20231019152807",
        "2023-10-19  15:28:7",
        "2023-10-19T15:28:07.000000000Z",
        "1697729287",
        "1697729287000",
        "1697729287.0",
        "Thu, 19 Oct 2023 15:28:07 GMT",
    ],
)
def test_a_time_is_read_in_whatever_format_a_firmware_made_up(raw: str) -> None:
    assert parse_time(raw) == datetime(2023, 10, 19, 15, 28, 7, tzinfo=UTC)


def test_milliseconds_that_look_like_a_year_of_long_ago_are_milliseconds() -> None:
    assert parse_time("1712121512345") == datetime(2024, 4, 3, 5, 18, 32, 345000, tzinfo=UTC)


def test_midnight_at_the_end_of_a_day_and_leap_seconds_exist() -> None:
    assert parse_time("2023-10-19T24:00:00Z") == datetime(2023, 10, 20, tzinfo=UTC)
    assert parse_time("2023-12-31T23:59:60Z") == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "10/11/2023 15:28:07",
        "2023-10-19T25:00:00Z",
        "2023-02-30 10:00:00z",
        "2023-10-19T15:28:07 CEST",
        "2023-10-19T15:28:07+99:00",
        "yesterday",
        "Thursday",
        "12345",
        "99999999999999",
        "x" * 5000,
    ],
)
def test_a_time_that_could_be_another_is_no_time(raw: str) -> None:
    assert parse_time(raw) is None


@pytest.mark.parametrize(
    "raw", [None, "", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_an_unreadable_time_is_the_time_of_arrival(raw: str | None) -> None:
    time = ChargerClock().read(raw, NOON)
    assert (time.at, time.corrected) == (NOON, True)


def test_a_clock_that_was_never_set_gives_way_to_the_time_of_arrival_and_stays_on_record() -> None:
    time = ChargerClock().read("1970-01-01T00:02:11Z", NOON)
    assert (time.at, time.raw) == (NOON, "1970-01-01T00:02:11Z")


def test_a_few_minutes_off_are_believed() -> None:
    time = ChargerClock().read(tell(NOON - timedelta(minutes=4, seconds=30)), NOON)
    assert (time.at, time.corrected) == (NOON - timedelta(minutes=4, seconds=30), False)


@pytest.mark.parametrize("hours", [2, 1, -5, -8, 9.5, 5.75])
def test_local_time_labelled_utc_is_understood_after_a_minute(hours: float) -> None:
    clock = ChargerClock()
    hear(clock, HOUR * hours, [0, 0.5, 1])
    now = NOON + timedelta(minutes=2)
    assert clock.read(tell(now + HOUR * hours), now).at == now


def test_what_happened_earlier_is_corrected_too_once_the_offset_is_known() -> None:
    clock = ChargerClock()
    hear(clock, 2 * HOUR, [0, 0.5, 1])
    now, earlier = NOON + timedelta(minutes=90), NOON + timedelta(minutes=20)
    assert clock.read(tell(earlier + 2 * HOUR), now).at == earlier


def test_two_samples_in_each_message_do_not_hide_the_offset() -> None:
    clock = ChargerClock()
    for minute in range(4):
        now = NOON + timedelta(minutes=minute)
        clock.read(tell(now - timedelta(seconds=40) + 2 * HOUR), now)
        clock.read(tell(now + 2 * HOUR), now)
    assert clock.offset == 2 * HOUR


def test_messages_replayed_after_hours_offline_teach_no_offset() -> None:
    clock = ChargerClock()
    for second in range(300):
        now = NOON + timedelta(seconds=second)
        happened_at = NOON - 5 * HOUR + timedelta(minutes=second)
        assert clock.read(tell(happened_at), now).at == happened_at
    assert clock.offset is None


def test_messages_that_are_always_as_late_are_not_mistaken_for_a_slow_clock() -> None:
    clock = ChargerClock()
    hear(clock, timedelta(minutes=-37), [0, 1, 2, 3, 4, 5, 6, 7, 8])
    assert clock.offset is None


def test_a_replay_of_just_the_offset_s_age_does_not_unlearn_the_offset() -> None:
    clock = ChargerClock()
    hear(clock, 2 * HOUR, [0, 0.5, 1])
    hear(clock, timedelta(), [1.1])  # two hours old, told two hours ahead
    hear(clock, 2 * HOUR, [1.2])
    assert clock.offset == 2 * HOUR


def test_a_clock_that_was_set_right_is_believed_at_once_and_forgiven_after_a_minute() -> None:
    clock = ChargerClock()
    hear(clock, 2 * HOUR, [0, 0.5, 1])
    now = NOON + timedelta(minutes=2)
    assert clock.read(tell(now), now).at == now
    hear(clock, timedelta(), [6, 6.5, 7, 7.5])
    assert clock.offset is None


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_daylight_saving_changes_the_offset(before: int, after: int) -> None:
    clock = ChargerClock()
    hear(clock, HOUR * before, [0, 0.5, 1])
    hear(clock, HOUR * after, [10, 10.5, 11, 11.5])
    assert clock.offset == HOUR * after


def test_nothing_happens_after_its_arrival_however_wrong_the_clock() -> None:
    clock = ChargerClock()
    for days in (400, 1, 7000):
        assert clock.read(tell(NOON + timedelta(days=days)), NOON).at == NOON


def test_every_charger_can_read_our_time() -> None:
    assert format_time(NOON.replace(microsecond=123456)) == "2026-06-15T12:00:00Z"


async def test_a_start_four_and_a_half_minutes_in_the_past_is_accepted_as_it_is(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await start(world, charge_point, minutes=-4.5)
    assert answer.authorization.accepted
    assert (await only(world)).started_at == NOON - timedelta(minutes=4, seconds=30)


async def test_a_start_from_1970_begins_when_it_came(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point, at="1970-01-01T00:00:07Z")
    transaction = await only(world)
    assert transaction.started_at == NOON
    assert transaction.charger_started_at == "1970-01-01T00:00:07Z"
    assert Flag.CLOCK_WRONG in transaction.flags


async def report_in_local_time(
    world: World, charge_point: ChargePoint, number: int, offset_min: float
) -> None:
    """Send readings as the handlers do: their times go through the charger's clock first."""
    for energy_wh in (1100, 1200, 1300, 1400):
        now = world.clock.advance(30)
        at = charge_point.clock.read(world.clock.text(offset_min * 60), now).at
        minutes = (at - now).total_seconds() / 60
        await report(world, charge_point, energy_wh, number, minutes=minutes)


async def test_a_start_told_by_a_clock_that_is_behind_is_corrected_once_that_is_known(
    world: World, charge_point: ChargePoint
) -> None:
    told = world.clock.text(-5 * 3600)
    number = (await start(world, charge_point, at=told)).transaction_id
    assert (await only(world)).started_at == NOON - 5 * HOUR
    await report_in_local_time(world, charge_point, number, -300)
    transaction = await only(world)
    assert transaction.started_at == NOON
    assert transaction.charger_started_at == told
    assert Flag.CLOCK_WRONG in transaction.flags


async def test_a_start_told_by_a_clock_that_is_ahead_is_corrected_to_when_it_happened(
    world: World, charge_point: ChargePoint
) -> None:
    told = world.clock.text((120 - 40) * 60)  # 40 minutes ago, two hours ahead
    number = (await start(world, charge_point, at=told)).transaction_id
    await report_in_local_time(world, charge_point, number, 120)
    assert (await only(world)).started_at == NOON - timedelta(minutes=40)


async def test_a_clock_that_goes_wrong_later_leaves_the_start_alone(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    await report_in_local_time(world, charge_point, number, 120)
    assert charge_point.clock.offset == 2 * HOUR
    assert (await only(world)).started_at == NOON


async def test_daylight_saving_in_the_night_does_not_move_a_corrected_start(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point, at=world.clock.text(-5 * 3600))).transaction_id
    await report_in_local_time(world, charge_point, number, -300)
    world.clock.advance(600)
    await report_in_local_time(world, charge_point, number, -240)
    assert charge_point.clock.offset == -4 * HOUR
    assert (await only(world)).started_at == NOON


async def test_a_stop_in_local_time_makes_the_whole_session_right(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point, at=world.clock.text(-5 * 3600))).transaction_id
    for _ in range(3):  # the handlers of other messages read the clock, too
        now = world.clock.advance(30)
        charge_point.clock.read(world.clock.text(-5 * 3600), now)
    world.clock.advance(3600)
    await stop(world, charge_point, number, at=world.clock.text(-5 * 3600), meter=4000)
    transaction = await only(world)
    assert (transaction.started_at, transaction.stopped_at) == (NOON, world.clock.now())


async def test_a_station_s_wrong_clock_is_corrected_in_its_started_event_too(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Started", 0, at=world.clock.text(-5 * 3600), evse_id=1)
    for seq_no in (1, 2, 3, 4):
        world.clock.advance(30)
        await event(world, station, "Updated", seq_no, at=world.clock.text(-5 * 3600))
    assert (await only(world)).started_at == NOON


async def test_the_current_session_is_not_taken_for_an_old_one_because_its_clock_was_behind(
    world: World, charge_point: ChargePoint
) -> None:
    forgotten = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    began_at = world.clock.now()
    number = (
        await start(world, charge_point, at=world.clock.text(-5 * 3600), meter=2000)
    ).transaction_id
    await report_in_local_time(world, charge_point, number, -300)
    assert charge_point.open_transactions.keys() == {number}
    assert charge_point.open_transactions[number].started_at == began_at
    assert forgotten in charge_point.recent_transactions


async def test_a_clock_that_was_set_back_while_a_car_charged_does_not_shorten_the_transaction(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    started_at = world.clock.now()
    world.clock.advance(40 * 60)
    await stop(world, charge_point, number, minutes=-60)
    transaction = await only(world)
    assert transaction.stopped_at == started_at + timedelta(minutes=40)
    assert transaction.flags == {Flag.CLOCK_WRONG}


async def test_the_time_without_a_connection_is_not_charged_where_a_clock_was_set_back(
    world: World, charge_point: ChargePoint
) -> None:
    started_at = world.clock.now()
    world.clock.advance(300 * 60)
    number = (await start(world, charge_point, minutes=-300)).transaction_id
    await stop(world, charge_point, number, minutes=-330)
    assert (await only(world)).stopped_at == started_at
