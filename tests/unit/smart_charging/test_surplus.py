"""Who gets the sun where several EVSEs charge by it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import EvseKey
from csms.smart_charging.surplus import PoolMember, share_surplus


def member(
    name: str,
    *,
    start_w: float = 1400.0,
    max_w: float = 7360.0,
    priority: int = 0,
    weight: float = 1.0,
    is_running: bool = False,
    step_w: float = 0.0,
) -> PoolMember:
    return PoolMember(
        key=EvseKey(name, 1),
        start_w=start_w,
        max_w=max_w,
        priority=priority,
        weight=weight,
        is_running=is_running,
        step_w=step_w,
    )


def shared(surplus_w: float | None, *members: PoolMember) -> list[float]:
    shares = share_surplus(surplus_w, members)
    return [shares[m.key] for m in members]


def test_equals_share_evenly() -> None:
    assert shared(5000.0, member("A"), member("B")) == [2500.0, 2500.0]


def three_phase(name: str, max_w: float = 11_040.0) -> PoolMember:
    return member(name, start_w=4100.0, max_w=max_w, step_w=690.0)


def test_what_two_lose_to_whole_amperes_makes_one_more_for_the_first() -> None:
    assert shared(9000.0, three_phase("A"), three_phase("B")) == [4830.0, 4140.0]


def test_what_makes_no_whole_ampere_stays_with_who_has_it() -> None:
    assert shared(8700.0, three_phase("A"), three_phase("B")) == [4350.0, 4350.0]


def test_a_step_goes_to_the_other_where_the_first_can_use_no_more() -> None:
    assert shared(9000.0, three_phase("A", max_w=4600.0), three_phase("B")) == [4140.0, 4830.0]


def test_what_one_cant_use_goes_to_the_other() -> None:
    assert shared(9000.0, member("A", max_w=2000.0), member("B")) == [2000.0, 7000.0]


def test_a_weight_counts() -> None:
    assert shared(6000.0, member("A", weight=2.0), member("B")) == pytest.approx([4000, 2000])


def test_the_higher_priority_is_filled_after_everybody_can_start() -> None:
    first, second = member("A", priority=1, max_w=3000.0), member("B")

    assert shared(2000.0, second, first) == [0.0, 2000.0]
    assert shared(3500.0, second, first) == [1400.0, 2100.0]
    assert shared(5000.0, second, first) == [2000.0, 3000.0]


def test_who_runs_keeps_the_sun_where_it_isnt_enough_for_two() -> None:
    assert shared(2000.0, member("A"), member("B", is_running=True)) == [0.0, 2000.0]


def test_a_smaller_one_may_start_where_a_bigger_one_cant() -> None:
    assert shared(2000.0, member("A", start_w=4100.0), member("B")) == [0.0, 2000.0]


@pytest.mark.parametrize("surplus_w", [None, 0.0, -500.0, 1399.0])
def test_without_enough_sun_nobody_starts(surplus_w: float | None) -> None:
    assert shared(surplus_w, member("A"), member("B")) == [0.0, 0.0]


members = st.lists(
    st.builds(
        member,
        st.text("ABCDEFGH", min_size=1, max_size=3),
        start_w=st.sampled_from([0.0, 1400.0, 4100.0]),
        max_w=st.sampled_from([4140.0, 7360.0, 11_040.0]),
        priority=st.integers(0, 2),
        weight=st.sampled_from([0.5, 1.0, 3.0]),
        is_running=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda m: m.key,
)


@settings(deadline=None)
@given(members=members, surplus_w=st.floats(0.0, 50_000.0))
def test_never_more_than_the_surplus_and_nothing_left_over(
    members: list[PoolMember], surplus_w: float
) -> None:
    shares = share_surplus(surplus_w, members)
    total_w = sum(shares.values())

    assert total_w <= surplus_w + 1e-6
    for m in members:
        assert shares[m.key] <= m.max_w + 1e-6
        assert shares[m.key] == 0.0 or shares[m.key] >= m.start_w - 1e-6
        if shares[m.key] >= m.start_w and shares[m.key] < m.max_w - 1e-3:
            assert total_w >= surplus_w - 1e-3
