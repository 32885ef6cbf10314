"""What a charger's answer to a limit means for what it may draw, and how it is told the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.grid import Binding
from csms.smart_charging.instructions import Instruction, Outcome
from csms.smart_charging.profiles import Register
from csms.smart_charging.releasing import SAME_A, renewal
from csms.smart_charging.steered_evse import SteeredEvse, Told
from csms.smart_charging.strategy_search import Failure, next_after

RETRY: Final = timedelta(seconds=10)
REFUSED: Final = timedelta(seconds=2)
"""Before another way is tried on a charger that refused one."""
TIMEOUTS: Final = 3
"""So many unanswered messages in a row mean that the charger chokes on them."""
_MAKES_ROOM: Final = frozenset({"circuit", "power", "line", "imbalance", "waiting"})


def take_answer(
    steered: SteeredEvse,
    instruction: Instruction,
    outcome: Outcome,
    now: datetime,
    words: str,
    why: Callable[[], Binding | None],
) -> bool:
    """Take how it went with a limit; returns whether no way to limit the charger is left.

    `why` says what keeps the EVSE from more.
    """
    match outcome:
        case "accepted":
            _accepted(steered, instruction, now, why)
        case "refused" | "not_supported":
            steered.commitment.answered(instruction.id, accepted=False, now=now)
            steered.retry_at = now + REFUSED
            return try_another(steered, Failure(outcome), words)
        case "unsent":
            steered.commitment.answered(instruction.id, accepted=False, now=now)
            steered.retry_at = now + RETRY
        case "timeout":
            steered.commitment.lost(instruction.id, now)
            steered.retry_at = now + RETRY
            steered.timeouts += 1
            if steered.timeouts >= TIMEOUTS:
                steered.timeouts = 0
                return try_another(steered, Failure.TIMEOUT, words)
        case "lost":
            steered.commitment.lost(instruction.id, now)
    return False


def try_another(steered: SteeredEvse, failure: Failure, words: str) -> bool:
    """Try another way to limit a charger; returns whether none is left."""
    if steered.strategy is None:
        return False
    steered.last_failure = words
    steered.strategy = next_after(steered.strategy, failure)
    steered.told.clear()
    return steered.strategy is None


def _accepted(
    steered: SteeredEvse,
    instruction: Instruction,
    now: datetime,
    why: Callable[[], Binding | None],
) -> None:
    steered.commitment.answered(instruction.id, accepted=True, now=now)
    steered.timeouts = 0
    steered.retry_at = None
    steered.last_failure = ""
    register, limit_a = instruction.register, instruction.limit_a
    if register is None or limit_a is None:
        return
    if register is steered.ruling:
        steered.unconfirmed_since = None
    before = steered.told.get(register)
    steered.told[register] = Told(
        limit_a, instruction.phases, renewal(now, instruction.id), instruction.transaction_id
    )
    if register is not Register.TX:
        return
    before_a = before.limit_a if before is not None else 0.0
    if limit_a > before_a + SAME_A and before_a >= steered.evse.min_a:
        steered.raised_at = now
    if limit_a < before_a - SAME_A:
        held = why()
        if held is not None and held.kind in _MAKES_ROOM:
            steered.lowered_at = now
