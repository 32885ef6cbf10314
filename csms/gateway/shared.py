"""What all connections of a gateway share."""

from __future__ import annotations

from dataclasses import dataclass

from csms.clock import Clock
from csms.config import Settings
from csms.limits import LogLimit, Rate
from csms.metrics import Metrics
from csms.services.records import Recorder
from csms.services.services import Services


@dataclass(frozen=True, slots=True)
class Shared:
    """Made once by the gateway."""

    settings: Settings
    services: Services
    recorder: Recorder
    metrics: Metrics
    clock: Clock
    rate: Rate
    bad_frame_log: LogLimit
