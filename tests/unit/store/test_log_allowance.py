"""How much one charge point may say in the message log."""

from __future__ import annotations

from csms.store.log_allowance import DAY_S, LogAllowance

DAY = 1000
LATER = 10 * DAY_S


def test_a_days_allowance_may_be_used_at_once() -> None:
    allowance = LogAllowance(DAY)
    assert [allowance.take(1, 400, LATER) for _ in range(4)] == [True, True, False, False]


def test_what_did_not_fit_uses_nothing_up() -> None:
    allowance = LogAllowance(DAY)
    assert not allowance.take(1, DAY + 1, LATER)
    assert allowance.take(1, DAY, LATER)


def test_it_comes_back_bit_by_bit() -> None:
    allowance = LogAllowance(DAY)
    allowance.take(1, DAY, LATER)
    assert not allowance.take(1, 500, LATER + 0.4 * DAY_S)
    assert allowance.take(1, 500, LATER + 0.5 * DAY_S)


def test_one_charge_point_takes_nothing_from_another() -> None:
    allowance = LogAllowance(DAY)
    allowance.take(1, DAY, LATER)
    assert allowance.take(2, DAY, LATER)
