"""The chargers of a garage, as their owner has set them up."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from .chargepoint import ChargePoint, StationOptions
from .clock import Clock, SkewedClock
from .garage_site import GarageEvse
from .link import LinkOptions
from .uplink import Backoff
from .v16 import ChargePoint16
from .v21 import ChargePoint21
from .v201 import ChargePoint201


@dataclass(frozen=True, slots=True)
class GarageOptions:
    """How the garage is played.

    `tick_s` is how finely currents are looked at; `vendor` and `model` are what chargers say of
    themselves; `password` is for basic authentication, the same for all.
    """

    url: str
    tick_s: float = 1.0
    sample_interval_s: int = 30
    meter_interval_s: float = 5.0
    reboot_s: float = 20.0
    backoff: Backoff = field(default_factory=lambda: Backoff(1.0, 20.0))
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    vendor: str = "Fake"
    model: str = "Wallbox"


def build_garage_station(
    plans: Sequence[GarageEvse], options: GarageOptions, clock: Clock
) -> ChargePoint:
    """The charger with these EVSEs, all of one station."""
    first = plans[0]
    link = LinkOptions(
        options.url,
        first.charge_point_id,
        password=options.password,
        tls=options.tls,
        journal_limit=50,
    )
    station_options = StationOptions(
        link,
        tuple(plan.model for plan in plans),
        options.vendor,
        options.model,
        first.charge_point_id,
        backoff=options.backoff,
        boot_wait_s=10.0,
        reboot_s=options.reboot_s,
    )
    if first.clock_skew_s:
        clock = SkewedClock(clock, timedelta(seconds=first.clock_skew_s))
    if first.version == "1.6":
        return _station_16(plans, station_options, clock, options.sample_interval_s)
    make = ChargePoint21 if first.version == "2.1" else ChargePoint201
    new = make(station_options, clock)
    new.device_model.put("SampledDataCtrlr", "TxUpdatedInterval", str(options.sample_interval_s))
    new.device_model.put("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    return new


def _station_16(
    plans: Sequence[GarageEvse], options: StationOptions, clock: Clock, sample_interval_s: int
) -> ChargePoint16:
    old = ChargePoint16(options, clock)
    rotations = [f"{plan.evse_id}.{plan.rotation or 'NotApplicable'}" for plan in plans]
    old.configuration.change("ConnectorPhaseRotation", ",".join(rotations))
    old.configuration.change("MeterValueSampleInterval", str(sample_interval_s))
    old.configuration.change("AllowOfflineTxForUnknownId", "true")
    switches = old.configuration.find("ConnectorSwitch3to1PhaseSupported")
    if switches is not None and any(plan.can_switch_phases for plan in plans):
        switches.value = "true"
    return old
