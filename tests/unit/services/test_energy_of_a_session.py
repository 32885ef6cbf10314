"""How much energy a session took, by the best evidence, and what was odd about it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.services.driving import only, report, start, stop
from unit.world import NOON, World

from csms.model import Flag, OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.transactions.energy import note_register
from csms.services.transactions.model import Transaction
from csms.services.transactions.verdict import most_plausible_wh, weigh

LIFETIME_WH = 8_000_000
CAP_W = 27_500


def session(
    start_wh: int | None,
    readings: dict[int, int],
    stop_wh: int | None,
    *,
    minutes: int | None = 60,
) -> Transaction:
    """A session from noon with readings at minutes; without `minutes` it is still open."""
    transaction = Transaction(1, 1, 1, 1, OcppVersion.V16, "1", NOON)
    transaction.meter_start_wh = None if start_wh is None else Decimal(start_wh)
    transaction.meter_stop_wh = None if stop_wh is None else Decimal(stop_wh)
    if minutes is not None:
        transaction.stopped_at = NOON + timedelta(minutes=minutes)
    for minute, wh in readings.items():
        transaction.last_reading_at = NOON + timedelta(minutes=minute)
        note_register(transaction.runs, transaction.last_reading_at, Decimal(wh), CAP_W)
    return transaction


START_ODD, STOP_ODD = Flag.METER_START_IMPLAUSIBLE, Flag.METER_STOP_IMPLAUSIBLE
RESET, NOTHING, IMPLAUSIBLE = (
    Flag.REGISTER_RESET,
    Flag.NO_ENERGY_EVIDENCE,
    Flag.ENERGY_IMPLAUSIBLE,
)


@pytest.mark.parametrize(
    ("start_wh", "readings", "stop_wh", "energy_wh", "source", "flags"),
    [
        pytest.param(1000, {}, 8000, 7000, "registers", set(), id="registers alone"),
        pytest.param(
            1000, {15: 3000, 30: 5000}, 8000, 7000, "registers", set(), id="everything agrees"
        ),
        pytest.param(
            0, {15: 2000, 30: 4000}, 8000, 8000, "registers", set(), id="resets per session"
        ),
        pytest.param(
            LIFETIME_WH,
            {15: 2000, 30: 4000},
            LIFETIME_WH + 7000,
            7000,
            "registers",
            set(),
            id="readings of the session, registers of a lifetime",
        ),
        pytest.param(
            100,
            {15: 2000, 30: 4000, 45: 6000},
            7100,
            7000,
            "registers",
            set(),
            id="readings of the session, registers of a short life",
        ),
        pytest.param(
            0,
            {5: LIFETIME_WH + 500, 55: LIFETIME_WH + 6000},
            LIFETIME_WH + 7000,
            6500,
            "readings_to_stop",
            {START_ODD},
            id="no start register: not the lifetime",
        ),
        pytest.param(
            None,
            {5: LIFETIME_WH + 500, 55: LIFETIME_WH + 6000},
            LIFETIME_WH + 7000,
            6500,
            "readings_to_stop",
            set(),
            id="no start message",
        ),
        pytest.param(
            0, {}, LIFETIME_WH, None, None, {IMPLAUSIBLE}, id="no start register and no reading"
        ),
        pytest.param(
            0,
            {15: 2000, 45: 6000},
            0,
            6000,
            "start_to_readings",
            {STOP_ODD},
            id="power loss: both registers 0, readings from 0",
        ),
        pytest.param(
            0,
            {5: LIFETIME_WH, 45: LIFETIME_WH + 6000},
            0,
            6000,
            "readings",
            {START_ODD, STOP_ODD},
            id="power loss: both registers 0, readings of a lifetime",
        ),
        pytest.param(
            5000,
            {15: 6000, 45: 9000},
            0,
            4000,
            "start_to_readings",
            {STOP_ODD},
            id="power loss: stop register 0",
        ),
        pytest.param(
            5000,
            {15: 6000, 30: 300, 45: 2000},
            2500,
            3500,
            "start_to_stop_by_readings",
            {RESET},
            id="reset in the session",
        ),
        pytest.param(
            5000,
            {15: 6000, 30: 0, 45: 9000},
            9500,
            4500,
            "registers",
            set(),
            id="one reading of zero",
        ),
        pytest.param(
            LIFETIME_WH,
            {15: LIFETIME_WH + 1000, 58: 0},
            LIFETIME_WH + 1500,
            1500,
            "registers",
            set(),
            id="last reading zero",
        ),
        pytest.param(
            5000,
            {15: 6000, 45: 9000},
            4_000_000_000,
            4000,
            "start_to_readings",
            {STOP_ODD},
            id="stop register garbage",
        ),
        pytest.param(5000, {}, 4000, None, None, {IMPLAUSIBLE}, id="register ran backwards"),
        pytest.param(None, {}, None, None, None, {NOTHING}, id="nothing known"),
        pytest.param(None, {}, LIFETIME_WH, None, None, {NOTHING}, id="only a stop register"),
        pytest.param(5000, {}, 5000, 0, "registers", set(), id="nothing charged"),
    ],
)
def test_the_best_evidence_decides(
    start_wh: int | None,
    readings: dict[int, int],
    stop_wh: int | None,
    energy_wh: int | None,
    source: str | None,
    flags: set[Flag],
) -> None:
    verdict = weigh(session(start_wh, readings, stop_wh), CAP_W)
    assert verdict.energy_wh == energy_wh
    assert verdict.source == source
    assert verdict.flags == flags


registers = st.none() | st.integers(-(10**6), 10**10)


@given(
    registers,
    st.dictionaries(st.integers(-60, 300), st.integers(-(10**6), 10**10), max_size=30),
    registers,
    st.none() | st.integers(0, 3000),
)
def test_energy_is_never_negative_and_never_more_than_can_have_flowed(
    start_wh: int | None, readings: dict[int, int], stop_wh: int | None, minutes: int | None
) -> None:
    transaction = session(start_wh, readings, stop_wh, minutes=minutes)
    energy_wh = weigh(transaction, CAP_W).energy_wh
    assert energy_wh is None or 0 <= energy_wh <= most_plausible_wh(transaction, CAP_W)


def test_an_open_session_shows_the_energy_so_far() -> None:
    verdict = weigh(session(1000, {15: 2000, 30: 4000}, None, minutes=None), CAP_W)
    assert verdict.energy_wh == 3000
    assert verdict.source == "start_to_readings"


def test_an_open_session_without_readings_is_not_odd() -> None:
    assert weigh(session(1000, {}, None, minutes=None), CAP_W).flags == set()


def test_registers_beyond_32_bits_are_exact() -> None:
    big = 2**40
    assert weigh(session(big, {}, big + 7001), CAP_W).energy_wh == 7001


async def test_a_rating_bounds_what_is_believed(world: World, charge_point: ChargePoint) -> None:
    charge_point.rated_power_w = 11_000
    number = (await start(world, charge_point, meter=0)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, number, meter=20_000)
    transaction = await only(world)
    assert transaction.energy_wh is None
    assert Flag.ENERGY_IMPLAUSIBLE in transaction.flags


async def test_closing_readings_belong_to_the_ended_session_and_reopen_nothing(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, number, meter=5000)
    world.clock.advance(20)
    await report(world, charge_point, 5000, number)
    world.clock.advance(20)
    await report(world, charge_point, 5000)
    transaction = await only(world)
    assert not transaction.open
    assert transaction.stopped_at == NOON + timedelta(hours=1)
    assert transaction.energy_wh == 4000
    assert Flag.AFTER_STOP in transaction.flags
    assert {r.transaction_id for r in world.store.meter_values} == {number}


async def test_a_reading_that_was_only_late_is_not_one_after_the_stop(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(3600)
    await stop(world, charge_point, number, meter=5000)
    await report(world, charge_point, 3000, number, minutes=-30)
    assert Flag.AFTER_STOP not in (await only(world)).flags


async def test_a_late_reading_of_an_ended_session_is_durable_in_its_summary_at_once(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point, meter=None)).transaction_id
    await report(world, charge_point, 1000, number)
    world.clock.advance(3600)
    await stop(world, charge_point, number, meter=None)
    await report(world, charge_point, 4000, number, minutes=-5)
    assert world.store.transactions[number].energy_wh == 3000


async def test_readings_are_durable_before_the_answer_and_the_summary_soon_after(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(900)
    await report(world, charge_point, 3000, number)
    assert [r.meter_value.energy_wh for r in world.store.meter_values] == [3000]
    world.services.transactions.flush()
    await world.recorder.commit()
    assert world.store.transactions[number].energy_wh == 2000


async def test_a_charge_point_that_leaves_memory_leaves_its_figures_saved(
    world: World, charge_point: ChargePoint
) -> None:
    number = (await start(world, charge_point)).transaction_id
    world.clock.advance(900)
    await report(world, charge_point, 3000, number)
    world.services.transactions.dropped(charge_point)
    await world.recorder.commit()
    assert world.store.transactions[number].energy_wh == 2000
    assert world.metrics.registry.get_sample_value("csms_transactions_open") == 0


@pytest.mark.parametrize(
    ("start_wh", "readings", "stop_wh"),
    [
        pytest.param(None, {60: 8000}, 8000, id="the last reading alone"),
        pytest.param(1000, {0: 1000}, None, id="the first reading alone"),
        pytest.param(None, {30: 5000}, None, id="one in the midst"),
    ],
)
def test_where_a_register_stood_once_is_no_energy_of_zero(
    start_wh: int | None, readings: dict[int, int], stop_wh: int | None
) -> None:
    verdict = weigh(session(start_wh, readings, stop_wh), CAP_W)
    assert (verdict.energy_wh, verdict.source) == (None, None)
    assert verdict.flags == {NOTHING}


def test_a_register_that_stood_still_is_an_energy_of_zero() -> None:
    verdict = weigh(session(1000, {0: 1000, 30: 1000}, 1000), CAP_W)
    assert (verdict.energy_wh, verdict.source) == (Decimal(0), "registers")
    verdict = weigh(session(1000, {0: 1000, 30: 1000, 59: 1000}, None), CAP_W)
    assert (verdict.energy_wh, verdict.source) == (Decimal(0), "start_to_readings")


@pytest.mark.parametrize("wraps_wh", [10**6, 10**8, 2**31, 2**32])
def test_a_register_that_ran_out_of_digits_goes_on_at_zero(wraps_wh: int) -> None:
    verdict = weigh(session(wraps_wh - 1000, {}, 4000), CAP_W)
    assert (verdict.energy_wh, verdict.source) == (Decimal(5000), "registers")
    assert verdict.flags == {RESET}


def test_a_register_that_fell_from_anywhere_else_is_no_energy() -> None:
    verdict = weigh(session(700_000, {}, 4000), CAP_W)
    assert verdict.energy_wh is None
    assert verdict.flags == {IMPLAUSIBLE}
