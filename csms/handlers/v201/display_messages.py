"""Messages on the display: set (O01, O02, O06), cleared (O05), asked for (O03, O04)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.phrasebook import reader, status_of, within
from csms.handlers.v201.fields import Fields, group, integer, text
from csms.handlers.v201.id_token import transaction_id_of
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time, parse_time
from csms.services.commands import (
    ClearDisplayMessage,
    GetDisplayMessages,
    Outgoing,
    SetDisplayMessage,
)
from csms.services.operations.display import DisplayChange, DisplayMessage

CONTENT_LENGTH: Final = 1024
LANGUAGE_LENGTH: Final = 8


def set_display_message(charge_point: ChargePoint, command: SetDisplayMessage) -> Outgoing:
    edition = edition_of(charge_point)
    message: Payload = {"id": command.message_id, "priority": command.priority}
    if command.state is not None:
        message["state"] = command.state
    if command.starts_at is not None:
        message["startDateTime"] = format_time(command.starts_at)
    if command.ends_at is not None:
        message["endDateTime"] = format_time(command.ends_at)
    if command.ocpp_transaction_id is not None:
        message["transactionId"] = transaction_id_of(charge_point, command.ocpp_transaction_id)
    content: Payload = {"format": command.format}
    if command.language is not None:
        content["language"] = within("language", command.language, LANGUAGE_LENGTH, edition.name)
    content["content"] = within("content", command.content, edition.message_length, edition.name)
    message["message"] = content
    return Outgoing("SetDisplayMessage", {"message": message}, reader("Accepted"))


def clear_display_message(_: ChargePoint, command: ClearDisplayMessage) -> Outgoing:
    return Outgoing("ClearDisplayMessage", {"id": command.message_id}, reader("Accepted"))


def get_display_messages(_: ChargePoint, command: GetDisplayMessages) -> Outgoing:
    payload: Payload = {}
    if command.message_ids:
        payload["id"] = list(command.message_ids)
    payload["requestId"] = command.request_id
    if command.priority is not None:
        payload["priority"] = command.priority
    if command.state is not None:
        payload["state"] = command.state
    return Outgoing("GetDisplayMessages", payload, reader("Accepted"))


def read_message(fields: Fields) -> DisplayMessage | None:
    """Read a MessageInfo; None without an id."""
    message_id = integer(fields, "id")
    if message_id is None:
        return None
    content = group(fields, "message")
    display = group(fields, "display")
    evse = group(display, "evse")
    return DisplayMessage(
        message_id=message_id,
        priority=text(fields, "priority") or "",
        format=text(content, "format") or "",
        content=text(content, "content", CONTENT_LENGTH) or "",
        language=text(content, "language", LANGUAGE_LENGTH),
        state=text(fields, "state"),
        starts_at=parse_time(text(fields, "startDateTime")),
        ends_at=parse_time(text(fields, "endDateTime")),
        ocpp_transaction_id=text(fields, "transactionId"),
        component=text(display, "name"),
        evse_id=integer(evse, "id"),
    )


def read_display_change(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> DisplayChange | None:
    """Return what an accepted command has changed on the display, None for any other."""
    accepted = status_of(answer).casefold() == "accepted"
    if action == "SetDisplayMessage" and accepted:
        message = read_message(group(payload, "message"))
        return None if message is None else DisplayChange(shown=message)
    # O05.FR.02: a message that it doesn't know isn't shown either
    if action == "ClearDisplayMessage" and status_of(answer):
        message_id = integer(payload, "id")
        return None if message_id is None else DisplayChange(cleared_id=message_id)
    return None
