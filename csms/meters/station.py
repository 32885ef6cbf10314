"""Meters of charge points: some measure the supply of the whole building and tell it by OCPP.

Both versions say EVSE (connector) 0 for the main meter. Its samples may be marked "Inlet", where
the current comes from the grid; these win over samples without a place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from csms.events import Events, MeterValuesReceived
from csms.meters.measurement import CURRENTS, EXPORT, EXPORTS, POWER, POWERS, VOLTAGES, known
from csms.meters.settings import OcppSettings
from csms.meters.sources import Intake
from csms.model import MeterValue
from csms.units import normalise_unit

MAIN_METER: Final = 0
WAITING_EVENTS: Final = 1000

_FIELDS: Final = (*CURRENTS, *VOLTAGES, POWER)
"""They are named alike in `MeterValue`."""
_PHASES: Final = {"L1": 0, "L2": 1, "L3": 2, "L1-N": 0, "L2-N": 1, "L3-N": 2}
_BY_PHASE: Final = {
    "Current.Import": (CURRENTS, "A", 1.0),
    "Current.Export": (CURRENTS, "A", -1.0),
    "Voltage": (VOLTAGES, "V", 1.0),
    "Power.Active.Import": (POWERS, "W", 1.0),
    "Power.Active.Export": (EXPORTS, "W", 1.0),
}
_TOTALS: Final = {"Power.Active.Import": POWER, "Power.Active.Export": EXPORT}
_MAX_MULTIPLIER: Final = 12


class StationLink:
    """Listens to what a charge point says of its main meter."""

    def __init__(self, settings: OcppSettings, events: Events) -> None:
        self._charge_point_id = settings.charge_point_id
        self._events = events

    async def stay(self, intake: Intake) -> None:
        """Listen until cancelled."""
        subscription = self._events.subscribe(WAITING_EVENTS, MeterValuesReceived)
        try:
            async for event in subscription:
                if isinstance(event, MeterValuesReceived) and self._concerns(event):
                    for value in event.meter_values:
                        if quantities := quantities_of(value):
                            # a clock that runs ahead must not make it newer than it is
                            intake.take(quantities, min(value.sampled_at, event.at))
        finally:
            subscription.close()

    def _concerns(self, event: MeterValuesReceived) -> bool:
        return event.evse_id == MAIN_METER and event.charge_point_id == self._charge_point_id


def quantities_of(value: MeterValue) -> dict[str, float]:
    """Return what a main meter measured; empty where it says nothing of the load."""
    found = known((name, getattr(value, name)) for name in _FIELDS)
    for inlet in (False, True):
        here = [sample for sample in value.others if (sample.get("location") == "Inlet") is inlet]
        found |= known(_read(here))
    return found


def _read(samples: list[dict[str, Any]]) -> Iterator[tuple[str, float | None]]:
    """Yield the quantities of one place; an export replaces an import of nothing."""
    for sample in sorted(samples, key=_is_export):
        measurand, phase = sample.get("measurand"), sample.get("phase")
        number = _number(sample)
        if not isinstance(measurand, str) or number is None:
            continue
        if phase is None and measurand in _TOTALS:
            yield _TOTALS[measurand], number
        elif measurand in _BY_PHASE and isinstance(phase, str) and phase in _PHASES:
            names, _, sign = _BY_PHASE[measurand]
            if sign > 0 or number > 0:
                yield names[_PHASES[phase]], sign * number


def _is_export(sample: Mapping[str, Any]) -> bool:
    return str(sample.get("measurand", "")).endswith("Export")


def _number(sample: Mapping[str, Any]) -> float | None:
    """Return a sample's value in A, V or W. 1.6 gives a unit, 2.0.1 a unit and a multiplier."""
    measurand, raw = sample.get("measurand"), sample.get("value")
    unit, multiplier = sample.get("unit"), 0
    of_measure = sample.get("unitOfMeasure")
    if isinstance(of_measure, Mapping):
        unit, multiplier = of_measure.get("unit"), of_measure.get("multiplier", 0)
    meant = _BY_PHASE.get(measurand) if isinstance(measurand, str) else None
    if meant is None or not isinstance(raw, str | int | float):
        return None
    scale = normalise_unit(unit) if isinstance(unit, str) else normalise_unit(meant[1])
    if scale is None or scale.name != meant[1] or not isinstance(multiplier, int):
        return None
    try:
        number = float(raw) * scale.factor * 10.0 ** max(-24, min(_MAX_MULTIPLIER, multiplier))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
