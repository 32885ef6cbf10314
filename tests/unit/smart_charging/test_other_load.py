"""What of a meter's reading isn't chargers, and what counts while a meter is silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import (
    NO_LOAD,
    Circuit,
    Evse,
    EvseKey,
    Network,
    PerPhase,
    Site,
    Wiring,
    parse_wiring,
)
from csms.smart_charging.other_load import OtherLoad

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
A = EvseKey("A", 1)
B = EvseKey("B", 1)
THREE_PHASE: Wiring = parse_wiring("RST")


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def circuit(
    name: str,
    parent: str | None = None,
    *,
    assumed: PerPhase = NO_LOAD,
    has_meter: bool = True,
    breaker: float = 35.0,
) -> Circuit:
    return Circuit(
        id=name,
        name=name,
        parent_id=parent,
        breaker_a=PerPhase.all(breaker),
        assumed_load_a=assumed,
        has_meter=has_meter,
    )


def house(
    *circuits: Circuit, network: Network = Network.THREE_PHASE, charger_at: str = "root"
) -> OtherLoad:
    evses = tuple(
        Evse(key=key, circuit_id=charger_at, wiring=THREE_PHASE, rated_a=32.0) for key in (A, B)
    )
    return OtherLoad(Site(id="home", name="Home", network=network, circuits=circuits, evses=evses))


def test_what_the_chargers_drew_is_not_other_load() -> None:
    load = house(circuit("root"))
    load.charger(A, PerPhase.all(10.0), seconds(0))
    load.reading("root", PerPhase(25.0, 15.0, 12.0), seconds(2), now=seconds(2))

    view = load.load(seconds(3))["root"]

    assert view.load_a == PerPhase(15.0, 5.0, 2.0)
    assert (view.metered, view.stale) == (True, False)


@pytest.mark.parametrize(
    ("silent_s", "expected"), [(0, (15, 5, 2)), (60, (15, 5, 2)), (61, (25, 25, 25))]
)
def test_a_silent_meter_means_the_assumed_load_after_a_minute(
    silent_s: int, expected: tuple[float, float, float]
) -> None:
    load = house(circuit("root", assumed=PerPhase.all(25.0)))
    load.reading("root", PerPhase(15.0, 5.0, 2.0), NOON, now=NOON)

    view = load.load(seconds(silent_s))["root"]

    assert view.load_a == PerPhase(*expected)
    assert view.stale is (silent_s > 60)


def test_a_silent_meter_that_last_showed_more_than_assumed_counts_that_and_a_tenth() -> None:
    load = house(circuit("root", assumed=PerPhase.all(5.0)))
    load.reading("root", PerPhase(20.0, 2.0, 0.0), NOON, now=NOON)
    load.load(NOON)

    assert load.load(seconds(300))["root"].load_a == pytest.approx((22.0, 5.0, 5.0))


def test_a_meter_that_never_spoke_means_the_assumed_load() -> None:
    view = house(circuit("root", assumed=PerPhase.all(25.0))).load(NOON)["root"]

    assert (view.load_a, view.stale) == (PerPhase.all(25.0), True)


def test_a_circuit_without_a_meter_has_its_assumed_load_and_that_of_its_parts() -> None:
    load = house(
        circuit("root", assumed=PerPhase.all(3.0), has_meter=False),
        circuit("garage", "root"),
        circuit("lifts", "root", assumed=PerPhase.all(4.0), has_meter=False),
    )
    load.reading("garage", PerPhase(1.0, 2.0, 0.0), NOON, now=NOON)

    view = load.load(NOON)["root"]

    assert view.load_a == PerPhase(8.0, 9.0, 7.0)
    assert (view.metered, view.stale) == (False, False)


def test_a_reading_of_a_circuit_that_should_have_no_meter_counts_while_it_is_fresh() -> None:
    load = house(circuit("root", assumed=PerPhase.all(9.0), has_meter=False))
    load.reading("root", PerPhase.all(2.0), NOON, now=NOON)

    assert load.load(seconds(10))["root"].load_a == PerPhase.all(2.0)
    late = load.load(seconds(100))["root"]
    assert (late.load_a, late.stale) == (PerPhase.all(9.0), False)


def test_feed_in_gives_no_room_under_a_breaker() -> None:
    load = house(circuit("root"))
    load.reading("root", PerPhase(-10.0, 4.0, 0.0), NOON, now=NOON)

    view = load.load(NOON)["root"]

    assert view.load_a == PerPhase(0.0, 4.0, 0.0)
    assert view.net_a == PerPhase(-10.0, 4.0, 0.0)


def test_readings_from_the_future_the_past_or_nowhere_are_refused_with_the_reason() -> None:
    load = house(circuit("root"))
    assert load.reading("root", PerPhase.all(5.0), seconds(4), now=NOON) is None

    assert load.reading("root", PerPhase.all(1.0), seconds(90), now=NOON) == "90 s in the future"
    assert load.reading("root", PerPhase.all(1.0), seconds(-6), now=NOON) == (
        "10 s older than the newest"
    )
    assert load.reading("cellar", PerPhase.all(1.0), NOON, now=NOON) is not None
    assert load.reading("root", PerPhase.all(float("nan")), NOON, now=NOON) == "not a number"
    assert load.load(seconds(4))["root"].load_a == PerPhase.all(5.0)


def test_after_our_clock_was_set_back_the_meter_is_believed_again() -> None:
    load = house(circuit("root", assumed=PerPhase.all(9.0)))
    load.reading("root", PerPhase.all(1.0), seconds(3600), now=seconds(3600))

    assert load.load(NOON)["root"].stale
    assert load.reading("root", PerPhase.all(2.0), NOON, now=NOON) is None
    assert load.load(NOON)["root"].load_a == PerPhase.all(2.0)


def test_a_charger_of_unknown_current_is_not_taken_off() -> None:
    load = house(circuit("root"))
    load.charger(A, PerPhase.all(16.0), seconds(-600))
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)

    assert load.load(NOON)["root"].load_a == PerPhase.all(20.0)


def test_a_charger_that_reports_once_a_minute_stays_known_in_between() -> None:
    load = house(circuit("root"))
    load.charger(A, PerPhase.all(16.0), seconds(-60))
    load.charger(A, PerPhase.all(16.0), NOON)
    load.reading("root", PerPhase.all(20.0), seconds(55), now=seconds(55))

    assert load.load(seconds(55))["root"].load_a == PerPhase.all(4.0)


@pytest.mark.parametrize(("first", "then"), [(16.0, 6.0), (6.0, 16.0)])
def test_a_charger_that_just_fell_or_rose_counts_at_its_lowest(first: float, then: float) -> None:
    load = house(circuit("root"))
    load.charger(A, PerPhase.all(first), seconds(-8))
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)
    load.charger(A, PerPhase.all(then), seconds(3))

    assert load.load(seconds(3))["root"].load_a == PerPhase.all(14.0)


def test_a_charger_that_was_lowered_since_its_reading_counts_at_what_it_may_draw() -> None:
    load = house(circuit("root"))
    load.allowed(A, PerPhase.all(16.0), seconds(-300))
    load.charger(A, PerPhase.all(16.0), seconds(-50))
    load.allowed(A, PerPhase.all(6.0), seconds(-20))
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)

    assert load.load(NOON)["root"].load_a == PerPhase.all(14.0)


def test_a_reading_from_before_a_charger_was_lowered_still_contains_its_old_current() -> None:
    load = house(circuit("root"))
    load.allowed(A, PerPhase.all(16.0), seconds(-300))
    load.charger(A, PerPhase.all(16.0), seconds(-20))
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)
    load.allowed(A, PerPhase.all(6.0), seconds(30))

    assert load.load(seconds(31))["root"].load_a == PerPhase.all(4.0)


def test_a_car_that_was_stopped_for_a_moment_may_not_draw_again_yet() -> None:
    load = house(circuit("root"))
    load.allowed(A, PerPhase.all(7.0), seconds(-300))
    load.charger(A, PerPhase.all(7.0), seconds(-10))
    load.told(A, 0.0, seconds(-8))
    load.told(A, 7.0, seconds(-5))
    load.reading("root", PerPhase.all(12.0), NOON, now=NOON)

    assert load.load(NOON)["root"].load_a == PerPhase.all(12.0)


def test_a_low_allowance_since_the_last_reading_counts_although_it_is_over() -> None:
    load = house(circuit("root"))
    load.allowed(A, PerPhase.all(16.0), seconds(-300))
    load.charger(A, PerPhase.all(16.0), seconds(-60))
    load.allowed(A, NO_LOAD, seconds(-50))
    load.allowed(A, PerPhase.all(16.0), seconds(-25))
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)

    assert load.load(NOON)["root"].load_a == PerPhase.all(20.0)


def test_a_stop_before_the_last_reading_is_over() -> None:
    load = house(circuit("root"))
    load.allowed(A, PerPhase.all(16.0), seconds(-300))
    load.told(A, 0.0, seconds(-60))
    load.told(A, 16.0, seconds(-50))
    load.charger(A, PerPhase.all(16.0), seconds(-20))
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)

    assert load.load(NOON)["root"].load_a == PerPhase.all(4.0)


def restarted(drew_at: datetime) -> OtherLoad:
    """The meter shows 12 A of the house and 30 A of two chargers that haven't reported yet."""
    load = house(circuit("root", breaker=63.0))
    for key in (A, B):
        load.recall(key, PerPhase.all(15.0), drew_at, PerPhase.all(16.0))
    load.reading("root", PerPhase.all(42.0), NOON, now=NOON)
    return load


