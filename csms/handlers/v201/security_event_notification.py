"""SecurityEventNotification (A04)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.handlers.contract import Payload
from csms.handlers.v201.fields import moment, text
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
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidCsmsCertificate",
        "InvalidChargingStationCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
    }
)
"""The events that appendix 1 of Part 2 marks as critical."""


async def handle(
    services: Services, charge_point: ChargePoint, payload: Payload, received_at: datetime
) -> Payload:
    kind = text(payload, "type")
    await services.security_events.record(
        charge_point,
        kind,
        text(payload, "techInfo"),
        received_at,
        at=moment(charge_point, payload, "timestamp", received_at),
        critical=kind in _CRITICAL,
    )
    return {}  # A04.FR.03
