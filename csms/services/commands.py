"""Commands to charge points in words of no version, and what charge points say to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from csms.model import IdToken
from csms.services.certificates.words import CertificateHash, CertificateUse, SigningUse
from csms.services.local_list.words import SentList
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
    VariableName,
)
from csms.services.station_commands import StationCommand
from csms.smart_charging.grid import Unit
from csms.smart_charging.profiles import ChargingProfile, Period, Purpose


@dataclass(frozen=True, slots=True)
class RemoteStart:
    id_token: IdToken
    evse_id: int | None = None
    charging_profile: dict[str, Any] | None = None
    """In the charge point's own OCPP version, passed on as it is."""


@dataclass(frozen=True, slots=True)
class RemoteStop:
    transaction_id: int
    """Our id of the transaction."""
    ocpp_transaction_id: str


@dataclass(frozen=True, slots=True)
class Reset:
    immediate: bool = False
    """True: now (1.6 Hard, 2.0.1 Immediate); False: when it suits (Soft, OnIdle)."""
    evse_id: int | None = None


@dataclass(frozen=True, slots=True)
class Unlock:
    evse_id: int
    connector_id: int = 1


@dataclass(frozen=True, slots=True)
class ChangeAvailability:
    operative: bool
    evse_id: int = 0
    """0: the whole charge point."""
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class GetConfiguration:
    names: tuple[VariableName, ...] = ()
    """Empty: everything (1.6 only; 2.0.1 has reports for that)."""


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Give a charge point the password that it logs in with from now on (A01)."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trigger:
    message: str
    """The action's name, for example StatusNotification."""
    evse_id: int | None = None
    connector_id: int | None = None


@dataclass(frozen=True, slots=True)
class ClearCache:
    pass


@dataclass(frozen=True, slots=True)
class SendData:
    vendor_id: str
    message_id: str | None = None
    data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Keep an EVSE free for an id token, or any EVSE (`evse_id` None)."""

    reservation_id: int
    id_token: IdToken
    expires_at: datetime
    evse_id: int | None = None
    connector_type: str | None = None
    """In OCPP 2.0.1's spelling, such as cType2; 1.6 knows none."""
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class CancelReservation:
    reservation_id: int


@dataclass(frozen=True, slots=True)
class GetLocalListVersion:
    pass


@dataclass(frozen=True, slots=True)
class SendLocalList:
    """One message of a list: all of it, or what changes."""

    part: SentList


@dataclass(frozen=True, slots=True)
class GetTransactionStatus:
    """Ask whether a transaction goes on and messages of it wait; without one, of any (E14)."""

    ocpp_transaction_id: str | None = None


@dataclass(frozen=True, slots=True)
class SetChargingProfile:
    evse_id: int
    """0: the whole charge point."""
    profile: ChargingProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearChargingProfile:
    """By id alone, or whatever matches all that is given; nothing given clears everything."""

    profile_id: int | None = None
    evse_id: int | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class GetCompositeSchedule:
    evse_id: int
    """0: what the whole charge point takes from the grid."""
    duration_s: int
    unit: Unit | None = None


