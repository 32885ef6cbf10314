"""What an EVSE may still draw after each thing that can happen to an order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from unit.smart_charging.obedient_charger import (
    CAR_FOLLOWS,
    ObedientCharger,
    make_evse,
    moments,
)

from csms.smart_charging.commitments import Commitment
from csms.smart_charging.grid import PerPhase, Phase
from csms.smart_charging.instructions import SetProfile
from csms.smart_charging.profile_building import (
    Order,
    idle_profile,
    standing_profile,
    transaction_profile,
)
from csms.smart_charging.profiles import Hold, Register, Step
from csms.smart_charging.strategies import Strategy
from csms.smart_charging.timing import TIMING, Timing

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LETTER = Strategy()
EVSE = make_evse()


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def tx(limit_a: float, at_s: float = 0, safe_a: float = 6.0, timing: Timing = TIMING) -> Order:
    return transaction_profile(EVSE, limit_a, safe_a, 3, LETTER, 7, "7", after(at_s), timing=timing)


def idle(limit_a: float, at_s: float = 0, safe_a: float = 6.0, timing: Timing = TIMING) -> Order:
    order = idle_profile(EVSE, limit_a, safe_a, LETTER, after(at_s), timing=timing)
    assert order is not None
    return order


class Told:
    """A commitment and the orders given, numbered by themselves."""

    def __init__(self, safe_a: float = 6.0, timing: Timing = TIMING) -> None:
        self.commitment = Commitment(
            EVSE, after(-9000), standing_a=safe_a, last_limit_a=None, timing=timing
        )
        self.last = 0

    def send(self, order: Order, at_s: float = 0) -> int:
        self.last += 1
        self.commitment.sent(self.last, order.register, order.hold, after(at_s))
        return self.last

    def accept(self, order: Order, at_s: float = 0) -> None:
        self.commitment.answered(self.send(order, at_s), accepted=True, now=after(at_s))

    def may_a(self, at_s: float) -> float:
        return self.commitment.may_draw_a(after(at_s))


def charging(limit_a: float, safe_a: float = 6.0, timing: Timing = TIMING) -> Told:
    """A car charges by a confirmed order of a minute ago."""
    told = Told(safe_a, timing)
    told.accept(idle(0.0, -60, safe_a, timing), -60)
    told.commitment.transaction_started(after(-60))
    told.accept(tx(limit_a, -60, safe_a, timing), -60)
    return told


def test_a_charge_point_of_which_nothing_is_known_may_draw_all_it_can() -> None:
    commitment = Commitment(EVSE, NOON, standing_a=None, last_limit_a=None)
    assert commitment.may_draw_a(after(9000)) == 32.0
    assert not commitment.known


def test_after_a_restart_what_was_sent_before_lapses_to_the_standing_limit() -> None:
    commitment = Commitment(EVSE, NOON, standing_a=6.0, last_limit_a=None)
    assert commitment.may_draw_a(after(369)) == 32.0
    assert commitment.may_draw_a(after(370)) == 6.0


def test_after_a_restart_the_highest_limit_remembered_counts_until_it_lapses() -> None:
    commitment = Commitment(EVSE, NOON, standing_a=6.0, last_limit_a=16.0)
    assert commitment.may_draw_a(NOON) == 16.0
    assert commitment.may_draw_a(after(370)) == 6.0


def test_an_increase_counts_from_the_moment_it_is_sent_and_while_no_answer_comes() -> None:
    told = charging(10.0)
    order_id = told.send(tx(20.0))
    told.commitment.lost(order_id, after(30))
    assert told.may_a(100) == 20.0


def test_a_decrease_counts_only_when_accepted_and_the_car_had_ten_seconds_to_follow() -> None:
    told = charging(20.0)
    order_id = told.send(tx(10.0))
    assert told.may_a(5) == 20.0
    told.commitment.answered(order_id, accepted=True, now=after(5))
    assert told.may_a(14) == 20.0
    assert told.may_a(15) == 10.0


def test_a_car_measured_at_its_new_limit_has_followed() -> None:
    told = charging(20.0)
    told.accept(tx(10.0))
    told.commitment.measured(PerPhase.all(10.4), after(3), after(3))
    assert told.may_a(3) == 10.0


def test_a_car_measured_above_its_new_limit_has_not_followed_yet() -> None:
    told = charging(20.0)
    told.accept(tx(10.0))
    told.commitment.measured(PerPhase.all(10.6), after(3), after(3))
    assert told.may_a(3) == 20.0


def test_a_refused_order_leaves_the_old_one() -> None:
    told = charging(10.0)
    told.commitment.answered(told.send(tx(20.0)), accepted=False, now=after(1))
    assert told.may_a(1) == 10.0


def test_an_answer_that_comes_twice_or_to_nothing_changes_nothing() -> None:
    told = charging(10.0)
    order_id = told.send(tx(20.0))
    told.commitment.answered(order_id, accepted=True, now=after(1))
    told.commitment.answered(order_id, accepted=False, now=after(2))
    told.commitment.answered(99, accepted=True, now=after(2))
    assert told.may_a(20) == 20.0


def test_a_late_answer_to_a_lost_order_leaves_the_newer_one_possible() -> None:
    told = charging(20.0)
    first, second = told.send(tx(10.0)), told.send(tx(16.0))
    told.commitment.lost(first, after(30))
    told.commitment.answered(first, accepted=True, now=after(31))
    assert told.may_a(60) == 16.0
    told.commitment.answered(second, accepted=False, now=after(61))
    assert told.may_a(61) == 10.0


def test_the_newest_accepted_order_ends_all_before_it() -> None:
    told = charging(20.0)
    told.send(tx(32.0))
    told.accept(tx(10.0), 5)
    assert told.may_a(15) == 10.0


def test_when_a_transaction_ends_its_limit_no_longer_counts() -> None:
    told = charging(16.0)
    told.commitment.transaction_ended(NOON)
    assert told.may_a(0) == 0.0


def test_a_transaction_that_begins_unseen_may_draw_what_the_defaults_allow() -> None:
    told = charging(0.0)
    told.accept(tx(0.0))
    assert told.may_a(100) == 0.0
    assert told.may_a(150) == 6.0, "the idle allowance of 0 was not renewed"


def test_after_a_boot_the_transactions_limit_may_be_gone() -> None:
    told = charging(0.0)
    told.commitment.booted(NOON)
    assert told.may_a(0) == 6.0


def test_after_a_boot_an_unconfirmed_standing_limit_may_be_gone() -> None:
    commitment = Commitment(EVSE, after(-9000), standing_a=None, last_limit_a=None)
    standing = standing_profile(EVSE, 6.0, LETTER, NOON)
    commitment.sent(1, standing.register, standing.hold, NOON)
    commitment.booted(NOON)
    assert commitment.may_draw_a(NOON) == 32.0
    assert commitment.standing_a is None


def test_a_cleared_register_leaves_what_is_below() -> None:
    told = charging(16.0)
    told.commitment.cleared(Register.TX, NOON)
    assert told.may_a(10) == 0.0


def test_a_composite_schedule_shows_that_an_order_that_was_lost_arrived() -> None:
    told = charging(20.0)
    told.send(tx(10.0))
    told.commitment.composite_read(Hold(steps=(Step(after(20), 10.0),)), after(20))
    assert told.may_a(20) == 10.0


def test_a_composite_schedule_that_fits_nothing_known_changes_nothing() -> None:
    told = charging(20.0)
    told.send(tx(10.0))
    told.commitment.composite_read(Hold(steps=(Step(after(20), 3.0),)), after(20))
    assert told.may_a(20) == 20.0


def test_a_composite_schedule_makes_an_unknown_transaction_known() -> None:
    commitment = Commitment(EVSE, NOON, standing_a=6.0, last_limit_a=None, in_transaction=True)
    order = idle(0.0)
    commitment.sent(1, order.register, order.hold, NOON)
    commitment.answered(1, accepted=True, now=NOON)
    schedule = Hold(steps=(Step(NOON, 16.0), Step(after(200), 6.0)), ends_at=after(600))
    commitment.composite_read(schedule, NOON)
    assert commitment.may_draw_a(after(11)) == 16.0
    assert commitment.known


def test_an_order_up_to_what_surely_rules_only_lowers() -> None:
    told = charging(20.0)
    told.send(tx(10.0))
    assert told.commitment.surely_a(after(1)) == 10.0
    assert told.commitment.surely_until(8.0, NOON) == after(240), "when the older one lapses"


def test_what_can_not_be_controlled_is_counted_in_full_on_its_phases() -> None:
    evse = make_evse(controllable=False)
    commitment = Commitment(evse, NOON, standing_a=0.0, last_limit_a=0.0)
    assert commitment.reserved(NOON) == PerPhase.all(32.0)


def test_one_phase_counts_alone_once_it_is_confirmed() -> None:
    evse = make_evse(can_switch_phases=True)
    commitment = Commitment(evse, after(-9000), standing_a=0.0, last_limit_a=0.0)
    commitment.transaction_started(NOON)
    three, one = (
        transaction_profile(evse, 16.0, 0.0, phases, LETTER, 7, "7", NOON) for phases in (3, 1)
    )
    commitment.sent(1, three.register, three.hold, NOON)
    commitment.answered(1, accepted=True, now=NOON)
    commitment.sent(2, one.register, one.hold, NOON)
    assert commitment.reserved(after(20)) == PerPhase.all(16.0)
    commitment.answered(2, accepted=True, now=after(20))
    assert commitment.reserved(after(30)) == PerPhase(16.0, 0.0, 0.0)
    assert commitment.phases(after(30)) == {Phase.L1}


def test_who_draws_too_much_for_twenty_seconds_is_reserved_as_measured_until_it_falls() -> None:
    told = charging(10.0)
    told.commitment.measured(PerPhase.all(16.0), NOON, NOON)
    assert told.commitment.overdraw(after(19)) == 0.0
    assert told.commitment.overdraw(after(20)) == pytest.approx(6.0)
    assert told.commitment.reserved(after(20)) == PerPhase.all(16.0)
    told.commitment.measured(PerPhase.all(10.0), after(40), after(40))
    assert told.commitment.overdraw(after(40)) == 0.0
    assert told.may_a(40) == 10.0


def test_a_clock_too_wrong_to_trust_lets_nothing_lapse() -> None:
    told = charging(20.0)
    told.commitment.clock_trusted = False
    assert told.may_a(9000) == 20.0
    assert told.commitment.abandoned_a == 20.0


def test_the_next_change_is_when_the_settling_or_the_limit_ends() -> None:
    told = charging(20.0)
    told.accept(tx(10.0))
    assert told.commitment.next_change(after(1)) == after(10)
    at = told.commitment.next_change(after(11))
    assert at is not None
    assert told.commitment.may_draw_a(at) != told.may_a(11)


def test_it_remembers_the_most_that_any_order_in_force_has_allowed() -> None:
    told = charging(20.0)
    told.accept(tx(10.0))
    assert told.commitment.to_remember_a == 20.0
    told.commitment.connected(after(10))
    assert told.commitment.to_remember_a == 10.0


# --- why the times are what they are ---


class Grace(Timing):
    """Another time between going down and going up."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        object.__setattr__(self, "longest_renewal_s", seconds - 150)


