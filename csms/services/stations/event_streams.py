"""Periodic event streams: values of monitored variables, without an answer to each (N11 to N15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService
from csms.services.records import Recorder
from csms.services.station_records import EventStream, EventStreamProgress

MAX_STREAMS: Final = 64
"""Open ones of one station."""


@dataclass(frozen=True, slots=True)
class StreamValue:
    """One value, and when it was measured."""

    at: datetime
    value: str


class EventStreamStore(Protocol):
    async def count_open_streams(self, charge_point_key: int) -> int: ...


class EventStreamService:
    def __init__(
        self, store: EventStreamStore, recorder: Recorder, notifications: NotificationService
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._notifications = notifications

    async def opened(self, charge_point: ChargePoint, stream: EventStream) -> bool:
        """Note that a stream begins (durable on return); whether it is taken (N11.FR.05, 06)."""
        if await self._store.count_open_streams(charge_point.key) >= MAX_STREAMS:
            return False
        await self._recorder.commit(stream)
        return True

    async def closed(self, charge_point: ChargePoint, stream_id: int, at: datetime) -> None:
        """Note that a stream ended (N13.FR.02; durable on return)."""
        await self._recorder.commit(
            EventStream(
                charge_point_key=charge_point.key,
                stream_id=stream_id,
                is_open=False,
                changed_at=at,
            )
        )

    async def received(
        self,
        charge_point: ChargePoint,
        stream_id: int,
        values: list[StreamValue],
        pending: int | None,
        received_at: datetime,
    ) -> None:
        """Keep values of a stream in one notification (durable on return)."""
        latest = max(values, key=lambda each: each.at, default=None)
        if latest is None:
            return
        await self._recorder.commit(
            EventStreamProgress(
                charge_point_key=charge_point.key,
                stream_id=stream_id,
                pending=pending,
                last_value_at=latest.at,
                last_value=latest.value,
            )
        )
        data: dict[str, Any] = {
            "stream_id": stream_id,
            "pending": pending,
            "values": [{"at": each.at.isoformat(), "value": each.value} for each in values],
        }
        await self._notifications.record(
            charge_point,
            "event_stream",
            f"{len(values)} values of stream {stream_id}, the latest is {latest.value[:60]!r}",
            data,
            received_at,
            at=latest.at,
        )
