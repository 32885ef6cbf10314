"""Commands in OCPP 2.0.1: what to send, and how to read the answer."""

from __future__ import annotations

from typing import Final

from csms.errors import NotSupportedError
from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.phrasebook import Phrasebook, read_data_transfer, reader
from csms.handlers.v201.addressing import evse_or_none, positive, within
from csms.handlers.v201.answers import (
    read_transaction_status,
    remote_start_reader,
)
from csms.handlers.v201.basic_auth_password import set_password
from csms.handlers.v201.certificates import (
    delete_certificate,
    get_installed_certificates,
    install_certificate,
    send_signed_certificate,
)
from csms.handlers.v201.charging_profiles import (
    clear_charging_profile,
    get_charging_profiles,
    get_composite_schedule,
    new_id,
    set_charging_profile,
)
from csms.handlers.v201.costs import tell_cost
from csms.handlers.v201.customer_information import customer_information
from csms.handlers.v201.display_messages import (
    clear_display_message,
    get_display_messages,
    set_display_message,
)
from csms.handlers.v201.firmware import publish_firmware, unpublish_firmware, update_firmware
from csms.handlers.v201.id_token import DEFAULT_TYPE, id_token_of, transaction_id_of
from csms.handlers.v201.local_list import get_local_list_version, send_local_list
from csms.handlers.v201.logs import get_log
from csms.handlers.v201.monitors import (
    clear_monitors,
    get_monitoring_report,
    set_monitoring_base,
    set_monitoring_level,
    set_monitors,
)
from csms.handlers.v201.network_profile import set_network_profile
from csms.handlers.v201.variables import (
    get_base_report,
    get_configuration,
    get_report,
    set_configuration,
    set_variables,
)
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    GetTransactionStatus,
    Outgoing,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    SendData,
    Trigger,
    Unlock,
)

_TRIGGERS: Final = {
    message: message
    for message in (
        "BootNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "PublishFirmwareStatusNotification",
        "SignChargingStationCertificate",
        "SignCombinedCertificate",
        "SignV2GCertificate",
        "StatusNotification",
        "TransactionEvent",
    )
} | {
    "DiagnosticsStatusNotification": "LogStatusNotification",
    "SignCertificate": "SignChargingStationCertificate",
    "SignChargePointCertificate": "SignChargingStationCertificate",
}
"""What can be triggered, by its own name and by those the messages have elsewhere."""
_CUSTOM_TRIGGER: Final = "CustomTrigger"

_TRIGGER_LENGTH: Final = 50


def _remote_start(charge_point: ChargePoint, command: RemoteStart) -> Outgoing:
    payload: Payload = {}
    # F01.FR.07: without an EVSE it may be refused, so it is named whenever there is no choice
    evse_id = charge_point.only_evse_id if command.evse_id is None else command.evse_id
    if evse_id is not None:
        payload["evseId"] = positive("evse_id", evse_id)
    payload["idToken"] = id_token_of(edition_of(charge_point), command.id_token)
    remote_start_id = new_id()  # F01.FR.25: comes back in the transaction's next event
    payload["remoteStartId"] = remote_start_id
    if command.charging_profile is not None:
        payload["chargingProfile"] = command.charging_profile
    return Outgoing("RequestStartTransaction", payload, remote_start_reader(remote_start_id))


def _remote_stop(charge_point: ChargePoint, command: RemoteStop) -> Outgoing:
    transaction_id = transaction_id_of(charge_point, command.ocpp_transaction_id)
    return Outgoing("RequestStopTransaction", {"transactionId": transaction_id}, reader("Accepted"))


def _reset(_: ChargePoint, command: Reset) -> Outgoing:
    payload: Payload = {"type": "Immediate" if command.immediate else "OnIdle"}
    if command.evse_id:
        payload["evseId"] = positive("evse_id", command.evse_id)
    return Outgoing("Reset", payload, reader("Accepted", "Scheduled"))  # B11.FR.07, B12.FR.01


def _unlock(_: ChargePoint, command: Unlock) -> Outgoing:
    return Outgoing(
        "UnlockConnector",
        {
            "evseId": positive("evse_id", command.evse_id),
            "connectorId": positive("connector_id", command.connector_id),
        },
        reader("Unlocked"),
    )


def _change_availability(_: ChargePoint, command: ChangeAvailability) -> Outgoing:
    payload: Payload = {}
    place = evse_or_none(command.evse_id, command.connector_id)
    if place is not None:  # G04.FR.01: without it, the whole charging station
        payload["evse"] = place
    payload["operationalStatus"] = "Operative" if command.operative else "Inoperative"
    return Outgoing("ChangeAvailability", payload, reader("Accepted", "Scheduled"))


