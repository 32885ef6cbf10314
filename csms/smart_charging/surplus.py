"""How EVSEs in solar modes share the surplus: by priority, minima first, then evenly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor
from typing import Final

from csms.smart_charging.grid import EvseKey

_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolMember:
    """An EVSE in a solar mode whose car wants to charge."""

    key: EvseKey
    start_w: float
    """The surplus that it needs to charge at all."""
    max_w: float
    """The most that it could use."""
    priority: int = 0
    weight: float = 1.0
    is_running: bool = False
    """It charges on surplus already: it comes before others of its priority."""
    step_w: float = 0.0
    """What it draws is a multiple of this; 0: anything."""


def share_surplus(surplus_w: float | None, members: Iterable[PoolMember]) -> dict[EvseKey, float]:
    """Return the W of surplus for each member; 0 for who can't have enough to start.

    As many as possible get what they need to start, higher priorities and those that run first.
    What is left goes to the highest priority up to what it can use, evenly by weight, then to the
    next. Never more in all than the surplus; `surplus_w` None (unknown) is none.
    """
    ranked = sorted(members, key=lambda m: (-m.priority, not m.is_running, m.key))
    left_w = max(0.0, surplus_w or 0.0)
    shares: dict[EvseKey, float] = {}
    for member in ranked:
        shares[member.key] = member.start_w if member.start_w <= left_w else 0.0
        left_w -= shares[member.key]
    started = [m for m in ranked if shares[m.key] >= m.start_w]
    for _, peers in groupby(started, key=lambda m: m.priority):
        left_w -= _fill(shares, tuple(peers), left_w)
    _join_remainders(shares, started)
    return shares


def _join_remainders(shares: dict[EvseKey, float], members: Sequence[PoolMember]) -> None:
    """Give what all lose to whole steps to who loses most, where it makes a step for him."""
    whole = {m.key: _whole_w(m, shares[m.key]) for m in members if m.step_w > 0}
    left_w = sum(shares[key] - whole_w for key, whole_w in whole.items())
    losing = [m for m in members if m.key in whole and whole[m.key] < shares[m.key]]
    losing.sort(key=lambda m: -round((shares[m.key] - whole[m.key]) / m.step_w, 6))
    for member in losing:
        more_w = whole[member.key] + member.step_w
        if member.step_w <= left_w and more_w <= member.max_w:
            left_w -= member.step_w
            shares |= whole | {member.key: more_w}
            whole[member.key] = more_w


def _whole_w(member: PoolMember, share_w: float) -> float:
    """What of a share it can draw; who starts draws its minimum, whatever is left of a step."""
    whole_w = floor(share_w / member.step_w + _SLACK) * member.step_w
    return whole_w if whole_w >= member.start_w else share_w


def _fill(shares: dict[EvseKey, float], peers: Sequence[PoolMember], room_w: float) -> float:
    """Raise all to a common level, each up to its maximum; return what they took."""
    before_w = sum(shares[peer.key] for peer in peers)
    level = _level(peers, before_w + max(0.0, room_w))
    for peer in peers:
        shares[peer.key] = _at(peer, level)
    return sum(shares[peer.key] for peer in peers) - before_w


def _at(peer: PoolMember, level: float) -> float:
    return max(peer.start_w, min(peer.max_w, peer.weight * level))


def _level(peers: Sequence[PoolMember], total_w: float) -> float:
    """Return the highest W per weight at which all together take no more than the total."""
    steps = sorted({w / p.weight for p in peers for w in (p.start_w, p.max_w)})
    reached = 0.0
    for step in steps:
        taken_w = sum(_at(peer, step) for peer in peers)
        if taken_w > total_w:
            low_w = sum(_at(peer, reached) for peer in peers)
            return reached + (step - reached) * (total_w - low_w) / (taken_w - low_w)
        reached = step
    return reached
