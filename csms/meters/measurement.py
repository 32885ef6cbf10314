"""From what a meter measured to a reading of its circuit. Pure.

Sources hand over a mapping from quantity to number; what a meter doesn't know is absent, never
0. Numbers are those of the meter's own terminals 1 to 3; the installer's `Placement` says on
which phases of the grid these sit and whether the meter looks the wrong way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from csms.meters.errors import IncompleteError
from csms.services.load_management.ports import CircuitReading
from csms.smart_charging.grid import NO_LOAD, PerPhase, Phase

Quantities: TypeAlias = Mapping[str, float]
"""Measured values by the names below."""

CURRENTS: Final = ("current_l1_a", "current_l2_a", "current_l3_a")
"""Per phase; negative for export where the meter signs it."""
VOLTAGES: Final = ("voltage_l1_v", "voltage_l2_v", "voltage_l3_v")
"""Phase to neutral."""
POWERS: Final = ("power_l1_w", "power_l2_w", "power_l3_w")
"""Per phase: signed, or the import where the export has a value of its own."""
EXPORTS: Final = ("export_l1_w", "export_l2_w", "export_l3_w")
POWER: Final = "power_w"
"""Over all phases."""
EXPORT: Final = "export_w"
BATTERY: Final = "battery_w"
"""What a home battery takes (positive) or gives (negative)."""

ALL_PHASES: Final = (Phase.L1, Phase.L2, Phase.L3)
MIN_VOLTAGE_V: Final = 50.0
"""Below this a phase is dead and P/V says nothing."""
MAX_CURRENT_A: Final = 20_000.0
MAX_POWER_W: Final = 20_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a meter sits and how it is wired."""

    circuit_id: str
    phases: tuple[Phase, ...] = ALL_PHASES
    """The phase of the grid at each of the meter's terminals; others carry nothing."""
    inverted: bool = False
    """True where the meter shows import as negative."""
    assumed_voltage_v: float | None = None
    """For meters that tell power alone."""


def known(pairs: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    """Keep the quantities that are numbers: None, NaN and infinities are absent."""
    return {name: value for name, value in pairs if value is not None and math.isfinite(value)}


def reading_of(
    quantities: Quantities, placement: Placement, measured_at: datetime
) -> CircuitReading:
    """Return the circuit's reading.

    Raises IncompleteError if a phase that the meter measures has no current, neither measured
    nor from power and voltage, or one that can't be.
    """
    currents = dict.fromkeys(ALL_PHASES, 0.0)
    for terminal, phase in enumerate(placement.phases):
        currents[phase] = _checked(_current_a(quantities, terminal, placement), terminal)
    current_a = PerPhase(*(currents[phase] for phase in ALL_PHASES))
    return CircuitReading(
        circuit_id=placement.circuit_id,
        measured_at=measured_at,
        current_a=NO_LOAD.plus(current_a),  # -0.0 becomes 0.0
        power_w=_total_power_w(quantities, placement),
        battery_w=quantities.get(BATTERY),
    )


def _checked(current_a: float | None, terminal: int) -> float:
    name = f"L{terminal + 1}"
    if current_a is None:
        raise IncompleteError(
            f"{name} has no current, and no power with voltage to reckon it from; "
            "if the meter measures fewer phases, set `phases` to those it does"
        )
    if abs(current_a) > MAX_CURRENT_A:
        raise IncompleteError(f"{name} shows {current_a:g} A, which can't be")
    return current_a


def _current_a(quantities: Quantities, terminal: int, placement: Placement) -> float | None:
    direction = -1.0 if placement.inverted else 1.0
    amps = quantities.get(CURRENTS[terminal])
    power = _net(quantities, POWERS[terminal], EXPORTS[terminal])
    return signed_current_a(
        None if amps is None else direction * amps,
        None if power is None else direction * power,
        quantities.get(VOLTAGES[terminal], placement.assumed_voltage_v),
    )


def signed_current_a(
    amps: float | None, power_w: float | None, voltage_v: float | None
) -> float | None:
    """Return the current of a phase as import (positive) or export, None if nothing tells it.

    Most meters give the current without a sign; then power has it. Export only takes load off
    a phase as far as it is active power: the reactive rest of the current stays counted, so that
    the result plus the active current of any charger is never below what really flows.
    """
    active = None
    if power_w is not None and voltage_v is not None:
        if voltage_v >= MIN_VOLTAGE_V:
            active = power_w / voltage_v
        elif power_w == 0:
            active = 0.0  # a phase that is switched off
    if amps is None:
        return active
    if power_w is None:
        return amps
    rms = abs(amps)
    if power_w >= 0:
        return max(rms, active or 0.0)  # whole amperes may have been rounded down
    if active is None:
        return -rms
    reactive = math.sqrt(max(0.0, rms * rms - active * active))
    return active + reactive


def _net(quantities: Quantities, power: str, export: str) -> float | None:
    imported = quantities.get(power)
    return None if imported is None else imported - quantities.get(export, 0.0)


def _total_power_w(quantities: Quantities, placement: Placement) -> float | None:
    total = _net(quantities, POWER, EXPORT)
    if total is None:
        parts = [
            _net(quantities, POWERS[terminal], EXPORTS[terminal])
            for terminal in range(len(placement.phases))
        ]
        present = [part for part in parts if part is not None]
        if len(present) < len(parts):
            return None
        total = math.fsum(present)
    if abs(total) > MAX_POWER_W:
        raise IncompleteError(f"the power is {total:g} W, which can't be")
    return 0.0 - total if placement.inverted else total