def test_after_a_restart_nobody_is_lowered_by_what_the_chargers_themselves_drew() -> None:
    view = restarted(seconds(-20)).load(NOON)["root"]

    assert view.likely_a == PerPhase.all(12.0)
    assert view.load_a == PerPhase.all(42.0), "nobody is raised by what is only supposed"


def test_the_first_reports_after_a_restart_change_nothing_of_what_was_measured_before() -> None:
    load = restarted(seconds(-20))
    load.load(NOON)
    for key in (A, B):
        load.charger(key, PerPhase.all(15.0), seconds(2))

    assert load.load(seconds(2))["root"].likely_a == PerPhase.all(12.0)


def test_what_chargers_drew_long_before_a_restart_tells_nothing() -> None:
    assert restarted(seconds(-70)).load(NOON)["root"].likely_a == PerPhase.all(42.0)


def test_after_a_restart_the_likely_load_is_never_less_than_what_chargers_may_leave() -> None:
    load = restarted(seconds(-20))
    load.load(NOON)
    load.reading("root", PerPhase.all(60.0), seconds(5), now=seconds(5))

    assert load.load(seconds(5))["root"].likely_a == PerPhase.all(28.0)


def test_a_charger_beneath_a_part_counts_in_every_circuit_that_feeds_it() -> None:
    load = house(circuit("root"), circuit("garage", "root"), charger_at="garage")
    load.charger(A, PerPhase.all(10.0), NOON)
    load.charger(B, PerPhase(6.0, 0.0, 0.0), NOON)
    load.reading("root", PerPhase(30.0, 20.0, 10.0), NOON, now=NOON)
    load.reading("garage", PerPhase(17.0, 10.0, 10.0), NOON, now=NOON)

    views = load.load(NOON)

    assert views["root"].load_a == PerPhase(14.0, 10.0, 0.0)
    assert views["garage"].load_a == PerPhase(1.0, 0.0, 0.0)


