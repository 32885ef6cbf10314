"""The limit of a circuit now, by breaker, owner and grid operator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import Circuit, GridSignal, PerPhase
from csms.smart_charging.limit_orders import (
    ActiveLimit,
    Order,
    SignalWatch,
    active_limit,
    p_min_14a,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def seconds(count: float) -> datetime:
    return NOON + timedelta(seconds=count)


def circuit(
    *,
    operating: PerPhase | None = None,
    max_power_w: float | None = None,
    margin: float = 0.0,
    signal: GridSignal | None = None,
) -> Circuit:
    return Circuit(
        id="root",
        name="House",
        parent_id=None,
        breaker_a=PerPhase.all(63.0),
        operating_limit_a=operating,
        max_power_w=max_power_w,
        margin=margin,
        signal=signal,
    )


def order(
    start_s: float,
    end_s: float | None,
    *,
    power_w: float | None = None,
    limit_a: PerPhase | None = None,
    reason: str = "",
    of: str = "root",
) -> Order:
    return Order(
        circuit_id=of,
        starts_at=seconds(start_s),
        ends_at=None if end_s is None else seconds(end_s),
        limit_a=limit_a,
        power_w=power_w,
        reason=reason,
    )


class TestWithoutASignal:
    def test_the_breaker_is_the_limit(self) -> None:
        assert active_limit(circuit(), [], None, NOON) == ActiveLimit(
            PerPhase.all(63.0), None, "breaker", None
        )

    def test_the_owners_lower_limit_and_the_margin_count(self) -> None:
        ours = circuit(operating=PerPhase(50.0, 50.0, 80.0), max_power_w=20_000.0, margin=0.1)

        limit = active_limit(ours, [], None, NOON)

        assert limit.limit_a == pytest.approx((45.0, 45.0, 56.7))
        assert limit.max_power_w == pytest.approx(18_000.0)
        assert limit.reason == "contracted power; operating limit"

    def test_an_order_counts_while_it_is_in_force_and_tells_its_end(self) -> None:
        dimmed = order(0, 600, power_w=4200.0, reason="§ 14a by the grid operator")

        before = active_limit(circuit(), [dimmed], None, seconds(-1))
        during = active_limit(circuit(), [dimmed], None, NOON)
        after = active_limit(circuit(), [dimmed], None, seconds(600))

        assert (before.max_power_w, before.until) == (None, NOON)
        assert (during.max_power_w, during.until) == (4200.0, seconds(600))
        assert during.reason == "§ 14a by the grid operator; breaker"
        assert (after.max_power_w, after.until) == (None, None)

    def test_an_order_is_taken_by_the_letter_whatever_the_margin(self) -> None:
        ours = circuit(margin=0.05)

        assert active_limit(ours, [order(0, None, power_w=4200.0)], None, NOON).max_power_w == 4200

    def test_the_tightest_of_several_orders_wins_phase_by_phase(self) -> None:
        orders = [
            order(0, None, limit_a=PerPhase(20.0, 40.0, 70.0), reason="one"),
            order(0, None, limit_a=PerPhase(30.0, 30.0, 70.0), power_w=9000.0, reason="two"),
            order(0, None, power_w=8000.0, reason="three"),
            order(0, None, power_w=1.0, of="another circuit"),
        ]

        limit = active_limit(circuit(), orders, None, NOON)

        assert limit.limit_a == PerPhase(20.0, 30.0, 63.0)
        assert (limit.max_power_w, limit.reason) == (8000.0, "three; two")


LPC = GridSignal(failsafe_power_w=4200.0, failsafe_duration_s=7200.0)


class TestASignalThatFallsSilent:
    """The grid operator's heartbeat was last heard at noon."""

    def limit_at(
        self,
        at_s: float,
        heard_s: float | None,
        watch: SignalWatch,
        orders: list[Order] | None = None,
    ) -> ActiveLimit:
        heard_at = None if heard_s is None else seconds(heard_s)
        return active_limit(circuit(signal=LPC), orders or [], heard_at, seconds(at_s), watch)

    def test_an_order_is_in_force_at_once(self) -> None:
        limit = self.limit_at(0, 0, SignalWatch(), [order(0, None, power_w=4200.0)])

        assert limit.max_power_w == 4200.0

    def test_means_the_failsafe_limit_after_121_seconds(self) -> None:
        watch = SignalWatch()

        assert self.limit_at(120, 0, watch).max_power_w is None
        limit = self.limit_at(121, 0, watch)
        assert limit.max_power_w == 4200.0
        assert limit.reason == "grid signal lost, failsafe; breaker"
        assert limit.until == seconds(120 + 7200)

    def test_is_expected_to_be_lost_when_its_time_is_over(self) -> None:
        assert self.limit_at(20, 0, SignalWatch()).until == seconds(120)

    def test_is_released_120_seconds_after_it_is_back_without_an_order(self) -> None:
        watch = SignalWatch()
        self.limit_at(121, 0, watch)

        assert self.limit_at(300, 300, watch).until == seconds(420)
        assert self.limit_at(419, 410, watch).max_power_w == 4200.0
        assert self.limit_at(420, 410, watch).max_power_w is None

    def test_that_is_back_with_an_order_follows_the_order(self) -> None:
        watch = SignalWatch()
        self.limit_at(121, 0, watch)

        limit = self.limit_at(300, 300, watch, [order(300, None, power_w=8000.0)])

        assert limit.max_power_w == 8000.0

    def test_that_is_back_with_an_old_order_waits_the_120_seconds(self) -> None:
        watch = SignalWatch()
        old = [order(-600, None, power_w=8000.0)]
        self.limit_at(121, 0, watch, old)

        assert self.limit_at(300, 300, watch, old).max_power_w == 4200.0
        assert self.limit_at(420, 420, watch, old).max_power_w == 8000.0

    def test_that_is_lost_again_while_it_was_to_be_released_counts_anew(self) -> None:
        watch = SignalWatch()
        self.limit_at(121, 0, watch)
        self.limit_at(300, 300, watch)

        assert self.limit_at(421, 300, watch).until == seconds(420 + 7200)

    def test_is_free_of_limits_when_the_failsafe_duration_is_over(self) -> None:
        watch = SignalWatch()

        assert self.limit_at(7319, 0, watch).max_power_w == 4200.0
        assert self.limit_at(7320, 0, watch).max_power_w is None

    def test_that_was_never_heard_is_lost(self) -> None:
        watch = SignalWatch()

        assert self.limit_at(0, None, watch).max_power_w == 4200.0
        assert self.limit_at(7200, None, watch).max_power_w is None

    def test_keeps_a_lower_order_in_force(self) -> None:
        limit = self.limit_at(121, 0, SignalWatch(), [order(0, None, power_w=3000.0)])

        assert limit.max_power_w == 3000.0

    def test_is_known_to_be_lost_after_a_restart(self) -> None:
        assert self.limit_at(3000, 0, SignalWatch()).until == seconds(120 + 7200)


