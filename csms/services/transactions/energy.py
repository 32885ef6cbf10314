"""The energy register of a transaction, from readings in whatever order they come.

Registers fall to zero at reboots, drop for single samples, and jump. Readings are kept as runs in
which the register only rose; neighbours that turn out to be one run are joined, and a single
reading between two that fit each other is left out. As long as the register is monotone, the
order of the readings makes no difference. A reset that hides wholly between two readings which
came first, and fit each other, can't be told from glitches afterwards.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from csms.services.transactions.model import RegisterRun

MAX_RUNS: Final = 32
"""A register that falls more often is noise; the least supported run goes."""
ZERO: Final = Decimal(0)

_HOUR_S: Final = 3600
_SLACK_WH: Final = Decimal(1000)
_SHORTEST: Final = timedelta(minutes=1)


def note_register(
    runs: list[RegisterRun], at: datetime, register_wh: Decimal, max_power_w: int
) -> bool:
    """Put a reading into its place among the runs, in whatever order readings come.

    Returns False for a reading that was recognised as a glitch and left out.
    """
    index = _run_before(runs, at, register_wh)
    before = runs[index] if index >= 0 else None
    if before is not None and (at, register_wh) <= (before.last_at, before.last_wh):
        return _inside(before, at, register_wh)
    after = runs[index + 1] if index + 1 < len(runs) else None
    if before is not None and _rises(before.last_at, before.last_wh, at, register_wh, max_power_w):
        _append(before, at, register_wh)
    elif after is not None and _rises(at, register_wh, after.first_at, after.first_wh, max_power_w):
        _prepend(after, at, register_wh)
    else:
        runs.insert(index + 1, RegisterRun(at, register_wh, at, register_wh))
    clean = len(runs) == 1 or _join(runs, max_power_w)
    if len(runs) > MAX_RUNS:
        runs.remove(min(runs, key=lambda run: run.count))
        clean = False
    return clean


def begin_runs(runs: list[RegisterRun], at: datetime, register_wh: Decimal) -> bool:
    """Leave out what the first run has before a moment at which the register is known.

    Returns False, and changes nothing, if there is nothing before it or it doesn't fit.
    """
    run = runs[0]
    ceiling_fits = register_wh <= run.last_wh if at < run.last_at else register_wh >= run.last_wh
    if at <= run.first_at or register_wh < run.first_wh or not ceiling_fits:
        return False
    run.first_at, run.first_wh = at, register_wh
    if at >= run.last_at:
        run.last_at, run.last_wh = at, register_wh
    if run.second_at is not None and run.second_at <= at:
        run.second_at = run.second_wh = None
    return True


def end_runs(runs: list[RegisterRun], at: datetime, register_wh: Decimal) -> bool:
    """Leave out what the last run has after a moment at which the register is known.

    Returns False, and changes nothing, if there is nothing after it or it doesn't fit.
    """
    run = runs[-1]
    floor_fits = register_wh >= run.first_wh if run.first_at < at else register_wh <= run.first_wh
    if at >= run.last_at or register_wh > run.last_wh or not floor_fits:
        return False
    run.last_at, run.last_wh = at, register_wh
    if at <= run.first_at:
        run.first_at, run.first_wh = at, register_wh
    if run.second_at is not None and run.second_at >= at:
        run.second_at = run.second_wh = None
    return True


def readings_energy_wh(runs: list[RegisterRun], max_power_w: int) -> Decimal | None:
    """Energy by the readings alone; a register that restarted counts from zero where it can."""
    if not runs:
        return None
    total = runs[0].last_wh - runs[0].first_wh
    for before, run in pairwise(runs):
        total += run.last_wh - run.first_wh
        if ZERO < run.first_wh <= most_wh(run.first_at - before.last_at, max_power_w):
            total += run.first_wh
    return total


def most_wh(duration: timedelta, max_power_w: int) -> Decimal:
    """The most energy that can flow in a time, with slack for coarse clocks and registers."""
    seconds = max(duration, _SHORTEST).total_seconds()
    return Decimal(int(max_power_w * seconds) // _HOUR_S) + _SLACK_WH


def _run_before(runs: list[RegisterRun], at: datetime, register_wh: Decimal) -> int:
    """Index of the last run that begins at or before a reading; -1 if there is none."""
    for index in range(len(runs) - 1, -1, -1):
        if (runs[index].first_at, runs[index].first_wh) <= (at, register_wh):
            return index
    return -1


def _inside(run: RegisterRun, at: datetime, register_wh: Decimal) -> bool:
    """Count a reading between a run's ends; False if it can't belong there."""
    if not run.first_wh <= register_wh <= run.last_wh:
        return False
    known = (
        (run.first_at, run.first_wh),
        (run.second_at, run.second_wh),
        (run.last_at, run.last_wh),
    )
    if (at, register_wh) not in known:
        run.count += 1
        if run.second_at is not None and at < run.second_at:
            run.second_at, run.second_wh = at, register_wh
    return True


def _append(run: RegisterRun, at: datetime, register_wh: Decimal) -> None:
    if register_wh == run.last_wh == ZERO:  # it may be a glitch, and would bar readings before it
        return
    run.last_at, run.last_wh = at, register_wh
    run.count += 1
    if run.second_at is None:
        run.second_at, run.second_wh = at, register_wh


def _prepend(run: RegisterRun, at: datetime, register_wh: Decimal) -> None:
    if register_wh == run.last_wh == ZERO:
        run.first_at = run.last_at = at
        return
    run.second_at, run.second_wh = run.first_at, run.first_wh
    run.first_at, run.first_wh = at, register_wh
    run.count += 1


def _rises(
    from_at: datetime, from_wh: Decimal, to_at: datetime, to_wh: Decimal, max_power_w: int
) -> bool:
    """Whether a register can have gone from one reading to the next without a reset."""
    return from_wh <= to_wh <= from_wh + most_wh(to_at - from_at, max_power_w)


def _join(runs: list[RegisterRun], max_power_w: int) -> bool:
    """Join neighbours that turned out to be one run, and drop single readings that fell out.

    Returns False if a reading was dropped.
    """
    clean = True
    index = 0
    while index + 1 < len(runs):
        here, there = runs[index], runs[index + 1]
        if _follows(here, there, max_power_w):
            _merge(here, there)
        elif _follows_without_first(here, there, max_power_w):
            there.first_at, there.first_wh = there.second_at or there.first_at, _second(there)
            there.count -= 1
            there.second_at = there.second_wh = None
            _merge(here, there)
            clean = False
        elif (
            there.count == 1
            and index + 2 < len(runs)
            and _follows(here, runs[index + 2], max_power_w)
        ):
            clean = False
        else:
            index += 1
            continue
        del runs[index + 1]
        index = max(index - 1, 0)
    return clean


def _merge(here: RegisterRun, there: RegisterRun) -> None:
    if here.second_at is None:
        here.second_at, here.second_wh = there.first_at, there.first_wh
    here.last_at, here.last_wh = there.last_at, there.last_wh
    here.count += there.count


def _follows(here: RegisterRun, there: RegisterRun, max_power_w: int) -> bool:
    return _rises(here.last_at, here.last_wh, there.first_at, there.first_wh, max_power_w)


def _follows_without_first(here: RegisterRun, there: RegisterRun, max_power_w: int) -> bool:
    """Whether a run goes on once its first reading is taken for a glitch (a drop to zero)."""
    return there.second_at is not None and _rises(
        here.last_at, here.last_wh, there.second_at, _second(there), max_power_w
    )


def _second(run: RegisterRun) -> Decimal:
    return run.first_wh if run.second_wh is None else run.second_wh
