"""When an EVSE charges on one phase and when on three, and how it changes over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import Evse, EvseKey, parse_wiring
from csms.smart_charging.phase_switching import (
    Outlook,
    PhaseChange,
    PhaseSwitching,
    SwitchRules,
    SwitchState,
    SwitchStep,
)
from csms.smart_charging.wishes import PhaseChoice

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
QUICK = SwitchRules(check_every_s=0.0, up_margin=0.0, up_hold_s=600.0, down_sun_s=0.0)
SWITCHABLE = Evse(
    key=EvseKey("A", 1),
    circuit_id="root",
    wiring=parse_wiring("STR"),
    rated_a=16.0,
    can_switch_phases=True,
)


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def sun(watts: float | None) -> Outlook:
    return Outlook(one_phase_a=32.0, three_phase_a=32.0, surplus_w=watts)


def room(one_a: float, three_a: float) -> Outlook:
    return Outlook(one_phase_a=one_a, three_phase_a=three_a)


@dataclass
class Wallbox:
    """A charger that obeys within a cycle and says what it draws."""

    switching: PhaseSwitching
    at_s: float = 0.0
    cycle_s: float = 10.0
    draws_a: float = 6.0
    obeys: bool = True
    choice: PhaseChoice = "auto"
    is_locked: bool = False
    changes: list[tuple[float, PhaseChange]] = field(default_factory=list)
    steps: list[SwitchStep] = field(default_factory=list)

    def decide(self, outlook: Outlook) -> SwitchStep:
        drawn_a = (
            0.0 if self.obeys and self.steps and not self.steps[-1].may_charge else self.draws_a
        )
        step = self.switching.decide(
            seconds(self.at_s),
            self.choice,
            outlook,
            may_draw_a=drawn_a,
            measured=(seconds(self.at_s), drawn_a),
            is_locked=self.is_locked,
        )
        if step.change is not None:
            self.changes.append((self.at_s, step.change))
        self.steps.append(step)
        self.at_s += self.cycle_s
        return step

    def go_on(self, outlook: Outlook, until_s: float) -> SwitchStep:
        step = self.decide(outlook)
        while self.at_s < until_s:
            step = self.decide(outlook)
        return step


def wallbox(phases: int, rules: SwitchRules | None = None) -> Wallbox:
    return Wallbox(PhaseSwitching(SWITCHABLE, rules or SwitchRules(), phases))


def test_one_that_cant_switch_stays_as_it_is_wired() -> None:
    fixed = replace(SWITCHABLE, can_switch_phases=False)
    box = Wallbox(PhaseSwitching(fixed, phases=1))

    step = box.go_on(sun(1500.0), 3600)

    assert (step.phases, step.may_charge) == (3, True)


class TestBySun:
    def test_goes_down_after_5_minutes_below_the_three_phase_minimum(self) -> None:
        box = wallbox(3)
        box.go_on(sun(6000.0), 100)
        box.go_on(sun(3900.0), 400)
        assert box.changes == []

        step = box.go_on(sun(3900.0), 500)

        assert box.changes == [(410, PhaseChange(3, 1, "too little surplus for three phases"))]
        assert (step.phases, step.may_charge) == (1, True)

    def test_a_short_cloud_changes_nothing(self) -> None:
        box = wallbox(3)
        for start_s in range(0, 3600, 400):
            box.go_on(sun(3900.0), start_s + 290)
            box.go_on(sun(6000.0), start_s + 400)

        assert box.changes == []

    def test_goes_up_at_the_check_every_15_minutes_with_7_percent_to_spare(self) -> None:
        box = wallbox(1)
        box.go_on(sun(4400.0), 1800)
        assert box.changes == []

        box.go_on(sun(4450.0), 2800)
        assert box.changes == [(2710, PhaseChange(1, 3, "enough for three phases"))]

    def test_doesnt_go_down_where_one_phase_hasnt_enough_either(self) -> None:
        box = wallbox(3)
        box.go_on(sun(500.0), 3600)
        assert box.changes == []

        box.go_on(sun(2000.0), 3620)
        assert [change.to_phases for _, change in box.changes] == [1]

    def test_a_silent_meter_is_no_sun(self) -> None:
        box = wallbox(1)
        box.go_on(sun(None), 3600)

        assert box.changes == []

    @pytest.mark.parametrize(("watts", "expected"), [(3000.0, 1), (4400.0, 1), (4450.0, 3)])
    def test_begins_on_one_phase_below_the_three_phase_minimum(
        self, watts: float, expected: int
    ) -> None:
        box = wallbox(3)
        box.draws_a = 0.0
        box.switching.begin()

        assert box.go_on(sun(watts), 100).phases == expected
        assert box.switching.switches == 0


class TestByRoom:
    def test_what_the_sun_gives_is_reckoned_per_phase(self) -> None:
        assert int(sun(3900.0).one_a * 10) == 169
        assert sun(3900.0).three_a == pytest.approx(5.65, abs=0.01)

    def test_goes_down_where_three_phases_have_no_6_amps_but_one_has_12(self) -> None:
        box = wallbox(3)
        box.go_on(room(12.0, 5.0), 100)

        assert [change.reason for _, change in box.changes] == ["too little room for three phases"]

    def test_stays_on_one_phase_where_three_would_give_less_in_all(self) -> None:
        box = wallbox(1)
        switchable = replace(SWITCHABLE, rated_a=32.0)
        box.switching = PhaseSwitching(switchable, phases=1)
        box.go_on(room(32.0, 7.0), 3600)

        assert box.changes == []

    def test_goes_up_where_three_phases_give_more(self) -> None:
        box = wallbox(1)
        box.go_on(room(16.0, 10.0), 1000)

        assert [change.to_phases for _, change in box.changes] == [3]

    @pytest.mark.parametrize(
        ("one_a", "three_a", "expected"), [(16, 16, 3), (12, 5, 1), (5, 5, 3), (16, 6.2, 3)]
    )
    def test_begins_with_what_gives_more(self, one_a: float, three_a: float, expected: int) -> None:
        box = wallbox(3)
        box.switching.begin()

        assert box.go_on(room(one_a, three_a), 100).phases == expected


class TestTheSwitchItself:
    def switching(self) -> PhaseSwitching:
        return PhaseSwitching(SWITCHABLE, QUICK, 3)

    def test_stops_switches_waits_and_goes_on(self) -> None:
        box = Wallbox(self.switching())
        box.go_on(sun(3900.0), 100)

        assert [(step.state, step.phases, step.may_charge) for step in box.steps[:6]] == [
            (SwitchState.STOPPING, 3, False),
            (SwitchState.SWITCHED, 1, False),
            (SwitchState.SWITCHED, 1, False),
            (SwitchState.SWITCHED, 1, False),
            (SwitchState.RUNNING, 1, True),
            (SwitchState.RUNNING, 1, True),
        ]

    def test_waits_while_a_reading_shows_current(self) -> None:
        switching = self.switching()
        switching.decide(NOON, "auto", sun(3900.0), may_draw_a=0.0)

        flows = switching.decide(
            seconds(20), "auto", sun(3900.0), may_draw_a=0.0, measured=(seconds(15), 6.0)
        )
        gone = switching.decide(
            seconds(30), "auto", sun(3900.0), may_draw_a=0.0, measured=(seconds(25), 0.2)
        )

        assert (flows.state, gone.state) == (SwitchState.STOPPING, SwitchState.SWITCHED)

    @pytest.mark.parametrize(
        ("may_draw_a", "waited_s", "state"),
        [
            (0.0, 9, SwitchState.STOPPING),
            (0.0, 10, SwitchState.SWITCHED),
            (6.0, 60, SwitchState.STOPPING),
        ],
    )
    def test_without_a_reading_trusts_a_stop_that_is_confirmed_for_10_seconds(
        self, may_draw_a: float, waited_s: float, state: SwitchState
    ) -> None:
        switching = self.switching()
        before = (seconds(-5), 6.0)
        switching.decide(NOON, "auto", sun(3900.0), may_draw_a=may_draw_a, measured=before)

        step = switching.decide(
            seconds(waited_s), "auto", sun(3900.0), may_draw_a=may_draw_a, measured=before
        )

        assert step.state is state

    def test_gives_up_where_the_car_doesnt_stop_and_tries_again_later(self) -> None:
        box = Wallbox(self.switching(), obeys=False)
        step = box.go_on(sun(3900.0), 130)

        assert (step.state, step.phases) == (SwitchState.RUNNING, 3)
        assert step.note == "it didn't stop, so it stays on 3 phases"
        assert box.go_on(sun(3900.0), 420).state is SwitchState.RUNNING
        assert box.go_on(sun(3900.0), 430).state is SwitchState.STOPPING

    def test_tells_beforehand_on_how_many_phases_it_will_charge(self) -> None:
        switching = self.switching()
        switching.decide(NOON, "auto", sun(3900.0), may_draw_a=6.0)

        assert (switching.phases, switching.aim) == (3, 1)

    def test_a_restart_in_the_middle_of_a_transaction_is_no_new_choice(self) -> None:
        box = wallbox(1)
        box.go_on(room(16.0, 16.0), 800)

        assert box.changes == []


class TestGuards:
    def test_a_locked_car_stays_on_what_it_began_with(self) -> None:
        box = wallbox(3)
        box.is_locked = True
        box.go_on(sun(3000.0), 3600)

        assert box.changes == []

    def test_a_car_that_uses_one_phase_anyway_isnt_switched(self) -> None:
        box = wallbox(3)
        box.go_on(replace(sun(3000.0), car_phases=1), 3600)

        assert box.changes == []

    def test_the_owners_choice_rules(self) -> None:
        box = wallbox(3)
        box.choice = "1"
        box.go_on(sun(11_000.0), 3600)

        assert [change.reason for _, change in box.changes] == ["the owner's choice"]

    def test_once_down_it_stays_there_where_asked(self) -> None:
        box = wallbox(3, SwitchRules(stays_down=True))
        box.go_on(sun(3000.0), 600)
        box.go_on(sun(11_000.0), 7200)

        assert [change.to_phases for _, change in box.changes] == [1]

    def test_a_transaction_has_five_switches_and_ends_on_one_phase(self) -> None:
        box = wallbox(1)
        for round_s in range(0, 8 * 3600, 3600):
            box.go_on(sun(9000.0), round_s + 1800)
            box.go_on(sun(2000.0), round_s + 3600)

        assert [change.to_phases for _, change in box.changes] == [3, 1, 3, 1]
        box.switching.begin()
        box.go_on(sun(9000.0), box.at_s + 1800)
        assert box.switching.phases == 3


weather = st.lists(
    st.tuples(st.sampled_from([0.0, 1500.0, 4200.0, 4500.0, 9000.0, inf]), st.integers(1, 150)),
    min_size=1,
    max_size=25,
)


@settings(deadline=None)
@given(weather=weather, rules=st.sampled_from([SwitchRules(), QUICK]))
def test_no_weather_makes_it_switch_faster_than_its_dwell_or_under_load(
    weather: list[tuple[float, int]], rules: SwitchRules
) -> None:
    box = wallbox(3, rules)
    for watts, cycles in weather:
        box.go_on(sun(watts), box.at_s + 10 * cycles)

    times = [at for at, _ in box.changes]
    assert all(later - earlier >= rules.dwell_s for earlier, later in pairwise(times))
    assert len(times) <= rules.max_switches
    for before, after in pairwise(box.steps):
        assert before.phases == after.phases or (not before.may_charge and not after.may_charge)
