"""The guided check of a meter: a charging car is lowered for a moment, and the meter has to follow.

Nothing is ever raised above what load management gives. While the car is held down nobody gets
what it leaves, so that the meter shows its step alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import ConflictError, DatabaseUnavailableError
from csms.meters.commissioning import MIN_STEP_A, Verdict, check_load, corrected_phases
from csms.services.load_management.ports import CircuitReading, MeterInbox
from csms.services.load_management.views import SiteView
from csms.smart_charging.grid import EvseKey, PerPhase, Phase
from csms.smart_charging.instructions import EvseStatus
from csms.smart_charging.steered_evse import HeldDown

log = logging.getLogger(__name__)

READINGS: Final = 3
"""So many readings before and after."""
FOLLOWED_WITHIN_A: Final = 1.0
SETTLE: Final = timedelta(seconds=3)
"""A meter may show a moment that lies a little back."""
KEPT: Final = 100
"""Checks that are remembered."""


class State(StrEnum):
    BEFORE = "before"
    """Reading the meter while the car charges as before."""
    LOWERING = "lowering"
    """Waiting for the car to draw less."""
    AFTER = "after"
    """Reading the meter again."""
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOrder:
    """What to check with which car."""

    site_id: str
    key: EvseKey
    circuit_id: str
    min_a: float
    meter_phases: tuple[Phase, ...]
    """As the meter's settings have them."""
    current_a: float | None = None
    """By how much the car is to be lowered; None: to its minimum."""
    patience_s: float = 60.0
    """How long to wait for readings, and for the car, each."""


@dataclass(slots=True, kw_only=True)
class GuidedCheck:
    id: int
    order: CheckOrder
    started_at: datetime
    state: State = State.BEFORE
    message: str = "reading the meter while the car charges as before"
    finished_at: datetime | None = None
    verdict: Verdict | None = None
    step_a: PerPhase | None = None
    """By how much the car itself drew less."""
    proposed_phases: tuple[Phase, ...] | None = None
    """What the meter's `phases` should be, after all checks of it; None: as they are."""
    readings: list[CircuitReading] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        return self.finished_at is not None


class HoldsDown(MeterInbox, Protocol):
    """Load management, as far as a check needs it."""

    def allocation(self, site_id: str) -> SiteView | None: ...

    def hold_down(self, site_id: str, key: EvseKey, hold: HeldDown | None) -> None: ...


Record = Callable[[GuidedCheck], Awaitable[None]]
"""Writes down what a check found. Raises DatabaseUnavailableError."""


class _FailedError(Exception):
    """Why a check came to no verdict."""


