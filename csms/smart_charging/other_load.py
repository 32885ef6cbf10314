"""The load of each circuit that isn't chargers: from its meter, else the worst case.

A meter shows everything behind it. What its chargers drew is taken off, each at the lowest
current that it may have drawn around the meter's moment, so that a charger that just fell or
rose never makes the other load look smaller than it is. A charger whose current isn't known
counts as 0 there.

Feed-in is no room under a breaker: a circuit that gives back to the grid counts as without load.
A cloud would otherwise overload it until the meter's next reading. Solar modes use feed-in as
surplus (`surplus_w`).

Two figures result. `load_a` is the most that the other load can be: nobody may be raised beyond
what it leaves. `likely_a` supposes that the other load stays as it was where a charger that was
just raised can explain what the meter shows: enough to lower chargers by, since together with
all that chargers may draw it is never below what the meter showed. Without it every raise would
look like a rise of the other load until the charger's own next reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import isfinite, sqrt
from typing import Final

from csms.smart_charging.draw_history import DrawHistory
from csms.smart_charging.grid import NO_LOAD, Circuit, EvseKey, Network, PerPhase, Site

CLOCK_SKEW: Final = timedelta(seconds=5)
"""How far ahead of ours a meter's clock may be."""
RECALLED: Final = timedelta(seconds=60)
"""How long what a charger drew before a restart tells of what it draws now."""
STALE_GROWTH: Final = 1.1
"""The last load counts 10 % more once the meter is silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """The other load of a circuit now, in A per phase."""

    load_a: PerPhase
    """The most it can be, never below 0."""
    likely_a: PerPhase
    """What it is if it changed as little as the readings allow; at most `load_a`."""
    net_a: PerPhase
    """As `likely_a`, but negative where the circuit feeds in: for the phases' imbalance."""
    metered: bool
    stale: bool
    """There is a meter, but no reading that is young enough."""
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    at: datetime
    current_a: PerPhase
    power_w: float | None
    battery_w: float | None


@dataclass(slots=True)
class _Metered:
    """A circuit's newest reading and what it was taken for."""

    newest: _Reading | None = None
    other_a: PerPhase | None = None
    """The last load that a fresh reading gave, negative where it feeds in."""
    likely_a: PerPhase | None = None


