"""Costs are told not too often, whichever way they were told last."""

from __future__ import annotations

from unit.world import FakeClock

from csms.services.cost_display.pace import Pace


def test_a_cost_in_an_answer_puts_off_the_next_message() -> None:
    clock = FakeClock()
    pace = Pace(clock)
    assert pace.is_due(7, 15)
    pace.told(7)
    assert (pace.is_due(7, 15), pace.is_due(8, 15)) == (False, True)
    clock.advance(15)
    assert pace.is_due(7, 15)


def test_what_is_over_is_forgotten() -> None:
    pace = Pace(FakeClock())
    pace.told(7)
    pace.forget(7)
    assert pace.is_due(7, 15)