class GuidedChecks:
    """All checks of this server; readings pass through it to load management."""

    def __init__(self, loads: HoldsDown, clock: Clock) -> None:
        self._loads = loads
        self._clock = clock
        self._checks: dict[int, GuidedCheck] = {}
        self._last_id = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End the running checks; their cars are held down no longer than their patience."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def reading(self, reading: CircuitReading) -> None:
        """Take a meter reading for the checks that wait for one, and pass it on."""
        for check in self._checks.values():
            if not check.is_over and check.order.circuit_id == reading.circuit_id:
                check.readings.append(reading)
                check.wake.set()
        self._loads.reading(reading)

    def of_site(self, site_id: str) -> Sequence[GuidedCheck]:
        """The checks of a site, the newest first."""
        return [one for one in reversed(self._checks.values()) if one.order.site_id == site_id]

    def start(self, order: CheckOrder, record: Record) -> GuidedCheck:
        """Begin a check. Raises ConflictError where no car draws enough, or another check runs."""
        if any(not one.is_over for one in self.of_site(order.site_id)):
            raise ConflictError(f"another check runs at site {order.site_id!r}; wait for its end")
        drawn_a = max(self._drawn(order))
        if drawn_a < MIN_STEP_A:
            raise ConflictError(
                f"{order.key} draws {drawn_a:.1f} A: a car or a test load has to draw at least "
                f"{MIN_STEP_A:g} A there"
            )
        self._last_id += 1
        check = GuidedCheck(id=self._last_id, order=order, started_at=self._clock.now())
        self._checks[check.id] = check
        if len(self._checks) > KEPT:
            del self._checks[next(iter(self._checks))]
        task = asyncio.create_task(self._run(check, record), name=f"check of {order.circuit_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return check

    async def _run(self, check: GuidedCheck, record: Record) -> None:
        order = check.order
        try:
            await self._compare(check)
            check.state = State.DONE
        except _FailedError as error:
            check.state, check.message = State.FAILED, str(error)
        finally:
            self._loads.hold_down(order.site_id, order.key, None)
        check.finished_at = self._clock.now()
        log.info("check of circuit %s with %s: %s", order.circuit_id, order.key, check.message)
        try:
            await record(check)
        except DatabaseUnavailableError as error:
            log.warning("the check of %s is not in the audit log: %s", order.circuit_id, error)

    async def _compare(self, check: GuidedCheck) -> None:
        order = check.order
        on = await self._readings(check, check.started_at)
        before_a = self._measured(order)
        floor_a = _floor_a(order, max(before_a))
        check.state = State.LOWERING
        check.message = f"lowering {order.key} from {max(before_a):.1f} A to {floor_a:g} A"
        until = self._clock.now() + timedelta(seconds=3 * order.patience_s)
        self._loads.hold_down(order.site_id, order.key, HeldDown(floor_a, before_a, until))
        after_a = await self._followed(check, floor_a)
        check.state, check.message = State.AFTER, "reading the meter while the car draws less"
        off = await self._readings(check, self._clock.now() + SETTLE)
        check.step_a = before_a.minus(after_a).at_least(0.0)
        try:
            verdict = check_load(off, on, f"charger {order.key}", check.step_a)
        except ValueError as error:
            raise _FailedError(str(error)) from error
        check.verdict, check.message = verdict, verdict.message
        check.proposed_phases = self._proposed(check)

    async def _readings(self, check: GuidedCheck, since: datetime) -> list[PerPhase]:
        """Wait for readings that were taken since a moment."""
        patience_s = check.order.patience_s
        check.readings.clear()
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    taken = [one for one in check.readings if one.measured_at >= since]
                    if len(taken) >= READINGS:
                        return [one.current_a for one in taken]
                    check.wake.clear()
                    await check.wake.wait()
        except TimeoutError:
            raise _FailedError(
                f"the meter gave {len(taken)} of {READINGS} readings within {patience_s:g} s"
            ) from None

    async def _followed(self, check: GuidedCheck, floor_a: float) -> PerPhase:
        """Wait until the car draws less, looking at each reading; returns what it draws then."""
        order = check.order
        try:
            async with asyncio.timeout(order.patience_s):
                while max(drawn_a := self._measured(order)) > floor_a + FOLLOWED_WITHIN_A:
                    check.wake.clear()
                    await check.wake.wait()
                return drawn_a
        except TimeoutError:
            raise _FailedError(
                f"{order.key} did not come down to {floor_a:g} A within {order.patience_s:g} s, or "
                "did not report it"
            ) from None

    def _measured(self, order: CheckOrder) -> PerPhase:
        try:
            return self._drawn(order)
        except ConflictError as error:
            raise _FailedError(str(error)) from error

    def _drawn(self, order: CheckOrder) -> PerPhase:
        """What the car draws on the grid's phases; raises ConflictError if nobody knows."""
        status = self._status(order)
        if status.transaction_id is None or status.measured_a is None:
            raise ConflictError(
                f"{order.key} reports no current of a charging car (it is {status.state})"
            )
        return status.measured_a

    def _status(self, order: CheckOrder) -> EvseStatus:
        found = self._loads.allocation(order.site_id)
        for status in () if found is None else found.evses:
            if status.key == order.key:
                return status
        raise ConflictError(f"{order.key} is not steered here (yet)")

    def _proposed(self, check: GuidedCheck) -> tuple[Phase, ...] | None:
        """What all checks of this meter with its present settings say together."""
        order, seen = check.order, {}
        for one in self._checks.values():
            same = one.order.circuit_id, one.order.meter_phases
            if same != (order.circuit_id, order.meter_phases) or one.step_a is None:
                continue
            if one.verdict is not None and one.verdict.phase_seen is not None:
                loaded = max(Phase, key=one.step_a.__getitem__)
                seen[loaded] = one.verdict.phase_seen
        if all(loaded is shown for loaded, shown in seen.items()):
            return None
        return corrected_phases(order.meter_phases, seen)


def _floor_a(order: CheckOrder, drawn_a: float) -> float:
    """To what the car is lowered: its minimum, or a pause where that would be too little."""
    wanted_a = drawn_a - order.current_a if order.current_a is not None else order.min_a
    if wanted_a >= order.min_a and drawn_a - wanted_a >= MIN_STEP_A:
        return wanted_a
    return 0.0
