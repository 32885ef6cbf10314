"""All actions of a 1.6 central system, each with what carries it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..frames import Payload
from ..link import Reply
from . import control, firmware, local_list, reservation, security, smart_charging, triggers

commands: dict[str, Callable[[Any, Payload], Awaitable[Payload | Reply]]] = {
    "CancelReservation": reservation.cancel,
    "CertificateSigned": security.certificate_signed,
    "ChangeAvailability": control.change_availability,
    "ChangeConfiguration": control.change_configuration,
    "ClearCache": local_list.clear_cache,
    "ClearChargingProfile": smart_charging.clear_profile,
    "DataTransfer": control.data_transfer,
    "DeleteCertificate": security.delete_certificate,
    "ExtendedTriggerMessage": triggers.trigger,
    "GetCompositeSchedule": smart_charging.composite_schedule,
    "GetConfiguration": control.get_configuration,
    "GetDiagnostics": firmware.get_diagnostics,
    "GetInstalledCertificateIds": security.installed_certificates,
    "GetLocalListVersion": local_list.get_version,
    "GetLog": security.get_log,
    "InstallCertificate": security.install_certificate,
    "RemoteStartTransaction": control.remote_start,
    "RemoteStopTransaction": control.remote_stop,
    "ReserveNow": reservation.reserve_now,
    "Reset": control.reset,
    "SendLocalList": local_list.send,
    "SetChargingProfile": smart_charging.set_profile,
    "SignedUpdateFirmware": security.signed_update_firmware,
    "TriggerMessage": triggers.trigger,
    "UnlockConnector": control.unlock,
    "UpdateFirmware": firmware.update_firmware,
}