class TestARaiseBetweenTwoReadingsOfACharger:
    """A was raised from 6 to 16 A a moment ago; it reports only once a minute."""

    def raised(self) -> OtherLoad:
        load = house(circuit("root"))
        load.allowed(A, PerPhase.all(6.0), seconds(-300))
        load.charger(A, PerPhase.all(6.0), seconds(-60))
        load.charger(A, PerPhase.all(6.0), NOON)
        load.reading("root", PerPhase.all(16.0), seconds(1), now=seconds(1))
        assert load.load(seconds(1))["root"].likely_a == PerPhase.all(10.0)
        load.allowed(A, PerPhase.all(16.0), seconds(5))
        return load

    def test_the_meters_rise_is_likely_its_own(self) -> None:
        load = self.raised()
        load.reading("root", PerPhase.all(26.0), seconds(20), now=seconds(20))

        view = load.load(seconds(20))["root"]

        assert view.load_a == PerPhase.all(20.0)
        assert view.likely_a == PerPhase.all(10.0)

    def test_a_rise_beyond_what_it_may_draw_is_the_houses(self) -> None:
        load = self.raised()
        load.reading("root", PerPhase.all(31.0), seconds(20), now=seconds(20))

        assert load.load(seconds(20))["root"].likely_a == PerPhase.all(15.0)

    def test_its_next_reading_settles_whose_it_was(self) -> None:
        load = self.raised()
        load.reading("root", PerPhase.all(26.0), seconds(58), now=seconds(58))
        load.charger(A, PerPhase.all(6.0), seconds(60))

        assert load.load(seconds(60))["root"].likely_a == PerPhase.all(20.0)

    def test_a_silent_charger_explains_nothing_after_a_minute(self) -> None:
        load = self.raised()
        load.reading("root", PerPhase.all(26.0), seconds(70), now=seconds(70))

        assert load.load(seconds(70))["root"].likely_a == PerPhase.all(20.0)


