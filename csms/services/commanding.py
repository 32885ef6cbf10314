"""The one way of commands to charge points: version-neutral ones, and the raw door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from csms.clock import Clock, SystemClock
from csms.errors import NotConnectedError
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.commands import Command, CommandAnswer, Outgoing
from csms.services.ports import Link, Links
from csms.services.registration import check_may_be_asked


class Translator(Protocol):
    """Says a command in one OCPP version.

    Raises NotSupportedError where the version has no such thing, InvalidValueError for a value it
    can't carry.
    """

    def __call__(self, charge_point: ChargePoint, command: Command, /) -> Outgoing: ...


class AnswerWatcher(Protocol):
    """Learns from what charge points answer, whatever way the command was sent."""

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None: ...


class RequestWatcher(Protocol):
    """Knows of a request before the charge point does, which may act on it before it answers."""

    def sending(self, link: Link, action: str, payload: Mapping[str, Any]) -> None: ...


class Carrier(Protocol):
    """Brings requests to charge points that something has to be done for around the exchange."""

    async def carry(
        self,
        link: Link,
        action: str,
        payload: Mapping[str, Any],
        send: Callable[[], Awaitable[dict[str, Any]]],
    ) -> dict[str, Any]:
        """Return what `send` returns; raises what it raises, and ConflictError."""
        ...


class CommandService:
    def __init__(
        self,
        links: Links,
        translators: Mapping[OcppVersion, Translator],
        *watchers: AnswerWatcher,
        timeout_s: float,
        clock: Clock | None = None,
        before: Sequence[RequestWatcher] = (),
        passwords: Carrier | None = None,
    ) -> None:
        self._links = links
        self._translators = translators
        self._watchers: Sequence[AnswerWatcher] = watchers
        self._before = before
        self._passwords = passwords
        self._clock = clock or SystemClock()
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
        """Relay any CSMS-initiated action as it stands; only schema and registration are checked.

        Raises NotConnectedError, NotAcceptedError, ConflictError (another password is under way)
        and what `Link.call` raises.
        """
        return await self._send(self._link(charge_point_id), action, payload, timeout_s)

    def outgoing(self, charge_point_id: str, command: Command) -> Outgoing:
        """Say a command in the charge point's own version, to be sent by `deliver`.

        Raises NotConnectedError, NotAcceptedError, NotSupportedError and InvalidValueError.
        """
        link = self._link(charge_point_id)
        outgoing = self._translators[link.version](link.charge_point, command)
        check_may_be_asked(link.charge_point, outgoing.action)
        return outgoing

    async def deliver(
        self, charge_point_id: str, outgoing: Outgoing, timeout_s: float | None = None
    ) -> CommandAnswer:
        """Send what `outgoing` made; raises what `call` raises."""
        answer = await self.call(charge_point_id, outgoing.action, outgoing.payload, timeout_s)
        return outgoing.read(answer, self._clock.now())

    async def execute(
        self, charge_point_id: str, command: Command, timeout_s: float | None = None
    ) -> CommandAnswer:
        """Send a version-neutral command in the charge point's own version.

        Raises NotSupportedError, InvalidValueError and what `call` raises.
        """
        outgoing = self.outgoing(charge_point_id, command)
        return await self.deliver(charge_point_id, outgoing, timeout_s)

    async def _send(
        self, link: Link, action: str, payload: Mapping[str, Any], timeout_s: float | None
    ) -> dict[str, Any]:
        check_may_be_asked(link.charge_point, action)
        for each in self._before:
            each.sending(link, action, payload)
        send = partial(link.call, action, payload, timeout_s or self.timeout_s)
        if self._passwords is None:
            answer = await send()
        else:
            answer = await self._passwords.carry(link, action, payload, send)
        for watcher in self._watchers:
            await watcher.answered(link, action, payload, answer)
        return answer
