"""What every source of readings is, and how one stays alive.

A `Link` is one connection to one meter: it hands over what is measured until it ends. A
`ReconnectingSource` makes links again and again, with growing pauses that differ between meters,
and knows how well that goes. A meter that is silent, or answers nothing that can be used, counts
as unplugged: the link is cut and made anew.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from csms.clock import Clock
from csms.meters.errors import IncompleteError, MeterError
from csms.meters.measurement import Placement, Quantities, reading_of
from csms.metrics import Metrics
from csms.services.load_management.ports import CircuitReading

log = logging.getLogger(__name__)

Report: TypeAlias = Callable[[CircuitReading], None]
"""Takes a reading at once; never waits."""

ERROR_MAX_CHARS: Final = 300


class MeterSource(Protocol):
    """One configured meter."""

    @property
    def health(self) -> Health:
        """How it is doing."""
        ...

    async def run(self, report: Report) -> None:
        """Report readings until cancelled; losing the meter is no reason to end."""
        ...


class Intake(Protocol):
    """Where a link hands over what it gets; returns at once."""

    def take(self, quantities: Quantities, measured_at: datetime) -> None:
        """Take a measurement."""
        ...

    def complain(self, error: str) -> None:
        """Take note of something that was no measurement."""
        ...


class Link(Protocol):
    """One connection to a meter."""

    async def stay(self, intake: Intake) -> None:
        """Connect and hand over measurements until the connection ends.

        Raises MeterError or OSError with the reason.
        """
        ...


@dataclass(slots=True)
class Health:
    """How a meter is doing."""

    last_reading_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    failing: bool = False
    """Whether something went wrong since the last reading."""

    def note_reading(self, at: datetime) -> bool:
        """Return whether the meter came back."""
        recovered, self.failing = self.failing, False
        self.last_reading_at = at
        return recovered

    def note_error(self, error: str, at: datetime) -> bool:
        """Return whether this is news: it worked before, or failed in another way."""
        error = error[:ERROR_MAX_CHARS]
        news = not self.failing or error != self.last_error
        self.last_error, self.last_error_at, self.failing = error, at, True
        return news


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for a meter, and before asking it again."""

    silence_s: float
    """Without a usable measurement the connection is cut."""
    first_retry_s: float = 1.0
    longest_retry_s: float = 30.0

    def retry_after_s(self, failures: int) -> float:
        """Return the pause after this many failures in a row: doubled each time, up to a cap.

        Between half of it and all, so that the meters of a building that lost its network don't
        come back in step.
        """
        pause = min(self.longest_retry_s, self.first_retry_s * 2.0 ** min(failures - 1, 30))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


class ReconnectingSource:
    """Keeps reading one meter, whatever happens to it."""

    def __init__(
        self,
        name: str,
        kind: str,
        link: Link,
        placement: Placement,
        patience: Patience,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.health = Health()
        self._name = name
        self._link = link
        self._placement = placement
        self._patience = patience
        self._clock = clock
        self._readings = metrics.meter_readings.labels(kind)
        self._errors = metrics.meter_errors.labels(kind)

    async def run(self, report: Report) -> None:
        """Report readings until cancelled."""
        failures = 0
        while True:
            before = self.health.last_reading_at
            await self._stay(report)
            failures = 1 if self.health.last_reading_at != before else failures + 1
            await asyncio.sleep(self._patience.retry_after_s(failures))

    async def _stay(self, report: Report) -> None:
        """Keep one connection as long as it is of use."""
        silence_s = self._patience.silence_s
        watched = asyncio.timeout(silence_s)
        intake = _WatchedIntake(self, report, watched, silence_s)
        try:
            async with watched:
                await self._link.stay(intake)
            self.note_error("the connection was closed")
        except (MeterError, OSError) as error:  # TimeoutError is an OSError
            if watched.expired():
                self.note_error(f"no usable reading for {silence_s:g} s{intake.complaint}")
            else:
                self.note_error(str(error) or type(error).__name__)

    def reading_of(self, quantities: Quantities, measured_at: datetime) -> CircuitReading:
        """Return the circuit's reading. Raises IncompleteError."""
        return reading_of(quantities, self._placement, measured_at)

    def note_error(self, error: str) -> None:
        self._errors.inc()
        if self.health.note_error(error, self._clock.now()):
            log.warning("meter %s: %s", self._name, error)

    def note_reading(self, measured_at: datetime) -> None:
        self._readings.inc()
        if self.health.note_reading(measured_at):
            log.info("meter %s gives readings again", self._name)


class _WatchedIntake:
    """Readings wind up the watch on silence; complaints don't."""

    def __init__(
        self,
        source: ReconnectingSource,
        report: Report,
        watched: asyncio.Timeout,
        silence_s: float,
    ) -> None:
        self._source = source
        self._report = report
        self._watched = watched
        self._silence_s = silence_s
        self.complaint = ""

    def take(self, quantities: Quantities, measured_at: datetime) -> None:
        try:
            reading = self._source.reading_of(quantities, measured_at)
        except IncompleteError as error:
            self.complain(str(error))
            return
        self.complaint = ""
        self._watched.reschedule(asyncio.get_running_loop().time() + self._silence_s)
        self._source.note_reading(measured_at)
        self._report(reading)

    def complain(self, error: str) -> None:
        self.complaint = f": {error}"
        self._source.note_error(error)
