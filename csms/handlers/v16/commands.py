"""Commands in OCPP 1.6: what to send, and how to read the answer."""

from __future__ import annotations

from typing import Any, Final

import orjson

from csms.errors import InvalidValueError, NotSupportedError
from csms.handlers import phrasebook
from csms.handlers.phrasebook import Phrasebook, read_data_transfer, reader, unsupported
from csms.handlers.security_profiles import check_security
from csms.handlers.v16.authorization_key import set_password
from csms.handlers.v16.certificates import (
    delete_certificate,
    get_installed_certificates,
    install_certificate,
    send_signed_certificate,
)
from csms.handlers.v16.charging_profiles import (
    clear_charging_profile,
    get_composite_schedule,
    set_charging_profile,
)
from csms.handlers.v16.configuration import read_configuration
from csms.handlers.v16.diagnostics import get_log
from csms.handlers.v16.fields import KEY_MAX_LENGTH, VERSION, connector_of, transaction_number
from csms.handlers.v16.firmware import update_firmware
from csms.handlers.v16.id_tag_info import ID_TAG_MAX_LENGTH
from csms.handlers.v16.local_list import get_local_list_version, send_local_list
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    GetConfiguration,
    Outgoing,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    SendData,
    Trigger,
    Unlock,
)
from csms.services.provisioning.words import (
    SetConfiguration,
    VariableName,
)

VALUE_MAX_LENGTH: Final = 500
VENDOR_ID_MAX_LENGTH: Final = 255
MESSAGE_ID_MAX_LENGTH: Final = 50

_TRIGGERS: Final = frozenset(
    {
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "MeterValues",
        "StatusNotification",
    }
)
_EXTENDED_TRIGGERS: Final = {
    "LogStatusNotification": "LogStatusNotification",
    "SignedFirmwareStatusNotification": "FirmwareStatusNotification",
    "SignCertificate": "SignChargePointCertificate",
    "SignChargePointCertificate": "SignChargePointCertificate",
    "SignChargingStationCertificate": "SignChargePointCertificate",
}
"""Messages that only ExtendedTriggerMessage (security extension) asks for, by its names."""


def _remote_start(charge_point: ChargePoint, command: RemoteStart) -> Outgoing:
    # Some chargers refuse a remote start without a connector, so it is named whenever it's known.
    connector_id = command.evse_id
    if connector_id is None:
        connector_id = charge_point.only_evse_id
    payload: dict[str, Any] = {}
    if connector_id is not None:
        payload["connectorId"] = connector_of(connector_id)
    payload["idTag"] = _within("id_token", command.id_token.value, ID_TAG_MAX_LENGTH)
    if command.charging_profile is not None:
        payload["chargingProfile"] = command.charging_profile
    return Outgoing("RemoteStartTransaction", payload, reader("Accepted"))


def _remote_stop(charge_point: ChargePoint, command: RemoteStop) -> Outgoing:
    number = transaction_number(charge_point, command.transaction_id, command.ocpp_transaction_id)
    return Outgoing("RemoteStopTransaction", {"transactionId": number}, reader("Accepted"))


def _reset(charge_point: ChargePoint, command: Reset) -> Outgoing:
    if command.evse_id:
        raise NotSupportedError(charge_point.id, "reset of a single EVSE", VERSION)
    kind = "Hard" if command.immediate else "Soft"
    return Outgoing("Reset", {"type": kind}, reader("Accepted"))


def _unlock(_: ChargePoint, command: Unlock) -> Outgoing:
    connector_id = connector_of(command.evse_id, command.connector_id)
    return Outgoing("UnlockConnector", {"connectorId": connector_id}, reader("Unlocked"))


def _change_availability(_: ChargePoint, command: ChangeAvailability) -> Outgoing:
    evse_id = command.evse_id
    return Outgoing(
        "ChangeAvailability",
        {
            "connectorId": connector_of(evse_id, command.connector_id) if evse_id else 0,
            "type": "Operative" if command.operative else "Inoperative",
        },
        reader("Accepted", "Scheduled"),
    )


def _get_configuration(_: ChargePoint, command: GetConfiguration) -> Outgoing:
    payload: dict[str, Any] = {}
    if command.names:
        payload["key"] = [_key(name) for name in command.names]
    return Outgoing("GetConfiguration", payload, read_configuration)


def _change_configuration(charge_point: ChargePoint, command: SetConfiguration) -> Outgoing:
    """Raises ConflictError for a security profile below that which the charge point has to have."""
    name, value = command.name.variable.casefold(), command.value.strip()
    if name == "securityprofile" and value.isdecimal():  # what comes back with less is refused
        check_security(charge_point, int(value))
    return Outgoing(
        "ChangeConfiguration",
        {
            "key": _key(command.name),
            "value": _within("value", command.value, VALUE_MAX_LENGTH),
        },
        reader("Accepted", "RebootRequired"),
    )


