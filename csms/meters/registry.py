"""All meters that are configured: each is read in a task of its own.

Whatever one meter does - silence, garbage, a bug in its reading - no other one notices. The
libraries for a kind of meter are loaded when the first of its kind is configured.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from csms.clock import Clock
from csms.errors import InvalidValueError
from csms.events import Events
from csms.meters.secrets import SecretFiles
from csms.meters.settings import (
    ApiSettings,
    LinkedSettings,
    MeterKind,
    ModbusSettings,
    MqttSettings,
    OcppSettings,
    P1Settings,
    read_settings,
)
from csms.meters.sources import Health, Link, MeterSource, Patience, ReconnectingSource, Report
from csms.meters.station import StationLink
from csms.metrics import Metrics

_RemoteSettings: TypeAlias = ModbusSettings | P1Settings | MqttSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """A meter as it is configured."""

    id: str
    circuit_id: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterHealth:
    """How a meter is doing, for the API."""

    meter_id: str
    circuit_id: str
    kind: str
    failing: bool
    """Whether something went wrong since the last reading."""
    last_reading_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Running:
    config: MeterConfig
    health: Health
    task: asyncio.Task[None] | None = None
    """None for a meter that isn't read: its readings are posted, or its settings are wrong."""


class Meters:
    """Reads the configured meters and reports what they show."""

    def __init__(
        self,
        report: Report,
        *,
        clock: Clock,
        events: Events,
        secrets: SecretFiles,
        metrics: Metrics,
        first_retry_s: float = 1.0,
        longest_retry_s: float = 30.0,
    ) -> None:
        """`report` takes a reading at once and must not wait."""
        self._report = report
        self._clock = clock
        self._events = events
        self._secrets = secrets
        self._metrics = metrics
        self._retries = Patience(
            silence_s=0, first_retry_s=first_retry_s, longest_retry_s=longest_retry_s
        )
        self._running: dict[str, _Running] = {}
        self._changing = asyncio.Lock()

    async def configure(self, configs: Sequence[MeterConfig]) -> None:
        """Read exactly these meters from now on; those that didn't change aren't disturbed.

        A meter with wrong settings isn't read, and its health says why; nothing is raised.
        """
        wanted = {config.id: config for config in configs}
        async with self._changing:
            await self._end(
                [id_ for id_, run in self._running.items() if wanted.get(id_) != run.config]
            )
            for id_, config in wanted.items():
                if id_ not in self._running:
                    self._running[id_] = await self._start(config)
            self._count()

    async def stop(self) -> None:
        """Read nothing any more."""
        async with self._changing:
            await self._end(list(self._running))
            self._count()

    def health(self) -> list[MeterHealth]:
        """Return how each configured meter is doing."""
        return [
            MeterHealth(
                meter_id=id_,
                circuit_id=run.config.circuit_id,
                kind=run.config.kind,
                failing=run.health.failing,
                last_reading_at=run.health.last_reading_at,
                last_error=run.health.last_error,
                last_error_at=run.health.last_error_at,
            )
            for id_, run in self._running.items()
        ]

    async def _start(self, config: MeterConfig) -> _Running:
        try:
            settings = read_settings(config.kind, config.settings)
        except InvalidValueError as error:
            health = Health()
            health.note_error(f"is not read: {error}", self._clock.now())
            log.warning("meter %s is not read: %s", config.id, error)
            return _Running(config, health)
        if isinstance(settings, ApiSettings):
            return _Running(config, Health())
        source = ReconnectingSource(
            config.id,
            config.kind,
            await self._link(settings),
            settings.placement(config.circuit_id),
            replace(self._retries, silence_s=settings.silence_s),
            self._clock,
            self._metrics,
        )
        task = asyncio.create_task(self._keep(config, source), name=f"meter {config.id}")
        return _Running(config, source.health, task)

    async def _link(self, settings: LinkedSettings) -> Link:
        """Make a link; a thread loads the library, which takes a while."""
        if isinstance(settings, OcppSettings):
            return StationLink(settings, self._events)
        return await asyncio.to_thread(_remote_link, settings, self._secrets, self._clock)

    async def _keep(self, config: MeterConfig, source: MeterSource) -> None:
        """Read a meter for ever; a bug ends neither this nor any other meter."""
        while True:
            try:
                await source.run(self._report)
            except Exception as error:
                log.exception("reading meter %s failed", config.id)
                self._metrics.meter_errors.labels(config.kind).inc()
                source.health.note_error(f"reading it failed: {error!r}", self._clock.now())
            await asyncio.sleep(self._retries.longest_retry_s)

    async def _end(self, ids: Sequence[str]) -> None:
        ended = [self._running.pop(id_) for id_ in ids]
        tasks = [run.task for run in ended if run.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _count(self) -> None:
        kinds = Counter(run.config.kind for run in self._running.values() if run.task)
        for kind in MeterKind:
            self._metrics.meters.labels(kind.value).set(kinds[kind])


def _remote_link(settings: _RemoteSettings, secrets: SecretFiles, clock: Clock) -> Link:
    """Make a link over the network, loading what it needs only now."""
    match settings:
        case ModbusSettings():
            from csms.meters.modbus import ModbusLink

            return ModbusLink(settings, secrets, clock)
        case P1Settings():
            from csms.meters.p1 import P1Link

            return P1Link(settings, secrets, clock)
        case MqttSettings():
            from csms.meters.mqtt import MqttLink

            return MqttLink(settings, secrets, clock)
