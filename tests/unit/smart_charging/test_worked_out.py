"""What a commitment says again without working it out anew is what it would work out."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.smart_charging.obedient_charger import make_evse

from csms.smart_charging.commitments import Commitment
from csms.smart_charging.grid import PerPhase
from csms.smart_charging.profile_building import (
    idle_profile,
    standing_profile,
    transaction_profile,
)
from csms.smart_charging.profiles import Hold, Step
from csms.smart_charging.strategies import Strategy

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVSE = make_evse()
LETTER = Strategy()

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "order",
                "accepted",
                "refused",
                "lost",
                "booted",
                "started",
                "ended",
                "read",
                "measured",
                "clock",
                "time",
            ]
        ),
        st.integers(0, 32),
        st.sampled_from([0.0, 0.1, 5.0, 9.9, 20.0, 60.0, 149.0, 240.0, 400.0]),
    ),
    min_size=1,
    max_size=25,
)


def order(number: int, limit_a: float, commitment: Commitment, now: datetime) -> None:
    orders = (
        standing_profile(EVSE, limit_a, LETTER, now),
        idle_profile(EVSE, limit_a, 6.0, LETTER, now),
        transaction_profile(EVSE, limit_a, 6.0, 3, LETTER, 7, "7", now),
    )
    chosen = orders[number % 3]
    if chosen is not None:
        commitment.sent(number, chosen.register, chosen.hold, now)


def happen(kind: str, number: int, amperes: int, commitment: Commitment, now: datetime) -> None:
    match kind:
        case "order":
            order(number, float(amperes), commitment, now)
        case "accepted" | "refused":
            commitment.answered(number - 1, accepted=kind == "accepted", now=now)
        case "lost":
            commitment.lost(number - 1, now)
        case "booted":
            commitment.booted(now)
        case "started":
            commitment.transaction_started(now)
        case "ended":
            commitment.transaction_ended(now)
        case "read":
            steps = (Step(now, float(amperes)), Step(now + timedelta(seconds=130), amperes / 2))
            schedule = Hold(steps=steps, ends_at=now + timedelta(seconds=600))
            commitment.composite_read(schedule, now)
        case "measured":
            commitment.measured(PerPhase.all(float(amperes)), now, now)
        case "clock":
            commitment.clock_trusted = amperes % 2 == 0


def said(commitment: Commitment, now: datetime) -> tuple[object, ...]:
    return (
        commitment.known,
        commitment.standing_a,
        commitment.may_draw_a(now),
        commitment.surely_a(now),
        commitment.reserved(now),
    )


def worked_out_anew(commitment: Commitment, now: datetime) -> tuple[object, ...]:
    fresh = deepcopy(commitment)
    fresh._worked_out.forget()
    return said(fresh, now)


@given(EVENTS)
@settings(max_examples=80, deadline=None)
def test_whatever_happens_and_however_time_goes_on_it_says_what_it_would_work_out(
    events: list[tuple[str, int, float]],
) -> None:
    commitment, now = Commitment(EVSE, NOON, standing_a=None, last_limit_a=None), NOON
    for number, (kind, amperes, later_s) in enumerate(events):
        happen(kind, number, amperes, commitment, now)
        assert said(commitment, now) == worked_out_anew(commitment, now)
        now += timedelta(seconds=later_s)
        assert said(commitment, now) == worked_out_anew(commitment, now)


@given(st.integers(0, 32), st.integers(0, 32), st.integers(0, 700))
@settings(max_examples=100, deadline=None)
def test_it_notices_the_very_moment_at_which_an_order_begins_to_lapse(
    limit_a: int, standing_a: int, after_s: int
) -> None:
    commitment = Commitment(EVSE, NOON, standing_a=float(standing_a), last_limit_a=None)
    commitment.transaction_started(NOON)
    order(2, float(limit_a), commitment, NOON)
    commitment.answered(2, accepted=True, now=NOON)
    said(commitment, NOON)
    edge = NOON + timedelta(seconds=after_s)
    for moment in (edge - timedelta(microseconds=1), edge, edge + timedelta(microseconds=1)):
        assert said(commitment, moment) == worked_out_anew(commitment, moment)
