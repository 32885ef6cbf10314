"""What every circuit may carry now and what of it others take. Keeps meters and orders."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Final

import numpy as np

from csms.smart_charging.demands import Capacity
from csms.smart_charging.grid import Circuit, PerPhase, Site
from csms.smart_charging.limit_orders import ActiveLimit, Order, SignalWatch, active_limit
from csms.smart_charging.other_load import LoadView, OtherLoad
from csms.smart_charging.quarter_hour import QuarterHourBudget
from csms.smart_charging.room import CircuitRoom, Room
from csms.smart_charging.sign_watch import SignWatch
from csms.smart_charging.topology import Topology

CALM: Final = timedelta(seconds=60)


def _budget(site: Site) -> QuarterHourBudget | None:
    if site.demand_cap_w is None:
        return None
    return QuarterHourBudget(site.demand_cap_w, max_age_s=site.max_meter_age_s)


@dataclass(frozen=True, slots=True)
class CircuitNow:
    circuit: Circuit
    limit: ActiveLimit
    load: LoadView


class RecentPeak:
    """The highest other load of the last minute: cars follow its peaks down at once, and come
    back when it has been calm, not with every swing.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[datetime, PerPhase]] = deque()

    def highest(self, load_a: PerPhase, now: datetime) -> PerPhase:
        while self._seen and now - self._seen[0][0] > CALM:
            self._seen.popleft()
        # What is no higher than the newest on any phase can never be a peak again.
        while self._seen and load_a.most(self._seen[-1][1]) == load_a:
            self._seen.pop()
        self._seen.append((now, load_a))
        peak = load_a
        for _, seen_a in self._seen:
            peak = peak.most(seen_a)
        return peak


class CircuitWatch:
    """The circuits of one site."""

    def __init__(
        self,
        site: Site,
        topology: Topology,
        orders: Sequence[Order],
        signals: Mapping[str, datetime],
    ) -> None:
        self.site = site
        self.other = OtherLoad(site)
        self.signs = SignWatch(site)
        self.budget = _budget(site)
        self._topology = topology
        self._orders: Sequence[Order] = orders
        self._signals = dict(signals)
        self._watches = {c.id: SignalWatch() for c in site.circuits if c.signal is not None}
        self._built = Capacity.of(site, topology)
        self._peaks = {circuit.id: RecentPeak() for circuit in site.circuits}
        self._unread = OtherLoad(site).load(datetime.min.replace(tzinfo=UTC))
        self.now: dict[str, CircuitNow] = {}
        """As of the last `look`."""

    def inherit(self, before: CircuitWatch) -> None:
        """Take over the readings from before the installation was changed."""
        self.other.inherit(before.other)
        if self.budget is not None and before.budget is not None:
            before.budget.cap_w = self.budget.cap_w
            self.budget = before.budget

    def reorder(self, orders: Sequence[Order], signals: Mapping[str, datetime]) -> None:
        self._orders = orders
        self._signals = dict(signals)

    def look(self, now: datetime) -> Capacity:
        """Work out limits and loads; returns them as an allocation wants them."""
        loads = self.other.load(now)
        capacity, net_a = self._built.copy(), np.zeros_like(self._built.load_a)
        for circuit in self.site.circuits:
            limit = active_limit(
                circuit,
                self._orders,
                self._signals.get(circuit.id),
                now,
                self._watches.get(circuit.id),
            )
            load = loads[circuit.id]
            likely_a = self._peaks[circuit.id].highest(load.likely_a, now)
            limit = self._unattended(circuit, limit, likely_a)
            self.now[circuit.id] = CircuitNow(circuit, limit, load)
            row = self._topology.circuit_index[circuit.id]
            capacity.limit_a[row] = limit.limit_a
            capacity.load_a[row] = likely_a
            net_a[row] = load.net_a
            capacity.max_power_w[row] = inf if limit.max_power_w is None else limit.max_power_w
        capacity.net_a = net_a
        if self.budget is not None:
            row = self._topology.circuit_index[self.site.root.id]
            allowed_w = self.budget.allowed_w(now)
            capacity.max_power_w[row] = min(capacity.max_power_w[row], allowed_w)
        return capacity

    def _unattended(self, circuit: Circuit, limit: ActiveLimit, load_a: PerPhase) -> ActiveLimit:
        """Lower a limit so far that what is lent would fit beside what is assumed, too."""
        factor = self.site.unattended_factor
        if factor is None:
            return limit
        may_carry_a = PerPhase(*(factor * amps for amps in circuit.breaker_a))
        lendable_a = may_carry_a.minus(self._unread[circuit.id].load_a).at_least(0.0)
        lowered_a = limit.limit_a.least(load_a.plus(lendable_a))
        if lowered_a == limit.limit_a:
            return limit
        return replace(limit, limit_a=lowered_a, reason="what may be lent unattended")

    def limit_at(self, circuit: Circuit, moment: datetime) -> ActiveLimit:
        """Return the limit of a circuit at a moment to come, as far as it is known."""
        return active_limit(circuit, self._orders, None, moment, None)

    def room(self, capacity: Capacity, *, likely: bool = False) -> Room:
        """Open a ledger of what chargers may draw beside the other load: the worst it can be, or
        what it most likely is.
        """
        rooms: dict[str, CircuitRoom] = {}
        for circuit_id, now in self.now.items():
            row = self._topology.circuit_index[circuit_id]
            load_a = now.load.likely_a if likely else now.load.load_a
            rooms[circuit_id] = CircuitRoom(
                name=now.circuit.name,
                limit_a=now.limit.limit_a,
                load_a=load_a,
                max_power_w=float(capacity.max_power_w[row]),
                load_w=sum(load_a) * self.site.voltage_v,
            )
        return Room(self.site, rooms)

    @property
    def next_change(self) -> datetime | None:
        """When a limit changes by itself."""
        return min((n.limit.until for n in self.now.values() if n.limit.until), default=None)
