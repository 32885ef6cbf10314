"""A whole month at the demo's car park, as fast as the central system answers.

The central system shares `clock`, so nothing is late and nothing is early: all that a moment brings
is delivered before the next one comes. The chargers tell what their meters show at every full
quarter of an hour, and `MeterLog` writes the same down beside them, for whoever wants to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .clock import SteppedClock
from .days import CarPark, DemoOptions, OnDemoProgress
from .evse import Evse

quarter = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class MeterRow:
    """What a meter showed `at` a moment; from then on `id_token` charges, or nobody ("")."""

    at: datetime
    charge_point_id: str
    evse_id: int
    id_token: str
    register_wh: int


class MeterLog:
    """Reads the displays of all meters whenever somebody begins or ends, and each quarter hour."""

    def __init__(self) -> None:
        self.rows: list[MeterRow] = []
        self._charging: dict[tuple[str, int], str] = {}

    def note(self, evses: Mapping[tuple[str, int], Evse], now: datetime) -> None:
        """Write down what is due now."""
        is_due = not (now - datetime.min.replace(tzinfo=now.tzinfo)) % quarter
        for place, evse in evses.items():
            token = evse.transaction.token.value if evse.transaction is not None else ""
            if token != self._charging.get(place, "") or (token and is_due):
                self._charging[place] = token
                self.rows.append(MeterRow(now, *place, token, int(evse.box.register_wh)))

    @property
    def energy_wh(self) -> int:
        """What all meters counted together."""
        first: dict[tuple[str, int], int] = {}
        last: dict[tuple[str, int], int] = {}
        for row in self.rows:
            place = row.charge_point_id, row.evse_id
            first.setdefault(place, row.register_wh)
            last[place] = row.register_wh
        return sum(last.values()) - sum(first.values())


async def run_demo_month(
    options: DemoOptions, clock: SteppedClock, on_progress: OnDemoProgress | None = None
) -> MeterLog:
    """Live from the clock's time until `closes_at`, and on until the last car has left."""
    log = MeterLog()
    async with CarPark(options, clock) as park:
        evses = park.evses
        park.after_scene = lambda: log.note(evses, clock.now())
        park.progress.is_live = True
        await park.connect()
        while _is_open(options, clock) or not park.is_quiet:
            await park.move_on(options.step_s)
            if on_progress is not None:
                on_progress(park.progress)
    return log


def _is_open(options: DemoOptions, clock: SteppedClock) -> bool:
    return options.closes_at is not None and clock.now() < options.closes_at
