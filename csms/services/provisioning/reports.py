"""Reports that charge points send part by part: asked for, received, complete or not (B07, N02).

A report is complete when its last part came and none before it is missing. Parts may come twice
and out of order; a part of a report that nobody here asked for begins one. What another process
noted, one before a restart or another node, is looked up when its next part comes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from csms.clock import Clock
from csms.errors import CommandError
from csms.events import Events, ReportProgressed
from csms.services.charge_point import ChargePoint
from csms.services.commands import Command, CommandAnswer, Outgoing
from csms.services.ports import Link
from csms.services.records import OldMonitorsGone, Recorder, ReportState

PATIENCE: Final = timedelta(minutes=3)
"""How long a report may go without a further part."""
ABANDONED: Final = PATIENCE + timedelta(minutes=1)
"""After this silence no process looks after a report any more."""
MAX_ABANDONED_AT_ONCE: Final = 100
MAX_OPEN_REPORTS: Final = 10_000
MAX_ENDED_REPORTS: Final = 1000
"""Ended ones that are remembered, for parts that come twice and answers that come late."""
MAX_PARTS: Final = 10_000
MAX_MISSING_SHOWN: Final = 20
SWEEP_S: Final = 5.0
SWEEP_LEFT_S: Final = 60.0
"""Between looks for what a stopped server left."""


class ReportKind(StrEnum):
    BASE = "base"
    CUSTOM = "custom"
    CONFIGURATION = "configuration"
    """All keys of OCPP 1.6; complete with its answer."""
    MONITORING = "monitoring"


class ReportStatus(StrEnum):
    REQUESTED = "requested"
    RECEIVING = "receiving"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """The last part came, others never did."""
    EMPTY = "empty"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


OPEN: Final = frozenset({ReportStatus.REQUESTED, ReportStatus.RECEIVING, ReportStatus.INCOMPLETE})
UNDER_WAY: Final = frozenset({ReportStatus.REQUESTED, ReportStatus.RECEIVING})
UNFINISHED: Final = frozenset({ReportStatus.INCOMPLETE, ReportStatus.TIMED_OUT})

ACTIONS: Final = {
    "GetBaseReport": ReportKind.BASE,
    "GetReport": ReportKind.CUSTOM,
    "GetMonitoringReport": ReportKind.MONITORING,
}


@dataclass(slots=True)
class Report:
    """A report on its way."""

    charge_point_key: int
    charge_point_id: str
    request_id: int
    kind: ReportKind
    requested_at: datetime
    scope: dict[str, Any] = field(default_factory=dict)
    requested_by: str | None = None
    status: ReportStatus = ReportStatus.REQUESTED
    reason: str | None = None
    last: int | None = None
    received: dict[int, int] = field(default_factory=dict)
    """Items by number of the part."""
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    asked_for: bool = False
    """Whether it is known what was asked for."""

    @property
    def missing(self) -> tuple[int, ...]:
        """The parts before the last known one that did not come."""
        last = max(self.received, default=-1) if self.last is None else self.last
        return tuple(number for number in range(last + 1) if number not in self.received)

    def take(self, part: int, items: int, *, more: bool) -> None:
        """Note a part; raises nothing for one that came before."""
        self.received[part] = items
        if not more:
            self.last = part
        if self.last is None:
            self.status = ReportStatus.RECEIVING
        else:
            self.status = ReportStatus.INCOMPLETE if self.missing else ReportStatus.COMPLETE

    @property
    def is_of_everything(self) -> bool:
        return not self.scope.get("criteria") and not self.scope.get("variables")

    @classmethod
    def of(cls, charge_point_id: str, state: ReportState) -> Report:
        """Take up what was kept of a report; how many items each part had is not."""
        missing = frozenset(state.missing_parts)
        numbers = [number for number in range(state.parts + len(missing)) if number not in missing]
        received = dict.fromkeys(numbers, 0)
        if numbers:
            received[numbers[0]] = state.items
        status = ReportStatus(state.status)
        is_whole = status in (ReportStatus.COMPLETE, ReportStatus.INCOMPLETE)
        return cls(
            charge_point_key=state.charge_point_key,
            charge_point_id=charge_point_id,
            request_id=state.request_id,
            kind=ReportKind(state.kind),
            requested_at=state.requested_at,
            scope=dict(state.scope),
            requested_by=state.requested_by,
            status=status,
            reason=state.reason,
            last=max(numbers, default=None) if is_whole else None,
            received=received,
            updated_at=state.updated_at,
            completed_at=state.completed_at,
            asked_for=state.requested_by is not None or bool(state.scope),
        )

    def state(self) -> ReportState:
        return ReportState(
            charge_point_key=self.charge_point_key,
            request_id=self.request_id,
            kind=self.kind.value,
            status=self.status.value,
            scope=self.scope,
            requested_at=self.requested_at,
            requested_by=self.requested_by,
            updated_at=self.updated_at or self.requested_at,
            parts=len(self.received),
            items=sum(self.received.values()),
            missing_parts=self.missing[:MAX_MISSING_SHOWN],
            reason=self.reason,
            completed_at=self.completed_at,
        )


def new_request_id() -> int:
    """Make an id that no request is likely to have had; charge points only echo it."""
    return secrets.randbelow(2**31 - 1) + 1


class ReportStore(Protocol):
    async def kept_report(self, charge_point_key: int, request_id: int) -> Report | None: ...

    async def abandoned_reports(self, latest: datetime, limit: int) -> Sequence[Report]:
        """Return those on their way that nobody has touched since `latest`."""
        ...


class CommandSender(Protocol):
    def outgoing(self, charge_point_id: str, command: Command) -> Outgoing: ...

    async def deliver(
        self, charge_point_id: str, outgoing: Outgoing, timeout_s: float | None = None
    ) -> CommandAnswer: ...


class Reports:
    """All reports that are on their way to this server; what becomes of them is stored."""

    def __init__(
        self, recorder: Recorder, events: Events, clock: Clock, store: ReportStore
    ) -> None:
        self._recorder = recorder
        self._store = store
        self._events = events
        self._clock = clock
        self._open: dict[tuple[int, int], Report] = {}
        self._ended: dict[tuple[int, int], Report] = {}

    async def ask(
        self,
        commands: CommandSender,
        report: Report,
        command: Command,
        timeout_s: float | None = None,
    ) -> CommandAnswer:
        """Ask for a report and note it first: its parts may be faster than the answer.

        Raises what `CommandService.execute` raises; what fails on its way is noted as well.
        """
        outgoing = commands.outgoing(report.charge_point_id, command)
        report.asked_for = True
        self._remember(report)
        await self._keep(report)
        try:
            answer = await commands.deliver(report.charge_point_id, outgoing, timeout_s)
        except CommandError as error:
            await self._end(report, ReportStatus.FAILED, str(error))
            raise
        if report.kind is ReportKind.CONFIGURATION:
            report.received[0] = len(answer.results)
            await self._end(report, ReportStatus.COMPLETE)
        return answer

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Note what a charge point says to a request for a report, whoever sent it."""
        kind = ACTIONS.get(action)
        if kind is None:
            return
        charge_point, request_id = link.charge_point, int(payload["requestId"])
        report = self._find(charge_point.key, request_id)
        if report is None:
            report = self._new(charge_point, request_id, kind)
        report.kind, report.asked_for = kind, True
        report.scope = report.scope or scope_of(payload)
        status = str(answer.get("status", ""))
        if status == "Accepted":
            await self._keep(report)
        elif status == "EmptyResultSet":  # B08.FR.15, N02.FR.10
            await self._end(report, ReportStatus.EMPTY)
        else:
            await self._end(report, ReportStatus.REFUSED, status or "no status")

    def _find(self, charge_point_key: int, request_id: int) -> Report | None:
        """Find the report that an answer is about; it may have come whole before the answer."""
        key = (charge_point_key, request_id)
        ended = self._ended.get(key)
        return self._open.get(key) or (ended if ended and not ended.asked_for else None)

    async def received(
        self,
        charge_point: ChargePoint,
        request_id: int,
        part: int,
        items: int,
        *,
        more: bool,
        monitoring: bool = False,
    ) -> Report:
        """Note a part whose content is stored; durable on return."""
        report = self._open.get((charge_point.key, request_id))
        if report is None:
            known = self._ended.get((charge_point.key, request_id))
            known = known or await self._store.kept_report(charge_point.key, request_id)
            if known is not None and _goes_on(known, part):
                report = known
                report.reason = None
                self._remember(report)
            elif known is not None and part > 0 and part in known.received:
                return known  # said twice
            else:
                kind = ReportKind.MONITORING if monitoring else ReportKind.CUSTOM
                report = self._new(charge_point, request_id, kind)
        if part < MAX_PARTS:
            report.take(part, items, more=more)
        if report.status is ReportStatus.COMPLETE:
            await self._complete(report)
        else:
            await self._keep(report)
        return report

    async def sweep(self) -> None:
        """End the reports whose next part is overdue."""
        latest = self._clock.now() - PATIENCE
        for report in [each for each in self._open.values() if _heard_of(each) < latest]:
            await self._give_up(report)

    async def sweep_left(self) -> None:
        """End overdue reports that a process left when it stopped."""
        latest = self._clock.now() - ABANDONED
        for report in await self._store.abandoned_reports(latest, MAX_ABANDONED_AT_ONCE):
            if (report.charge_point_key, report.request_id) not in self._open:
                await self._give_up(report)

    async def _give_up(self, report: Report) -> None:
        if report.status is ReportStatus.INCOMPLETE:
            await self._end(report, ReportStatus.INCOMPLETE, "parts are missing")
        else:
            await self._end(report, ReportStatus.TIMED_OUT, "no further part came")

    def _new(self, charge_point: ChargePoint, request_id: int, kind: ReportKind) -> Report:
        report = Report(charge_point.key, charge_point.id, request_id, kind, self._clock.now())
        self._remember(report)
        return report

    def _remember(self, report: Report) -> None:
        key = (report.charge_point_key, report.request_id)
        self._ended.pop(key, None)
        _put(self._open, key, report, MAX_OPEN_REPORTS)
        report.updated_at = self._clock.now()

    async def _complete(self, report: Report) -> None:
        await self._end(report, ReportStatus.COMPLETE)
        if report.kind is ReportKind.MONITORING and report.asked_for and report.is_of_everything:
            await self._recorder.commit(
                OldMonitorsGone(report.charge_point_key, report.requested_at)
            )

    async def _end(self, report: Report, status: ReportStatus, reason: str | None = None) -> None:
        report.status, report.reason = status, reason
        if status is ReportStatus.COMPLETE:
            report.completed_at = self._clock.now()
        key = (report.charge_point_key, report.request_id)
        self._open.pop(key, None)
        _put(self._ended, key, report, MAX_ENDED_REPORTS)
        await self._keep(report)

    async def _keep(self, report: Report) -> None:
        report.updated_at = self._clock.now()
        await self._recorder.commit(report.state())
        self._events.publish(
            ReportProgressed(
                at=report.updated_at,
                charge_point_id=report.charge_point_id,
                request_id=report.request_id,
                kind=report.kind.value,
                status=report.status.value,
                parts=len(report.received),
            )
        )


def _put(
    reports: dict[tuple[int, int], Report], key: tuple[int, int], report: Report, most: int
) -> None:
    if len(reports) >= most and key not in reports:
        del reports[next(iter(reports))]
    reports[key] = report


def _goes_on(report: Report, part: int) -> bool:
    """Whether a part belongs to a report that was left or given up; else it begins another."""
    if report.status in UNFINISHED:
        return part not in report.received
    return report.status in UNDER_WAY


def _heard_of(report: Report) -> datetime:
    return report.updated_at or report.requested_at


def scope_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Say what a request in 2.0.1 asks for."""
    scope: dict[str, Any] = {}
    if "reportBase" in payload:
        scope["base"] = payload["reportBase"]
    criteria = payload.get("componentCriteria") or payload.get("monitoringCriteria")
    if criteria:
        scope["criteria"] = list(criteria)
    if payload.get("componentVariable"):
        scope["variables"] = list(payload["componentVariable"])
    return scope