def install(charger: ObedientCharger, order: Order, at_s: float) -> None:
    assert isinstance(order.action, SetProfile)
    assert charger.install(order.action.profile, after(at_s))


def highest_sum_after_death(timing: Timing) -> float:
    """One waits at 0 A, one charges with 20 A of 20; renewed as far apart as may be; then the
    server dies. Both may take 10 A when all is lost. One clock is early, the other late."""
    waiting = ObedientCharger(clock_ahead=timedelta(seconds=timing.clock_skew_s))
    busy = ObedientCharger(clock_ahead=-timedelta(seconds=timing.clock_skew_s))
    for charger, limit_a, at_s in ((waiting, 0.0, 0), (busy, 20.0, TIMING.longest_renewal_s)):
        install(charger, standing_profile(EVSE, 10.0, LETTER, after(at_s)), at_s)
        charger.start(7, after(at_s))
        install(charger, tx(limit_a, at_s, 10.0, timing), at_s)
    highest = 0.0
    for moment in moments([waiting, busy], after(TIMING.longest_renewal_s), after(2000)):
        if moment > after(TIMING.longest_renewal_s) + CAR_FOLLOWS:
            highest = max(highest, waiting.draw_a(moment) + busy.draw_a(moment))
    return highest


def test_after_the_servers_death_everybody_is_down_before_anybody_goes_up() -> None:
    assert highest_sum_after_death(TIMING) == 20.0


