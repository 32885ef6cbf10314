"""The limit of a circuit now: its breaker, its owner's choice, the grid operator's orders.

The tightest of all wins, and the result says which that was. Where a circuit listens to a grid
signal (§ 14a EnWG, EEBUS LPC), a signal that falls silent means the failsafe limit. It ends with
an order after the signal is back, 120 s after it is back without one, or when the failsafe
duration is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from csms.smart_charging.grid import Circuit, GridSignal, PerPhase

RELEASE: Final = timedelta(seconds=120)
"""A signal that is back that long without an order ends the failsafe limit."""

MINIMUM_14A_W: Final = 4200.0
_SIMULTANEITY: Final = (1.0, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45)
"""BK6-22-300: for 1, 2, ... 8, and 9 or more devices."""


def p_min_14a(devices: int) -> float:
    """Return the W that an energy manager with so many controllable devices may always draw.

    4.2 kW for the first, and for every other one 4.2 kW by the simultaneity factor of their
    number (§ 14a EnWG, BK6-22-300).
    """
    if devices < 1:
        return 0.0
    factor = _SIMULTANEITY[min(devices, len(_SIMULTANEITY)) - 1]
    return MINIMUM_14A_W * (1.0 + (devices - 1) * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A limit for a while, usually by the grid operator: A per phase, W over all, or both."""

    circuit_id: str
    starts_at: datetime
    ends_at: datetime | None = None
    limit_a: PerPhase | None = None
    power_w: float | None = None
    reason: str = ""

    def is_in_force(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True)
class ActiveLimit:
    """What a circuit may carry now, margin taken off, other load not."""

    limit_a: PerPhase
    max_power_w: float | None
    """Over all phases; None: no limit but the currents."""
    reason: str
    """What the limit is by, for people: `breaker`, `operating limit`, an order's reason, ..."""
    until: datetime | None
    """When it changes by itself, for example by the end of an order; None: never."""


@dataclass(slots=True)
class SignalWatch:
    """Whether one circuit's grid signal is lost, and since when it is back."""

    _lost_at: datetime | None = field(default=None, init=False)
    _back_at: datetime | None = field(default=None, init=False)

    def failsafe_until(
        self,
        signal: GridSignal,
        heard_at: datetime | None,
        ordered_at: datetime | None,
        now: datetime,
    ) -> datetime | None:
        """Return until when the failsafe limit applies, None if it doesn't.

        `heard_at` is the signal's last heartbeat, `ordered_at` when the newest order that is in
        force began. A signal that was never heard is lost from the first call on.
        """
        timeout = timedelta(seconds=signal.heartbeat_timeout_s)
        if heard_at is not None and now - heard_at <= timeout:
            return self._while_heard(ordered_at, now)
        if self._lost_at is None or self._back_at is not None:
            self._lost_at = now if heard_at is None else heard_at + timeout
            self._back_at = None
        until = self._lost_at + timedelta(seconds=signal.failsafe_duration_s)
        return until if now < until else None

    def _while_heard(self, ordered_at: datetime | None, now: datetime) -> datetime | None:
        if self._lost_at is None:
            return None
        self._back_at = self._back_at or now
        ordered_since = ordered_at is not None and ordered_at >= self._lost_at
        if ordered_since or now >= self._back_at + RELEASE:
            self._lost_at = self._back_at = None
            return None
        return self._back_at + RELEASE


def active_limit(
    circuit: Circuit,
    orders: Sequence[Order],
    signal_at: datetime | None,
    now: datetime,
    watch: SignalWatch | None = None,
) -> ActiveLimit:
    """Return the limit of a circuit now.

    `orders` may hold those of other circuits and times; `signal_at` is the last heartbeat of the
    circuit's grid signal, `watch` remembers it from call to call (without one a signal that is
    back ends the failsafe limit at once). The circuit's margin is kept free of its breaker, its
    operating limit and its contracted power; an order is taken by the letter.
    """
    ours = [order for order in orders if order.circuit_id == circuit.id]
    current = [order for order in ours if order.is_in_force(now)]
    changes = [at for order in ours for at in (order.starts_at, order.ends_at) if at and at > now]
    limits = [*_own(circuit), *_ordered(current)]
    if circuit.signal is not None:
        ordered_at = max((order.starts_at for order in current), default=None)
        watch = watch or SignalWatch()
        until = watch.failsafe_until(circuit.signal, signal_at, ordered_at, now)
        if until is not None:
            limits.append(
                _Limit("grid signal lost, failsafe", None, circuit.signal.failsafe_power_w)
            )
            changes.append(until)
        elif signal_at is not None:
            lost_at = signal_at + timedelta(seconds=circuit.signal.heartbeat_timeout_s)
            changes += [lost_at] if lost_at > now else []
    return _tightest(limits, min(changes, default=None))


class _Limit(NamedTuple):
    reason: str
    limit_a: PerPhase | None
    power_w: float | None


def _own(circuit: Circuit) -> Iterator[_Limit]:
    keep = 1.0 - circuit.margin
    operating = circuit.operating_limit_a
    yield _Limit("breaker", _scaled(circuit.breaker_a, keep), None)
    if operating is not None:
        yield _Limit("operating limit", _scaled(operating, keep), None)
    if circuit.max_power_w is not None:
        yield _Limit("contracted power", None, circuit.max_power_w * keep)


def _ordered(orders: Sequence[Order]) -> Iterator[_Limit]:
    for order in orders:
        power_w = None if order.power_w is None else max(0.0, order.power_w)
        limit_a = None if order.limit_a is None else order.limit_a.at_least(0.0)
        yield _Limit(order.reason or "grid operator's order", limit_a, power_w)


def _scaled(limit_a: PerPhase, share: float) -> PerPhase:
    return PerPhase(*(amps * share for amps in limit_a))


def _tightest(limits: Sequence[_Limit], until: datetime | None) -> ActiveLimit:
    """The least of everything; the reason names what set the currents and what the power."""
    limit_a: PerPhase | None = None
    max_power_w: float | None = None
    current_reason, power_reason = "", ""
    for limit in limits:
        if limit.limit_a is not None:
            tighter = limit.limit_a if limit_a is None else limit_a.least(limit.limit_a)
            if tighter != limit_a:
                limit_a, current_reason = tighter, limit.reason
        if limit.power_w is not None and (max_power_w is None or limit.power_w < max_power_w):
            max_power_w, power_reason = limit.power_w, limit.reason
    if limit_a is None:
        raise ValueError("a circuit has a breaker")
    reasons = dict.fromkeys(reason for reason in (power_reason, current_reason) if reason)
    return ActiveLimit(limit_a, max_power_w, "; ".join(reasons), until)
