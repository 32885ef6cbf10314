"""Commands in OCPP 2.1: 2.0.1's phrases, and its own for what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers.contract import Payload
from csms.handlers.editions import V21
from csms.handlers.numbers import INT32_MAX
from csms.handlers.phrasebook import reader, status_of, within
from csms.handlers.v21.der_controls import ID_LENGTH
from csms.handlers.v21.tariffs import write_tariff
from csms.handlers.v201.charging_profiles import new_id
from csms.handlers.v201.commands import translate as translate_v201
from csms.handlers.v201.fields import Fields, group, groups, natural, text
from csms.handlers.v201.id_token import TYPE_LENGTH, transaction_id_of
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.commands import CommandAnswer, Outgoing
from csms.services.station_commands import (
    AdjustEventStream,
    ChangeTransactionTariff,
    ClearDerControls,
    ClearTariffs,
    GetDerControls,
    GetEventStreams,
    GetTariffs,
    NotifyAllowedEnergyTransfer,
    NotifyWebPaymentStarted,
    OwnTariff,
    RequestBatterySwap,
    SendAfrrSignal,
    SetDefaultTariff,
    SetDerControl,
    UpdateDynamicSchedule,
    UsePriorityCharging,
)

_TARIFF_ID_LENGTH: Final = 60
_CLEARED: Final = frozenset({"Accepted", "NoTariff"})


def _set_default_tariff(_: ChargePoint, command: SetDefaultTariff) -> Outgoing:
    tariff = _tariff(command.tariff)
    payload = {"evseId": _number("evse_id", command.evse_id), "tariff": tariff}
    results = ({"tariff_id": tariff.get("tariffId")},)
    return Outgoing("SetDefaultTariff", payload, reader("Accepted", results=results))


def _tariff(tariff: dict[str, Any] | OwnTariff) -> dict[str, Any]:
    return write_tariff(tariff.tariff, tariff.day) if isinstance(tariff, OwnTariff) else tariff


def _get_tariffs(_: ChargePoint, command: GetTariffs) -> Outgoing:
    payload = {"evseId": _number("evse_id", command.evse_id)}
    return Outgoing("GetTariffs", payload, _read_tariffs)


def _read_tariffs(response: dict[str, Any], _: object) -> CommandAnswer:
    """No tariff is an answer as good as any (I09)."""
    results = [
        {
            "tariff_id": text(each, "tariffId"),
            "kind": text(each, "tariffKind"),
            "evse_ids": each.get("evseIds") or [],
            "id_tokens": each.get("idTokens") or [],
            "valid_from": text(each, "validFrom"),
        }
        for each in groups(response, "tariffAssignments")
    ]
    status = status_of(response)
    return CommandAnswer(status, status in _CLEARED, response, results)


def _clear_tariffs(_: ChargePoint, command: ClearTariffs) -> Outgoing:
    payload: Payload = {}
    if command.tariff_ids:
        payload["tariffIds"] = [
            _within("tariff_ids", each, _TARIFF_ID_LENGTH) for each in command.tariff_ids
        ]
    if command.evse_id is not None:
        payload["evseId"] = _number("evse_id", command.evse_id)
    return Outgoing("ClearTariffs", payload, _read_cleared)


def _read_cleared(response: dict[str, Any], _: object) -> CommandAnswer:
    results = [
        {"tariff_id": text(each, "tariffId"), "status": text(each, "status") or ""}
        for each in groups(response, "clearTariffsResult")
    ]
    refused = [str(each["status"]) for each in results if each["status"] not in _CLEARED]
    status = next(iter(refused), "Accepted" if results else "")
    return CommandAnswer(status, bool(results) and not refused, response, results)


def _change_transaction_tariff(
    charge_point: ChargePoint, command: ChangeTransactionTariff
) -> Outgoing:
    payload = {
        "transactionId": transaction_id_of(charge_point, command.ocpp_transaction_id),
        "tariff": _tariff(command.tariff),
    }
    return Outgoing("ChangeTransactionTariff", payload, reader("Accepted"))


def _update_dynamic_schedule(_: ChargePoint, command: UpdateDynamicSchedule) -> Outgoing:
    if not command.limits:
        raise InvalidValueError("limits", {}, "at least one limit or setpoint")
    payload = {"chargingProfileId": command.profile_id, "scheduleUpdate": dict(command.limits)}
    return Outgoing("UpdateDynamicSchedule", payload, reader("Accepted"))


def _set_der_control(_: ChargePoint, command: SetDerControl) -> Outgoing:
    payload: Payload = {
        "isDefault": command.is_default,
        "controlId": _within("control_id", command.control_id, ID_LENGTH),
        "controlType": command.control_type,
    }
    return Outgoing("SetDERControl", payload | dict(command.settings), _read_der_set)


def _read_der_set(response: dict[str, Any], received_at: Any) -> CommandAnswer:
    superseded = response.get("supersededIds")
    results = ({"superseded_ids": superseded},) if isinstance(superseded, list) else ()
    return reader("Accepted", results=results)(response, received_at)


def _get_der_controls(_: ChargePoint, command: GetDerControls) -> Outgoing:
    request_id = new_id()
    payload: Payload = {"requestId": request_id}
    if command.is_default is not None:
        payload["isDefault"] = command.is_default
    payload |= _chosen(command.control_type, command.control_id)
    results = ({"request_id": request_id},)
    return Outgoing("GetDERControl", payload, reader("Accepted", results=results))


def _clear_der_controls(_: ChargePoint, command: ClearDerControls) -> Outgoing:
    payload: Payload = {"isDefault": command.is_default}
    payload |= _chosen(command.control_type, command.control_id)
    return Outgoing("ClearDERControl", payload, reader("Accepted"))


def _chosen(control_type: str | None, control_id: str | None) -> Payload:
    chosen: Payload = {}
    if control_type is not None:
        chosen["controlType"] = control_type
    if control_id is not None:
        chosen["controlId"] = _within("control_id", control_id, ID_LENGTH)
    return chosen


def _use_priority_charging(charge_point: ChargePoint, command: UsePriorityCharging) -> Outgoing:
    payload = {
        "transactionId": transaction_id_of(charge_point, command.ocpp_transaction_id),
        "activate": command.activate,
    }
    return Outgoing("UsePriorityCharging", payload, reader("Accepted"))


def _request_battery_swap(_: ChargePoint, command: RequestBatterySwap) -> Outgoing:
    request_id = new_id()  # S02.FR.02: comes back with the batteries
    token = command.id_token
    shown = {
        "idToken": _within("id_token", token.value, V21.id_token_length),
        "type": _within("type", token.type, TYPE_LENGTH),
    }
    results = ({"request_id": request_id},)
    payload = {"idToken": shown, "requestId": request_id}
    return Outgoing("RequestBatterySwap", payload, reader("Accepted", results=results))


def _notify_allowed_energy_transfer(
    charge_point: ChargePoint, command: NotifyAllowedEnergyTransfer
) -> Outgoing:
    payload = {
        "transactionId": transaction_id_of(charge_point, command.ocpp_transaction_id),
        "allowedEnergyTransfer": list(command.transfers),
    }
    return Outgoing("NotifyAllowedEnergyTransfer", payload, reader("Accepted"))


def _adjust_event_stream(_: ChargePoint, command: AdjustEventStream) -> Outgoing:
    parameters: Payload = {}
    if command.interval_s is not None:
        parameters["interval"] = command.interval_s
    if command.values_per_message is not None:
        parameters["values"] = command.values_per_message
    if not parameters:  # N14.FR.01
        raise InvalidValueError("interval_s", None, "interval_s, values_per_message, or both")
    payload = {"id": _number("stream_id", command.stream_id), "params": parameters}
    return Outgoing("AdjustPeriodicEventStream", payload, reader("Accepted"))


def _get_event_streams(_: ChargePoint, __: GetEventStreams) -> Outgoing:
    return Outgoing("GetPeriodicEventStream", {}, _read_streams)


def _read_streams(response: dict[str, Any], _: object) -> CommandAnswer:
    results = [_stream(each) for each in groups(response, "constantStreamData")]
    return CommandAnswer("Accepted", accepted=True, response=response, results=results)


def _stream(fields: Fields) -> dict[str, Any]:
    parameters = group(fields, "params")
    return {
        "stream_id": natural(fields, "id"),
        "variable_monitoring_id": natural(fields, "variableMonitoringId"),
        "interval_s": natural(parameters, "interval"),
        "values_per_message": natural(parameters, "values"),
    }


def _send_afrr_signal(_: ChargePoint, command: SendAfrrSignal) -> Outgoing:
    payload = {"timestamp": format_time(command.at), "signal": command.signal}
    return Outgoing("AFRRSignal", payload, reader("Accepted"))


def _notify_web_payment_started(_: ChargePoint, command: NotifyWebPaymentStarted) -> Outgoing:
    payload = {"evseId": _number("evse_id", command.evse_id), "timeout": command.timeout_s}

    def read(response: dict[str, Any], _: object) -> CommandAnswer:
        return CommandAnswer("Accepted", accepted=True, response=response)  # there is no status

    return Outgoing("NotifyWebPaymentStarted", payload, read)


def _number(field: str, number: int) -> int:
    if not 0 <= number <= INT32_MAX:
        raise InvalidValueError(field, number, "a number from 0 up")
    return number


def _within(field: str, value: str, max_length: int) -> str:
    return within(field, value, max_length, V21.name)


translate: Final = replace(
    translate_v201,
    adjust_event_stream=_adjust_event_stream,
    change_transaction_tariff=_change_transaction_tariff,
    clear_der_controls=_clear_der_controls,
    clear_tariffs=_clear_tariffs,
    get_der_controls=_get_der_controls,
    get_event_streams=_get_event_streams,
    get_tariffs=_get_tariffs,
    notify_allowed_energy_transfer=_notify_allowed_energy_transfer,
    notify_web_payment_started=_notify_web_payment_started,
    request_battery_swap=_request_battery_swap,
    send_afrr_signal=_send_afrr_signal,
    set_default_tariff=_set_default_tariff,
    set_der_control=_set_der_control,
    update_dynamic_schedule=_update_dynamic_schedule,
    use_priority_charging=_use_priority_charging,
)
"""Says a command in 2.1; raises as 2.0.1's."""
