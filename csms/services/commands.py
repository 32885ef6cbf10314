"""Commands to charge points: the raw door and the version-neutral verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from csms.errors import NotConnectedError
from csms.model import IdToken, OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.password_changes import PasswordChanges
from csms.services.ports import Link, Links


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
class VariableName:
    """A 2.0.1 variable, or a 1.6 configuration key (component empty)."""

    variable: str
    component: str = ""
    component_instance: str | None = None
    variable_instance: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class GetConfiguration:
    names: tuple[VariableName, ...] = ()
    """Empty: everything (1.6 only; 2.0.1 has reports for that)."""


@dataclass(frozen=True, slots=True)
class SetConfiguration:
    name: VariableName
    value: str


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


Command: TypeAlias = (
    RemoteStart
    | RemoteStop
    | Reset
    | Unlock
    | ChangeAvailability
    | GetConfiguration
    | SetConfiguration
    | Trigger
    | ClearCache
    | SendData
)


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What the charge point said.

    `status` is its own word; `accepted` says whether it will do as told; `response` is the whole
    CALLRESULT; `results` holds what a version-neutral verb gives back (configuration values).
    """

    status: str
    accepted: bool
    response: dict[str, Any]
    results: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A command in one OCPP version: what to send and how to read the answer."""

    action: str
    payload: dict[str, Any]
    read: Callable[[dict[str, Any]], CommandAnswer]


class Translator(Protocol):
    """Says a command in one OCPP version.

    Raises NotSupportedError where the version has no such thing, InvalidValueError for a value it
    can't carry.
    """

    def __call__(self, charge_point: ChargePoint, command: Command, /) -> Outgoing: ...


class CommandService:
    def __init__(
        self,
        links: Links,
        translators: Mapping[OcppVersion, Translator],
        passwords: PasswordChanges,
        *,
        timeout_s: float,
    ) -> None:
        self._links = links
        self._passwords = passwords
        self._translators = translators
        self.timeout_s = timeout_s

    def _link(self, charge_point_id: str) -> Link:
        link = self._links.get(charge_point_id)
        if link is None:
            raise NotConnectedError(charge_point_id)
        return link

    async def call(
        self,
        charge_point_id: str,
        action: str,
        payload: Mapping[str, Any],
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Relay any CSMS-initiated action as it stands; the schema is the only check.

        Raises NotConnectedError and what `Link.call` raises.
        """
        link = self._link(charge_point_id)
        return await self._send(link, action, payload, timeout_s)

    async def execute(
        self, charge_point_id: str, command: Command, timeout_s: float | None = None
    ) -> CommandAnswer:
        """Send a version-neutral command in the charge point's own version.

        Raises NotConnectedError, NotSupportedError and what `Link.call` raises.
        """
        link = self._link(charge_point_id)
        outgoing = self._translators[link.version](link.charge_point, command)
        answer = await self._send(link, outgoing.action, outgoing.payload, timeout_s)
        return outgoing.read(answer)

    async def _send(
        self, link: Link, action: str, payload: Mapping[str, Any], timeout_s: float | None
    ) -> dict[str, Any]:
        answer = await link.call(action, payload, timeout_s or self.timeout_s)
        await self._passwords.answered(link, action, payload, answer)
        return answer
