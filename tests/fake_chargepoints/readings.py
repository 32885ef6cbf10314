"""What the meter of an EVSE says, as sampledValues of 1.6 and of 2.0.1."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from .frames import Payload
from .vehicle import Vehicle
from .wallbox import Wallbox

default_measurands = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "SoC",
    "Temperature",
    "Frequency",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value in the unit that OCPP names."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None
    location: str | None = "Outlet"
    digits: int = 1


def timestamp(at: datetime) -> str:
    """A time as chargers write it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_meter(
    box: Wallbox, vehicle: Vehicle | None, wanted: Collection[str] = default_measurands
) -> list[Reading]:
    """All wanted readings of this moment, the energy register first."""
    every = [
        # Like a display, and like a start or stop: what is not yet a whole Wh is not shown.
        Reading("Energy.Active.Import.Register", int(box.register_wh), "Wh", digits=0),
        Reading("Power.Active.Import", box.draw.power_w, "W"),
        *_phase_readings(box),
        Reading("Current.Offered", box.offered_a, "A"),
        Reading("Power.Offered", box.offered_a * box.model.phases * 230.0, "W"),
        Reading("Temperature", box.temperature_c, "Celsius", location="Body"),
        Reading("Frequency", box.frequency_hz(), "Hertz", digits=3),
    ]
    if vehicle is not None and "SoC" in wanted:
        every.append(Reading("SoC", vehicle.soc * 100, "Percent", location="EV"))
    return [reading for reading in every if reading.measurand in wanted]


def _phase_readings(box: Wallbox) -> list[Reading]:
    phases = 3 if box.model.is_dc else box.model.phases
    currents_a = box.terminal_currents_a()
    readings = [Reading("Current.Import", currents_a[n], "A", f"L{n + 1}") for n in range(phases)]
    voltage_v = box.voltage_v()
    readings += [Reading("Voltage", voltage_v + 0.3 * n, "V", f"L{n + 1}-N") for n in range(phases)]
    return readings


def sampled_v16(readings: list[Reading], context: str) -> list[Payload]:
    """The readings as 1.6 sampledValues: numbers are strings there."""
    return [_sampled_v16(reading, context) for reading in readings]


def _sampled_v16(reading: Reading, context: str) -> Payload:
    sampled: Payload = {
        "value": f"{reading.value:.{reading.digits}f}",
        "context": context,
        "format": "Raw",
        "measurand": reading.measurand,
    }
    if reading.phase:
        sampled["phase"] = reading.phase
    if reading.location:
        sampled["location"] = reading.location
    # 1.6 knows no unit for the frequency that all schema editions accept.
    if reading.unit != "Hertz":
        sampled["unit"] = reading.unit
    return sampled


def sampled_v201(readings: list[Reading], context: str) -> list[Payload]:
    """The readings as 2.0.1 sampledValues."""
    return [_sampled_v201(reading, context) for reading in readings]


def _sampled_v201(reading: Reading, context: str) -> Payload:
    sampled: Payload = {
        "value": round(reading.value, reading.digits),
        "context": context,
        "measurand": reading.measurand,
    }
    if reading.phase:
        sampled["phase"] = reading.phase
    if reading.location:
        sampled["location"] = reading.location
    sampled["unitOfMeasure"] = {"unit": reading.unit}
    return sampled