def _trigger(charge_point: ChargePoint, command: Trigger) -> Outgoing:
    message = command.message
    if message in _TRIGGERS:
        action = "TriggerMessage"
    elif message in _EXTENDED_TRIGGERS:
        action, message = "ExtendedTriggerMessage", _EXTENDED_TRIGGERS[message]
    else:
        raise NotSupportedError(charge_point.id, f"trigger for {message}", VERSION)
    payload: dict[str, Any] = {"requestedMessage": message}
    if command.evse_id:
        payload["connectorId"] = connector_of(command.evse_id, command.connector_id)
    return Outgoing(action, payload, reader("Accepted"))


def _send_data(_: ChargePoint, command: SendData) -> Outgoing:
    payload = {"vendorId": _within("vendor_id", command.vendor_id, VENDOR_ID_MAX_LENGTH)}
    if command.message_id is not None:
        payload["messageId"] = _within("message_id", command.message_id, MESSAGE_ID_MAX_LENGTH)
    data = command.data
    if data is not None:  # text is all that 1.6 can carry
        payload["data"] = data if isinstance(data, str) else orjson.dumps(data).decode()
    return Outgoing("DataTransfer", payload, read_data_transfer)


def _clear_cache(_: ChargePoint, __: ClearCache) -> Outgoing:
    return Outgoing("ClearCache", {}, reader("Accepted"))


def _reserve(charge_point: ChargePoint, command: Reserve) -> Outgoing:
    if command.connector_type is not None:
        raise NotSupportedError(charge_point.id, "reservation of a connector type", VERSION)
    payload: dict[str, Any] = {
        "connectorId": connector_of(command.evse_id) if command.evse_id else 0,
        "expiryDate": format_time(command.expires_at),
        "idTag": _within("id_token", command.id_token.value, ID_TAG_MAX_LENGTH),
    }
    if command.group_id is not None:
        payload["parentIdTag"] = _within("group_id", command.group_id, ID_TAG_MAX_LENGTH)
    payload["reservationId"] = command.reservation_id
    return Outgoing("ReserveNow", payload, reader("Accepted"))


def _cancel_reservation(_: ChargePoint, command: CancelReservation) -> Outgoing:
    payload = {"reservationId": command.reservation_id}
    return Outgoing("CancelReservation", payload, reader("Accepted"))


def _key(name: VariableName) -> str:
    elsewhere = (
        name.component,
        name.component_instance,
        name.variable_instance,
        name.evse_id,
        name.connector_id,
    )
    if any(elsewhere):
        raise InvalidValueError(
            "component", name.component, f"none: {VERSION} has configuration keys alone"
        )
    if name.attribute not in (None, "Actual"):
        raise InvalidValueError("attribute", name.attribute, f"Actual or none in {VERSION}")
    return _within("variable", name.variable, KEY_MAX_LENGTH)


def _within(field: str, value: str, max_length: int) -> str:
    return phrasebook.within(field, value, max_length, VERSION)


translate: Final = Phrasebook(
    cancel_reservation=_cancel_reservation,
    change_availability=_change_availability,
    clear_cache=_clear_cache,
    clear_charging_profile=clear_charging_profile,
    clear_monitors=unsupported("monitors", VERSION),
    clear_display_message=unsupported("display message", VERSION),
    customer_information=unsupported("customer information", VERSION),
    delete_certificate=delete_certificate,
    get_base_report=unsupported("reports of variables", VERSION),
    get_charging_profiles=unsupported("list of charging profiles", VERSION),
    get_composite_schedule=get_composite_schedule,
    get_configuration=_get_configuration,
    get_display_messages=unsupported("display message", VERSION),
    get_installed_certificates=get_installed_certificates,
    get_local_list_version=get_local_list_version,
    get_transaction_status=unsupported("transaction status", VERSION),
    get_monitoring_report=unsupported("monitors", VERSION),
    get_report=unsupported("reports of variables", VERSION),
    get_log=get_log,
    install_certificate=install_certificate,
    publish_firmware=unsupported("publishing of firmware", VERSION),
    remote_start=_remote_start,
    remote_stop=_remote_stop,
    reserve=_reserve,
    reset=_reset,
    send_data=_send_data,
    send_local_list=send_local_list,
    send_signed_certificate=send_signed_certificate,
    set_charging_profile=set_charging_profile,
    set_configuration=_change_configuration,
    set_monitoring_base=unsupported("monitors", VERSION),
    set_monitoring_level=unsupported("monitors", VERSION),
    set_monitors=unsupported("monitors", VERSION),
    set_display_message=unsupported("display message", VERSION),
    set_network_profile=unsupported("network profile", VERSION),
    set_password=set_password,
    set_variables=unsupported("way to set several keys at once", VERSION),
    tell_cost=unsupported("message for costs", VERSION),
    trigger=_trigger,
    unlock=_unlock,
    unpublish_firmware=unsupported("publishing of firmware", VERSION),
    update_firmware=update_firmware,
)
"""Says a command in 1.6.

Raises NotSupportedError where 1.6 has no such thing, InvalidValueError for a value that it can't
carry.
"""
