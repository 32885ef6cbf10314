"""Remembers the configuration that charge points tell of, whatever asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.notifications import NotificationService
from csms.services.ports import Link
from csms.services.records import VariableValue


class VariableReader(Protocol):
    """Returns the variables (1.6: keys, without a component) that an answer tells of."""

    def __call__(
        self,
        charge_point_key: int,
        action: str,
        payload: Mapping[str, Any],
        answer: dict[str, Any],
        received_at: datetime,
        /,
    ) -> Sequence[VariableValue]: ...


class ConfigurationMemory:
    """Implements `csms.services.commands.AnswerWatcher`."""

    def __init__(
        self,
        notifications: NotificationService,
        readers: Mapping[OcppVersion, VariableReader],
        clock: Clock,
    ) -> None:
        self._notifications = notifications
        self._readers = readers
        self._clock = clock

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Store the values that were told or taken."""
        read = self._readers[link.version]
        values = read(link.charge_point.key, action, payload, answer, self._clock.now())
        await self._notifications.record_variables(values)
