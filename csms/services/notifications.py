"""What chargers tell that needs keeping and showing, but no decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from csms.events import ChargePointNotified, Events
from csms.services.charge_point import ChargePoint
from csms.services.confidential import may_hold_secret
from csms.services.records import Notification, Recorder, ReservationChange, VariableValue

Severity: TypeAlias = Literal["info", "warning", "critical"]


SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")
"""The least severe first."""


class NotificationService:
    def __init__(self, recorder: Recorder, events: Events) -> None:
        self._recorder = recorder
        self._events = events

    async def record(
        self,
        charge_point: ChargePoint,
        kind: str,
        summary: str,
        data: dict[str, Any],
        received_at: datetime,
        *,
        at: datetime | None = None,
        severity: Severity = "info",
        evse_id: int | None = None,
        connector_id: int | None = None,
    ) -> None:
        """Keep a notification (durable on return) and publish it."""
        moment = at or received_at
        await self._recorder.commit(
            Notification(
                charge_point.key,
                kind,
                severity,
                summary,
                data,
                moment,
                received_at,
                evse_id,
                connector_id,
            )
        )
        self._events.publish(
            ChargePointNotified(
                at=moment,
                charge_point_id=charge_point.id,
                kind=kind,
                severity=severity,
                data=data,
            )
        )

    async def record_variables(self, variables: Sequence[VariableValue]) -> None:
        """Keep what a charger reported of its device model or configuration, but no secrets."""
        if variables:
            await self._recorder.commit(*map(_without_secret, variables))

    async def record_reservation(self, change: ReservationChange) -> None:
        await self._recorder.commit(change)


def _without_secret(value: VariableValue) -> VariableValue:
    if may_hold_secret(value.variable) or may_hold_secret(value.value or ""):
        return replace(value, value=None)
    return value
