"""What charge points' displays show: learned from accepted commands and from reports (O)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.ports import Link

if TYPE_CHECKING:
    from csms.services.operations.ports import DisplayStore

MAX_MESSAGES: Final = 200
"""What is kept for each charge point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayMessage:
    message_id: int
    priority: str
    format: str
    content: str
    language: str | None = None
    state: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    ocpp_transaction_id: str | None = None
    component: str | None = None
    """The display it is on, where the charge point has several."""
    evse_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayChange:
    """One of both."""

    shown: DisplayMessage | None = None
    cleared_id: int | None = None


class DisplayReader(Protocol):
    """Returns what a charge point has changed with this command, None if nothing."""

    def __call__(
        self, action: str, payload: Mapping[str, Any], answer: dict[str, Any], /
    ) -> DisplayChange | None: ...


class DisplayMemory:
    """Keeps what is shown, whatever way the command was sent."""

    def __init__(
        self, store: DisplayStore, readers: Mapping[OcppVersion, DisplayReader], clock: Clock
    ) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        reader = self._readers.get(link.version)
        change = reader(action, payload, answer) if reader is not None else None
        if change is None:
            return
        key = link.charge_point.key
        if change.shown is not None:
            await self._store.show(key, [change.shown], self._clock.now())
        elif change.cleared_id is not None:
            await self._store.clear(key, change.cleared_id)
