"""What an EVSE may draw, whatever was lost on the way to it.

For each register of the charge point (standing default, idle default, transaction) a commitment
keeps everything that may lie there. Sent but not answered, answered, perhaps lost: each counts
until an accepted order has replaced it and the car has followed. No other knowledge of the
charge point's state is needed: a transaction may end and another begin unseen behind a dead
link at any time, so the defaults count beside the transaction's own limit, always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.grid import NO_LOAD, Evse, PerPhase, Phase
from csms.smart_charging.overdraw import Overdraw
from csms.smart_charging.possibilities import Possibilities, Possibility
from csms.smart_charging.profiles import Hold, Register, Step, constant_hold
from csms.smart_charging.timing import TIMING, Timing
from csms.smart_charging.worked_out import FOREVER, Value, WorkedOut

FOLLOWED_WITHIN_A: Final = 0.5
"""A car measured at most so much above its new limit has followed it."""
READ_WITHIN_A: Final = 0.6
"""A composite schedule may differ so much from an order: rounding, conversion from watts."""
_REMEMBER_REPLACED: Final = timedelta(seconds=120)
"""Replaced orders are kept so long to judge readings that were taken before."""
_LONG: Final = timedelta(days=36500)


class Commitment:
    """The commitment of one EVSE. Limits are in amperes per phase.

    After a (re)start of the server: `standing_a` is the limit of the standing profile that the
    charge point has once accepted (None: none known), `last_limit_a` a limit that no order sent
    before the restart exceeded (None: unknown, so the rated current). Both have to be durable
    before an order that exceeds them leaves: see `to_remember_a` and `standing_a`. What was
    sent before the restart lapses by itself. `registers` are those that the charge point's
    strategy uses; `in_transaction` tells whether a transaction runs.
    """

    def __init__(
        self,
        evse: Evse,
        now: datetime,
        *,
        standing_a: float | None,
        last_limit_a: float | None,
        in_transaction: bool = False,
        registers: Iterable[Register] = tuple(Register),
        timing: Timing = TIMING,
    ) -> None:
        self.evse = evse
        self._clock_trusted = True
        self._timing = timing
        self._in_transaction = in_transaction
        self._heard_at = now
        self._overdraw = Overdraw()
        self._read: Hold | None = None
        """What the charge point said that rules its transaction; nothing was sent since."""
        self._registers = {register: Possibilities() for register in Register}
        self._worked_out = WorkedOut()
        self._begin(now, standing_a, last_limit_a, set(registers))

    def _begin(
        self,
        now: datetime,
        standing_a: float | None,
        last_limit_a: float | None,
        used: set[Register],
    ) -> None:
        bound_a = self.evse.rated_a if last_limit_a is None else last_limit_a
        start = now - self._timing.clock_skew - self._timing.settle
        lapsed_at = now + timedelta(seconds=self._timing.ttl_s)
        for register in used - {Register.STANDING}:
            # What outlives the TTL allows at most the safe share, which the defaults count.
            hold = Hold(steps=(Step(start, bound_a),), ends_at=lapsed_at)
            self._registers[register] = Possibilities(
                Possibility(None), Possibility(hold, unknown=True)
            )
        if standing_a is None:
            return
        standing = Possibility(constant_hold(standing_a, start))
        if used != set(Register):
            first, after = Step(start, max(bound_a, standing_a)), Step(lapsed_at, standing_a)
            standing = Possibility(Hold(steps=(first, after)), unknown=True)
        self._registers[Register.STANDING] = Possibilities(standing)

    @property
    def clock_trusted(self) -> bool:
        """False: its clock is too wrong, so no limit is counted upon to lapse."""
        return self._clock_trusted

    @clock_trusted.setter
    def clock_trusted(self, trusted: bool) -> None:
        if trusted is not self._clock_trusted:
            self._clock_trusted = trusted
            self._worked_out.forget()

    # --- what happens ---

    def connected(self, now: datetime) -> None:
        """A connection is up; by itself it says nothing about the registers."""
        self._forget(now)

    def disconnected(self, now: datetime) -> None:
        """The connection is gone; orders on their way may or may not have arrived."""
        self._read = None
        self._forget(now)

    def booted(self, now: datetime) -> None:
        """The charge point has started anew: what is not surely persistent may be gone.

        Profiles have to survive it (1.6 errata 3.37, K01.FR.27), so a standing profile that was
        once accepted counts as there; the others may be there or not.
        """
        self._read = None
        self._registers[Register.TX].may_be_lost()
        self._registers[Register.IDLE].may_be_lost()
        if not self._registers[Register.STANDING].surely_filled:
            self._registers[Register.STANDING].may_be_lost()
        self._forget(now)

    def transaction_started(self, now: datetime) -> None:
        """A new transaction began (not: is found running); it has no profile of its own yet."""
        self._in_transaction = True
        self._read = None
        self._registers[Register.TX].empty()
        self._forget(now)

    def transaction_found(self, now: datetime) -> None:
        """A transaction is found running; its profile may be there already."""
        self._in_transaction = True
        self._read = None
        self._forget(now)

    def transaction_ended(self, now: datetime) -> None:
        """The transaction is over, and with it its profile (1.6 3.13.1); nothing is drawn."""
        self._in_transaction = False
        self._read = None
        self._overdraw.ended()
        self._registers[Register.TX].empty()
        self._forget(now)

    def sent(self, order_id: int, register: Register, hold: Hold | None, now: datetime) -> None:
        """An order is about to leave; from now on it may be in force. None: one that clears."""
        self._read = None
        self._registers[register].add(hold, order_id)
        self._forget(now)

    def answered(self, order_id: int, accepted: bool, now: datetime) -> None:
        """The charge point answered an order. Repeated and outlived answers change nothing."""
        for register in self._registers.values():
            if not register.has(order_id):
                continue
            if accepted:
                register.accept(order_id, now, self._timing.settle)
            else:
                register.reject(order_id)
        self._forget(now)

    def lost(self, order_id: int, now: datetime) -> None:
        """No answer came in time, or the link broke: the order stays possible beside the old."""
        del order_id
        self._forget(now)

    def cleared(self, register: Register, now: datetime) -> None:
        """The charge point confirmed that the register is empty."""
        self._read = None
        possibilities = self._registers[register]
        possibilities.add(None, _CLEARING)
        possibilities.accept(_CLEARING, now, self._timing.settle)
        self._forget(now)

    # --- what is read and measured ---

    def composite_read(self, schedule: Hold, now: datetime) -> None:
        """The charge point told what rules now (GetCompositeSchedule, no order in flight).

        What can't be true given this is struck out; what was unknown becomes known.
        """
        levels = schedule.levels_a(now, now)
        if not levels:
            return
        tx, idle, standing = (self._registers[register] for register in _DOWNWARDS)
        fitting: set[tuple[Register, Possibility]] = set()
        for on_top in tx.current():
            for below in idle.current():
                for base in standing.current():
                    stack = list(zip(_DOWNWARDS, (on_top, below, base), strict=True))
                    if self._fits(stack, levels[0], now):
                        fitting.update(stack)
        if not fitting:
            return
        for register in _DOWNWARDS:
            kept = [one for at, one in fitting if at is register]
            self._registers[register].keep(kept)
        self._learn(schedule, now)
        self._read = schedule if self._in_transaction else None
        self._worked_out.forget()

    def _fits(
        self, stack: list[tuple[Register, Possibility]], read_a: float, now: datetime
    ) -> bool:
        """Whether these profiles together would make the charge point say this limit."""
        since, until = now - self._skew, now + self._skew
        for _, one in stack:
            if one.hold is None:
                continue
            levels = one.hold.levels_a(since, until)
            if one.unknown:
                levels = [min(level, read_a) for level in levels]
            if any(abs(level - read_a) <= READ_WITHIN_A for level in levels):
                return True
            if one.hold.rules_until(until):
                return False
        return read_a >= self.evse.rated_a - READ_WITHIN_A

    def _learn(self, schedule: Hold, now: datetime) -> None:
        """An unknown limit of the transaction is what the charge point said it is."""
        for one in self._registers[Register.TX].current():
            if one.unknown and one.hold is not None and self._in_transaction:
                one.hold = _within(schedule, one.hold, now)
                one.unknown = False

    def measured(self, current_a: PerPhase, at: datetime, now: datetime) -> None:
        """The currents at the EVSE, measured at `at`, known now."""
        replaced = [
            one.replaced_at
            for register in self._registers.values()
            for one in register
            if one.replaced_at is not None and one.counts(now)
        ]
        if replaced and at >= max(replaced):
            new_a = self._peak_a(now, self._back(now), now + self._skew, current=True)
            if max(current_a) <= new_a + FOLLOWED_WITHIN_A:
                for register in self._registers.values():
                    register.settled(now)
        allowed = self._per_phase(min(at, now), ahead=timedelta(0))
        self._overdraw.measured(current_a, allowed, now)
        self._forget(now)

    # --- what follows from it ---

    def may_draw_a(self, now: datetime) -> float:
        """The most it may draw on a phase, now and as long as an order sent now may last."""
        if not self.evse.controllable:
            return self.evse.rated_a
        limit_a = self._at(now, "peak", self._peak_ahead_a)
        return max(limit_a, *self._overdraw.reserved(now))

    def surely_a(self, now: datetime, register: Register | None = None) -> float:
        """What it is certainly allowed at this moment: an order up to this only lowers.

        Of the transaction if one runs, else of a transaction that would start now; with
        `register` what this register and those below it surely allow.
        """
        if not self.evse.controllable:
            return self.evse.rated_a
        if register is None:
            return self._at(now, "trough", self._trough_now_a)
        return self._trough_a(now - self._skew, now + self._skew, register)

    def surely_until(
        self, limit_a: float, now: datetime, register: Register | None = None
    ) -> datetime:
        """Until when, by the charge point's own clock, `limit_a` is certainly allowed.

        At most as long as an order sent now lasts. A lower limit for the transaction that lapses
        at this moment takes nothing from anybody, whatever becomes of the others' orders.
        """
        end = now + timedelta(seconds=self._timing.ttl_s)
        first = now - self._skew
        for edge in sorted(edge for edge in self._edges() if first < edge < end):
            if self._trough_a(edge, edge, register) < limit_a:
                return edge
        return end

    def reserved(self, now: datetime) -> PerPhase:
        """What has to be kept free for it on each grid phase."""
        if not self.evse.controllable:
            return _on(self.evse.wiring.phases, self.evse.rated_a)
        allowed = self._at(now, "per phase", self._per_phase_ahead)
        over = self._overdraw.reserved(now)
        return allowed if over is NO_LOAD else allowed.most(over)

    def phases(self, now: datetime) -> frozenset[Phase]:
        """The grid phases that it may draw on.

        All that it is wired to, save that a switchable EVSE confirmed an order for one phase.
        """
        tx = self._registers[Register.TX].at(now)
        phases: set[Phase] = set()
        for one in tx:
            if one.hold is not None:
                phases.update(self._phases_of(one.hold))
            elif len(tx) == 1:
                phases.update(self.evse.wiring.phases)
        below = self._default_per_phase(now, self._back(now), self._horizon(now))
        over = self._overdraw.reserved(now)
        phases.update(phase for phase in Phase if below[phase] > 0.0 or over[phase] > 0.0)
        return frozenset(phases or self.evse.wiring.phases)

    def overdraw(self, now: datetime) -> float:
        """By how much it has been measured above what it may draw, for too long; else 0."""
        return self._overdraw.excess_a(now)

    def next_change(self, now: datetime) -> datetime | None:
        """When `may_draw_a` next changes by itself, None: never."""
        before = self._timing.look_ahead + self._skew
        after = self._skew + self._timing.settle
        instant = timedelta(microseconds=1)
        moments: set[datetime] = set()
        for edge in self._edges():
            moments.update((edge - before, edge + after, edge + after + instant))
        for register in self._registers.values():
            moments.update(one.counts_until for one in register if one.counts_until is not None)
        over_at = self._overdraw.counts_from()
        if over_at is not None:
            moments.add(over_at)
        today_a = self.may_draw_a(now)
        for moment in sorted(moments):
            if moment > now and self.may_draw_a(moment) != today_a:
                return moment
        return None

    @property
    def known(self) -> bool:
        """Whether every register holds something known, and the standing profile is there."""
        return self._worked_out.until_news("known", self._is_known)

    def _is_known(self) -> bool:
        return self._registers[Register.STANDING].surely_filled and not any(
            register.unknown for register in self._registers.values()
        )

    @property
    def standing_a(self) -> float | None:
        """The most that the standing profile allows for ever, None while there may be none.

        To be remembered durably: before an order with a higher one leaves, and after a change.
        """
        return self._worked_out.until_news("standing", self._standing_a)

    def _standing_a(self) -> float | None:
        standing = self._registers[Register.STANDING]
        if not standing.surely_filled:
            return None
        return max(_tail_a(one.hold) for one in standing.current() if one.hold is not None)

    @property
    def abandoned_a(self) -> float:
        """What it may draw for ever if nobody ever speaks to it again.

        More than the standing limit where an order can't lapse (a vendor's key, a wrong clock).
        """
        if not self.evse.controllable:
            return self.evse.rated_a
        limit_a = self.evse.rated_a if self.standing_a is None else self.standing_a
        for one in self._everything():
            if one.hold is not None:
                tail_a = _tail_a(one.hold) if self.clock_trusted else one.hold.highest_a
                limit_a = max(limit_a, tail_a)
        return limit_a

    @property
    def to_remember_a(self) -> float:
        """The most that anything which may be in force has ever allowed.

        To be remembered durably as `last_limit_a` before an order with a higher limit leaves;
        a lower one may follow when it likes.
        """
        limit_a = 0.0
        for register, possibilities in self._registers.items():
            for one in possibilities.at(self._heard_at):
                if one.hold is not None:
                    limit_a = max(limit_a, one.hold.highest_a)
                elif register is Register.STANDING:
                    limit_a = self.evse.rated_a
        return min(limit_a, self.evse.rated_a)

    def lapses_at(self, register: Register, now: datetime) -> datetime | None:
        """When what the register surely holds now lapses or changes first, None: never."""
        edges = [
            edge
            for one in self._registers[register].current()
            if one.hold is not None
            for edge in one.hold.edges()
            if edge > now
        ]
        return min(edges, default=None)

    # --- how it follows ---

    def _at(self, now: datetime, name: str, work_out: Callable[[datetime], Value]) -> Value:
        return self._worked_out.at(now, name, work_out, self._holds_until)

    def _holds_until(self, now: datetime) -> datetime:
        """The first moment after now at which time alone may change what follows from it."""
        skew, settle = self._skew, self._timing.settle
        moments = [
            one.counts_until
            for register in self._registers.values()
            for one in register
            if one.counts_until is not None
        ]
        for edge in self._edges().union(self._read.edges() if self._read is not None else ()):
            ahead = edge - self._timing.look_ahead - skew
            moments += (ahead, edge - skew, edge + skew, edge + skew + settle)
        return min((moment for moment in moments if moment > now), default=FOREVER)

    def _peak_ahead_a(self, now: datetime) -> float:
        return self._peak_a(now, self._back(now), self._horizon(now))

    def _trough_now_a(self, now: datetime) -> float:
        since, until = now - self._skew, now + self._skew
        trough_a = self._trough_a(since, until)
        if self._read is not None:
            # Whichever register that is in: it is what rules now.
            return max(trough_a, min(self._read.levels_a(since, until), default=0.0))
        return trough_a

    def _per_phase_ahead(self, now: datetime) -> PerPhase:
        return self._per_phase(now, ahead=self._timing.look_ahead)

    @property
    def _skew(self) -> timedelta:
        return self._timing.clock_skew if self.clock_trusted else _LONG

    def _back(self, now: datetime) -> datetime:
        return now - self._skew - self._timing.settle

    def _horizon(self, now: datetime) -> datetime:
        return now + self._timing.look_ahead + self._skew

    def _everything(self) -> Iterable[Possibility]:
        for register in self._registers.values():
            yield from register.current()

    def _edges(self) -> set[datetime]:
        return {
            edge
            for register in self._registers.values()
            for one in register
            if one.hold is not None
            for edge in one.hold.edges()
        }

    def _peak_a(
        self, now: datetime, since: datetime, until: datetime, *, current: bool = False
    ) -> float:
        """The highest limit that may rule from `since` to `until`; what counts is that of now."""
        peak = self._default_a(now, since, until, current=current)
        for one in self._counting(Register.TX, now, current=current):
            if one.hold is not None:
                peak = max(peak, *one.hold.levels_a(since, until), 0.0)
        return min(peak, self.evse.rated_a)

    def _default_a(
        self, now: datetime, since: datetime, until: datetime, *, current: bool = False
    ) -> float:
        peak = 0.0
        for register in (Register.IDLE, Register.STANDING):
            falls_through = False
            for one in self._counting(register, now, current=current):
                if one.hold is not None:
                    peak = max(peak, *one.hold.levels_a(since, until), 0.0)
                if one.hold is None or not one.hold.rules_until(until):
                    falls_through = True
            if not falls_through:
                return min(peak, self.evse.rated_a)
        return self.evse.rated_a

    def _counting(self, register: Register, now: datetime, *, current: bool) -> list[Possibility]:
        possibilities = self._registers[register]
        return possibilities.current() if current else possibilities.at(now)

    def _trough_a(
        self, since: datetime, until: datetime, register: Register | None = None
    ) -> float:
        """The lowest limit that may rule in this time."""
        if register is None:
            register = Register.TX if self._in_transaction else Register.IDLE
        lowest = self.evse.rated_a
        for layer in reversed(_DOWNWARDS[_DOWNWARDS.index(register) :]):
            below, candidates = lowest, []
            for one in self._registers[layer].current():
                if one.unknown:
                    candidates.append(0.0)
                    continue
                if one.hold is not None:
                    candidates.extend(one.hold.levels_a(since, until))
                if one.hold is None or not one.hold.rules_until(until):
                    candidates.append(below)
            lowest = min(candidates)
        return lowest

    def _per_phase(self, now: datetime, *, ahead: timedelta) -> PerPhase:
        since, until = self._back(now), now + ahead + self._skew
        allowed = self._default_per_phase(now, since, until)
        for one in self._registers[Register.TX].at(now):
            if one.hold is not None:
                limit_a = max(one.hold.levels_a(since, until), default=0.0)
                limit_a = min(limit_a, self.evse.rated_a)
                allowed = allowed.most(_on(self._phases_of(one.hold), limit_a))
        return allowed

    def _default_per_phase(self, now: datetime, since: datetime, until: datetime) -> PerPhase:
        return _on(self.evse.wiring.phases, self._default_a(now, since, until))

    def _phases_of(self, hold: Hold) -> tuple[Phase, ...]:
        wired = self.evse.wiring.phases
        if hold.phases != 1 or not self.evse.can_switch_phases:
            return wired
        terminal = hold.phase_to_use or 1
        return wired[terminal - 1 : terminal] or wired

    def _forget(self, now: datetime) -> None:
        self._heard_at = now
        self._worked_out.forget()
        before = now - _REMEMBER_REPLACED - self._timing.clock_skew
        for register in self._registers.values():
            register.forget(before)


_DOWNWARDS: Final = (Register.TX, Register.IDLE, Register.STANDING)
_CLEARING: Final = -1


def _tail_a(hold: Hold) -> float:
    return 0.0 if hold.tail_a is None else hold.tail_a


def _on(phases: Iterable[Phase], limit_a: float) -> PerPhase:
    values = list(NO_LOAD)
    for phase in phases:
        values[phase] = limit_a
    return PerPhase(*values)


def _within(read: Hold, unknown: Hold, now: datetime) -> Hold:
    """What was read as long as it was told, then again what is not known."""
    steps = [Step(min(step.at, now), step.limit_a) for step in read.steps if step.at <= now]
    steps = [*steps[-1:], *(step for step in read.steps if step.at > now)]
    told_until = read.ends_at
    lapses_at = unknown.ends_at
    if told_until is not None and (lapses_at is None or told_until < lapses_at):
        steps.append(Step(told_until, unknown.steps[-1].limit_a))
    return Hold(steps=tuple(steps), ends_at=lapses_at)