def test_a_rise_of_the_house_beside_a_steady_charger_counts_at_once() -> None:
    load = house(circuit("root"))
    load.allowed(A, PerPhase.all(32.0), seconds(-300))
    load.charger(A, PerPhase.all(16.0), NOON)
    load.reading("root", PerPhase.all(20.0), NOON, now=NOON)
    load.load(NOON)
    load.reading("root", PerPhase.all(30.0), seconds(10), now=seconds(10))

    assert load.load(seconds(10))["root"].likely_a == PerPhase.all(14.0)


class TestSurplus:
    def test_is_what_is_exported_and_what_solar_chargers_draw(self) -> None:
        load = house(circuit("root"))
        load.reading("root", PerPhase.all(0.0), NOON, now=NOON, power_w=-1500.0)

        assert load.surplus_w(NOON, 2000.0, battery_counts=False) == 3500.0

    def test_comes_from_currents_where_the_meter_gives_no_power(self) -> None:
        load = house(circuit("root"))
        load.reading("root", PerPhase(-10.0, 4.0, 0.0), NOON, now=NOON)

        assert load.surplus_w(NOON, 0.0, battery_counts=False) == pytest.approx(1380.0)

    def test_is_unknown_without_a_fresh_meter(self) -> None:
        load = house(circuit("root"))
        load.reading("root", PerPhase.all(-10.0), NOON, now=NOON)

        assert load.surplus_w(seconds(61), 0.0, battery_counts=False) is None

    @pytest.mark.parametrize(
        ("battery_w", "counts", "expected"),
        [(1000.0, True, 1500.0), (1000.0, False, 500.0), (-800.0, True, -300.0)],
    )
    def test_a_battery_counts_where_the_owner_says_so_and_never_when_it_gives(
        self, battery_w: float, counts: bool, expected: float
    ) -> None:
        load = house(circuit("root"))
        load.reading("root", NO_LOAD, NOON, now=NOON, power_w=-500.0, battery_w=battery_w)

        assert load.surplus_w(NOON, 0.0, battery_counts=counts) == expected


amps = st.floats(0.0, 40.0, allow_nan=False)
phases = st.builds(PerPhase, amps, amps, amps)


@settings(deadline=None)
@given(assumed=phases, drawn=phases, share=st.floats(0.0, 1.0))
def test_a_stale_meter_never_leaves_more_room_than_a_fresh_one_within_what_was_assumed(
    assumed: PerPhase, drawn: PerPhase, share: float
) -> None:
    load = house(circuit("root", assumed=assumed))
    shown = PerPhase(*(a * share for a in assumed))
    load.charger(A, drawn, NOON)
    load.reading("root", shown, NOON, now=NOON)

    fresh = load.load(NOON)["root"].load_a
    stale = load.load(seconds(61))["root"].load_a

    assert all(s >= f for s, f in zip(stale, fresh, strict=True))


@settings(deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from("mca"), amps), min_size=1, max_size=30),
)
def test_load_and_allowances_together_are_never_below_what_the_meter_showed(
    steps: list[tuple[str, float]],
) -> None:
    load = house(circuit("root"))
    allowed = 0.0
    load.allowed(A, NO_LOAD, NOON)
    for second, (kind, amount) in enumerate(steps):
        at = seconds(5 * second)
        if kind == "a":
            allowed = amount
            load.allowed(A, PerPhase.all(amount), at)
        elif kind == "c":
            load.charger(A, PerPhase.all(min(amount, allowed)), at)
        else:
            load.reading("root", PerPhase.all(amount), at, now=at)
            view = load.load(at)["root"]
            most_a = max(view.likely_a[0] + a for a in (allowed, *recent(steps, second)))
            assert most_a >= amount - 1e-6
            assert view.likely_a[0] <= view.load_a[0]


def recent(steps: list[tuple[str, float]], until: int) -> list[float]:
    """What was allowed until lately: a meter's reading may still contain it."""
    return [amount for kind, amount in steps[:until] if kind == "a"]
