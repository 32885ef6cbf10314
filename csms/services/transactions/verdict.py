"""How much energy a transaction took, by the best evidence there is.

Evidence comes from two sources that may not share a scale: the registers of the start and stop
messages, and the readings in between. Either may be missing, zero, session-relative, or lifetime.
Nothing here refuses evidence: it is weighed, and what was odd is flagged. An energy is never
negative, and never more than could have flowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from csms.model import Flag
from csms.services.transactions.energy import ZERO, most_wh, readings_energy_wh
from csms.services.transactions.model import RegisterRun, Transaction

UNKNOWN_DURATION: Final = timedelta(days=2)
"""A wrong clock can't tell how long a transaction took; it is believed to be at least this."""

_MOMENT: Final = timedelta(minutes=1)
"""Evidence of no longer a time says where a register stood, not what flowed."""

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


def weigh(transaction: Transaction, max_power_w: int) -> Verdict:
    """Decide on the energy of a transaction from all that is known now."""
    start, stop = transaction.meter_start_wh, transaction.meter_stop_wh
    runs = _trimmed(transaction, max_power_w)
    flags = {Flag.REGISTER_RESET} if len(runs) > 1 else set()
    most = most_plausible_wh(transaction, max_power_w)
    for energy, source, oddities in _candidates(transaction, runs, max_power_w):
        if ZERO <= energy <= most:
            if energy == ZERO and _tells_of_a_moment(transaction, runs):
                return Verdict(None, None, frozenset({Flag.NO_ENERGY_EVIDENCE}))
            return Verdict(energy, source, frozenset(flags | oddities))
    if runs or (start is not None and stop is not None):
        return Verdict(None, None, frozenset(flags | {Flag.ENERGY_IMPLAUSIBLE}))
    if transaction.stopped_at is not None:
        return Verdict(None, None, frozenset({Flag.NO_ENERGY_EVIDENCE}))
    return Verdict(None, None, frozenset())


def _tells_of_a_moment(transaction: Transaction, runs: list[RegisterRun]) -> bool:
    """Whether all evidence of an ended transaction is of one moment of it: a register, no energy.

    A last reading alone must not make what it took look free.
    """
    stopped_at = transaction.stopped_at
    if stopped_at is None or not runs:
        return False
    known = transaction.meter_start_wh is not None, transaction.meter_stop_wh is not None
    since = transaction.started_at if known[0] else runs[0].first_at
    until = stopped_at if known[1] else runs[-1].last_at
    lasted = not transaction.start_known or stopped_at - transaction.started_at > _MOMENT
    return lasted and until - since <= _MOMENT


def energy_while_running(transaction: Transaction, max_power_w: int) -> Decimal | None:
    """The verdict on a transaction that just goes on: its one register rose a little further.

    What `weigh` would say, without weighing; None if anything but the last reading may have
    changed since it did, or the energy comes near to what is plausible at all.
    """
    last_at = transaction.last_reading_at
    start_wh = transaction.meter_start_wh
    if (
        transaction.energy_source != (_RUNNING if start_wh is not None else _READINGS)
        or transaction.stopped_at is not None
        or transaction.meter_stop_wh is not None
        or last_at is None
        or len(transaction.runs) != 1
        or not transaction.flags.isdisjoint(ENERGY_FLAGS)
    ):
        return None
    run = transaction.runs[0]
    if start_wh is None:
        start_wh = run.first_wh
    elif not ZERO <= run.first_wh - start_wh <= _PLENTY_WH:
        return None
    energy_wh = run.last_wh - start_wh
    seconds = (last_at - transaction.started_at).total_seconds()
    plenty_wh = _PLENTY_WH + max_power_w * seconds // 3600  # always below what `weigh` allows
    return energy_wh if energy_wh <= plenty_wh else None


def most_plausible_wh(transaction: Transaction, max_power_w: int) -> Decimal:
    """The most energy that a transaction of this length is believed to have taken."""
    ends = [at for at in (transaction.stopped_at, transaction.last_reading_at) if at is not None]
    duration = max(ends) - transaction.started_at if ends else timedelta()
    if Flag.CLOCK_WRONG in transaction.flags:
        duration = max(duration, UNKNOWN_DURATION)
    return most_wh(duration, max_power_w)


_Candidate = tuple[Decimal, str, set[Flag]]


class _Gap(NamedTuple):
    """What the register did between a start or stop message and the reading next to it."""

    rise_wh: Decimal
    most_wh: Decimal
    within: bool = False
    """Whether the message is from the midst of the readings: the gap is what not to count."""

    @property
    def fits(self) -> bool:
        return self.within or ZERO <= self.rise_wh <= self.most_wh

    @property
    def leaps(self) -> bool:
        return self.rise_wh > self.most_wh


