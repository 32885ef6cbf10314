"""Settings for distributed energy resources: what stations hold, what is in force (R04, R05)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService
from csms.services.records import Recorder
from csms.services.station_records import DerControl, DerControlRun

MAX_CONTROLS: Final = 500
"""Of one station; real ones have a few dozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerReport:
    """One part of what a station reports."""

    controls: Sequence[DerControl]
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DerAlarm:
    """A setting reacts to a fault of the grid, or no longer does."""

    control_type: str
    fault: str | None
    is_over: bool
    at: datetime


class DerControlStore(Protocol):
    async def count_der_controls(self, charge_point_key: int) -> int: ...


class DerControlService:
    def __init__(
        self, store: DerControlStore, recorder: Recorder, notifications: NotificationService
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._notifications = notifications

    async def reported(
        self,
        charge_point: ChargePoint,
        report: DerReport,
        payload: dict[str, Any],
        received_at: datetime,
    ) -> None:
        """Keep settings that a station holds (durable on return)."""
        number = len(report.controls)
        summary = f"{number} settings for distributed energy resources reported"
        known = await self._store.count_der_controls(charge_point.key)
        too_many = known + number > MAX_CONTROLS
        if too_many:
            summary += f", but more than {MAX_CONTROLS} are not kept"
        elif report.controls:
            await self._recorder.commit(*report.controls)
        if report.is_last:
            summary += "; the report is complete"
        await self._notifications.record(
            charge_point,
            "der_report",
            summary,
            payload,
            received_at,
            severity="warning" if too_many else "info",
        )

    async def started_or_ended(
        self,
        charge_point: ChargePoint,
        run: DerControlRun,
        superseded: Sequence[str],
        payload: dict[str, Any],
        received_at: datetime,
    ) -> None:
        """Keep that a setting came into force or ended (durable on return)."""
        runs = [run]
        if run.is_running:  # what it takes the place of is in force no longer
            runs += [
                DerControlRun(
                    charge_point_key=charge_point.key,
                    control_id=each,
                    is_running=False,
                    since=run.since,
                )
                for each in superseded
                if each != run.control_id
            ]
        await self._recorder.commit(*runs)
        await self._notifications.record(
            charge_point,
            "der_control",
            f"the setting {run.control_id} {'is in force' if run.is_running else 'has ended'}",
            payload,
            received_at,
            at=run.since,
        )

    async def alarm(
        self,
        charge_point: ChargePoint,
        alarm: DerAlarm,
        payload: dict[str, Any],
        received_at: datetime,
    ) -> None:
        """Keep a fault of the grid that a setting reacts to (durable on return)."""
        fault = alarm.fault or "a fault of the grid"
        await self._notifications.record(
            charge_point,
            "der_alarm",
            f"{alarm.control_type}: {fault}{' is over' if alarm.is_over else ''}",
            payload,
            received_at,
            at=alarm.at,
            severity="info" if alarm.is_over else "warning",
        )
