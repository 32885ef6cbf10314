"""What would happen if: the shares of an installation that may not even be built yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from csms.smart_charging.allocation import Capacity, Demands, Topology, allocate
from csms.smart_charging.grid import Binding, EvseKey, PerPhase, Phase, Site
from csms.smart_charging.other_load import OtherLoad


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A car that wants to charge; what is unknown is None."""

    key: EvseKey
    phases: int | None = None
    """On how many phases it draws; unknown: on all that it could."""
    max_current_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedCircuit:
    """A circuit, A per phase."""

    id: str
    name: str
    limit_a: PerPhase
    max_power_w: float | None
    load_a: PerPhase
    """Other load than chargers."""
    chargers_a: PerPhase
    """What its EVSEs get, and what those may draw that no profile reaches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedEvse:
    """An EVSE, A per phase."""

    key: EvseKey
    circuit_id: str
    phases: frozenset[Phase]
    limit_a: float
    waiting: bool
    binding: Binding | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    circuits: Sequence[TriedCircuit]
    evses: Sequence[TriedEvse]


def try_out(site: Site, cars: Sequence[Car] | None, other_load_a: Mapping[str, PerPhase]) -> Tried:
    """Share the capacity of a site that `check` finds no error in.

    Without `cars` one wants to charge at every EVSE. The other load of a circuit is what is given
    here, otherwise what is assumed. Raises KeyError for an EVSE that there isn't.
    """
    site = _loaded(site, other_load_a)
    topology = Topology.prepare(site)
    demands = _demands(site, topology, cars)
    capacity = Capacity.of(site, topology)
    loads = OtherLoad(site).load(datetime.min.replace(tzinfo=UTC))
    for circuit in site.circuits:
        capacity.load_a[topology.circuit_index[circuit.id]] = loads[circuit.id].load_a
    found = allocate(topology, capacity, demands, strict=site.strict_priority)
    drawn_a = found.limit_a[:, None] * demands.draws + demands.reserved_a
    below_a = topology.below(drawn_a)
    return Tried(
        circuits=[
            TriedCircuit(
                id=circuit.id,
                name=circuit.name,
                limit_a=circuit.limit_a,
                max_power_w=circuit.max_power_w,
                load_a=loads[circuit.id].load_a,
                chargers_a=PerPhase(*map(float, below_a[topology.circuit_index[circuit.id]])),
            )
            for circuit in site.circuits
        ],
        evses=[
            TriedEvse(
                key=evse.key,
                circuit_id=evse.circuit_id,
                phases=frozenset(p for p in Phase if demands.draws[row, p]),
                limit_a=float(found.limit_a[row]) if evse.controllable else evse.rated_a,
                waiting=bool(found.waiting[row]),
                binding=_binding(found.binding(row), evse.key, controllable=evse.controllable),
            )
            for row, evse in enumerate(site.evses)
        ],
    )


def _loaded(site: Site, other_load_a: Mapping[str, PerPhase]) -> Site:
    """Nothing is measured in a trial, so what is given takes the place of what is assumed."""
    return replace(
        site,
        circuits=tuple(
            replace(circuit, assumed_load_a=other_load_a.get(circuit.id, circuit.assumed_load_a))
            for circuit in site.circuits
        ),
    )


def _demands(site: Site, topology: Topology, cars: Sequence[Car] | None) -> Demands:
    demands = Demands.none(topology)
    wanting = [Car(key=evse.key) for evse in site.evses] if cars is None else cars
    for car in wanting:
        row = topology.index[car.key]
        demands.wants[row] = site.evses[row].controllable
        if car.max_current_a is not None:
            demands.max_a[row] = min(demands.max_a[row], car.max_current_a)
        if car.phases is not None:
            drawn = site.evses[row].wiring.first(car.phases)
            demands.draws[row] = [phase in drawn for phase in Phase]
    for row, evse in enumerate(site.evses):
        if not evse.controllable:
            demands.reserved_a[row] = [evse.rated_a * (p in evse.wiring) for p in Phase]
    return demands


def _binding(binding: Binding | None, key: EvseKey, *, controllable: bool) -> Binding | None:
    if controllable:
        return binding
    return Binding("evse", f"{key} follows no charging profile")
