"""SecurityEventNotification (security extension, A04)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v16.fields import moment, text
from csms.services.charge_point import ChargePoint
from csms.services.services import Services

_CRITICAL: Final = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "TamperDetectionActivated",
    }
)
"""The events marked critical in the security whitepaper, section 8."""


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    kind = text(payload, "type")
    await services.security_events.record(
        charge_point,
        kind,
        text(payload, "techInfo"),
        received_at,
        at=moment(charge_point, payload, received_at),
        critical=kind in _CRITICAL,
    )
    return {}