LimitSource: TypeAlias = Literal["CSO", "EMS", "SO", "Other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GetChargingProfiles:
    """By ids, or by criteria; `evse_id` None: of all EVSEs (from 2.0.1 on)."""

    profile_ids: tuple[int, ...] = ()
    evse_id: int | None = None
    purpose: Purpose | Literal["external"] | None = None
    """`external`: what others than the central system set."""
    stack_level: int | None = None
    limit_sources: tuple[LimitSource, ...] = ()
    """Who set the limits; without any criterion all of them are named."""


@dataclass(frozen=True, slots=True)
class SendSignedCertificate:
    """The answer to a charge point's request for a certificate."""

    chain: str
    """PEM; the certificate first, then those between it and the root."""
    use: SigningUse | None = None
    """None: for everything."""
    request_id: int | None = None
    """Of the charge point's request (2.1)."""


@dataclass(frozen=True, slots=True)
class InstallCertificate:
    use: CertificateUse
    certificate: str
    """PEM."""


@dataclass(frozen=True, slots=True)
class DeleteCertificate:
    certificate: CertificateHash
    """As the charge point told it, with the algorithm it used (M04.FR.07)."""


@dataclass(frozen=True, slots=True)
class GetInstalledCertificates:
    uses: tuple[CertificateUse, ...] = ()
    """Empty: all (2.0.1 only; 1.6 takes one at a time)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNetworkProfile:
    """How to connect, kept in a slot of the charge point until it is given priority (2.0.1)."""

    slot: int
    url: str
    security_profile: int
    interface: str
    """Wired0 to Wired3, Wireless0 to Wireless3."""
    message_timeout_s: int
    apn: dict[str, Any] | None = None
    vpn: dict[str, Any] | None = None
    """Both in the charge point's own OCPP version, passed on as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFirmware:
    """Fetch a firmware and install it (L01, L02); signed if both certificate and signature are."""

    request_id: int
    location: str
    retrieve_at: datetime
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    signing_certificate: str | None = None
    """PEM."""
    signature: str | None = None
    """Base64, over the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishFirmware:
    """Let a local controller fetch a firmware and offer it to its charge points (L03)."""

    request_id: int
    location: str
    md5: str
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True)
class UnpublishFirmware:
    md5: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetLog:
    """Upload a log (N01; 1.6: GetDiagnostics, and GetLog for the security log)."""

    request_id: int
    location: str
    is_security_log: bool = False
    since: datetime | None = None
    until: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerInformation:
    """Tell or forget what is known of one customer (N09, N10), named in one of three ways."""

    request_id: int
    report: bool
    clear: bool
    id_token: IdToken | None = None
    customer_id: str | None = None
    certificate: CertificateHash | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDisplayMessage:
    """Show a message (O01, O02), or replace the one of this id (O06)."""

    message_id: int
    priority: str
    """AlwaysFront, InFront or NormalCycle."""
    format: str
    """ASCII, HTML, URI or UTF8."""
    content: str
    language: str | None = None
    state: str | None = None
    """Only while the charge point is Charging, Faulted, Idle or Unavailable."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    ocpp_transaction_id: str | None = None
    """Only as long as this transaction runs."""


@dataclass(frozen=True, slots=True)
class ClearDisplayMessage:
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDisplayMessages:
    """Report the messages that match all that is given (O03, O04)."""

    request_id: int
    message_ids: tuple[int, ...] = ()
    priority: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class TellCost:
    """What a transaction costs so far, to be shown to its driver (I02)."""

    ocpp_transaction_id: str
    total_cost: Decimal
    """With taxes."""


Command: TypeAlias = (
    RemoteStart
    | RemoteStop
    | Reset
    | Unlock
    | ChangeAvailability
    | GetConfiguration
    | SetConfiguration
    | SetPassword
    | Trigger
    | ClearCache
    | SendData
    | Reserve
    | CancelReservation
    | GetLocalListVersion
    | SendLocalList
    | GetTransactionStatus
    | SetChargingProfile
    | ClearChargingProfile
    | GetCompositeSchedule
    | GetChargingProfiles
    | SendSignedCertificate
    | InstallCertificate
    | DeleteCertificate
    | GetInstalledCertificates
    | SetNetworkProfile
    | SetVariables
    | GetBaseReport
    | GetReport
    | GetMonitoringReport
    | SetMonitoringBase
    | SetMonitoringLevel
    | SetMonitors
    | ClearMonitors
    | UpdateFirmware
    | PublishFirmware
    | UnpublishFirmware
    | GetLog
    | CustomerInformation
    | SetDisplayMessage
    | ClearDisplayMessage
    | GetDisplayMessages
    | TellCost
    | StationCommand
)


@dataclass(frozen=True, slots=True)
class CompositeSchedule:
    """What a charge point says it will do: limits in A per phase or W over all phases.

    `unit` is the one it answered in, which need not be the one asked for.
    """

    start_at: datetime
    unit: Unit
    periods: tuple[Period, ...]
    duration_s: int | None = None


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What the charge point said.

    `status` is its own word; `accepted` says whether it will do as told; `response` is the whole
    CALLRESULT; `results` holds what a version-neutral verb gives back (configuration values);
    `composite_schedule` is there if one was asked for and could be read.
    """

    status: str
    accepted: bool
    response: dict[str, Any]
    results: list[dict[str, Any]] = field(default_factory=list)
    composite_schedule: CompositeSchedule | None = None


Read: TypeAlias = Callable[[dict[str, Any], datetime], CommandAnswer]
"""Reads a CALLRESULT that came at this moment."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A command in one OCPP version: what to send and how to read the answer."""

    action: str
    payload: dict[str, Any]
    read: Read
