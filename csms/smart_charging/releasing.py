"""From targets to messages: who may be told what now without overloading anything on the way.

A limit that only lowers leaves at once. A raise leaves when it fits beside all that others may
still draw. Never more than one message is on its way to an EVSE; the newest target wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.grid import Binding
from csms.smart_charging.instructions import Action, Instruction, ReadSchedule, StopTransaction
from csms.smart_charging.profile_building import (
    Order,
    idle_profile,
    standing_profile,
    transaction_profile,
)
from csms.smart_charging.profiles import Register
from csms.smart_charging.room import Room
from csms.smart_charging.steered_evse import SteeredEvse, Told
from csms.smart_charging.strategies import Strategy
from csms.smart_charging.takeover import next_leftover, our_limit_goes_first
from csms.smart_charging.timing import TIMING

SAME_A: Final = 0.05
"""Limits that differ less are the same on the wire."""
DEAD_BAND_A: Final = 1.0
"""Smaller raises aren't worth a message."""
CALM: Final = timedelta(seconds=60)
"""How long a car that had to give way waits before it is raised again."""
RAISE_GAP: Final = timedelta(seconds=30)
"""Between two raises of one car."""
STOP_AGAIN: Final = timedelta(seconds=60)
PATIENCE: Final = timedelta(seconds=90)
"""So long other ways to lower a charger that draws too much are tried before it is stopped."""
SCHEDULE_S: Final = 600
"""How far ahead a composite schedule is asked for."""
_BY_BREAKERS: Final = frozenset({"circuit", "line", "power"})
JITTER: Final = 0.2
"""Renewals are spread by so much of their interval."""