@dataclass(slots=True)
class OtherLoad:
    """All meters of a site and what its chargers were measured to draw."""

    site: Site
    _meters: dict[str, _Metered] = field(init=False)
    _chargers: dict[EvseKey, DrawHistory] = field(init=False)
    _recalled: dict[EvseKey, tuple[datetime, PerPhase]] = field(init=False, default_factory=dict)
    _children: dict[str, list[str]] = field(init=False)
    _beneath: dict[str, list[EvseKey]] = field(init=False)
    _upwards: tuple[Circuit, ...] = field(init=False)

    def __post_init__(self) -> None:
        circuits = self.site.circuits
        self._meters = {circuit.id: _Metered() for circuit in circuits}
        self._chargers = {evse.key: DrawHistory() for evse in self.site.evses}
        self._children = {circuit.id: [] for circuit in circuits}
        self._beneath = {circuit.id: [] for circuit in circuits}
        depth = {c.id: sum(1 for _ in self.site.path(c.id)) for c in circuits}
        self._upwards = tuple(sorted(circuits, key=lambda c: -depth[c.id]))
        for circuit in circuits:
            if circuit.parent_id is not None:
                self._children[circuit.parent_id].append(circuit.id)
        for evse in self.site.evses:
            for circuit in self.site.path(evse.circuit_id):
                self._beneath[circuit.id].append(evse.key)

    def reading(
        self,
        circuit_id: str,
        current_a: PerPhase,
        at: datetime,
        *,
        now: datetime,
        power_w: float | None = None,
        battery_w: float | None = None,
    ) -> str | None:
        """Take a meter's reading: signed A per phase and W over all, import positive.

        `battery_w` is what a home battery takes (negative: gives). Returns why the reading is
        ignored, None if it is used.
        """
        meter = self._meters.get(circuit_id)
        if meter is None:
            return f"there is no circuit {circuit_id!r}"
        numbers = (*current_a, power_w or 0.0, battery_w or 0.0)
        if not all(isfinite(number) for number in numbers):
            return "not a number"
        if at > now + CLOCK_SKEW:
            return f"{(at - now).total_seconds():.0f} s in the future"
        newest = meter.newest
        # A newest one in the future was taken before our own clock was set back.
        if newest is not None and at < newest.at <= now + CLOCK_SKEW:
            return f"{(newest.at - at).total_seconds():.0f} s older than the newest"
        meter.newest = _Reading(at, current_a, power_w, battery_w)
        return None

    def inherit(self, before: OtherLoad) -> None:
        """Take over what was read of circuits and EVSEs that are still there."""
        self._meters |= {id_: m for id_, m in before._meters.items() if id_ in self._meters}
        self._chargers |= {k: h for k, h in before._chargers.items() if k in self._chargers}

    def charger(self, key: EvseKey, current_a: PerPhase, at: datetime) -> None:
        """Take what an EVSE was measured to draw on the grid's phases; `at` when we got it."""
        if key in self._chargers and all(isfinite(amps) for amps in current_a):
            self._chargers[key].measured(current_a, at)

    def allowed(self, key: EvseKey, current_a: PerPhase, at: datetime) -> None:
        """Take what an EVSE may draw from `at` on, whether it was confirmed or not."""
        if key in self._chargers:
            self._chargers[key].allowed(current_a, at)

    def recall(self, key: EvseKey, current_a: PerPhase, at: datetime, may_a: PerPhase) -> None:
        """Take what an EVSE drew before a restart of the server, and what it may draw since.

        It only tells what the other load was, so that not all that the meter shows is taken for
        it: nobody is raised by that.
        """
        if key in self._chargers:
            self._recalled[key] = (at, current_a)
            self._chargers[key].allowed(may_a, at)

    def told(self, key: EvseKey, limit_a: float, at: datetime) -> None:
        """Take a limit that was sent to an EVSE: its car may have followed it at once."""
        if key in self._chargers:
            self._chargers[key].told(limit_a, at)

    def load(self, now: datetime) -> dict[str, LoadView]:
        """Return the other load of every circuit."""
        views: dict[str, LoadView] = {}
        for circuit in self._upwards:
            children = [views[child] for child in self._children[circuit.id]]
            views[circuit.id] = self._view(circuit, children, now)
        return views

    def surplus_w(self, now: datetime, solar_draw_w: float, battery_counts: bool) -> float | None:
        """Return what the sun gives beyond the house, in W; None while the meter is silent.

        That is the export at the grid connection and what EVSEs in solar modes draw, negative
        where the house takes more. A battery's own discharge is never surplus; what it takes is
        only where `battery_counts`.
        """
        reading = self._fresh(self._meters[self.site.root.id], now)
        if reading is None:
            return None
        power_w = reading.power_w
        if power_w is None:
            power_w = self._power_w(reading.current_a)
        battery_w = reading.battery_w or 0.0
        return solar_draw_w - power_w + (battery_w if battery_counts else min(battery_w, 0.0))

    def _power_w(self, current_a: PerPhase) -> float:
        volts = self.site.voltage_v
        if self.site.network is Network.IT:
            volts /= sqrt(3.0)
        return volts * sum(current_a)

    def _fresh(self, meter: _Metered, now: datetime) -> _Reading | None:
        reading = meter.newest
        if reading is None or reading.at > now + CLOCK_SKEW:
            return None
        age_s = (now - reading.at).total_seconds()
        return reading if age_s <= self.site.max_meter_age_s else None

    def _view(self, circuit: Circuit, children: list[LoadView], now: datetime) -> LoadView:
        meter = self._meters[circuit.id]
        reading = self._fresh(meter, now)
        if reading is not None:
            return self._live(circuit.id, meter, reading)
        meter.likely_a = None
        if circuit.has_meter:
            return _stale(circuit, meter, children)
        return _unmetered(circuit, children)

    def _live(self, circuit_id: str, meter: _Metered, reading: _Reading) -> LoadView:
        low, high = NO_LOAD, NO_LOAD
        for key in self._beneath[circuit_id]:
            bounds = self._chargers[key].bounds(reading.at)
            low, high = low.plus(bounds.low_a), high.plus(bounds.high_a)
        most, least = reading.current_a.minus(low), reading.current_a.minus(high)
        before = meter.likely_a or reading.current_a.minus(self._drawn_before(circuit_id, reading))
        meter.other_a = most
        meter.likely_a = before.most(least).least(most)
        return LoadView(
            load_a=most.at_least(0.0),
            likely_a=meter.likely_a.at_least(0.0),
            net_a=meter.likely_a,
            metered=True,
            stale=False,
            measured_at=reading.at,
        )

    def _drawn_before(self, circuit_id: str, reading: _Reading) -> PerPhase:
        """What the chargers of a circuit drew before a restart, if that was a moment ago."""
        total = NO_LOAD
        for key in self._beneath[circuit_id]:
            at, current_a = self._recalled.get(key, (reading.at, NO_LOAD))
            if abs(reading.at - at) <= RECALLED:
                total = total.plus(current_a)
        return total


def _stale(circuit: Circuit, meter: _Metered, children: list[LoadView]) -> LoadView:
    """The worst case: what the installer assumed, or the last load if that was more."""
    load = circuit.assumed_load_a
    if meter.other_a is not None:
        last = meter.other_a
        load = load.most(PerPhase(*(amps * STALE_GROWTH for amps in last)))
    load = load.most(_sum([child.load_a for child in children])).at_least(0.0)
    measured_at = None if meter.newest is None else meter.newest.at
    return LoadView(
        load_a=load, likely_a=load, net_a=load, metered=True, stale=True, measured_at=measured_at
    )


def _unmetered(circuit: Circuit, children: list[LoadView]) -> LoadView:
    assumed = circuit.assumed_load_a.at_least(0.0)
    return LoadView(
        load_a=assumed.plus(_sum([child.load_a for child in children])),
        likely_a=assumed.plus(_sum([child.likely_a for child in children])),
        net_a=assumed.plus(_sum([child.net_a for child in children])),
        metered=False,
        stale=False,
    )


def _sum(loads: list[PerPhase]) -> PerPhase:
    total = NO_LOAD
    for load in loads:
        total = total.plus(load)
    return total
