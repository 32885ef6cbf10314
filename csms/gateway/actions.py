"""Who may start which message, and which of them are never refused."""

from __future__ import annotations

from typing import Final

from csms.model import OcppVersion

_V16: Final = frozenset(
    {
        "Authorize",
        "BootNotification",
        "DataTransfer",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SecurityEventNotification",
        "SignCertificate",
        "SignedFirmwareStatusNotification",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
    }
)
_V201: Final = frozenset(
    {
        "Authorize",
        "BootNotification",
        "ClearedChargingLimit",
        "DataTransfer",
        "FirmwareStatusNotification",
        "Get15118EVCertificate",
        "GetCertificateStatus",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "NotifyChargingLimit",
        "NotifyCustomerInformation",
        "NotifyDisplayMessages",
        "NotifyEVChargingNeeds",
        "NotifyEVChargingSchedule",
        "NotifyEvent",
        "NotifyMonitoringReport",
        "NotifyReport",
        "PublishFirmwareStatusNotification",
        "ReportChargingProfiles",
        "ReservationStatusUpdate",
        "SecurityEventNotification",
        "SignCertificate",
        "StatusNotification",
        "TransactionEvent",
    }
)
_V21: Final = _V201 | {
    "BatterySwap",
    "GetCertificateChainStatus",
    "NotifyDERAlarm",
    "NotifyDERStartStop",
    "NotifyPeriodicEventStream",
    "NotifyPriorityCharging",
    "NotifySettlement",
    "OpenPeriodicEventStream",
    "ClosePeriodicEventStream",
    "PullDynamicScheduleUpdate",
    "ReportDERControl",
    "VatNumberValidation",
}

BY_CHARGE_POINT: Final = {
    OcppVersion.V16: _V16,
    OcppVersion.V201: _V201,
    OcppVersion.V21: _V21,
}
"""Actions a charge point may start."""

BOTH_WAYS: Final = frozenset({"DataTransfer"})
"""Actions that either side may start; every other one belongs to one side."""

BILLABLE: Final = frozenset(
    {
        "BatterySwap",
        "MeterValues",
        "NotifySettlement",
        "StartTransaction",
        "StopTransaction",
        "TransactionEvent",
    }
)
"""What a person must pay for: reaches its handler even if parts of it break the schema."""

NEVER_REFUSED: Final = frozenset({"StopTransaction"})
"""Is repeated until it is answered, so it reaches its handler even if it says nothing."""
