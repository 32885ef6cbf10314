"""Orders about variables: ask for them, set them, have them reported (B05-B08)."""

from __future__ import annotations

from csms.handlers.contract import Payload
from csms.handlers.editions import Edition, edition_of
from csms.handlers.phrasebook import reader
from csms.handlers.v201.addressing import attribute, component_named, named, within
from csms.handlers.v201.answers import read_set_variables, read_variables
from csms.handlers.v201.charging_profiles import new_id
from csms.services.charge_point import ChargePoint
from csms.services.commands import GetConfiguration, Outgoing
from csms.services.provisioning.words import (
    GetBaseReport,
    GetReport,
    ReportBase,
    SetConfiguration,
    SetVariables,
)


def get_configuration(charge_point: ChargePoint, command: GetConfiguration) -> Outgoing:
    if not command.names:
        # B07: the values come in NotifyReports of their own
        return get_base_report(charge_point, GetBaseReport(new_id(), ReportBase.FULL))
    edition = edition_of(charge_point)
    return Outgoing(
        "GetVariables",
        {"getVariableData": [attribute(name) | named(edition, name) for name in command.names]},
        read_variables,
    )


def set_configuration(charge_point: ChargePoint, command: SetConfiguration) -> Outgoing:
    return set_variables(charge_point, SetVariables((command,)))


def set_variables(charge_point: ChargePoint, command: SetVariables) -> Outgoing:
    edition = edition_of(charge_point)
    data = [_setting(edition, setting) for setting in command.settings]
    return Outgoing("SetVariables", {"setVariableData": data}, read_set_variables)


def get_base_report(_: ChargePoint, command: GetBaseReport) -> Outgoing:
    return Outgoing(
        "GetBaseReport",
        {"requestId": command.request_id, "reportBase": command.base.value},
        reader("Accepted", results=({"request_id": command.request_id},)),
    )


def get_report(charge_point: ChargePoint, command: GetReport) -> Outgoing:
    payload: Payload = {}
    if command.names:
        edition = edition_of(charge_point)
        payload["componentVariable"] = [component_named(edition, name) for name in command.names]
    payload["requestId"] = command.request_id
    if command.criteria:
        payload["componentCriteria"] = [criterion.value for criterion in command.criteria]
    return Outgoing(
        "GetReport", payload, reader("Accepted", results=({"request_id": command.request_id},))
    )


def _setting(edition: Edition, setting: SetConfiguration) -> Payload:
    data = attribute(setting.name)
    data["attributeValue"] = within(edition, "value", setting.value, edition.value_length)
    return data | named(edition, setting.name)
