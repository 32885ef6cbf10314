"""Taking many candidates in order at once is the same as going one by one."""

from __future__ import annotations

import numpy as np
import pytest

from csms.smart_charging.admission import take_in_order
from csms.smart_charging.matrix import matrix_rows


def one_by_one(
    matrix: np.ndarray, limits: np.ndarray, order: np.ndarray, demand: np.ndarray, held: np.ndarray
) -> np.ndarray:
    accepted, values = np.zeros(len(held), np.bool_), held.copy()
    for evse in order:
        values[evse] += demand[evse]
        accepted[evse] = (np.abs(matrix @ values) <= limits + 1e-9).all()
        if not accepted[evse]:
            values[evse] = held[evse]
    return accepted


@pytest.mark.parametrize("seed", range(12))
def test_many_candidates_for_plain_sums(seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = (random.random((40, 400)) < 0.1) * random.choice([1.0, 230.0], (40, 1))
    demand, held = random.choice([6.0, 0.1, 1.0], 400), random.choice([0.0, 6.3], 400)
    limits = matrix @ held + np.round(matrix @ demand * random.random(40), 1)
    order = random.permutation(400)[:380]
    everybody = np.ones(400, np.bool_)
    found = take_in_order(matrix_rows(matrix, limits, everybody), order, demand, held)
    assert found.tolist() == one_by_one(matrix, limits, order, demand, held).tolist()


@pytest.mark.parametrize("share_guessed", [0.0, 0.5, 1.0])
def test_a_wrong_guess_changes_nobody_s_place(share_guessed: float) -> None:
    random = np.random.default_rng(5)
    matrix = (random.random((40, 400)) < 0.1).astype(np.float64)
    demand, held, order = np.ones(400), np.zeros(400), random.permutation(400)
    rows = matrix_rows(matrix, np.floor(matrix.sum(axis=1) * random.random(40)), held == 0)
    guess = random.random(400) < share_guessed
    expected = take_in_order(rows, order, demand, held)
    assert take_in_order(rows, order, demand, held, guess).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_many_candidates_for_the_lines_between_which_they_hang(seed: int) -> None:
    random = np.random.default_rng(seed)
    angles = random.choice([0.0, np.pi / 3], 300)
    matrix = (random.random((12, 300)) < 0.3) * np.exp(1j * angles)
    demand, held = random.choice([6.0, 8.0], 300), np.zeros(300)
    limits = np.round(np.abs(matrix @ demand) * random.random(12), 1)
    order = random.permutation(300)
    everybody = np.ones(300, np.bool_)
    found = take_in_order(matrix_rows(matrix, limits, everybody), order, demand, held)
    assert found.tolist() == one_by_one(matrix, limits, order, demand, held).tolist()
