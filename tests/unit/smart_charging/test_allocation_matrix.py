"""Fair shares on networks that are known as a matrix alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.smart_charging.allocation import allocate_matrix


def delta_wired(evses: tuple[int, int, int]) -> np.ndarray:
    """EVSEs between three pairs of lines behind a delta-wye transformer: line currents.

    First the lines that feed the EVSEs, then those on the other side of the transformer.
    """
    between = np.repeat([0, 1, 2], evses)
    phasors = np.exp(1j * np.pi / 6 * np.array([1, -3, 5]))[between]
    legs = [np.where(between == leg, phasors, 0) for leg in range(3)]
    fed = [legs[0] - legs[2], legs[1] - legs[0], legs[2] - legs[1]]
    feeding = [(fed[line] - fed[line - 1]) / 4 for line in range(3)]
    return np.array([*fed, *feeding])


def test_one_row_is_shared_evenly() -> None:
    assert allocate_matrix([[1, 1, 1]], [32], min_a=6, max_a=32).tolist() == [11, 11, 10]


def test_one_row_needs_no_brackets() -> None:
    assert allocate_matrix([1, 1, 1], 32, min_a=6, max_a=32).tolist() == [11, 11, 10]


@pytest.mark.parametrize("angle", [2 * np.pi / 3, 1.234567890123])
def test_phasors_fill_a_line_to_the_last_ampere(angle: float) -> None:
    phasors = np.exp([0j, 1j * angle])
    limit = max(32.0, float(np.abs(32 * phasors.sum())))
    assert allocate_matrix(phasors, limit, min_a=6, max_a=32).tolist() == [32, 32]


def test_who_has_no_choice_is_counted_with_those_who_rise() -> None:
    assert allocate_matrix([[1, 1]], [60], min_a=[6, 40], max_a=[32, 40]).tolist() == [20, 40]


@given(
    st.floats(0.0, 120.0),
    st.lists(
        st.sampled_from([(6, 6), (6, 32), (40, 40), (16, 16), (8, 63)]), min_size=1, max_size=5
    ),
)
def test_one_row_is_filled_as_far_as_its_evses_can_take(
    limit_a: float, bounds: list[tuple[int, int]]
) -> None:
    low, high = np.array(bounds, np.float64).T
    amps = allocate_matrix(
        np.ones((1, len(bounds))), [limit_a], min_a=low, max_a=high, continuous=True
    )
    got = amps > 0
    assert amps.sum() == pytest.approx(min(limit_a, high[got].sum()), abs=1e-6)
    assert ((low[got] <= amps[got]) & (amps[got] <= high[got])).all()


def test_opposite_coefficients_are_never_relied_on() -> None:
    assert allocate_matrix([[1, -1]], [10], min_a=6, max_a=32).tolist() == [10, 10]


def test_a_row_without_a_limit_limits_nothing() -> None:
    assert allocate_matrix([[1, 1]], [np.inf], min_a=6, max_a=32).tolist() == [32, 32]


def test_a_balanced_load_uses_all_of_a_delta_wired_site() -> None:
    rows = delta_wired((10, 10, 10))
    limits = np.array([180.0] * 3 + [80.0] * 3)
    shares = allocate_matrix(rows, limits, min_a=6, max_a=32, continuous=True)
    assert np.allclose(shares, 180 / 3**0.5 / 10)


def test_a_lopsided_load_uses_all_of_the_line_that_binds() -> None:
    rows = delta_wired((26, 14, 14))
    limits = np.array([180.0] * 3 + [80.0] * 3)
    shares = allocate_matrix(rows, limits, min_a=0, max_a=32, continuous=True)
    carried = np.abs(rows @ shares) / limits
    assert carried.max() == pytest.approx(1.0, abs=1e-9)
    assert (shares[26:] >= shares[:26].max() - 1e-9).all(), "the others get no less for it"


def test_too_many_directions_cost_little() -> None:
    angles = np.linspace(0, 2, 40)
    shares = allocate_matrix([np.exp(1j * angles)], [200], min_a=0, max_a=32, continuous=True)
    alike = 200 / abs(np.exp(1j * angles).sum())
    assert shares.min() >= 0.98 * alike


def test_a_plan_is_filled_first() -> None:
    shares = allocate_matrix([[1, 1]], [32], min_a=6, max_a=32, target_a=[20, 8])
    assert shares.tolist() == [20, 12]


def test_a_limit_for_each_row_is_needed() -> None:
    with pytest.raises(ValueError, match="one limit for each row"):
        allocate_matrix([[1, 1]], [32, 32], min_a=6, max_a=32)


@pytest.mark.parametrize("max_a", [np.nan, np.inf])
def test_bounds_must_be_numbers(max_a: float) -> None:
    with pytest.raises(ValueError, match="must be numbers"):
        allocate_matrix([[1]], [32], min_a=6, max_a=max_a)
