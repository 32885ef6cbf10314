"""Remembers what stations took from us: settings for the grid, dynamic schedules, streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from csms.clock import Clock
from csms.model import OcppVersion
from csms.services.ports import Link
from csms.services.records import Recorder
from csms.services.station_records import DerControl, DynamicSchedule, EventStream


@dataclass(frozen=True, slots=True)
class ForgetDerControls:
    """One by its id, or all that match (R04)."""

    control_id: str | None
    control_type: str | None
    is_default: bool | None


@dataclass(frozen=True, slots=True)
class ForgetDynamicSchedules:
    """One by the id of its profile, or all of an EVSE; None: of all."""

    profile_id: int | None
    evse_id: int | None


Taken: TypeAlias = (
    DerControl | DynamicSchedule | EventStream | ForgetDerControls | ForgetDynamicSchedules
)


class TakenReader(Protocol):
    """Returns what a station holds differently since it gave this answer."""

    def __call__(
        self,
        charge_point_key: int,
        action: str,
        payload: Mapping[str, Any],
        answer: dict[str, Any],
        received_at: datetime,
        /,
    ) -> Sequence[Taken]: ...


class StationMemoryStore(Protocol):
    """Durable on return."""

    async def forget_der_controls(self, charge_point_key: int, what: ForgetDerControls) -> None: ...

    async def forget_dynamic_schedules(
        self, charge_point_key: int, what: ForgetDynamicSchedules
    ) -> None: ...


class StationMemory:
    """Implements `csms.services.commands.AnswerWatcher`; versions without a reader tell nothing."""

    def __init__(
        self,
        recorder: Recorder,
        store: StationMemoryStore,
        readers: Mapping[OcppVersion, TakenReader],
        clock: Clock,
    ) -> None:
        self._recorder = recorder
        self._store = store
        self._readers = readers
        self._clock = clock

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep what the station took, forget what it cleared."""
        read = self._readers.get(link.version)
        if read is None:
            return
        key = link.charge_point.key
        for each in read(key, action, payload, answer, self._clock.now()):
            if isinstance(each, ForgetDerControls):
                await self._store.forget_der_controls(key, each)
            elif isinstance(each, ForgetDynamicSchedules):
                await self._store.forget_dynamic_schedules(key, each)
            else:
                await self._recorder.commit(each)