class Releases:
    """One decision's messages. `room` holds what everybody may still draw."""

    def __init__(
        self, room: Room, now: datetime, *, may_raise: bool, next_id: Callable[[], int]
    ) -> None:
        self._room = room
        self._now = now
        self._may_raise = may_raise
        self._next_id = next_id

    def lowered(self, evses: list[SteeredEvse], standing_may_rise: bool) -> Iterator[Instruction]:
        """Everything for everybody, those who are lowered first, raises by priority."""
        ready = [s for s in evses if self._is_ready(s)]
        ready.sort(key=lambda s: (s.target_a > self._told_a(s) + SAME_A, -s.evse.priority))
        for steered in ready:
            instruction = self._next(steered, standing_may_rise)
            if instruction is not None:
                yield instruction

    def stops(self, evses: list[SteeredEvse]) -> Iterator[Instruction]:
        """Stop who can't be lowered by any limit while a breaker needs it lower."""
        somebody_waits = any(steered.is_waiting for steered in evses)
        held_back = any(s.held_back and s.held_back.kind in _BY_BREAKERS for s in evses)
        for steered in evses:
            transaction, strategy = steered.transaction, steered.strategy
            if not steered.is_online or transaction is None or steered.in_flight is not None:
                continue
            is_deaf = strategy is None or not strategy.zero_pauses
            overdraws = self._overdraws(steered, somebody_waits=somebody_waits)
            stays_high = self._stays_high(steered, somebody_lacks=somebody_waits or held_back)
            if not (is_deaf and self._must_yield(steered)) and not overdraws and not stays_high:
                continue
            if steered.stopped_at is not None and self._now - steered.stopped_at < STOP_AGAIN:
                continue
            steered.stopped_at = self._now
            yield self._instruct(
                steered,
                StopTransaction(transaction.id, transaction.ocpp_id),
                because=self._burdens(steered),
            )

    def _overdraws(self, steered: SteeredEvse, *, somebody_waits: bool) -> bool:
        """Whether it has drawn more than it may for long, at a breaker's or others' expense."""
        if steered.commitment.overdraw(self._now) <= 0:
            steered.overdraws_since = None
            return False
        since = steered.overdraws_since = steered.overdraws_since or self._now
        if self._now - since < PATIENCE:
            return False
        return somebody_waits or self._burdens(steered) is not None

    def _stays_high(self, steered: SteeredEvse, *, somebody_lacks: bool) -> bool:
        """Whether it was told less for long without confirming it, at others' expense."""
        since = steered.unconfirmed_since
        if since is None or self._now - since < PATIENCE:
            return False
        if steered.commitment.may_draw_a(self._now) <= steered.target_a + SAME_A:
            return False
        return somebody_lacks or self._burdens(steered) is not None

    def _must_yield(self, steered: SteeredEvse) -> bool:
        if steered.strategy is not None and not steered.is_waiting:
            return False
        return self._burdens(steered) is not None

    def _burdens(self, steered: SteeredEvse) -> Binding | None:
        """What is overloaded where it draws, None if nothing is."""
        return self._room.obstacle(steered.evse, steered.loads(self._now))

    def _is_ready(self, steered: SteeredEvse) -> bool:
        if not steered.is_steerable or steered.in_flight is not None:
            return False
        return steered.retry_at is None or self._now >= steered.retry_at

    def _told_a(self, steered: SteeredEvse) -> float:
        told = steered.confirmed
        return told.limit_a if told is not None else steered.commitment.may_draw_a(self._now)

    def _next(self, steered: SteeredEvse, standing_may_rise: bool) -> Instruction | None:
        """The most urgent message for an EVSE, None if it holds all it should."""
        strategy = steered.strategy
        if strategy is None:
            return None
        told = steered.confirmed
        if told is not None and steered.target_a < told.limit_a - SAME_A:
            return self._limit(steered, strategy, told)
        if our_limit_goes_first(steered, strategy):
            return self._limit(steered, strategy, told)
        question = self._before_it_is_known(steered, strategy)
        if question is not None:
            return question
        if told is None and steered.ruling is Register.TX:
            # With the defaults under it changed, what rules it might end.
            return self._limit(steered, strategy, told)
        has_standing_place = strategy.registers != {Register.STANDING}
        if has_standing_place:
            standing = self._standing(steered, strategy, standing_may_rise)
            if standing is not None:
                return standing
            if steered.transaction is not None and Register.IDLE in strategy.registers:
                idle = self._idle_meanwhile(steered, strategy)
                if idle is not None:
                    return idle
        return self._limit(steered, strategy, told)

    def _before_it_is_known(self, steered: SteeredEvse, strategy: Strategy) -> Instruction | None:
        """Clear what others left, then ask what rules."""
        leftover = next_leftover(steered, strategy)
        if leftover is not None:
            return self._instruct(steered, leftover)
        if not steered.commitment.known and not steered.schedule_asked:
            steered.schedule_asked = True
            return self._instruct(steered, ReadSchedule(steered.key.evse_id, SCHEDULE_S))
        return None

    # --- the three registers ---

    def _standing(
        self, steered: SteeredEvse, strategy: Strategy, may_rise: bool
    ) -> Instruction | None:
        known_a = steered.commitment.standing_a
        if known_a is not None and abs(known_a - steered.safe_a) < SAME_A:
            return None
        if known_a is not None and steered.safe_a > known_a and not (may_rise and self._may_raise):
            return None
        order = standing_profile(
            steered.evse, steered.safe_a, strategy, self._now, clock_ahead=steered.clock.correction
        )
        if known_a is not None and abs(order.limit_a - known_a) < SAME_A:
            return None
        return self._send(steered, order, is_raise=False)

    def _idle_meanwhile(self, steered: SteeredEvse, strategy: Strategy) -> Instruction | None:
        """Keep the idle default below a running transaction alive: it may end unseen."""
        told = steered.told.get(Register.IDLE)
        if steered.safe_a <= 0.0 and told is not None and told.limit_a <= 0.0:
            return None
        if told is not None and told.limit_a <= 0.0 and self._now < told.renew_at:
            return None
        order = self._idle(steered, strategy, 0.0)
        return None if order is None else self._send(steered, order, is_raise=False)

    def _limit(
        self, steered: SteeredEvse, strategy: Strategy, told: Told | None
    ) -> Instruction | None:
        """The limit that rules now: of the transaction, or of one that may start."""
        wanted_a, pause = self._held_back(steered, told)
        if told is not None and self._holds_it_all(steered, told, wanted_a):
            steered.held_back = pause
            return None
        limit_a, because = self._releasable(steered, wanted_a)
        steered.held_back = because if limit_a < wanted_a - SAME_A else pause
        is_due = told is None or self._must_renew(steered, told)
        if told is not None and abs(limit_a - told.limit_a) < SAME_A and not is_due:
            return None
        fits = because is None or limit_a <= steered.safe_a + SAME_A
        if told is not None and is_due and not fits and limit_a >= told.limit_a:
            # To renew would prolong what no longer fits; it lapses by itself if it must.
            return None
        order = self._order(steered, strategy, limit_a, fits=fits)
        if order is None:
            return None
        is_raise = order.limit_a > steered.commitment.surely_a(self._now) + SAME_A
        return self._send(steered, order, is_raise=is_raise, because=because)

    def _holds_it_all(self, steered: SteeredEvse, told: Told, wanted_a: float) -> bool:
        """Whether it surely may draw what it is to draw, and needn't be told so again."""
        return (
            abs(wanted_a - told.limit_a) < SAME_A
            and wanted_a <= steered.commitment.surely_a(self._now) + SAME_A
            and not self._must_renew(steered, told)
        )

    def _must_renew(self, steered: SteeredEvse, told: Told) -> bool:
        """Nothing lapses for the worse where the standing limit is no higher anyway."""
        if steered.transaction is None:
            return steered.safe_a > told.limit_a + SAME_A and self._now >= told.renew_at
        return self._now >= told.renew_at or told.phases != steered.phases

    def _order(
        self, steered: SteeredEvse, strategy: Strategy, limit_a: float, *, fits: bool
    ) -> Order | None:
        """`fits` False: it takes nothing from anybody, so it may last no longer than what is."""
        until = None if fits else steered.commitment.surely_until(limit_a, self._now)
        transaction = steered.transaction
        if transaction is None:
            return self._idle(steered, strategy, limit_a)
        return transaction_profile(
            steered.evse,
            limit_a,
            steered.safe_a,
            steered.phases,
            strategy,
            transaction.id,
            transaction.ocpp_id,
            self._now,
            lapses_at=until,
            clock_ahead=steered.clock.correction,
        )

    def _idle(self, steered: SteeredEvse, strategy: Strategy, limit_a: float) -> Order | None:
        return idle_profile(
            steered.evse,
            limit_a,
            steered.safe_a,
            strategy,
            self._now,
            clock_ahead=steered.clock.correction,
        )

    def _held_back(self, steered: SteeredEvse, told: Told | None) -> tuple[float, Binding | None]:
        """The target, or what it has if a raise isn't worth it or comes too soon; and why."""
        target_a = steered.target_a
        if told is None or target_a <= told.limit_a + SAME_A:
            return target_a, None
        if told.limit_a > 0.0 and target_a - told.limit_a < DEAD_BAND_A - SAME_A:
            return told.limit_a, None
        if steered.lowered_at is not None and self._now - steered.lowered_at < CALM:
            return told.limit_a, Binding("settling", "it gave way less than a minute ago")
        just_raised = steered.raised_at is not None and self._now - steered.raised_at < RAISE_GAP
        if just_raised and told.limit_a >= steered.evse.min_a:
            return told.limit_a, Binding("settling", "it was raised a moment ago")
        return target_a, None

    def _releasable(self, steered: SteeredEvse, wanted_a: float) -> tuple[float, Binding | None]:
        """The most up to `wanted_a` that is safe to send now, and what stops more."""
        commitment, evse = steered.commitment, steered.evse
        phases = steered.draws_on(self._now)
        surely_a = commitment.surely_a(self._now)
        if wanted_a <= surely_a + SAME_A:
            return wanted_a, self._room.obstacle(evse, phases)
        if not self._may_raise:
            return surely_a, Binding("settling", "the database does not answer")
        may_a = commitment.may_draw_a(self._now)
        if wanted_a <= may_a:
            obstacle = self._room.obstacle(evse, phases)
            return (wanted_a, None) if obstacle is None else (surely_a, obstacle)
        fits_a, obstacle = self._room.most(evse, may_a, wanted_a, phases)
        if obstacle is not None and fits_a <= may_a:
            overfull = self._room.obstacle(evse, phases) is not None
            fits_a = surely_a if overfull else max(surely_a, may_a)
        if fits_a < evse.min_a:
            fits_a = min(surely_a, wanted_a)
        return fits_a, obstacle

    # --- sending ---

    def _send(
        self,
        steered: SteeredEvse,
        order: Order,
        *,
        is_raise: bool,
        because: Binding | None = None,
    ) -> Instruction:
        before_a = steered.commitment.may_draw_a(self._now)
        instruction = self._instruct(
            steered, order.action, order=order, is_raise=is_raise, because=because
        )
        steered.commitment.sent(instruction.id, order.register, order.hold, self._now)
        more_a = steered.commitment.may_draw_a(self._now) - before_a
        if more_a > 0:
            self._room.take(steered.evse, more_a, steered.draws_on(self._now))
        return instruction

    def _instruct(
        self,
        steered: SteeredEvse,
        action: Action,
        *,
        order: Order | None = None,
        is_raise: bool = False,
        because: Binding | None = None,
    ) -> Instruction:
        instruction = Instruction(
            id=self._next_id(),
            key=steered.key,
            action=action,
            register=order.register if order else None,
            limit_a=order.limit_a if order else None,
            phases=steered.phases,
            transaction_id=steered.transaction.id if steered.transaction else None,
            is_raise=is_raise,
            because=because,
        )
        steered.in_flight = instruction
        return instruction


def renewal(now: datetime, spread: int) -> datetime:
    """When to renew: after the usual interval, spread by the instruction's number, no chance."""
    share = (spread * 0.618033988749895) % 1.0
    factor = 1.0 + JITTER * (2.0 * share - 1.0)
    return now + timedelta(seconds=TIMING.renewal_s * factor)
