"""Limits that an operator sets by hand, as charging profiles.

An EVSE has one such limit at most: a new one replaces the old by its id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from csms.errors import ConflictError
from csms.services.charge_point import ChargePoint
from csms.services.transactions.model import Transaction
from csms.smart_charging.grid import Unit
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose
from csms.smart_charging.takeover import FIRST_OPERATORS_ID

HEAD_START_S: Final = 60
"""How far in the past a schedule begins, so that a clock that is a little behind obeys at once."""


class SteeredEvses(Protocol):
    """Whoever knows which EVSEs get their limits from load management."""

    def is_steered(self, charge_point_id: str, evse_id: int) -> bool:
        """Whether an EVSE is steered; 0: any of the charge point."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorLimit:
    """A limit in A per phase or W over all phases; `evse_id` 0: every EVSE, each by itself."""

    evse_id: int
    limit: float
    unit: Unit
    phases: int | None = None
    duration_s: int | None = None
    """None: until it is cleared, or the transaction ends."""


def profile_id(evse_id: int) -> int:
    """Return the id of an operator's limit at an EVSE."""
    return FIRST_OPERATORS_ID + evse_id


def stack_levels(evse_id: int) -> tuple[int, ...]:
    """Return the levels to try for a default limit, the best first.

    That of an EVSE lies above that of all (K01.FR.52, K01.FR.53: one level can't have both), but
    some charge points have level 0 alone.
    """
    return (1, 0) if evse_id else (0,)


def default_profile(limit: OperatorLimit, stack_level: int, now: datetime) -> ChargingProfile:
    """Make a limit for every transaction, also one that runs already (K01.FR.32)."""
    return _profile(limit, Purpose.TX_DEFAULT, stack_level, now, None)


def transaction_profile(
    limit: OperatorLimit, transaction: Transaction, now: datetime
) -> ChargingProfile:
    """Make a limit for one transaction, and for it alone."""
    return _profile(limit, Purpose.TX, 0, now, transaction)


def running_transaction(charge_point: ChargePoint, evse_id: int) -> Transaction:
    """Return the open transaction of an EVSE (0: the only one there is); raises ConflictError."""
    transactions = [
        transaction
        for transaction in charge_point.open_transactions.values()
        if transaction.evse_id and evse_id in (0, transaction.evse_id)
    ]
    if not transactions:
        where = f"at EVSE {evse_id} of " if evse_id else "at "
        raise ConflictError(f"no transaction runs {where}{charge_point.id}")
    if evse_id == 0 and len({transaction.evse_id for transaction in transactions}) > 1:
        raise ConflictError(f"several transactions run at {charge_point.id}: name the evse_id")
    return max(transactions, key=lambda t: (t.started_at, t.id))


def _profile(
    limit: OperatorLimit,
    purpose: Purpose,
    stack_level: int,
    now: datetime,
    transaction: Transaction | None,
) -> ChargingProfile:
    duration_s = limit.duration_s
    return ChargingProfile(
        profile_id=profile_id(limit.evse_id),
        purpose=purpose,
        stack_level=stack_level,
        kind=Kind.ABSOLUTE,
        unit=limit.unit,
        periods=(Period(0, limit.limit, limit.phases),),
        start_at=now - timedelta(seconds=HEAD_START_S),
        duration_s=None if duration_s is None else duration_s + HEAD_START_S,
        transaction_id=None if transaction is None else transaction.id,
        ocpp_transaction_id=None if transaction is None else transaction.ocpp_transaction_id,
    )
