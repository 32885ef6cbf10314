"""From what a meter measured to the reading of a circuit."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.meters.errors import IncompleteError
from csms.meters.measurement import Placement, known, reading_of, signed_current_a
from csms.smart_charging.grid import PerPhase, Phase

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
AMPS = {"current_l1_a": 1.0, "current_l2_a": 2.0, "current_l3_a": 3.0}
PLAIN = Placement(circuit_id="house")


@pytest.mark.parametrize(
    ("amps", "power_w", "voltage_v", "expected"),
    [
        (None, 2300, 230, 10),  # P/V
        (None, -2300, 230, -10),  # an export
        (10, -2300, None, -10),  # the sign comes from the power
        (-10, 2300, 230, 10),  # even against the meter's own
        (-10, None, None, -10),  # or from the meter, where power is unknown
        (9, 2185, 230, 9.5),  # whole amperes are refined
        (12, 2300, 230, 12),  # apparent current counts while importing
        (10, 0, 230, 10),  # purely reactive: load, not export
        (10, -1380, 230, 2),  # 6 A exported, 8 A reactive
        (None, 0, 0, 0),  # a phase that is switched off
        (None, 100, 3, None),  # power without voltage can't be
        (None, None, 230, None),
        (None, 2300, None, None),
    ],
)
def test_the_current_of_a_phase(
    amps: float | None, power_w: float | None, voltage_v: float | None, expected: float | None
) -> None:
    assert signed_current_a(amps, power_w, voltage_v) == (
        None if expected is None else pytest.approx(expected)
    )


@given(active_a=st.floats(-100, 100), reactive_a=st.floats(-100, 100), charger_a=st.floats(0, 100))
def test_the_reading_plus_a_charger_is_never_below_what_flows(
    active_a: float, reactive_a: float, charger_a: float
) -> None:
    reading = signed_current_a(math.hypot(active_a, reactive_a), active_a * 230, 230)
    assert reading is not None
    flowing = math.hypot(active_a + charger_a, reactive_a)
    assert max(0.0, reading + charger_a) >= min(flowing, active_a + charger_a) - 1e-6
    if active_a + charger_a >= 0:
        assert reading + charger_a >= flowing - 1e-6


def test_terminals_are_put_on_their_phases() -> None:
    placement = Placement(circuit_id="house", phases=(Phase.L2, Phase.L3, Phase.L1))
    assert reading_of(AMPS, placement, AT).current_a == PerPhase(3, 1, 2)


def test_phases_that_the_meter_has_not_carry_nothing() -> None:
    placement = Placement(circuit_id="house", phases=(Phase.L3,))
    assert reading_of(AMPS, placement, AT).current_a == PerPhase(0, 0, 1)


def test_an_inverted_meter_is_turned_around() -> None:
    measured = {**AMPS, "power_w": 1380.0}
    reading = reading_of(measured, Placement(circuit_id="house", inverted=True), AT)
    assert reading.current_a == PerPhase(-1, -2, -3)
    assert reading.power_w == -1380


def test_a_missing_phase_is_no_zero() -> None:
    with pytest.raises(IncompleteError, match="L3 has no current"):
        reading_of({"current_l1_a": 1, "current_l2_a": 2}, PLAIN, AT)


def test_an_impossible_current_is_no_reading() -> None:
    with pytest.raises(IncompleteError, match="L2 shows 1e"):
        reading_of({**AMPS, "current_l2_a": 1e9}, PLAIN, AT)


def test_power_alone_needs_an_assumed_voltage() -> None:
    powers = {"power_l1_w": 2070.0, "power_l2_w": 0.0, "power_l3_w": 4140.0}
    with pytest.raises(IncompleteError):
        reading_of(powers, PLAIN, AT)
    assumed = Placement(circuit_id="house", assumed_voltage_v=207)
    assert reading_of(powers, assumed, AT).current_a == PerPhase(10, 0, 20)


def test_export_with_a_value_of_its_own_is_taken_off() -> None:
    measured = {
        **AMPS,
        "power_l1_w": 0.0,
        "power_l2_w": 460.0,
        "power_l3_w": 690.0,
        "export_l1_w": 230.0,
    }
    reading = reading_of(measured, PLAIN, AT)
    assert reading.current_a == PerPhase(-1, 2, 3)
    assert reading.power_w == 920


def test_the_total_is_unknown_while_a_phase_is() -> None:
    assert reading_of({**AMPS, "power_l1_w": 230.0}, PLAIN, AT).power_w is None


def test_a_battery_is_told_as_it_is() -> None:
    reading = reading_of(
        {**AMPS, "battery_w": -1500.0}, Placement(circuit_id="house", inverted=True), AT
    )
    assert reading.battery_w == -1500


def test_what_is_no_number_is_absent() -> None:
    assert known([("a", 1.0), ("b", None), ("c", math.nan), ("d", math.inf)]) == {"a": 1.0}