def _trimmed(transaction: Transaction, max_power_w: int) -> list[RegisterRun]:
    """Return the runs without a single reading at either end that the registers show up."""
    runs = transaction.runs
    if len(runs) > 1 and runs[0].count == 1:
        head = _head(transaction, runs[1:], max_power_w)
        if head is not None and head.fits:
            runs = runs[1:]
    if len(runs) > 1 and runs[-1].count == 1:
        tail = _tail(transaction, runs[:-1], max_power_w)
        if tail is not None and tail.fits:
            runs = runs[:-1]
    return runs


def _candidates(
    transaction: Transaction, runs: list[RegisterRun], max_power_w: int
) -> Iterable[_Candidate]:
    """Energies by falling weight of their evidence."""
    start, stop = transaction.meter_start_wh, transaction.meter_stop_wh
    by_readings = readings_energy_wh(runs, max_power_w)
    head, tail = _head(transaction, runs, max_power_w), _tail(transaction, runs, max_power_w)
    if start is not None and stop is not None and not _contradicted(head, tail):
        power_lost = stop == start and by_readings  # both 0, but there was a rise in between
        if not power_lost:
            yield stop - start, "registers", set()
    if by_readings is None:
        if start is not None and stop is not None and stop < start:
            wraps = next((wraps for wraps in _WRAPS_WH if wraps > start), _WRAPS_WH[-1])
            yield wraps - start + stop, "registers", {Flag.REGISTER_RESET}
        return
    both = start is not None and stop is not None
    joined = (head is not None and head.fits, tail is not None and tail.fits)
    flags = set()
    if both and not joined[0]:
        flags.add(Flag.METER_START_IMPLAUSIBLE)
    if both and not joined[1]:
        flags.add(Flag.METER_STOP_IMPLAUSIBLE)
    if any(joined):
        pieces = (gap.rise_wh for gap in (head, tail) if gap is not None and gap.fits)
        yield by_readings + sum(pieces, ZERO), _SOURCES[joined], flags
    yield by_readings, _READINGS, flags


_WRAPS_WH: Final = sorted(
    [Decimal(10**digits) for digits in range(6, 12)] + [Decimal(2**bits) for bits in (31, 32)]
)
"""Where meters and firmwares run out of digits and begin at 0 again."""
_PLENTY_WH: Final = 500
"""Believed in any time at all; less than `most_wh` is for the shortest."""
_RUNNING: Final = "start_to_readings"
_READINGS: Final = "readings"
_SOURCES: Final = {
    (True, True): "start_to_stop_by_readings",
    (True, False): _RUNNING,
    (False, True): "readings_to_stop",
}


def _contradicted(head: _Gap | None, tail: _Gap | None) -> bool:
    """Whether readings share the scale of one register and leave the other far behind.

    A missing start register of 0 makes the session equal the lifetime of the meter. Readings of
    another scale than both registers contradict nothing.
    """
    if head is None or tail is None:
        return False
    return (head.leaps and tail.fits) or (head.fits and tail.leaps)


def _head(transaction: Transaction, runs: list[RegisterRun], max_power_w: int) -> _Gap | None:
    start_wh = transaction.meter_start_wh
    if start_wh is None or not runs:
        return None
    first = runs[0]
    return _Gap(
        first.first_wh - start_wh,
        _most_between(transaction, first.first_at - transaction.started_at, max_power_w),
        transaction.start_known and _passes(first, transaction.started_at, start_wh),
    )


def _tail(transaction: Transaction, runs: list[RegisterRun], max_power_w: int) -> _Gap | None:
    stop_wh, last = transaction.meter_stop_wh, runs[-1] if runs else None
    if stop_wh is None or last is None:
        return None
    stopped_at = transaction.stopped_at or last.last_at
    return _Gap(
        stop_wh - last.last_wh,
        _most_between(transaction, stopped_at - last.last_at, max_power_w),
        transaction.stop_known and _passes(last, stopped_at, stop_wh),
    )


def _passes(run: RegisterRun, at: datetime, register_wh: Decimal) -> bool:
    """Whether readings go from before a moment to after it, and its register lies in between."""
    in_time = run.first_at < at < run.last_at
    return in_time and run.first_wh <= register_wh <= run.last_wh


def _most_between(transaction: Transaction, duration: timedelta, max_power_w: int) -> Decimal:
    if Flag.CLOCK_WRONG in transaction.flags:
        duration = max(duration, UNKNOWN_DURATION)
    return most_wh(duration, max_power_w)
