"""OCPP 2.0.1: which handler serves which action."""

from __future__ import annotations

from typing import Final

from csms.handlers import log_status_notification
from csms.handlers.contract import Routes
from csms.handlers.v201 import (
    authorize,
    boot_notification,
    cleared_charging_limit,
    data_transfer,
    firmware_status_notification,
    get_15118_ev_certificate,
    get_certificate_status,
    heartbeat,
    meter_values,
    notify_charging_limit,
    notify_customer_information,
    notify_display_messages,
    notify_ev_charging_needs,
    notify_ev_charging_schedule,
    notify_event,
    notify_monitoring_report,
    notify_report,
    publish_firmware_status_notification,
    report_charging_profiles,
    reservation_status_update,
    security_event_notification,
    sign_certificate,
    status_notification,
    transaction_event,
)

ROUTES: Final[Routes] = {
    "Authorize": authorize.handle,
    "BootNotification": boot_notification.handle,
    "ClearedChargingLimit": cleared_charging_limit.handle,
    "DataTransfer": data_transfer.handle,
    "FirmwareStatusNotification": firmware_status_notification.handle,
    "Get15118EVCertificate": get_15118_ev_certificate.handle,
    "GetCertificateStatus": get_certificate_status.handle,
    "Heartbeat": heartbeat.handle,
    "LogStatusNotification": log_status_notification.handle,
    "MeterValues": meter_values.handle,
    "NotifyChargingLimit": notify_charging_limit.handle,
    "NotifyCustomerInformation": notify_customer_information.handle,
    "NotifyDisplayMessages": notify_display_messages.handle,
    "NotifyEVChargingNeeds": notify_ev_charging_needs.handle,
    "NotifyEVChargingSchedule": notify_ev_charging_schedule.handle,
    "NotifyEvent": notify_event.handle,
    "NotifyMonitoringReport": notify_monitoring_report.handle,
    "NotifyReport": notify_report.handle,
    "PublishFirmwareStatusNotification": publish_firmware_status_notification.handle,
    "ReportChargingProfiles": report_charging_profiles.handle,
    "ReservationStatusUpdate": reservation_status_update.handle,
    "SecurityEventNotification": security_event_notification.handle,
    "SignCertificate": sign_certificate.handle,
    "StatusNotification": status_notification.handle,
    "TransactionEvent": transaction_event.handle,
}
