"""Where OCPP 2.0.1 keeps the parts of a sampled value."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.handlers.reading import MeterValueBuilder, read_meter_values
from csms.model import MeterValue
from csms.services.charge_point import ChargePoint


def add_sample(builder: MeterValueBuilder, sample: dict[str, Any]) -> None:
    get = sample.get
    unit, multiplier = None, 0
    unit_of_measure = get("unitOfMeasure")
    if unit_of_measure is not None:
        if isinstance(unit_of_measure, dict):
            unit, multiplier = unit_of_measure.get("unit"), unit_of_measure.get("multiplier", 0)
        else:
            unit = unit_of_measure
    others = builder.meter_value.others
    kept = len(others)
    builder.add(
        get("measurand"), get("phase"), get("location"), unit, multiplier, get("value"), sample
    )
    if get("signedMeterValue") is not None and len(others) == kept:
        builder.keep(sample)  # signed data is evidence: kept as it came, beside the reading


def read_samples(
    charge_point: ChargePoint, raw: object, received_at: datetime
) -> tuple[MeterValue, ...]:
    """Read a `meterValue` array."""
    return read_meter_values(raw, charge_point.clock, received_at, add_sample)
