"""How much energy a transaction took, by the best evidence there is.

Evidence comes from two sources that may not share a scale: the registers of the start and stop
messages, and the readings in between. Registers fall to zero at reboots, drop for single samples,
are session-relative in one source and lifetime in the other, or are missing. Nothing here refuses
evidence: it is weighed, and what was odd is flagged.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from csms.model import Flag
from csms.services.transactions.model import RegisterRun, Transaction

ZERO: Final = Decimal(0)
_HOUR_S: Final = 3600
_SLACK_WH: Final = Decimal(1000)
_UNKNOWN_DURATION: Final = timedelta(days=2)
_SHORTEST: Final = timedelta(minutes=1)

ENERGY_FLAGS: Final = frozenset(
    {
        Flag.METER_START_IMPLAUSIBLE,
        Flag.METER_STOP_IMPLAUSIBLE,
        Flag.REGISTER_RESET,
        Flag.ENERGY_IMPLAUSIBLE,
        Flag.NO_ENERGY_EVIDENCE,
    }
)
"""Flags that a verdict sets; each new verdict replaces them."""


class Verdict(NamedTuple):
    """The energy in Wh (None: no usable evidence), where it comes from, and what was odd."""

    energy_wh: Decimal | None
    source: str | None
    flags: frozenset[Flag]


def note_register(
    runs: list[RegisterRun], at: datetime, register_wh: Decimal, max_power_w: int
) -> bool:
    """Put a reading into its place among the runs, in whatever order readings come.

    Returns False for a reading that was recognised as a glitch and left out.
    """
    index = _run_before(runs, at)
    before = runs[index] if index >= 0 else None
    if before is not None and at <= before.last_at:
        if not before.first_wh <= register_wh <= before.last_wh:
            return False
        if (at, register_wh) not in (
            (before.first_at, before.first_wh),
            (before.last_at, before.last_wh),
        ):
            before.count += 1
        return True
    after = runs[index + 1] if index + 1 < len(runs) else None
    if before is not None and _rises(before.last_at, before.last_wh, at, register_wh, max_power_w):
        before.last_at, before.last_wh = at, register_wh
        before.count += 1
    elif after is not None and _rises(at, register_wh, after.first_at, after.first_wh, max_power_w):
        after.first_at, after.first_wh = at, register_wh
        after.count += 1
    else:
        runs.insert(index + 1, RegisterRun(at, register_wh, at, register_wh))
    if len(runs) > 1:
        return _join(runs, max_power_w)
    return True


def _run_before(runs: list[RegisterRun], at: datetime) -> int:
    """Index of the last run that begins at or before `at`; -1 if there is none."""
    for index in range(len(runs) - 1, -1, -1):
        if runs[index].first_at <= at:
            return index
    return -1


def _rises(
    from_at: datetime, from_wh: Decimal, to_at: datetime, to_wh: Decimal, max_power_w: int
) -> bool:
    """Whether a register can have gone from one reading to the next without a reset."""
    return from_wh <= to_wh <= from_wh + _most_wh(to_at - from_at, max_power_w)


def _most_wh(duration: timedelta, max_power_w: int) -> Decimal:
    """The most energy that can flow in a time, with slack for coarse clocks and registers."""
    seconds = max(duration, _SHORTEST).total_seconds()
    return Decimal(int(max_power_w * seconds) // _HOUR_S) + _SLACK_WH


def _join(runs: list[RegisterRun], max_power_w: int) -> bool:
    """Join neighbours that turned out to be one run, and drop single readings that fell out."""
    clean = True
    index = 0
    while index + 1 < len(runs):
        here, there = runs[index], runs[index + 1]
        if _follows(here, there, max_power_w):
            here.last_at, here.last_wh = there.last_at, there.last_wh
            here.count += there.count
            del runs[index + 1]
            index = max(index - 1, 0)
        elif (
            there.count == 1
            and index + 2 < len(runs)
            and _follows(here, runs[index + 2], max_power_w)
        ):
            del runs[index + 1]
            clean = False
        else:
            index += 1
    return clean


def _follows(here: RegisterRun, there: RegisterRun, max_power_w: int) -> bool:
    return _rises(here.last_at, here.last_wh, there.first_at, there.first_wh, max_power_w)


def readings_energy_wh(runs: list[RegisterRun], max_power_w: int) -> Decimal | None:
    """Energy by the readings alone; a register that restarted counts from zero where it can."""
    if not runs:
        return None
    total = runs[0].last_wh - runs[0].first_wh
    for before, run in pairwise(runs):
        total += run.last_wh - run.first_wh
        if run.first_wh <= _most_wh(run.first_at - before.last_at, max_power_w):
            total += run.first_wh
    return total


def weigh(transaction: Transaction, max_power_w: int) -> Verdict:
    """Decide on the energy of a transaction from all that is known now."""
    runs = transaction.runs
    by_readings = readings_energy_wh(runs, max_power_w)
    flags = {Flag.REGISTER_RESET} if len(runs) > 1 else set()
    most = _most_wh(_duration(transaction), max_power_w)
    for energy, source, oddities in _candidates(transaction, by_readings):
        if ZERO <= energy <= most:
            return Verdict(energy, source, frozenset(flags | oddities))
    if by_readings is not None or transaction.meter_stop_wh is not None:
        return Verdict(None, None, frozenset(flags | {Flag.ENERGY_IMPLAUSIBLE}))
    if transaction.stopped_at is not None:
        return Verdict(None, None, frozenset({Flag.NO_ENERGY_EVIDENCE}))
    return Verdict(None, None, frozenset())


_Candidate = tuple[Decimal, str, set[Flag]]


def _candidates(transaction: Transaction, by_readings: Decimal | None) -> Iterable[_Candidate]:
    """Energies by falling weight of their evidence."""
    start, stop, runs = transaction.meter_start_wh, transaction.meter_stop_wh, transaction.runs
    one_run = len(runs) == 1
    both = start is not None and stop is not None
    if start is not None and stop is not None and (stop != start or not by_readings):
        yield stop - start, "registers", set()
    if stop is not None and one_run and runs[-1].last_wh <= stop:
        odd = {Flag.METER_START_IMPLAUSIBLE} if both else set()
        yield stop - runs[0].first_wh, "readings_to_stop", odd
    if start is not None and one_run and start <= runs[0].first_wh:
        odd = {Flag.METER_STOP_IMPLAUSIBLE} if both else set()
        yield runs[-1].last_wh - start, "start_to_readings", odd
    if by_readings is not None:
        yield by_readings, "readings", {Flag.METER_STOP_IMPLAUSIBLE} if both else set()


def _duration(transaction: Transaction) -> timedelta:
    if Flag.CLOCK_WRONG in transaction.flags:
        return _UNKNOWN_DURATION
    ends = [at for at in (transaction.stopped_at, transaction.last_reading_at) if at is not None]
    return max(ends) - transaction.started_at if ends else timedelta()
