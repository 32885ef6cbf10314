"""Reading and writing many variables and monitors of a charge point, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import orjson

from csms.errors import NotConnectedError
from csms.model import OcppVersion
from csms.services.commanding import CommandService
from csms.services.commands import Command, CommandAnswer, GetConfiguration
from csms.services.ports import Link, Links
from csms.services.provisioning.batches import LimitsByAction, MessageLimits, batches
from csms.services.provisioning.words import (
    ClearMonitors,
    NewMonitor,
    SetConfiguration,
    SetMonitors,
    SetVariables,
    VariableName,
)

T = TypeVar("T")

_TAKEN: Final = frozenset({"accepted", "rebootrequired"})


class LimitStore(Protocol):
    async def message_limits(self, charge_point_key: int) -> LimitsByAction:
        """Return what a charge point told of how much it takes at once."""
        ...


class DeviceModels:
    """Commands about many variables at once.

    Every method raises what `CommandService.execute` raises, at the first message that fails.
    """

    def __init__(self, commands: CommandService, links: Links, store: LimitStore) -> None:
        self._commands = commands
        self._links = links
        self._store = store

    async def read(
        self, charge_point_id: str, names: Sequence[VariableName], timeout_s: float | None = None
    ) -> CommandAnswer:
        """Ask for variables; no names: for everything. A yes if any of them is known."""
        if not names:
            return await self._commands.execute(charge_point_id, GetConfiguration(), timeout_s)
        link = self._link(charge_point_id)
        action = "getconfiguration" if link.version is OcppVersion.V16 else "getvariables"
        answers = await self._each(
            link, action, names, lambda part: GetConfiguration(tuple(part)), timeout_s
        )
        told = next((answer for answer in answers if answer.accepted), answers[0])
        return _joined(answers, told.status, accepted=told.accepted)

    async def write(
        self,
        charge_point_id: str,
        settings: Sequence[SetConfiguration],
        timeout_s: float | None = None,
    ) -> CommandAnswer:
        """Set variables; a yes if all were taken. `results` has each with its status."""
        link = self._link(charge_point_id)
        if link.version is OcppVersion.V16:
            answers = []
            for setting in settings:
                answer = await self._commands.execute(link.charge_point.id, setting, timeout_s)
                named = {"variable": setting.name.variable, "status": answer.status}
                answers.append(
                    CommandAnswer(answer.status, answer.accepted, answer.response, [named])
                )
        else:
            answers = await self._each(
                link, "setvariables", settings, lambda part: SetVariables(tuple(part)), timeout_s
            )
        return _worst(answers)

    async def set_monitors(
        self,
        charge_point_id: str,
        monitors: Sequence[NewMonitor],
        timeout_s: float | None = None,
    ) -> CommandAnswer:
        link = self._link(charge_point_id)
        answers = await self._each(
            link,
            "setvariablemonitoring",
            monitors,
            lambda part: SetMonitors(tuple(part)),
            timeout_s,
        )
        return _worst(answers)

    async def clear_monitors(
        self, charge_point_id: str, monitor_ids: Sequence[int], timeout_s: float | None = None
    ) -> CommandAnswer:
        link = self._link(charge_point_id)
        answers = await self._each(
            link,
            "clearvariablemonitoring",
            monitor_ids,
            lambda part: ClearMonitors(tuple(part)),
            timeout_s,
        )
        return _worst(answers)

    async def _each(
        self,
        link: Link,
        action: str,
        items: Sequence[T],
        command_of: Callable[[Sequence[T]], Command],
        timeout_s: float | None,
    ) -> list[CommandAnswer]:
        identity = link.charge_point.id
        limits = (await self._store.message_limits(link.charge_point.key)).get(
            action, MessageLimits()
        )

        def size_of(item: T) -> int:
            payload = self._commands.outgoing(identity, command_of([item])).payload
            return len(orjson.dumps(payload))

        # all of them first: nothing is sent if one of them can't be
        parts = [command_of(part) for part in batches(items, limits, size_of)]
        return [await self._commands.execute(identity, part, timeout_s) for part in parts]

    def _link(self, charge_point_id: str) -> Link:
        link = self._links.get(charge_point_id)
        if link is None:
            raise NotConnectedError(charge_point_id)
        return link


def _worst(answers: Sequence[CommandAnswer]) -> CommandAnswer:
    """Join answers; the first refusal, else the first word that is more than a yes, stands."""
    refused = [answer for answer in answers if not answer.accepted]
    other = [answer for answer in answers if answer.status.casefold() != "accepted"]
    told = next(iter(refused or other or answers))
    return _joined(answers, told.status, accepted=not refused)


def _joined(answers: Sequence[CommandAnswer], status: str, *, accepted: bool) -> CommandAnswer:
    if len(answers) == 1:
        return answers[0]
    response: dict[str, Any] = {}
    for answer in answers:
        for key, value in answer.response.items():
            known = response.get(key)
            both = isinstance(known, list) and isinstance(value, list)
            response[key] = known + value if both else value
    results = [result for answer in answers for result in answer.results]
    return CommandAnswer(status, accepted, response, results)


def is_taken(status: str) -> bool:
    """Whether a setting's status means that the charge point has the value now or will have."""
    return status.casefold() in _TAKEN
