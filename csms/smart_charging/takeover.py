"""What others left in a charge point is cleared once, before it is steered for the first time.

A profile of an earlier central system, or an operator's own limit, lies above ours wherever its
stack level is higher: cars would get less than they may, or more. Clearing may raise what an EVSE
draws. So it is done only while nothing of ours is known to lie there (its rated current is
reserved then), and in a running transaction not before our own limit for that one rules.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from csms.smart_charging.instructions import ClearProfiles, Outcome
from csms.smart_charging.profiles import Purpose, Register
from csms.smart_charging.steered_evse import SteeredEvse
from csms.smart_charging.strategies import Scheme, Strategy

FIRST_OPERATORS_ID: Final = 6000
"""An operator's limit for an EVSE has the id 6000 + its number, for all of them 6000."""
RETRY: Final = timedelta(seconds=10)


def leftovers(evse_id: int) -> list[ClearProfiles]:
    """Return what to clear, in this order, where nothing of ours was ever confirmed."""
    return [
        ClearProfiles(evse_id, profile_id=FIRST_OPERATORS_ID + evse_id),
        ClearProfiles(0, profile_id=FIRST_OPERATORS_ID),
        ClearProfiles(evse_id, purpose=Purpose.TX_DEFAULT),
        ClearProfiles(0, purpose=Purpose.TX_DEFAULT),
        ClearProfiles(evse_id, purpose=Purpose.TX),
    ]


def next_leftover(steered: SteeredEvse, strategy: Strategy) -> ClearProfiles | None:
    """Return the first that is to be cleared now, None if none is; drops those that needn't be.

    A vendor's key needs no profile at all. In a transaction our limit for it goes first; the
    profile of the transaction is ours then.
    """
    waiting = steered.leftovers
    if strategy.scheme is Scheme.VENDOR_KEY:
        waiting.clear()
    if steered.transaction is not None:
        if Register.TX in strategy.registers and Register.TX not in steered.told:
            return None
        waiting[:] = [one for one in waiting if one.purpose is not Purpose.TX]
    return waiting[0] if waiting else None


def our_limit_goes_first(steered: SteeredEvse, strategy: Strategy) -> bool:
    """Whether a transaction runs at an EVSE with leftovers that has no limit of ours yet."""
    return (
        bool(steered.leftovers)
        and steered.transaction is not None
        and Register.TX in strategy.registers
        and Register.TX not in steered.told
    )


def cleared(steered: SteeredEvse, action: ClearProfiles, outcome: Outcome, now: datetime) -> None:
    """Take how it went. Whoever has no such profile refuses (1.6, K10: Unknown): as good."""
    match outcome:
        case "unsent" | "lost":
            steered.retry_at = now + RETRY
            return
        case "not_supported":
            steered.leftovers.clear()
            return
        case "accepted" if action.purpose is Purpose.TX_DEFAULT and action.evse_id:
            for register in (Register.IDLE, Register.STANDING):
                steered.commitment.cleared(register, now)
    if action in steered.leftovers:
        steered.leftovers.remove(action)
