"""What charging stations answer to commands, in version-neutral words."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypeAlias

from csms.handlers.phrasebook import reader
from csms.handlers.v201.device_model import ACTUAL, read_name, read_value
from csms.handlers.v201.fields import Fields, flag, group, groups, integer, natural, text
from csms.services.commands import CommandAnswer, Read

Result: TypeAlias = dict[str, Any]

NO_STATUS: Final = ""


def remote_start_reader(remote_start_id: int) -> Read:
    """Make a reader that tells the id the transaction's events will carry.

    A charging station that has begun a transaction already also tells which (F01.FR.13).
    """

    def read(response: dict[str, Any], received_at: datetime) -> CommandAnswer:
        result: Result = {"remote_start_id": remote_start_id}
        transaction_id = text(response, "transactionId")
        if transaction_id is not None:
            result["ocpp_transaction_id"] = transaction_id
        return reader("Accepted", results=(result,))(response, received_at)

    return read


def read_transaction_status(response: dict[str, Any], _: object) -> CommandAnswer:
    """Read the answer to GetTransactionStatus, which is no yes or no.

    The result has `messages_in_queue`, and `ongoing` (None if no transaction was named).
    """
    ongoing = flag(response, "ongoingIndicator") if "ongoingIndicator" in response else None
    queue = response.get("messagesInQueue")
    result: Result = {"ongoing": ongoing, "messages_in_queue": flag(response, "messagesInQueue")}
    is_told = isinstance(queue, bool | str)
    return CommandAnswer(NO_STATUS, is_told, response, [result] if is_told else [])


def read_variables(response: dict[str, Any], _: object) -> CommandAnswer:
    """Read the answer to GetVariables.

    Each result names its variable and has `value` (text, or None) and `status` (Accepted,
    UnknownComponent, UnknownVariable, NotSupportedAttributeType or Rejected). The answer counts
    as accepted unless nothing that was asked for is known.
    """
    results = [
        _variable(entry) | {"value": read_value(entry.get("attributeValue"))} | _status(entry)
        for entry in groups(response, "getVariableResult")
    ]
    statuses = [result["status"] for result in results]
    accepted = "Accepted" in statuses
    status = "Accepted" if accepted else next(iter(statuses), NO_STATUS)
    return CommandAnswer(status, accepted, response, results)


def read_set_variables(response: dict[str, Any], _: object) -> CommandAnswer:
    """Read the answer to SetVariables; the worst status of all stands for the whole."""
    results = [_variable(entry) | _status(entry) for entry in groups(response, "setVariableResult")]
    return _worst(response, results)


def _worst(response: dict[str, Any], results: list[Result]) -> CommandAnswer:
    statuses = {result["status"] for result in results}
    refused = sorted(statuses - {"Accepted", "RebootRequired"})
    status = next(iter(refused or sorted(statuses, reverse=True)), NO_STATUS)
    return CommandAnswer(status, bool(statuses) and not refused, response, results)


def _variable(entry: Fields) -> Result:
    name = read_name(entry)
    return {
        "component": name.component,
        "component_instance": name.component_instance,
        "evse_id": name.evse_id,
        "connector_id": name.connector_id,
        "variable": name.variable,
        "variable_instance": name.variable_instance,
        "attribute": name.attribute or ACTUAL,  # B06.FR.11
    }


def _status(
    entry: Fields, status: str = "attributeStatus", why: str = "attributeStatusInfo"
) -> Result:
    result: Result = {"status": text(entry, status) or NO_STATUS}
    info = group(entry, why)
    reasons = (text(info, "reasonCode"), text(info, "additionalInfo", 512))
    reason = ": ".join(part for part in reasons if part)
    if reason:
        result["reason"] = reason
    return result


def read_set_monitors(response: dict[str, Any], _: object) -> CommandAnswer:
    """Read the answer to SetVariableMonitoring; the worst status of all stands for the whole."""
    results = [
        _variable(entry)
        | {
            "monitor_id": natural(entry, "id"),
            "kind": text(entry, "type"),
            "severity": integer(entry, "severity"),
        }
        | _status(entry, "status", "statusInfo")
        for entry in groups(response, "setMonitoringResult")
    ]
    return _worst(response, results)


def read_cleared_monitors(response: dict[str, Any], _: object) -> CommandAnswer:
    """Read the answer to ClearVariableMonitoring; the worst status stands for the whole."""
    results = [
        {"monitor_id": natural(entry, "id")} | _status(entry, "status", "statusInfo")
        for entry in groups(response, "clearMonitoringResult")
    ]
    return _worst(response, results)
