"""Applying templates to many charge points: once each, a few at a time, verified by reading back.

A job waits until its charge point is connected. What needs a restart is verified after the next
boot; nothing is ever set at a boot by itself. One that a stopped server was at goes on where its
charge point connects: who has the connection has the job. A job that fails is not tried again: some
chargers restart when they are asked the wrong thing, and would do so for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.errors import CommandError, InvalidValueError
from csms.events import (
    ChargePointBooted,
    ChargePointConnected,
    ConfigurationJobProgressed,
    Events,
    RegistrationDecided,
)
from csms.metrics import Metrics
from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import ChargePointService
from csms.services.commanding import CommandService
from csms.services.commands import Reset
from csms.services.provisioning.applying import WELL, Applied, SettingResult, apply, verify
from csms.services.provisioning.device_models import DeviceModels
from csms.services.provisioning.templates import Template, settings_for
from csms.services.provisioning.words import SetConfiguration
from csms.services.rounds import Boundary, Rounds

WAITING_EVENTS: Final = 10_000
AT_ONCE: Final = 4
LOOK_S: Final = 30.0
BREATH_S: Final = 0.2
"""What happens within this time leads to one look for work."""
BATCH: Final = 100
LOOKED_AT: Final = 10_000
"""Waiting jobs that are looked at for those whose charge point is connected."""
BY_ITSELF: Final = "approval"
"""Who asks for a job that follows an approval."""


class JobStatus(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    REBOOT_REQUIRED = "reboot_required"
    VERIFYING = "verifying"
    """It restarted, and is read back next."""
    APPLIED = "applied"
    INCOMPLETE = "incomplete"
    """Some settings were refused, not kept or are unknown; `results` says which."""
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    id: int
    charge_point_key: int
    charge_point_id: str
    template_id: str
    settings: tuple[SetConfiguration, ...]
    """As the template has them; each charge point takes what its version knows."""
    restart_if_needed: bool
    status: JobStatus
    results: Sequence[dict[str, Any]] = ()
    reason: str | None = None


class JobStore(Protocol):
    """Durable on return."""

    async def templates(self) -> Sequence[Template]: ...

    async def add_jobs_once(
        self, charge_point_key: int, templates: Sequence[Template], actor: str, at: datetime
    ) -> int:
        """Make a job for each template that the charge point never had one of; returns how many."""
        ...

    async def due_jobs(self, limit: int) -> Sequence[tuple[int, str]]:
        """Return the oldest jobs that wait, run or are to be verified, with their charge points."""
        ...

    async def jobs(self, job_ids: Sequence[int]) -> Sequence[Job]:
        """Return jobs that still wait, run or are to be verified, the oldest first."""
        ...

    async def take_job(self, job: Job, at: datetime) -> bool:
        """Mark a job as running; False if it is not as it was read any more."""
        ...

    async def save_job(self, job: Job, at: datetime) -> None: ...

    async def note_reason(self, job_id: int, reason: str) -> None: ...

    async def booted(self, charge_point_id: str, at: datetime) -> None:
        """Let the jobs that wait for a restart be verified."""
        ...


class ConfigurationJobs:
    def __init__(
        self,
        store: JobStore,
        models: DeviceModels,
        commands: CommandService,
        charge_points: ChargePointService,
        events: Events,
        clock: Clock,
        metrics: Metrics,
        *,
        per_minute: int,
    ) -> None:
        self._store = store
        self._models = models
        self._commands = commands
        self._charge_points = charge_points
        self._events = events
        self._clock = clock
        self._pause_s = 60.0 / per_minute
        self._seen = events.subscribe(
            WAITING_EVENTS,
            ChargePointBooted,
            ChargePointConnected,
            ConfigurationJobProgressed,
            RegistrationDecided,
        )
        self._rounds = Rounds(
            "templates", self._start_due, metrics, every_s=LOOK_S, settle_s=BREATH_S
        )
        self._boundary = Boundary("templates", metrics)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: set[str] = set()
        self._tasks: asyncio.TaskGroup

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._listen())
            await self._rounds.run()

    async def _listen(self) -> None:
        async for event in self._seen:
            if isinstance(event, ChargePointBooted | RegistrationDecided):
                with self._boundary.survive(f"looking at {event.charge_point_id}"):
                    await self._consider(event)
            self._rounds.ring()

    async def _consider(self, event: ChargePointBooted | RegistrationDecided) -> None:
        """Note a restart; give a charge point that was just accepted its templates, once."""
        if event.registration_status != RegistrationStatus.ACCEPTED:
            return
        charge_point = self._charge_points.live(event.charge_point_id)
        is_first = True
        if isinstance(event, ChargePointBooted):
            await self._store.booted(event.charge_point_id, self._clock.now())
            is_first = charge_point is not None and charge_point.boot_count == 1
        if charge_point is not None and is_first:
            await self._give_templates(charge_point)

    async def _give_templates(self, charge_point: ChargePoint) -> None:
        about = (charge_point.vendor, charge_point.model, charge_point.firmware_version)
        wanted = [
            template
            for template in await self._store.templates()
            if template.apply_on_approval and template.fits(*about)
        ]
        if wanted:
            now = self._clock.now()
            await self._store.add_jobs_once(charge_point.key, wanted, BY_ITSELF, now)

    async def _start_due(self) -> None:
        due = await self._store.due_jobs(LOOKED_AT)
        ready = [number for number, charge_point_id in due if self._is_ready(charge_point_id)]
        for job in await self._store.jobs(ready[:BATCH]) if ready else []:
            if not self._is_ready(job.charge_point_id):
                continue  # it has one already: one after the other
            await self._places.acquire()
            self._running.add(job.charge_point_id)
            self._tasks.create_task(self._carry_out(job))
            await asyncio.sleep(self._pause_s)

    def _is_ready(self, charge_point_id: str) -> bool:
        charge_point = self._charge_points.live(charge_point_id)
        return (
            charge_point is not None
            and charge_point.accepted
            and charge_point_id not in self._running
            and self._charge_points.is_connected(charge_point_id)
        )

    async def _carry_out(self, job: Job) -> None:
        try:
            with self._boundary.survive(f"job {job.id}"):
                await self._do(job)
        finally:
            self._running.discard(job.charge_point_id)
            self._places.release()
            self._rounds.ring()

    async def _do(self, job: Job) -> None:
        verifying = job.status is JobStatus.VERIFYING
        if not verifying:
            if not await self._store.take_job(job, self._clock.now()):
                return
            job = replace(job, status=JobStatus.RUNNING)
            self._tell(job)
        charge_point = self._charge_points.live(job.charge_point_id)
        if charge_point is None:
            await self._save(replace(job, status=JobStatus.WAITING))
            return
        settings = settings_for(charge_point.ocpp_version, job.settings)
        try:
            step = verify if verifying else apply
            applied = await step(self._models, charge_point.id, settings) if settings else ()
        except (CommandError, InvalidValueError) as error:
            await self._save(replace(job, status=JobStatus.FAILED, reason=str(error)))
            return
        job = self._with_results(job, applied)
        await self._save(job)
        if job.status is JobStatus.REBOOT_REQUIRED and job.restart_if_needed:
            await self._restart(job)

    def _with_results(self, job: Job, applied: Sequence[Applied]) -> Job:
        results = [each.dump() for each in applied]
        found = {each.result for each in applied}
        if SettingResult.REBOOT_REQUIRED in found:
            status, reason = JobStatus.REBOOT_REQUIRED, "it has to restart"
        elif not applied:
            status, reason = JobStatus.APPLIED, "its OCPP version has none of these settings"
        elif found <= WELL:
            status, reason = JobStatus.APPLIED, None
        else:
            wrong = [each.name for each in applied if each.result not in WELL]
            status, reason = JobStatus.INCOMPLETE, f"not as wanted: {', '.join(wrong)}"
        return replace(job, status=status, results=results, reason=reason)

    async def _restart(self, job: Job) -> None:
        try:
            answer = await self._commands.execute(job.charge_point_id, Reset())
        except CommandError as error:
            reason = f"it has to restart, and could not be told to: {error}"
        else:
            said = answer.status or "nothing"
            reason = f"it has to restart; told to, it said {said}"
        await self._store.note_reason(job.id, reason)

    async def _save(self, job: Job) -> None:
        await self._store.save_job(job, self._clock.now())
        self._tell(job)

    def _tell(self, job: Job) -> None:
        self._events.publish(
            ConfigurationJobProgressed(
                at=self._clock.now(),
                charge_point_id=job.charge_point_id,
                job_id=job.id,
                template_id=job.template_id,
                status=job.status.value,
            )
        )
