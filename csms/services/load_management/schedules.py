"""A composite schedule in a charge point's words as limits in amperes."""

from __future__ import annotations

from datetime import timedelta

from csms.services.commands import CompositeSchedule
from csms.smart_charging.grid import Evse
from csms.smart_charging.profile_building import LOWEST_VOLTAGE_V
from csms.smart_charging.profiles import Hold, Step


def hold_of(schedule: CompositeSchedule, evse: Evse) -> Hold | None:
    """Return what the schedule allows, A per phase; None if it says nothing.

    Watts are taken at the lowest voltage: that is the most amperes they may mean.
    """
    steps: list[Step] = []
    for period in sorted(schedule.periods, key=lambda period: period.start_s):
        phases = period.phases or len(evse.wiring.phases)
        amps = period.limit
        if schedule.unit == "W":
            amps /= LOWEST_VOLTAGE_V * phases
        at = schedule.start_at + timedelta(seconds=period.start_s)
        steps.append(Step(at, min(max(0.0, amps), evse.rated_a)))
    if not steps:
        return None
    ends_at = None
    if schedule.duration_s is not None:
        ends_at = schedule.start_at + timedelta(seconds=schedule.duration_s)
    return Hold(steps=tuple(steps), ends_at=ends_at)
