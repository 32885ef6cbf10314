"""How one OCPP version says the commands: a phrase for each, and none can be forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, get_args

from csms.errors import InvalidValueError, NotSupportedError
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    CancelReservation,
    ChangeAvailability,
    ClearCache,
    ClearChargingProfile,
    ClearDisplayMessage,
    Command,
    CommandAnswer,
    CustomerInformation,
    DeleteCertificate,
    GetChargingProfiles,
    GetCompositeSchedule,
    GetConfiguration,
    GetDisplayMessages,
    GetInstalledCertificates,
    GetLocalListVersion,
    GetLog,
    GetTransactionStatus,
    InstallCertificate,
    Outgoing,
    PublishFirmware,
    Read,
    RemoteStart,
    RemoteStop,
    Reserve,
    Reset,
    SendData,
    SendLocalList,
    SendSignedCertificate,
    SetChargingProfile,
    SetDisplayMessage,
    SetNetworkProfile,
    SetPassword,
    TellCost,
    Trigger,
    Unlock,
    UnpublishFirmware,
    UpdateFirmware,
)
from csms.services.provisioning.words import (
    ClearMonitors,
    GetBaseReport,
    GetMonitoringReport,
    GetReport,
    SetConfiguration,
    SetMonitoringBase,
    SetMonitoringLevel,
    SetMonitors,
    SetVariables,
)
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
    RequestBatterySwap,
    SendAfrrSignal,
    SetDefaultTariff,
    SetDerControl,
    UpdateDynamicSchedule,
    UsePriorityCharging,
)

C = TypeVar("C")

Say: TypeAlias = Callable[[ChargePoint, C], Outgoing]
"""Raises NotSupportedError and InvalidValueError."""


def not_before_21(charge_point: ChargePoint, command: Any) -> Outgoing:
    """The phrase that versions before 2.1 have for commands that came with it."""
    raise NotSupportedError(charge_point.id, type(command).__name__, charge_point.ocpp_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """All commands in one OCPP version; implements `csms.services.commands.Translator`.

    The type checker sees to it that each version has each phrase, save those that came with 2.1; a
    test that each command has a field, whose name is that of the command in lower case.
    """

    cancel_reservation: Say[CancelReservation]
    change_availability: Say[ChangeAvailability]
    clear_cache: Say[ClearCache]
    clear_charging_profile: Say[ClearChargingProfile]
    clear_display_message: Say[ClearDisplayMessage]
    clear_monitors: Say[ClearMonitors]
    customer_information: Say[CustomerInformation]
    delete_certificate: Say[DeleteCertificate]
    get_base_report: Say[GetBaseReport]
    get_charging_profiles: Say[GetChargingProfiles]
    get_composite_schedule: Say[GetCompositeSchedule]
    get_configuration: Say[GetConfiguration]
    get_display_messages: Say[GetDisplayMessages]
    get_installed_certificates: Say[GetInstalledCertificates]
    get_local_list_version: Say[GetLocalListVersion]
    get_log: Say[GetLog]
    get_monitoring_report: Say[GetMonitoringReport]
    get_report: Say[GetReport]
    get_transaction_status: Say[GetTransactionStatus]
    install_certificate: Say[InstallCertificate]
    publish_firmware: Say[PublishFirmware]
    remote_start: Say[RemoteStart]
    remote_stop: Say[RemoteStop]
    reserve: Say[Reserve]
    reset: Say[Reset]
    send_data: Say[SendData]
    send_local_list: Say[SendLocalList]
    send_signed_certificate: Say[SendSignedCertificate]
    set_charging_profile: Say[SetChargingProfile]
    set_configuration: Say[SetConfiguration]
    set_display_message: Say[SetDisplayMessage]
    set_monitoring_base: Say[SetMonitoringBase]
    set_monitoring_level: Say[SetMonitoringLevel]
    set_monitors: Say[SetMonitors]
    set_network_profile: Say[SetNetworkProfile]
    set_password: Say[SetPassword]
    set_variables: Say[SetVariables]
    tell_cost: Say[TellCost]
    trigger: Say[Trigger]
    unlock: Say[Unlock]
    unpublish_firmware: Say[UnpublishFirmware]
    update_firmware: Say[UpdateFirmware]

    adjust_event_stream: Say[AdjustEventStream] = not_before_21
    change_transaction_tariff: Say[ChangeTransactionTariff] = not_before_21
    clear_der_controls: Say[ClearDerControls] = not_before_21
    clear_tariffs: Say[ClearTariffs] = not_before_21
    get_der_controls: Say[GetDerControls] = not_before_21
    get_event_streams: Say[GetEventStreams] = not_before_21
    get_tariffs: Say[GetTariffs] = not_before_21
    notify_allowed_energy_transfer: Say[NotifyAllowedEnergyTransfer] = not_before_21
    notify_web_payment_started: Say[NotifyWebPaymentStarted] = not_before_21
    request_battery_swap: Say[RequestBatterySwap] = not_before_21
    send_afrr_signal: Say[SendAfrrSignal] = not_before_21
    set_default_tariff: Say[SetDefaultTariff] = not_before_21
    set_der_control: Say[SetDerControl] = not_before_21
    update_dynamic_schedule: Say[UpdateDynamicSchedule] = not_before_21
    use_priority_charging: Say[UsePriorityCharging] = not_before_21

    def __call__(self, charge_point: ChargePoint, command: Command, /) -> Outgoing:
        say: Say[Any] = getattr(self, PHRASES[type(command)])
        return say(charge_point, command)


def _phrase(command: type[Any]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", command.__name__).lower()


PHRASES: Final[Mapping[type[Any], str]] = {kind: _phrase(kind) for kind in get_args(Command)}
"""The field that holds the phrase for each command."""


def unsupported(what: str, version: str) -> Say[Any]:
    """Make the phrase for what a version does not have."""

    def say(charge_point: ChargePoint, _: Any) -> Outgoing:
        raise NotSupportedError(charge_point.id, what, version)

    return say


def reader(*accepted: str, results: tuple[dict[str, Any], ...] = ()) -> Read:
    """Make a reader for an answer that is a status; `accepted` are those that mean yes.

    Some charge points don't keep to its case. `results` are given back with a yes.
    """
    words = {word.casefold() for word in accepted}

    def read(response: dict[str, Any], _: object) -> CommandAnswer:
        status = status_of(response)
        yes = status.casefold() in words
        return CommandAnswer(status, yes, response, [dict(each) for each in results if yes])

    return read


def status_of(response: Mapping[str, Any]) -> str:
    """Return an answer's own word, empty if it has none."""
    status = response.get("status")
    return status.strip() if isinstance(status, str) else ""


_read_yes: Final = reader("Accepted")


def read_data_transfer(response: dict[str, Any], received_at: Any) -> CommandAnswer:
    answer = _read_yes(response, received_at)
    if response.get("data") is not None:
        answer.results.append({"data": response["data"]})
    return answer


def within(field: str, value: str, max_length: int, version: str) -> str:
    """Return a text that fits; raises InvalidValueError."""
    if len(value) > max_length:
        raise InvalidValueError(field, value, f"at most {max_length} characters in {version}")
    return value