def _trigger(charge_point: ChargePoint, command: Trigger) -> Outgoing:
    edition = edition_of(charge_point)
    message = _TRIGGERS.get(command.message)
    if command.message in edition.more_triggers:
        message = command.message
    if message is None and not edition.has_custom_triggers:
        raise NotSupportedError(charge_point.id, f"trigger for {command.message}", edition.name)
    connector_id = command.connector_id
    if command.evse_id and not connector_id and message == "StatusNotification":
        connector_id = 1  # F06.FR.13
    payload: Payload = {}
    place = evse_or_none(command.evse_id, connector_id)
    if place is not None:
        payload["evse"] = place
    payload["requestedMessage"] = message or _CUSTOM_TRIGGER
    if message is None:
        custom = within(edition, "message", command.message, _TRIGGER_LENGTH)
        payload["customTrigger"] = custom
    return Outgoing("TriggerMessage", payload, reader("Accepted"))


def _send_data(charge_point: ChargePoint, command: SendData) -> Outgoing:
    edition = edition_of(charge_point)
    payload: Payload = {}
    if command.message_id is not None:
        payload["messageId"] = within(edition, "message_id", command.message_id, 50)
    if command.data is not None:
        payload["data"] = command.data
    payload["vendorId"] = within(edition, "vendor_id", command.vendor_id, 255)
    return Outgoing("DataTransfer", payload, read_data_transfer)


def _clear_cache(_: ChargePoint, __: ClearCache) -> Outgoing:
    return Outgoing("ClearCache", {}, reader("Accepted"))


def _reserve(charge_point: ChargePoint, command: Reserve) -> Outgoing:
    edition = edition_of(charge_point)
    payload: Payload = {
        "id": command.reservation_id,
        "expiryDateTime": format_time(command.expires_at),
    }
    if command.connector_type is not None:  # H01.FR.06
        payload["connectorType"] = command.connector_type
    payload["idToken"] = id_token_of(edition, command.id_token)
    if command.evse_id is not None:
        payload["evseId"] = positive("evse_id", command.evse_id)
    if command.group_id is not None:
        group_id = within(edition, "group_id", command.group_id, edition.id_token_length)
        payload["groupIdToken"] = {"idToken": group_id, "type": DEFAULT_TYPE}
    return Outgoing("ReserveNow", payload, reader("Accepted"))


def _cancel_reservation(_: ChargePoint, command: CancelReservation) -> Outgoing:
    payload = {"reservationId": command.reservation_id}
    return Outgoing("CancelReservation", payload, reader("Accepted"))


def _get_transaction_status(charge_point: ChargePoint, command: GetTransactionStatus) -> Outgoing:
    payload: Payload = {}
    if command.ocpp_transaction_id is not None:
        payload["transactionId"] = transaction_id_of(charge_point, command.ocpp_transaction_id)
    return Outgoing("GetTransactionStatus", payload, read_transaction_status)


translate: Final = Phrasebook(
    cancel_reservation=_cancel_reservation,
    change_availability=_change_availability,
    clear_cache=_clear_cache,
    clear_charging_profile=clear_charging_profile,
    clear_display_message=clear_display_message,
    clear_monitors=clear_monitors,
    customer_information=customer_information,
    delete_certificate=delete_certificate,
    get_base_report=get_base_report,
    get_charging_profiles=get_charging_profiles,
    get_composite_schedule=get_composite_schedule,
    get_configuration=get_configuration,
    get_display_messages=get_display_messages,
    get_installed_certificates=get_installed_certificates,
    get_local_list_version=get_local_list_version,
    get_log=get_log,
    get_monitoring_report=get_monitoring_report,
    get_report=get_report,
    get_transaction_status=_get_transaction_status,
    install_certificate=install_certificate,
    publish_firmware=publish_firmware,
    remote_start=_remote_start,
    remote_stop=_remote_stop,
    reserve=_reserve,
    reset=_reset,
    send_data=_send_data,
    send_local_list=send_local_list,
    send_signed_certificate=send_signed_certificate,
    set_charging_profile=set_charging_profile,
    set_configuration=set_configuration,
    set_display_message=set_display_message,
    set_monitoring_base=set_monitoring_base,
    set_monitoring_level=set_monitoring_level,
    set_monitors=set_monitors,
    set_network_profile=set_network_profile,
    set_password=set_password,
    set_variables=set_variables,
    trigger=_trigger,
    unlock=_unlock,
    tell_cost=tell_cost,
    unpublish_firmware=unpublish_firmware,
    update_firmware=update_firmware,
)
"""Says a command in 2.0.1.

Raises NotSupportedError where 2.0.1 has no such thing, InvalidValueError for a value that it
can't carry.
"""
