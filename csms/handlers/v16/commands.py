"""Commands in OCPP 1.6: what to send, and how to read the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import orjson

from csms.errors import InvalidValueError, NotSupportedError
from csms.handlers.v16.configuration import read_configuration
from csms.handlers.v16.fields import INT32_MAX, only_connector
from csms.handlers.v16.id_tag_info import ID_TAG_MAX_LENGTH
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    ChangeAvailability,
    ClearCache,
    Command,
    CommandAnswer,
    GetConfiguration,
    Outgoing,
    RemoteStart,
    RemoteStop,
    Reset,
    SendData,
    SetConfiguration,
    Trigger,
    Unlock,
    VariableName,
)

VERSION: Final = "OCPP 1.6"
KEY_MAX_LENGTH: Final = 50
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

_Simple: TypeAlias = (
    Unlock | ChangeAvailability | GetConfiguration | SetConfiguration | ClearCache | SendData
)
_Read: TypeAlias = Callable[[dict[str, Any]], CommandAnswer]


def translate(charge_point: ChargePoint, command: Command) -> Outgoing:
    """Say a command in 1.6.

    Raises NotSupportedError where 1.6 has no such thing, InvalidValueError for a value that it
    can't carry.
    """
    match command:
        case RemoteStart():
            return _remote_start(charge_point, command)
        case RemoteStop():
            return _remote_stop(charge_point, command)
        case Reset():
            return _reset(charge_point, command)
        case Trigger():
            return _trigger(charge_point, command)
        case _:
            return _translate_simple(command)


def _translate_simple(command: _Simple) -> Outgoing:
    """Say a command that is the same for every charge point."""
    match command:
        case Unlock():
            return _unlock(command)
        case ChangeAvailability():
            return _change_availability(command)
        case GetConfiguration():
            return _get_configuration(command)
        case SetConfiguration():
            return _change_configuration(command)
        case ClearCache():
            return Outgoing("ClearCache", {}, _reader("Accepted"))
        case SendData():
            return _data_transfer(command)


def _remote_start(charge_point: ChargePoint, command: RemoteStart) -> Outgoing:
    # Some chargers refuse a remote start without a connector, so it is named whenever it's known.
    connector_id = command.evse_id
    if connector_id is None:
        connector_id = only_connector(charge_point)
    payload: dict[str, Any] = {}
    if connector_id is not None:
        payload["connectorId"] = _connector(connector_id)
    payload["idTag"] = _within("id_token", command.id_token.value, ID_TAG_MAX_LENGTH)
    if command.charging_profile is not None:
        payload["chargingProfile"] = command.charging_profile
    return Outgoing("RemoteStartTransaction", payload, _reader("Accepted"))


def _remote_stop(charge_point: ChargePoint, command: RemoteStop) -> Outgoing:
    text = command.ocpp_transaction_id
    transaction = charge_point.open_transactions.get(command.transaction_id)
    if transaction is not None and transaction.claimed_id is not None:
        text = transaction.claimed_id  # the charger only knows the id it made up itself
    try:
        number = int(text)
    except ValueError:
        number = INT32_MAX + 1
    if abs(number) > INT32_MAX:
        raise InvalidValueError("ocpp_transaction_id", text, f"a 32-bit integer in {VERSION}")
    return Outgoing("RemoteStopTransaction", {"transactionId": number}, _reader("Accepted"))


def _reset(charge_point: ChargePoint, command: Reset) -> Outgoing:
    if command.evse_id:
        raise NotSupportedError(charge_point.id, "reset of a single EVSE", VERSION)
    kind = "Hard" if command.immediate else "Soft"
    return Outgoing("Reset", {"type": kind}, _reader("Accepted"))


def _unlock(command: Unlock) -> Outgoing:
    connector_id = _connector(command.evse_id, command.connector_id)
    return Outgoing("UnlockConnector", {"connectorId": connector_id}, _reader("Unlocked"))


def _change_availability(command: ChangeAvailability) -> Outgoing:
    evse_id = command.evse_id
    return Outgoing(
        "ChangeAvailability",
        {
            "connectorId": _connector(evse_id, command.connector_id) if evse_id else 0,
            "type": "Operative" if command.operative else "Inoperative",
        },
        _reader("Accepted", "Scheduled"),
    )


def _get_configuration(command: GetConfiguration) -> Outgoing:
    payload: dict[str, Any] = {}
    if command.names:
        payload["key"] = [_key(name) for name in command.names]
    return Outgoing("GetConfiguration", payload, read_configuration)


def _change_configuration(command: SetConfiguration) -> Outgoing:
    return Outgoing(
        "ChangeConfiguration",
        {
            "key": _key(command.name),
            "value": _within("value", command.value, VALUE_MAX_LENGTH),
        },
        _reader("Accepted", "RebootRequired"),
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
        payload["connectorId"] = _connector(command.evse_id, command.connector_id)
    return Outgoing(action, payload, _reader("Accepted"))


def _data_transfer(command: SendData) -> Outgoing:
    payload = {"vendorId": _within("vendor_id", command.vendor_id, VENDOR_ID_MAX_LENGTH)}
    if command.message_id is not None:
        payload["messageId"] = _within("message_id", command.message_id, MESSAGE_ID_MAX_LENGTH)
    data = command.data
    if data is not None:  # text is all that 1.6 can carry
        payload["data"] = data if isinstance(data, str) else orjson.dumps(data).decode()
    return Outgoing("DataTransfer", payload, _read_data_transfer)


def _connector(evse_id: int, connector_id: int | None = None) -> int:
    if not 0 < evse_id <= INT32_MAX:
        raise InvalidValueError("evse_id", evse_id, "an EVSE's number, 1 or more")
    if connector_id not in (None, 1):
        raise InvalidValueError(
            "connector_id", connector_id, f"1: in {VERSION} each connector is an EVSE of its own"
        )
    return evse_id


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
    if len(value) > max_length:
        raise InvalidValueError(field, value, f"at most {max_length} characters in {VERSION}")
    return value


def _status(response: Mapping[str, Any]) -> str:
    status = response.get("status")
    return status if isinstance(status, str) else ""


def _reader(*accepted: str) -> _Read:
    """Make a reader for an answer that is a status; `accepted` are those that mean yes."""
    words = {word.casefold() for word in accepted}

    def read(response: dict[str, Any]) -> CommandAnswer:
        status = _status(response)
        return CommandAnswer(status, status.casefold() in words, response)

    return read


def _read_data_transfer(response: dict[str, Any]) -> CommandAnswer:
    answer = _reader("Accepted")(response)
    if response.get("data") is not None:
        answer.results.append({"data": response["data"]})
    return answer
