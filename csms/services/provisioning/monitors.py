"""Monitors of variables: which are set, and how severe what they tell is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.errors import DatabaseUnavailableError
from csms.metrics import Metrics
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.notifications import SEVERITIES, Severity
from csms.services.ports import Link
from csms.services.records import (
    MonitorCleared,
    OwnMonitorsGone,
    Recorder,
    VariableMonitor,
)

MAX_REMEMBERED: Final = 10_000
"""Charge points whose monitors are in memory."""
_CRITICAL: Final = 3
_WARNING: Final = 6


@dataclass(frozen=True, slots=True)
class MonitorChange:
    """What an answer says about the monitors of a charge point."""

    set_: tuple[VariableMonitor, ...] = ()
    cleared: tuple[int, ...] = ()
    own_gone: bool = False


class MonitorReader(Protocol):
    """Reads the change out of an answer; None if there is none."""

    def __call__(
        self,
        charge_point_key: int,
        action: str,
        payload: Mapping[str, Any],
        answer: dict[str, Any],
        received_at: datetime,
        /,
    ) -> MonitorChange | None: ...


class MonitorStore(Protocol):
    async def monitor_severities(self, charge_point_key: int) -> Mapping[int, int]:
        """Return the severity of each monitor that a charge point has, by its id."""
        ...


class Monitors:
    """Knows the monitors of charge points; implements `csms.services.commands.AnswerWatcher`."""

    def __init__(
        self,
        recorder: Recorder,
        store: MonitorStore,
        readers: Mapping[OcppVersion, MonitorReader],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._recorder = recorder
        self._store = store
        self._readers = readers
        self._clock = clock
        self._severities: dict[int, dict[int, int]] = {}
        self._counts = {
            severity: metrics.monitored_events.labels(severity) for severity in SEVERITIES
        }

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Keep what a charge point took or gave up."""
        read = self._readers.get(link.version)
        key = link.charge_point.key
        change = read(key, action, payload, answer, self._clock.now()) if read else None
        if change is None:
            return
        cleared = [MonitorCleared(key, number) for number in change.cleared]
        gone = [OwnMonitorsGone(key)] if change.own_gone else []
        if change.set_ or cleared or gone:
            await self._recorder.commit(*change.set_, *cleared, *gone)
            self._severities.pop(key, None)

    async def reported(
        self, charge_point: ChargePoint, monitors: Sequence[VariableMonitor]
    ) -> None:
        """Keep the monitors of a part of a report, durable on return."""
        if monitors:
            await self._recorder.commit(*monitors)
            self._severities.pop(charge_point.key, None)

    async def weigh(
        self, charge_point: ChargePoint, monitor_id: int | None, *, alerting: bool
    ) -> Severity:
        """Say how severe an event is: as its monitor says, else a warning if it is an alert.

        OCPP's severities run from 0 (danger) to 9 (debug).
        """
        severity: int | None = None
        if alerting and monitor_id is not None:
            severity = (await self._of(charge_point.key)).get(monitor_id)
        if not alerting:
            return "info"
        if severity is None:
            return "warning"
        if severity <= _CRITICAL:
            return "critical"
        return "warning" if severity <= _WARNING else "info"

    def count(self, severity: Severity) -> None:
        """Count an event for the metrics."""
        self._counts[severity].inc()

    async def _of(self, charge_point_key: int) -> Mapping[int, int]:
        known = self._severities.get(charge_point_key)
        if known is None:
            if len(self._severities) >= MAX_REMEMBERED:
                del self._severities[next(iter(self._severities))]
            try:
                known = dict(await self._store.monitor_severities(charge_point_key))
            except DatabaseUnavailableError:  # no reason to keep a charger waiting
                return {}
            self._severities[charge_point_key] = known
        return known
