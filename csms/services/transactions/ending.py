"""Ends that no message told: a later transaction began, a register stood still, too many open.

An inferred end gives way to the real one when it comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from csms.model import Flag
from csms.services.transactions.model import Transaction

MAX_OPEN: Final = 256
"""Open transactions of one charge point; beyond, the oldest are taken for ended."""
QUIET: Final = timedelta(hours=1)
"""A transaction known from readings alone has ended once its register stood still this long."""


def supersede(transactions: Iterable[Transaction]) -> list[Transaction]:
    """Close what must have ended because a later transaction began at the same place (E01.FR.14).

    Takes all known transactions of one EVSE; returns those it changed. The inferred end is the
    last reading, or the next start where there is none.
    """
    ordered = sorted(transactions, key=lambda t: (t.started_at, t.id))
    return [
        earlier
        for earlier, later in pairwise(ordered)
        if not earlier.stop_known
        and (earlier.open or Flag.SUPERSEDED in earlier.flags)
        and _infer_end(earlier, later.started_at)
    ]


def close_surplus(transactions: Sequence[Transaction]) -> list[Transaction]:
    """Close the oldest of a charge point's open transactions if there are too many."""
    if len(transactions) <= MAX_OPEN:
        return []
    ordered = sorted(transactions, key=lambda t: (t.started_at, t.id))
    surplus = ordered[: len(ordered) - MAX_OPEN]
    return [t for t in surplus if _infer_end(t, t.last_reading_at or t.started_at)]


def close_quiet(transaction: Transaction, rose_at: datetime, now: datetime) -> bool:
    """Close a transaction that only readings told of, once they no longer do."""
    if not transaction.inferred or not transaction.open or now - rose_at <= QUIET:
        return False
    transaction.stopped_at = max(rose_at, transaction.started_at)
    transaction.flags.add(Flag.MISSING_STOP)
    return True


def reopen(transaction: Transaction) -> None:
    """Take back an end that was inferred from a start time which proved wrong."""
    if Flag.SUPERSEDED in transaction.flags:
        transaction.stopped_at = None
        transaction.flags -= {Flag.SUPERSEDED, Flag.MISSING_STOP}


def _infer_end(transaction: Transaction, latest: datetime) -> bool:
    last = transaction.last_reading_at
    end = max(latest if last is None else min(last, latest), transaction.started_at)
    if transaction.stopped_at == end and Flag.SUPERSEDED in transaction.flags:
        return False
    transaction.stopped_at = end
    transaction.flags |= {Flag.SUPERSEDED, Flag.MISSING_STOP}
    return True
