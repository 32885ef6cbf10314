"""The alarms of one site: raised once, told once, cleared when they are over."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from csms.metrics import Metrics
from csms.services.load_management.keeper import Keeper
from csms.services.load_management.ports import LoadAlarm
from csms.smart_charging.instructions import Alarm

log = logging.getLogger(__name__)


class Alarms:
    def __init__(self, site_id: str, keeper: Keeper, metrics: Metrics) -> None:
        self._site_id = site_id
        self._keeper = keeper
        self._metrics = metrics
        self._active: dict[tuple[str, str], Alarm] = {}

    def take_over(self, kept: Iterable[LoadAlarm]) -> None:
        """Take what the database has as active: it may be over since another steered the site."""
        for one in kept:
            alarm = Alarm(
                kind=one.kind, subject=one.subject, severity=one.severity, message=one.message
            )
            self._active.setdefault((one.kind, one.subject), alarm)

    def update(self, alarms: Iterable[Alarm], now: datetime) -> None:
        """Take what is active now; tell and keep only what changed."""
        active = {(alarm.kind, alarm.subject): alarm for alarm in alarms}
        for name, alarm in active.items():
            if name not in self._active:
                log.warning("%s: %s", self._site_id, alarm.message)
                self._metrics.load_alarms.labels(alarm.kind).inc()
            if self._active.get(name) != alarm:
                self._keeper.raise_alarm(
                    LoadAlarm(
                        site_id=self._site_id,
                        kind=alarm.kind,
                        subject=alarm.subject,
                        severity=alarm.severity,
                        message=alarm.message,
                        at=now,
                    )
                )
        for kind, subject in self._active.keys() - active.keys():
            log.info("%s: over: %s %s", self._site_id, kind, subject)
            self._keeper.clear_alarm(self._site_id, kind, subject, now)
        self._active = active
