"""Where OCPP 1.6 keeps the parts of a sampled value."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from csms.handlers.reading import MeterValueBuilder, read_meter_values
from csms.model import MeterValue
from csms.services.charge_point import ChargePoint


def add_sample(builder: MeterValueBuilder, sample: dict[str, Any]) -> None:
    get = sample.get
    written = get("format")
    if written is not None and written != "Raw" and not _raw(written):  # signed data
        builder.keep(sample)
        return
    builder.add(
        get("measurand"), get("phase"), get("location"), get("unit"), 0, get("value"), sample
    )


def _raw(written: object) -> bool:
    return isinstance(written, str) and written.strip().casefold() in ("raw", "")


def read_samples(
    charge_point: ChargePoint, raw: object, received_at: datetime
) -> tuple[MeterValue, ...]:
    """Read a `meterValue` (or `transactionData`) array."""
    return read_meter_values(raw, charge_point.clock, received_at, add_sample)
