"""Charging profiles stack as the specifications say (1.6 section 3.13, 2.0.1 K01)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from fake_chargepoints.profiles import Period, Profile, ProfileStore, Purpose, Schedule, Supply
from hypothesis import given
from hypothesis import strategies as st

from .stations import noon

supply = Supply(32.0, 3)


def profile(
    profile_id: int,
    purpose: Purpose,
    *steps: tuple[int, float],
    level: int = 0,
    evse_id: int = 1,
    kind: Any = "Absolute",
    start: datetime | None = noon,
    unit: Any = "A",
    phases: int | None = None,
    duration_s: int | None = None,
    **more: Any,
) -> Profile:
    periods = tuple(Period(start_s, limit, phases) for start_s, limit in steps)
    schedule = Schedule(unit, periods, start, duration_s)
    return Profile(profile_id, evse_id, purpose, level, kind, schedule, noon, **more)


def store_of(*profiles: Profile) -> ProfileStore:
    store = ProfileStore()
    for one in profiles:
        store.install(one)
    return store


def limit_at(store: ProfileStore, seconds: float = 0, *, charging: bool = True) -> float:
    at = noon + timedelta(seconds=seconds)
    return store.limit(1, supply, at, charging_since=noon if charging else None).limit_a


def test_without_profiles_the_hardware_limits() -> None:
    assert limit_at(store_of()) == 32


def test_a_tx_profile_replaces_the_default_even_upwards() -> None:
    store = store_of(profile(1, "Default", (0, 6)), profile(2, "Tx", (0, 20)))
    assert limit_at(store) == 20


def test_a_tx_profile_counts_only_while_charging() -> None:
    store = store_of(profile(1, "Default", (0, 6)), profile(2, "Tx", (0, 20)))
    assert limit_at(store, charging=False) == 6


def test_the_maximum_of_the_station_is_a_ceiling_above_all() -> None:
    store = store_of(profile(1, "Max", (0, 10), evse_id=0), profile(2, "Tx", (0, 20)))
    assert limit_at(store) == 10


def test_several_charging_connectors_share_the_maximum_of_the_station() -> None:
    store = store_of(profile(1, "Max", (0, 24), evse_id=0))
    assert store.limit(1, supply, noon, charging_since=noon, sharing=2).limit_a == 12


def test_the_hardware_stays_a_ceiling() -> None:
    assert limit_at(store_of(profile(1, "Tx", (0, 63)))) == 32


def test_a_higher_stack_level_wins_even_upwards() -> None:
    store = store_of(profile(1, "Tx", (0, 20), level=5), profile(2, "Tx", (0, 8), level=1))
    assert limit_at(store) == 20


def test_a_lower_level_returns_when_the_higher_one_runs_out() -> None:
    store = store_of(
        profile(1, "Tx", (0, 20), level=5, duration_s=600), profile(2, "Tx", (0, 8), level=1)
    )
    assert [limit_at(store, 599), limit_at(store, 600)] == [20, 8]


def test_the_default_returns_when_the_tx_profile_runs_out() -> None:
    store = store_of(profile(1, "Default", (0, 6)), profile(2, "Tx", (0, 20), duration_s=600))
    assert limit_at(store, 700) == 6


def test_with_nothing_valid_left_full_power_returns() -> None:
    assert limit_at(store_of(profile(1, "Tx", (0, 8), duration_s=600)), 700) == 32


def test_validity_begins_at_valid_from_and_ends_before_valid_to() -> None:
    store = store_of(
        profile(
            1,
            "Default",
            (0, 9),
            valid_from=noon + timedelta(seconds=10),
            valid_to=noon + timedelta(seconds=20),
        )
    )
    assert [limit_at(store, s) for s in (9, 10, 19, 20)] == [32, 9, 9, 32]


def test_a_schedule_in_the_future_does_not_rule_yet() -> None:
    store = store_of(profile(1, "Default", (0, 9), start=noon + timedelta(hours=1)))
    assert [limit_at(store, 3599), limit_at(store, 3600)] == [32, 9]


def test_the_same_purpose_and_level_replaces() -> None:
    store = store_of(profile(1, "Default", (0, 9)), profile(2, "Default", (0, 11)))
    assert [p.profile_id for p in store.all()] == [2]


def test_the_same_id_replaces_whatever_it_was() -> None:
    store = store_of(profile(1, "Default", (0, 9)), profile(1, "Tx", (0, 11), level=3))
    assert [p.purpose for p in store.all()] == ["Tx"]


def test_a_default_of_the_connector_replaces_that_of_the_station() -> None:
    store = store_of(
        profile(1, "Default", (0, 20), evse_id=0, level=2), profile(2, "Default", (0, 9))
    )
    assert limit_at(store) == 9
    assert store.limit(2, supply, noon).limit_a == 20


def test_a_relative_schedule_counts_from_the_start_of_charging() -> None:
    store = store_of(profile(1, "Tx", (0, 9), (300, 16), kind="Relative", start=None))
    begun = noon - timedelta(seconds=200)
    late = store.limit(1, supply, noon + timedelta(seconds=100), charging_since=begun)
    assert late.limit_a == 16


def test_a_daily_schedule_comes_back_every_day() -> None:
    store = store_of(
        profile(
            1, "Default", (0, 9), (3600, 16), kind="Recurring", recurrency="Daily", duration_s=7200
        )
    )
    day = 86_400
    found = [limit_at(store, day * 3 + s) for s in (0, 3599, 3600, 7199, 7200)]
    assert found == [9, 9, 16, 16, 32]


def test_watts_are_divided_by_the_phases() -> None:
    assert limit_at(store_of(profile(1, "Tx", (0, 6900), unit="W"))) == pytest.approx(10)
    store = store_of(profile(1, "Tx", (0, 4600), unit="W", phases=1))
    assert limit_at(store) == pytest.approx(20)


def test_number_phases_switches_phases_off() -> None:
    store = store_of(profile(1, "Tx", (0, 16), phases=1))
    assert store.limit(1, supply, noon, charging_since=noon).phases == 1


def test_clearing_by_criteria_takes_only_what_fits_all_of_them() -> None:
    store = store_of(
        profile(1, "Default", (0, 9)), profile(2, "Default", (0, 9), level=1), profile(3, "Tx")
    )
    assert store.clear(purpose="Default", stack_level=1) == 1
    assert [p.profile_id for p in store.all()] == [1, 3]


def test_the_end_of_the_transaction_takes_its_profiles_along() -> None:
    store = store_of(profile(1, "Default", (0, 9)), profile(2, "Tx", (0, 20)))
    store.end_transaction(1)
    assert [p.profile_id for p in store.all()] == [1]


def test_the_composite_schedule_merges_all_purposes() -> None:
    store = store_of(
        profile(1, "Max", (0, 25), (1200, 10), evse_id=0),
        profile(2, "Default", (0, 6)),
        profile(3, "Tx", (0, 30), (600, 20), duration_s=1800),
    )
    steps = store.composite(1, supply, noon, 3600, noon)
    assert [(s.start_s, s.limit.limit_a) for s in steps] == [
        (0, 25),
        (600, 20),
        (1200, 10),
        (1800, 6),
    ]


profiles = st.builds(
    lambda n, purpose, limits, level, duration: profile(
        n,
        purpose,
        *((i * 300, limit) for i, limit in enumerate(limits)),
        level=level,
        evse_id=0 if purpose == "Max" else 1,
        duration_s=duration,
    ),
    st.integers(1, 50),
    st.sampled_from(["Max", "Default", "Tx"]),
    st.lists(st.floats(0, 40), min_size=1, max_size=4),
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(1, 3000)),
)


@given(installed=st.lists(profiles, max_size=6), second=st.integers(0, 3599))
def test_the_composite_schedule_says_what_the_limit_will_be(
    installed: list[Profile], second: int
) -> None:
    store = store_of(*installed)
    steps = store.composite(1, supply, noon, 3600, noon)
    ruling = max((s for s in steps if s.start_s <= second), key=lambda s: s.start_s)
    assert limit_at(store, second) == ruling.limit.limit_a
