"""Security events of charge points: kept, shown, and counted so that they wake somebody (A04)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from csms.metrics import Metrics
from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService

KNOWN: Final = frozenset(
    {
        "AttemptedReplayAttacks",
        "CentralSystemFailedToAuthentication",
        "CsmsFailedToAuthenticate",
        "FailedToAuthenticateAtCsms",
        "FailedToAuthenticationAtCentralSystem",
        "FirmwareUpdated",
        "InvalidCentralSystemCertificate",
        "InvalidChargePointCertificate",
        "InvalidChargingStationCertificate",
        "InvalidCsmsCertificate",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidMessages",
        "InvalidTLSCipherSuite",
        "InvalidTLSVersion",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
        "MemoryExhaustion",
        "ReconfigurationOfSecurityParameters",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "TamperDetectionActivated",
    }
)
"""The events that OCPP names; the others share a label."""
OTHER: Final = "other"


class SecurityEventService:
    def __init__(self, notifications: NotificationService, metrics: Metrics) -> None:
        self._notifications = notifications
        # from the start, so that the first event of a kind is an increase as well
        self._counts = {kind: metrics.security_events.labels(kind) for kind in (*KNOWN, OTHER)}

    async def record(
        self,
        charge_point: ChargePoint,
        kind: str | None,
        tech_info: str | None,
        received_at: datetime,
        *,
        at: datetime,
        critical: bool,
    ) -> None:
        """Keep an event, durable on return; `critical` is what the charge point's version says."""
        await self._notifications.record(
            charge_point,
            "security_event",
            f"security event: {kind or 'no type given'}",
            {"type": kind, "tech_info": tech_info},
            received_at,
            at=at,
            severity="critical" if critical else "warning",
        )
        self._counts[kind if kind in KNOWN else OTHER].inc()