@pytest.mark.parametrize(
    ("devices", "expected_kw"),
    [(0, 0.0), (1, 4.2), (2, 7.56), (3, 10.5), (4, 13.02), (5, 15.12), (8, 18.9), (9, 19.32)],
)
def test_an_energy_manager_keeps_the_minimum_of_14a(devices: int, expected_kw: float) -> None:
    assert p_min_14a(devices) == pytest.approx(1000 * expected_kw)


orders = st.lists(
    st.builds(
        lambda start, length, amps, watts: order(
            start, start + length, limit_a=PerPhase(*amps) if amps else None, power_w=watts
        ),
        st.integers(-600, 600),
        st.integers(1, 600),
        st.none() | st.tuples(*[st.floats(0.0, 100.0)] * 3),
        st.none() | st.floats(0.0, 50_000.0),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(orders=orders, more=orders, at_s=st.integers(-600, 600))
def test_another_order_never_loosens_a_limit(
    orders: list[Order], more: list[Order], at_s: int
) -> None:
    few = active_limit(circuit(max_power_w=40_000.0), orders, None, seconds(at_s))
    all_of_them = active_limit(circuit(max_power_w=40_000.0), [*orders, *more], None, seconds(at_s))

    assert all(a <= b for a, b in zip(all_of_them.limit_a, few.limit_a, strict=True))
    assert all_of_them.max_power_w is not None
    assert few.max_power_w is not None
    assert all_of_them.max_power_w <= few.max_power_w


@settings(deadline=None)
@given(orders=orders, at_s=st.integers(-600, 600), later_s=st.integers(0, 1300))
def test_a_limit_stays_as_it_is_until_it_said_it_changes(
    orders: list[Order], at_s: int, later_s: int
) -> None:
    limit = active_limit(circuit(), orders, None, seconds(at_s))
    later = seconds(at_s + later_s)

    if limit.until is None or later < limit.until:
        assert active_limit(circuit(), orders, None, later) == limit
