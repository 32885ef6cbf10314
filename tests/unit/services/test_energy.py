"""The register of a transaction, from readings in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from random import Random
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from csms.services.transactions.energy import (
    MAX_RUNS,
    note_register,
    readings_energy_wh,
)
from csms.services.transactions.model import RegisterRun

NOON = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
CAP_W = 22_000
LIFETIME_WH = 5_000_000

Points: TypeAlias = list[tuple[int, int]]
"""Readings: minute, Wh."""


def noted(points: Points) -> list[RegisterRun]:
    """Note readings in the order given."""
    runs: list[RegisterRun] = []
    for minute, register_wh in points:
        note_register(runs, NOON + timedelta(minutes=minute), Decimal(register_wh), CAP_W)
    return runs


def energy(points: Points) -> Decimal | None:
    return readings_energy_wh(noted(points), CAP_W)


monotone = st.lists(st.integers(0, 300), min_size=2, max_size=20).map(
    lambda steps: list(enumerate(accumulate(steps, initial=LIFETIME_WH)))
)


@given(monotone, st.randoms(use_true_random=False))
def test_readings_of_a_rising_register_give_the_same_energy_in_any_order(
    points: Points, random: Random
) -> None:
    shuffled = [*points, *random.choices(points, k=3)]
    random.shuffle(shuffled)
    runs = noted(shuffled)
    assert len(runs) == 1
    assert readings_energy_wh(runs, CAP_W) == points[-1][1] - points[0][1]


@given(monotone.filter(lambda points: len(points) > 4), st.data())
def test_one_reading_of_zero_in_between_changes_nothing_whenever_it_comes(
    points: Points, data: st.DataObject
) -> None:
    true_energy = points[-1][1] - points[0][1]
    glitch = data.draw(st.integers(2, len(points) - 3))
    broken = [(m, 0 if m == glitch else wh) for m, wh in points]
    order = data.draw(st.permutations(broken))
    assert energy(order) == true_energy


@given(
    st.lists(st.integers(1, 300), min_size=5, max_size=12).map(
        lambda steps: list(enumerate(accumulate(steps, initial=0)))
    ),
    st.data(),
)
def test_a_small_session_register_survives_a_drop_to_zero_in_any_order(
    points: Points, data: st.DataObject
) -> None:
    glitch = data.draw(st.integers(2, len(points) - 3))
    broken = [(m, 0 if m == glitch else wh) for m, wh in points]
    order = data.draw(st.permutations(broken))
    assert energy(order) == points[-1][1] - points[0][1]


@given(monotone.filter(lambda points: len(points) > 4), st.data())
def test_an_impossible_spike_changes_nothing_whenever_it_comes(
    points: Points, data: st.DataObject
) -> None:
    spike = data.draw(st.integers(2, len(points) - 3))
    broken = [(m, 4_294_967_295 if m == spike else wh) for m, wh in points]
    order = data.draw(st.permutations(broken))
    assert energy(order) == points[-1][1] - points[0][1]


@given(
    st.lists(st.integers(0, 300), min_size=2, max_size=10),
    st.lists(st.integers(0, 300), min_size=2, max_size=10),
    st.randoms(use_true_random=False),
)
def test_a_register_that_restarts_counts_on_from_zero_in_any_order(
    before: list[int], after: list[int], random: Random
) -> None:
    points = list(enumerate([*accumulate(before, initial=LIFETIME_WH), *accumulate(after)]))
    true_energy = sum(before) + sum(after)
    random.shuffle(points)
    assert energy(points) == true_energy


def test_two_readings_of_the_same_second_are_both_believed() -> None:
    assert energy([(0, 1000), (1, 1200), (1, 1203)]) == energy([(1, 1203), (1, 1200), (0, 1000)])
    assert energy([(0, 1000), (1, 1203), (1, 1200)]) == 203


def test_a_register_that_drops_at_the_very_end_adds_nothing() -> None:
    assert energy([(0, LIFETIME_WH), (1, LIFETIME_WH + 200), (2, 0)]) == 200


def test_a_glitch_is_told_to_the_caller() -> None:
    runs = noted([(0, 1000), (2, 1100)])
    assert not note_register(runs, NOON + timedelta(minutes=1), Decimal(0), CAP_W)


def test_two_meters_that_take_turns_count_once() -> None:
    points = [(0, LIFETIME_WH), (1, 10), (2, LIFETIME_WH + 20), (3, 30), (4, LIFETIME_WH + 40)]
    assert energy(points) == 40


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(-1000, 10**7)), max_size=200))
def test_noise_never_takes_more_than_a_little_memory(points: Points) -> None:
    runs = noted(points)
    assert len(runs) <= MAX_RUNS
    assert all(run.first_at <= run.last_at and run.first_wh <= run.last_wh for run in runs)
    assert all(a.last_at <= b.first_at for a, b in pairwise(runs))
