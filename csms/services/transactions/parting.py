"""One outlet has one register: what flowed there belongs to one transaction, never to two.

A reading without an id is placed by what is known when it comes. When a message tells later that
another transaction ran there, what was only inferred gives way to what was told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import product
from typing import NamedTuple

from csms.model import MeterValue
from csms.services.transactions import assembly
from csms.services.transactions.energy import begin_runs, end_runs
from csms.services.transactions.idle import MIN_RISE_WH
from csms.services.transactions.model import Transaction


class _Point(NamedTuple):
    """What the register of an outlet was at a moment."""

    at: datetime
    wh: Decimal


def part(transactions: Iterable[Transaction], max_power_w: int) -> list[Transaction]:
    """Part the readings of transactions at the starts and ends that were told of others.

    Takes all known transactions of one EVSE; returns those it changed.
    """
    ordered = sorted(transactions, key=lambda t: (t.started_at, t.id))
    changed: dict[int, Transaction] = {}
    inferred = [t for t in ordered if not (t.start_known and t.stop_known)]
    for each, told in product(inferred, ordered):
        if each is not told:
            changed |= {t.id: t for t in _part(each, told, max_power_w)}
    return list(changed.values())


def _part(each: Transaction, told: Transaction, max_power_w: int) -> list[Transaction]:
    start_wh = told.meter_start_wh
    if not each.runs or not told.start_known or start_wh is None:
        return []
    ran_before = each.start_known or start_wh - each.runs[0].first_wh >= MIN_RISE_WH
    if not each.stop_known and ran_before:
        return _end_earlier(each, told, start_wh, max_power_w)
    if not each.start_known and each.meter_start_wh is None:
        return _begin_later(each, told, start_wh, max_power_w)
    return []


def _end_earlier(
    each: Transaction, told: Transaction, start_wh: Decimal, max_power_w: int
) -> list[Transaction]:
    """Let a transaction of unknown end not go beyond the start of the next, whose the rest is."""
    at, last_at, last_wh = told.started_at, each.runs[-1].last_at, each.runs[-1].last_wh
    if not each.started_at < at < last_at or not end_runs(each.runs, at, start_wh):
        return []
    if each.stopped_at is not None:
        each.stopped_at = min(each.stopped_at, at)
    if told.stop_known and told.stopped_at is not None and told.stopped_at < last_at:
        return [each]
    power_w = each.power_w if each.last_reading_at == last_at else None
    rest = MeterValue(last_at, energy_wh=last_wh, power_w=power_w)
    assembly.add_meter_values(told, (rest,), max_power_w)
    return [each, told]


def _begin_later(
    each: Transaction, told: Transaction, start_wh: Decimal, max_power_w: int
) -> list[Transaction]:
    """Let a transaction of unknown start begin where one that ran into it has ended."""
    last = _Point(each.runs[-1].last_at, each.runs[-1].last_wh)
    stop = _stop(each, last.wh)
    if told.started_at >= (stop or last).at:
        return []
    end = _stop(told, start_wh) or _last_heard(told, start_wh)
    shared = not told.stop_known and stop is not None and each.started_at < told.started_at
    end = max(end, last) if shared else end
    end = end if stop is None else min(end, stop)
    if end.wh < start_wh or not begin_runs(each.runs, *end):
        return []
    each.started_at = end.at
    if not shared:
        return [each]
    assembly.add_meter_values(told, (MeterValue(end.at, energy_wh=end.wh),), max_power_w)
    return [each, told]


def _stop(transaction: Transaction, floor_wh: Decimal) -> _Point | None:
    """The stop that was told; without a register it is not below what was known before."""
    if not transaction.stop_known or transaction.stopped_at is None:
        return None
    return _Point(transaction.stopped_at, transaction.meter_stop_wh or floor_wh)


def _last_heard(told: Transaction, start_wh: Decimal) -> _Point:
    if not told.runs:
        return _Point(told.started_at, start_wh)
    return _Point(told.runs[-1].last_at, told.runs[-1].last_wh)
