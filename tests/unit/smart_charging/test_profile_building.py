"""Wanted limits as profiles: exactly what goes onto the wire, never more amperes than meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.smart_charging.obedient_charger import make_evse

from csms.smart_charging.grid import Phase, parse_wiring
from csms.smart_charging.instructions import SetKey, SetProfile
from csms.smart_charging.profile_building import (
    Order,
    idle_profile,
    least_a,
    profile_id,
    standing_profile,
    transaction_profile,
)
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose, Register
from csms.smart_charging.strategies import Scheme, Strategy, VendorKey
from csms.smart_charging.timing import TIMING

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVSE = make_evse()
LETTER = Strategy()


def tx(limit_a: float, safe_a: float = 6.0, strategy: Strategy = LETTER) -> Order:
    return transaction_profile(EVSE, limit_a, safe_a, 3, strategy, 7, "seven", NOON)


def profile_of(order: Order | None) -> ChargingProfile:
    assert order is not None
    assert isinstance(order.action, SetProfile)
    return order.action.profile


def test_amperes_are_floored_to_a_tenth_with_the_phases_told() -> None:
    assert profile_of(tx(10.67)).periods[0] == Period(0, 10.6, 3)


def test_a_tenth_stays_a_tenth() -> None:
    assert [profile_of(tx(n / 10)).periods[0].limit for n in range(60, 320)] == [
        n / 10 for n in range(60, 320)
    ]


def test_without_decimals_amperes_are_floored_to_the_step() -> None:
    assert profile_of(tx(10.67, strategy=Strategy(decimals=0))).periods[0].limit == 10.0


def test_watts_are_safe_at_ten_percent_less_voltage() -> None:
    order = tx(10.0, strategy=Strategy(unit="W"))
    assert profile_of(order).periods[0] == Period(0, 6210.0, 3)
    assert order.limit_a == 10.0


@given(st.floats(0, 32), st.floats(207, 253))
def test_watts_never_exceed_the_amperes_meant(limit_a: float, voltage_v: float) -> None:
    order = tx(limit_a, strategy=Strategy(unit="W"))
    assert profile_of(order).periods[0].limit / (3 * voltage_v) <= limit_a + 1e-6
    assert order.limit_a <= limit_a + 1e-6


def test_in_watts_more_is_needed_for_the_minimum() -> None:
    strategy = Strategy(unit="W")
    assert profile_of(tx(least_a(EVSE, strategy), strategy=strategy)).periods[0].limit >= 4140
    assert least_a(EVSE, LETTER) == 6.0


def test_a_transactions_limit_goes_down_before_it_goes_up() -> None:
    profile = profile_of(tx(0.0))
    assert (profile.purpose, profile.kind) == (Purpose.TX, Kind.ABSOLUTE)
    assert profile.start_at == NOON - timedelta(seconds=60)
    assert profile.duration_s is None
    assert (profile.transaction_id, profile.ocpp_transaction_id) == (7, "seven")
    lapse_s = 60 + TIMING.ttl_s
    assert [(p.start_s, p.limit) for p in profile.periods] == [
        (0, 0.0),
        (lapse_s, 0.0),
        (lapse_s + TIMING.grace_s, 6.0),
    ]


@pytest.mark.parametrize(("limit_a", "steps"), [(16.0, [16.0, 6.0]), (0.0, [0.0, 6.0])])
def test_two_periods_say_the_same_as_three(limit_a: float, steps: list[float]) -> None:
    shorter = tx(limit_a, strategy=Strategy(max_periods=2))
    assert [period.limit for period in profile_of(shorter).periods] == steps
    for seconds in range(0, 1200, 10):
        at = NOON + timedelta(seconds=seconds)
        assert shorter.hold.levels_a(at, at) == tx(limit_a).hold.levels_a(at, at)


def test_with_one_period_the_limit_ends_and_the_defaults_rule() -> None:
    order = tx(16.0, strategy=Strategy(max_periods=1))
    assert profile_of(order).duration_s == 360
    assert order.hold.ends_at == NOON + timedelta(seconds=300)


def test_a_relative_limit_ends_by_its_validity() -> None:
    profile = profile_of(tx(16.0, strategy=Strategy(kind=Kind.RELATIVE)))
    assert (profile.kind, profile.start_at, profile.duration_s) == (Kind.RELATIVE, None, None)
    assert profile.valid_to == NOON + timedelta(seconds=300)


def test_the_standing_limit_has_no_end_and_needs_no_clock() -> None:
    order = standing_profile(EVSE, 6.0, LETTER, NOON)
    profile = profile_of(order)
    assert (profile.purpose, profile.stack_level) == (Purpose.TX_DEFAULT, 0)
    assert (profile.kind, profile.valid_to, profile.duration_s) == (Kind.RELATIVE, None, None)
    assert order.hold.tail_a == 6.0


def test_less_than_the_safe_share_outlives_everybody_elses_limit() -> None:
    profile = profile_of(idle_profile(EVSE, 0.0, 6.0, LETTER, NOON))
    assert profile.stack_level == 1
    assert profile.valid_to == NOON + timedelta(seconds=TIMING.ttl_s + TIMING.grace_s)


def test_more_than_the_safe_share_lapses_as_soon_as_a_transactions_limit() -> None:
    profile = profile_of(idle_profile(EVSE, 10.0, 6.0, LETTER, NOON))
    assert profile.valid_to == NOON + timedelta(seconds=TIMING.ttl_s)


def test_one_slot_holds_the_staircase_as_default() -> None:
    order = tx(16.0, strategy=Strategy(scheme=Scheme.ONE_DEFAULT))
    profile = profile_of(order)
    assert (profile.purpose, profile.transaction_id) == (Purpose.TX_DEFAULT, None)
    assert order.register is Register.STANDING
    assert [period.limit for period in profile.periods] == [16.0, 6.0, 6.0]


def test_without_a_second_level_the_idle_allowance_replaces_the_standing_limit_for_a_while() -> (
    None
):
    order = idle_profile(EVSE, 0.0, 6.0, Strategy(idle_level=None), NOON)
    assert order is not None
    assert (order.register, order.hold.tail_a) == (Register.STANDING, 6.0)


def test_with_neither_level_nor_steps_there_is_no_idle_allowance() -> None:
    strategy = Strategy(idle_level=None, max_periods=1)
    assert idle_profile(EVSE, 0.0, 6.0, strategy, NOON) is None


def test_where_0_means_no_limit_it_is_never_sent_and_the_minimum_counts() -> None:
    order = tx(0.0, 0.0, Strategy(zero_pauses=False))
    assert all(period.limit > 0 for period in profile_of(order).periods)
    assert order.limit_a == 6.0


def test_a_limit_never_exceeds_the_rating() -> None:
    assert tx(99.0).limit_a == 32.0


def test_a_limit_for_the_whole_station_is_absolute_and_goes_to_evse_0() -> None:
    order = tx(16.0, strategy=Strategy(scheme=Scheme.STATION_MAX, default_kind=Kind.RELATIVE))
    assert isinstance(order.action, SetProfile)
    assert order.action.evse_id == 0
    assert profile_of(order).purpose is Purpose.STATION_MAX
    assert profile_of(order).kind is Kind.ABSOLUTE


def test_a_transactions_profile_never_goes_to_evse_0() -> None:
    order = tx(16.0, strategy=Strategy(evse_zero=True))
    assert isinstance(order.action, SetProfile)
    assert order.action.evse_id == 1


@pytest.mark.parametrize(("factor", "value"), [(10, "106"), (1000, "10670")])
def test_a_vendors_key_takes_the_limit_in_its_own_unit_for_ever(factor: int, value: str) -> None:
    key = VendorKey("MaxCurrent", factor)
    order = tx(10.67, strategy=Strategy(scheme=Scheme.VENDOR_KEY, vendor_key=key))
    assert order.action == SetKey("MaxCurrent", value)
    assert order.hold.tail_a == order.limit_a


def test_ids_never_change_and_never_meet() -> None:
    ids = {profile_id(evse_id, register) for evse_id in range(1, 500) for register in Register}
    assert len(ids) == 499 * 3
    assert max(ids) < 2**31


@pytest.mark.parametrize(
    ("wiring", "switches", "wanted", "told"),
    [("L1L2L3", False, 1, 3), ("L1L2L3", True, 1, 1), ("L2", False, 3, 1), ("L1-L2", False, 2, 1)],
)
def test_the_phases_told_are_those_it_will_use(
    wiring: str, switches: bool, wanted: int, told: int
) -> None:
    evse = make_evse(wiring=parse_wiring(wiring), can_switch_phases=switches)
    order = transaction_profile(evse, 10.0, 6.0, wanted, LETTER, 7, "7", NOON)
    assert profile_of(order).periods[0].phases == told


@pytest.mark.parametrize(
    ("phases", "may", "told"), [(1, True, 3), (1, False, None), (3, True, None)]
)
def test_the_phase_is_told_only_for_one_phase_and_where_it_may_be(
    phases: int, may: bool, told: int | None
) -> None:
    evse = make_evse(wiring=parse_wiring("L2L3L1"), can_switch_phases=True)
    order = transaction_profile(
        evse,
        10.0,
        6.0,
        phases,
        Strategy(phase_choice=may),
        7,
        "7",
        NOON,
        phase_to_use=Phase.L1,
    )
    assert profile_of(order).periods[0].phase_to_use == told


@given(
    st.floats(0, 40),
    st.floats(0, 32),
    st.builds(
        Strategy,
        scheme=st.sampled_from([Scheme.REGISTERS, Scheme.ONE_DEFAULT, Scheme.STATION_MAX]),
        unit=st.sampled_from(["A", "W"]),
        kind=st.sampled_from([Kind.ABSOLUTE, Kind.RELATIVE]),
        decimals=st.integers(0, 1),
        max_periods=st.integers(1, 3),
    ),
)
def test_every_profile_is_well_formed(limit_a: float, safe_a: float, strategy: Strategy) -> None:
    profile = profile_of(tx(limit_a, safe_a, strategy))
    starts = [period.start_s for period in profile.periods]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert len(starts) <= strategy.max_periods
    assert (profile.start_at is None) == (profile.kind is Kind.RELATIVE)