@pytest.mark.parametrize("grace_s", [120, 240])
def test_with_a_shorter_grace_the_servers_death_would_overload_the_circuit(grace_s: int) -> None:
    timing = Grace(grace_s)
    assert timing.grace_s == grace_s
    assert highest_sum_after_death(timing) == 30.0


def test_a_car_that_waits_and_is_renewed_in_time_takes_nothing_from_others() -> None:
    told = charging(0.0, safe_a=10.0)
    latest_s = TIMING.longest_renewal_s + TIMING.answer_s - 60
    assert told.may_a(latest_s - 1) == 0.0


@pytest.mark.parametrize("grace_s", [120, 240])
def test_with_a_shorter_grace_a_car_that_waits_would_take_its_safe_share(grace_s: int) -> None:
    told = charging(0.0, safe_a=10.0, timing=Grace(grace_s))
    assert told.may_a(TIMING.longest_renewal_s - 60) == 10.0


def test_what_a_charger_says_that_rules_is_surely_allowed_until_something_is_sent() -> None:
    commitment = Commitment(EVSE, NOON, standing_a=6.0, last_limit_a=16.0, in_transaction=True)
    schedule = Hold(steps=(Step(NOON, 10.0),), ends_at=after(600))
    assert commitment.surely_a(NOON) == 0.0
    commitment.composite_read(schedule, NOON)
    assert commitment.surely_a(after(5)) == 10.0
    assert commitment.surely_a(after(700)) == 0.0

    order = idle(0.0)
    commitment.sent(1, order.register, order.hold, after(10))
    assert commitment.surely_a(after(10)) == 0.0
