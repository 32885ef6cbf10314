"""All actions of a 2.0.1 central system, each with what carries it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..frames import Payload
from ..link import Reply
from . import (
    control,
    display,
    firmware,
    local_list,
    logs,
    monitoring,
    reports,
    reservation,
    security,
    smart_charging,
    triggers,
    variables,
)

commands: dict[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]] = {
    "CancelReservation": reservation.cancel,
    "CertificateSigned": security.certificate_signed,
    "ChangeAvailability": control.change_availability,
    "ClearCache": local_list.clear_cache,
    "ClearChargingProfile": smart_charging.clear_profile,
    "ClearDisplayMessage": display.clear_message,
    "ClearVariableMonitoring": monitoring.clear_monitoring,
    "CostUpdated": display.cost_updated,
    "CustomerInformation": logs.customer_information,
    "DataTransfer": control.data_transfer,
    "DeleteCertificate": security.delete_certificate,
    "GetBaseReport": reports.base_report,
    "GetChargingProfiles": smart_charging.get_profiles,
    "GetCompositeSchedule": smart_charging.composite_schedule,
    "GetDisplayMessages": display.get_messages,
    "GetInstalledCertificateIds": security.installed_certificates,
    "GetLocalListVersion": local_list.get_version,
    "GetLog": logs.get_log,
    "GetMonitoringReport": monitoring.monitoring_report,
    "GetReport": reports.report,
    "GetTransactionStatus": control.transaction_status,
    "GetVariables": variables.get_variables,
    "InstallCertificate": security.install_certificate,
    "PublishFirmware": firmware.publish_firmware,
    "RequestStartTransaction": control.request_start,
    "RequestStopTransaction": control.request_stop,
    "ReserveNow": reservation.reserve_now,
    "Reset": control.reset,
    "SendLocalList": local_list.send,
    "SetChargingProfile": smart_charging.set_profile,
    "SetDisplayMessage": display.set_message,
    "SetMonitoringBase": monitoring.set_base,
    "SetMonitoringLevel": monitoring.set_level,
    "SetNetworkProfile": variables.set_network_profile,
    "SetVariableMonitoring": monitoring.set_monitoring,
    "SetVariables": variables.set_variables,
    "TriggerMessage": triggers.trigger,
    "UnlockConnector": control.unlock,
    "UnpublishFirmware": firmware.unpublish_firmware,
    "UpdateFirmware": firmware.update_firmware,
}
