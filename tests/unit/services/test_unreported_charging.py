"""Energy that flows without a transaction, or without permission."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import accumulate

import pytest
from unit.services.driving import by_id, event, only, report, start, stop
from unit.services.messages import stored
from unit.world import NOON, World

from csms.events import ChargePointNotified
from csms.model import AuthorizationStatus, Flag, MeterValue
from csms.services.charge_point import MAX_CONNECTORS, ChargePoint
from csms.services.transactions.idle import IdleRegister, IdleWatch, note_idle, watch_register

CAP_W = 27_500


async def idle(
    world: World,
    charge_point: ChargePoint,
    registers_wh: list[float],
    *,
    every_min: float = 5,
    transaction_id: int | None = None,
    evse_id: int = 1,
) -> None:
    """Send one register after the other, the first one now."""
    for number, energy_wh in enumerate(registers_wh):
        if number:
            world.clock.advance(every_min * 60)
        await report(world, charge_point, energy_wh, transaction_id, evse_id=evse_id)


def kinds(world: World) -> list[tuple[str, str]]:
    return [(n.kind, n.severity) for n in world.store.notifications]


@pytest.mark.parametrize("transaction_id", [None, 0, -1])
async def test_charging_without_a_start_is_recorded_from_the_readings_with_an_alarm(
    world: World, charge_point: ChargePoint, transaction_id: int | None
) -> None:
    await idle(world, charge_point, [7000, 7000, 7600, 8400], transaction_id=transaction_id)
    transaction = await only(world)
    assert transaction.started_at == NOON + timedelta(minutes=5)
    assert transaction.open
    assert transaction.energy_wh == 1400
    assert Flag.MISSING_START in transaction.flags
    assert kinds(world) == [("charging_without_start", "warning")]
    alarms = [e for e in world.events.published if isinstance(e, ChargePointNotified)]
    assert [alarm.data["transaction_id"] for alarm in alarms] == [transaction.id]


async def test_the_alarm_comes_once_however_long_it_charges(
    world: World, charge_point: ChargePoint
) -> None:
    await idle(world, charge_point, list(accumulate([900] * 20, initial=0)))
    assert len(kinds(world)) == 1
    assert (await only(world)).energy_wh == 18_000


@pytest.mark.parametrize(
    ("registers_wh", "every_min"),
    [
        pytest.param([7000] * 10, 5, id="stands still"),
        pytest.param([7000, 7099], 30, id="too little"),
        pytest.param([7000, 7080, 7160], 2, id="too short"),
        pytest.param(list(range(7000, 7600, 5)), 10, id="the charger's own consumption"),
        pytest.param([7000, 9_000_000, 9_000_000], 5, id="a jump"),
        pytest.param([7000, 0, 7000, 7000], 5, id="one reading of zero"),
        pytest.param([7000, 0, 0, 7000, 7000], 5, id="two readings of zero"),
        pytest.param([7000, 0, 0, 0], 5, id="a reset"),
    ],
)
async def test_other_changes_of_an_idle_register_are_no_charging(
    world: World, charge_point: ChargePoint, registers_wh: list[float], every_min: float
) -> None:
    await idle(world, charge_point, registers_wh, every_min=every_min)
    assert not await stored(world)


async def test_readings_an_hour_apart_are_enough(world: World, charge_point: ChargePoint) -> None:
    await idle(world, charge_point, [7000, 14_000], every_min=60)
    assert (await only(world)).energy_wh == 7000


async def test_the_whole_charge_point_s_meter_is_no_outlet(
    world: World, charge_point: ChargePoint
) -> None:
    await idle(world, charge_point, [7000, 8000, 9000], evse_id=0)
    assert not await stored(world)


async def test_a_meter_that_two_outlets_share_shows_no_second_session(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point, evse_id=1, meter=7000)).transaction_id
    for energy_wh in (7000, 8000, 9000, 10_000):
        world.clock.advance(300)
        await report(world, charge_point, energy_wh, number, evse_id=1)
        await report(world, charge_point, energy_wh, evse_id=2)
    assert len(await stored(world)) == 1


@pytest.mark.parametrize("named", [True, False])
async def test_trailing_readings_after_a_stop_are_no_new_session(
    world: World, charge_point: ChargePoint, *, named: bool
) -> None:
    await idle(world, charge_point, [1000, 1000])
    number = (await start(world, charge_point, meter=1000)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, number, meter=9000)
    world.clock.advance(10)
    await idle(
        world,
        charge_point,
        [8900, 9000, 9000, 9000, 9000],
        transaction_id=number if named else None,
    )
    assert (await only(world)).id == number
    assert not kinds(world)


async def test_charging_on_after_the_stop_without_a_new_start_is_found(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point, meter=1000)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, number, meter=9000, reason="PowerLoss")
    world.clock.advance(600)
    await idle(world, charge_point, [9000, 9500, 10_000, 10_500], transaction_id=number)
    ended, running = sorted(await stored(world), key=lambda t: t.id)
    assert ended.energy_wh == 8000
    assert running.energy_wh == 1500
    assert running.claimed_id == str(number)
    assert kinds(world) == [("charging_without_start", "warning")]


async def test_the_start_that_comes_late_takes_the_session_over(
    world: World, charge_point: ChargePoint
) -> None:
    await idle(world, charge_point, [7000, 7600, 8400, 9200])
    (found,) = await stored(world)
    answer = await start(world, charge_point, meter=7000, minutes=-14)
    transaction = await only(world)
    assert answer.transaction_id == transaction.id == found.id
    assert transaction.started_at == NOON + timedelta(minutes=1)
    assert transaction.id_token == "CARD-1"
    assert Flag.MISSING_START not in transaction.flags
    world.clock.advance(300)
    await stop(world, charge_point, answer.transaction_id, meter=10_000)
    assert (await only(world)).energy_wh == 3000


async def test_the_next_driver_s_start_does_not_take_it_over(
    world: World, charge_point: ChargePoint
) -> None:
    await idle(world, charge_point, [7000, 7600, 8400])
    world.clock.advance(60)
    answer = await start(world, charge_point, meter=8400)
    found = next(t for t in await stored(world) if t.id != answer.transaction_id)
    assert not found.open
    assert found.stopped_at == NOON + timedelta(minutes=10)
    assert found.energy_wh == 1400


async def test_a_nameless_stop_ends_it(world: World, charge_point: ChargePoint) -> None:
    await idle(world, charge_point, [7000, 7600, 8400])
    world.clock.advance(60)
    await stop(world, charge_point, -1, meter=8500, token="CARD-1")
    transaction = await only(world)
    assert not transaction.open
    assert transaction.energy_wh == 1500
    assert transaction.id_token == "CARD-1"


async def test_it_ends_when_the_register_stands_still_for_an_hour_and_the_next_one_is_another(
    world: World, charge_point: ChargePoint
) -> None:
    await idle(world, charge_point, [7000, 7600, 8400, *[8400] * 20])
    transaction = await only(world)
    assert transaction.stopped_at == NOON + timedelta(minutes=10)
    assert Flag.MISSING_STOP in transaction.flags
    world.clock.advance(300)
    await idle(world, charge_point, [9000, 9600, 10_000])
    first, second = sorted(await stored(world), key=lambda t: t.id)
    assert [first.energy_wh, second.energy_wh] == [1400, 1600]


async def test_a_pause_of_the_car_does_not_end_it(world: World, charge_point: ChargePoint) -> None:
    await idle(world, charge_point, [7000, 7600, 8400, *[8400] * 8, 9000, 9600])
    assert (await only(world)).energy_wh == 2600


async def test_a_station_that_is_asked_late_names_the_session_itself(
    world: World, station: ChargePoint
) -> None:
    await idle(world, station, [7000, 7600, 8400])
    await event(world, station, "Started", 0, "REAL", minutes=-9, evse_id=1, token="CARD-1")
    transaction = await only(world)
    assert transaction.ocpp_transaction_id == "REAL"
    assert transaction.started_at == NOON + timedelta(minutes=1)


async def test_a_transaction_whose_outlet_is_not_told_explains_a_rising_register(
    world: World, station: ChargePoint
) -> None:
    await event(world, station, "Updated", 3, "TX")
    await idle(world, station, [7000, 7600, 8400])
    assert (await only(world)).ocpp_transaction_id == "TX"


async def test_what_is_watched_is_forgotten_with_the_charge_point(
    world: World, charge_point: ChargePoint
) -> None:
    await idle(world, charge_point, [7000])
    world.services.transactions.dropped(charge_point)
    world.clock.advance(600)
    await report(world, charge_point, 8000)
    assert not await stored(world)


# --- without permission


async def test_charging_although_refused_is_recorded_and_told_once(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await start(world, charge_point, token="STRANGER")
    assert answer.authorization.status is AuthorizationStatus.INVALID
    for energy_wh in (1000, 1050, 1500, 2000):
        world.clock.advance(300)
        await report(world, charge_point, energy_wh, answer.transaction_id)
    await stop(world, charge_point, answer.transaction_id, meter=2500)
    transaction = await only(world)
    assert transaction.energy_wh == 1500
    assert {Flag.NOT_AUTHORIZED, Flag.CHARGED_UNAUTHORIZED} <= transaction.flags
    (told,) = world.store.notifications
    assert (told.kind, told.severity) == ("charging_unauthorized", "warning")
    assert told.data == {"transaction_id": transaction.id, "id_token": "STRANGER"}
    assert told.received_at == NOON + timedelta(minutes=15)


async def test_a_refused_driver_who_does_not_charge_raises_no_alarm(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await start(world, charge_point, token="STRANGER")
    world.clock.advance(60)
    await stop(world, charge_point, answer.transaction_id, meter=1010, reason="DeAuthorized")
    assert not world.store.notifications


async def test_a_refused_session_that_is_known_only_when_it_is_over_is_told_as_well(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await start(world, charge_point, token="STRANGER", minutes=-60)
    await stop(world, charge_point, answer.transaction_id, meter=5000)
    assert kinds(world) == [("charging_unauthorized", "warning")]


async def test_the_alarm_is_not_repeated_after_a_restart(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await start(world, charge_point, token="STRANGER")
    world.clock.advance(600)
    await report(world, charge_point, 2000, answer.transaction_id)
    loaded = await world.store.load("CP-1")
    assert loaded is not None
    world.services.transactions.loaded(loaded)
    world.clock.advance(600)
    await report(world, loaded, 3000, answer.transaction_id)
    assert len(kinds(world)) == 1


async def test_a_second_charger_of_the_same_card_charges_on_record_with_an_alarm(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("ONCE", max_concurrent_transactions=1)
    await start(world, charge_point, token="ONCE")
    other = await world.connect("CP-2")
    answer = await start(world, other, token="ONCE")
    assert answer.authorization.status is AuthorizationStatus.CONCURRENT_TX
    world.clock.advance(600)
    await report(world, other, 3000, answer.transaction_id)
    assert (await by_id(world, answer.transaction_id)).energy_wh == 2000
    assert kinds(world) == [("charging_unauthorized", "warning")]


# --- the register alone


def test_a_late_reading_is_not_looked_at() -> None:
    register = watch_register(NOON, Decimal(7000))
    assert note_idle(register, NOON - timedelta(hours=1), Decimal(5000), CAP_W) is None
    assert register == watch_register(NOON, Decimal(7000))


def test_a_rise_is_told_from_where_the_register_stood_last() -> None:
    register: IdleRegister = watch_register(NOON, Decimal(7000))
    for minute in (5, 10, 15):
        assert note_idle(register, NOON + timedelta(minutes=minute), Decimal(7000), CAP_W) is None
    rise = note_idle(register, NOON + timedelta(minutes=20), Decimal(7200), CAP_W)
    assert rise == (NOON + timedelta(minutes=15), Decimal(7000))


def test_a_charge_point_that_makes_up_outlets_is_watched_within_limits() -> None:
    watch = IdleWatch()
    value = MeterValue(NOON, energy_wh=Decimal(7000))
    for evse_id in range(1, MAX_CONNECTORS + 2):
        watch.note(1, evse_id, [value], CAP_W)
    assert watch.rose_at(1, MAX_CONNECTORS) == NOON
    assert watch.rose_at(1, MAX_CONNECTORS + 1) is None
