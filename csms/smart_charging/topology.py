"""The installation as arrays, prepared once and used by every allocation until it changes.

Circuits keep the order in which the site names them, EVSEs too: row i of any array about EVSEs
is `topology.evses[i]`, row c of any array about circuits is `topology.circuits[c]`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from csms.smart_charging.grid import Circuit, Evse, EvseKey, Network, Site

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.intp]
Bools: TypeAlias = npt.NDArray[np.bool_]

Key = TypeVar("Key", str, EvseKey)

PHASES: Final = 3

_POWER_FACTORS: Final = {
    Network.THREE_PHASE: (0.0, 1.0, 2.0, 3.0),
    Network.SINGLE_PHASE: (0.0, 1.0, 2.0, 3.0),
    Network.IT: (0.0, 1.0, math.sqrt(3.0), math.sqrt(3.0)),
}


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """Which EVSE hangs below which circuits, and all else that only an installer changes."""

    site: Site
    evses: tuple[EvseKey, ...]
    index: dict[EvseKey, int]
    circuits: tuple[str, ...]
    circuit_index: dict[str, int]
    parent: Ints
    """Per circuit the index of the one that feeds it, -1 for the grid connection."""
    circuit_of: Ints
    """Per EVSE the circuit on which it hangs."""
    wiring: Bools
    """EVSE x grid phase."""
    between_lines: Bools
    """Per EVSE: a two-wire connection between two lines."""
    member_circuit: Ints
    member_evse: Ints
    """Every EVSE below a circuit, at any depth; by circuit, then by EVSE."""
    phase_row: Ints
    phase_evse: Ints
    """The same for every grid phase: row 3 c + phase, sorted by row, then by EVSE."""
    phase_draw: Ints
    """Per entry of `phase_row`: where (EVSE, phase) is in a flat EVSE x phase array."""

    @staticmethod
    def prepare(site: Site) -> Topology:
        """Raises ValueError where the site can't be an installation: what names what, no loop."""
        circuit_index = _numbered([circuit.id for circuit in site.circuits], "circuit")
        index = _numbered([evse.key for evse in site.evses], "EVSE")
        _check_values(site)
        parent = _parents(site.circuits, circuit_index)
        _check_tree(site.circuits, parent)
        circuit_of = _circuits_of(site.evses, circuit_index)
        member_circuit, member_evse = _members(parent, circuit_of)
        phase_row, phase_evse = _phase_entries(member_circuit, member_evse)
        return Topology(
            site=site,
            evses=tuple(index),
            index=index,
            circuits=tuple(circuit_index),
            circuit_index=circuit_index,
            parent=parent,
            circuit_of=circuit_of,
            wiring=_wiring(site.evses),
            between_lines=np.array([evse.wiring.between_lines for evse in site.evses], np.bool_),
            member_circuit=member_circuit,
            member_evse=member_evse,
            phase_row=phase_row,
            phase_evse=phase_evse,
            phase_draw=phase_evse * PHASES + phase_row % PHASES,
        )

    def path(self, circuit: int) -> Iterator[int]:
        """A circuit and all that feed it, upwards, by index."""
        while circuit >= 0:
            yield circuit
            circuit = int(self.parent[circuit])

    def below(self, per_evse: Floats) -> Floats:
        """Sums over all EVSEs below each circuit: EVSE x anything to circuit x anything."""
        sums = np.zeros((len(self.circuits), per_evse.shape[1]))
        np.add.at(sums, self.member_circuit, per_evse[self.member_evse])
        return sums

    def watts_per_ampere(self, draws: Bools) -> Floats:
        """Per EVSE: the power of one ampere per phase on the phases that it draws on.

        In an IT net the voltage is that between lines: V for a car between two lines,
        sqrt(3) V for one on three.
        """
        factor = np.array(_POWER_FACTORS[self.site.network])[draws.sum(axis=1)]
        factor[self.between_lines] = 1.0
        return np.asarray(factor * self.site.voltage_v, np.float64)

    @property
    def watts_per_line_ampere(self) -> float:
        """The power of one ampere in one line of the grid: what load is counted with."""
        volts = self.site.voltage_v
        return volts / math.sqrt(3.0) if self.site.network is Network.IT else volts


def _numbered(keys: Sequence[Key], noun: str) -> dict[Key, int]:
    numbered = {key: number for number, key in enumerate(keys)}
    if len(numbered) != len(keys):
        twice = next(key for number, key in enumerate(keys) if numbered[key] != number)
        raise ValueError(f"{noun} {twice!s} is there twice")
    return numbered


def _parents(circuits: Sequence[Circuit], index: dict[str, int]) -> Ints:
    parent = np.full(len(circuits), -1, np.intp)
    for number, circuit in enumerate(circuits):
        if circuit.parent_id is not None:
            if circuit.parent_id not in index:
                raise ValueError(f"circuit {circuit.id!r} is fed by unknown {circuit.parent_id!r}")
            parent[number] = index[circuit.parent_id]
    return parent


def _check_tree(circuits: Sequence[Circuit], parent: Ints) -> None:
    reached = parent.copy()
    for _ in range(len(circuits)):
        if not (reached >= 0).any():
            return
        reached = np.where(reached >= 0, parent[reached], -1)
    looping = np.flatnonzero(reached >= 0)
    if looping.size:
        raise ValueError(f"circuit {circuits[int(looping[0])].id!r} feeds itself")


def _circuits_of(evses: Sequence[Evse], index: dict[str, int]) -> Ints:
    for evse in evses:
        if evse.circuit_id not in index:
            raise ValueError(f"EVSE {evse.key} hangs on unknown circuit {evse.circuit_id!r}")
    return np.array([index[evse.circuit_id] for evse in evses], np.intp)


def _check_values(site: Site) -> None:
    if not (math.isfinite(site.voltage_v) and site.voltage_v > 0):
        raise ValueError(f"site {site.id!r}: a voltage of {site.voltage_v} V can't be")
    for circuit in site.circuits:
        if not all(math.isfinite(limit) and limit >= 0 for limit in circuit.limit_a):
            raise ValueError(f"circuit {circuit.id!r}: a limit of {circuit.limit_a} A can't be")
    for evse in site.evses:
        numbers = (evse.rated_a, evse.min_a, evse.step_a, evse.weight)
        if not all(math.isfinite(number) and number >= 0 for number in numbers):
            raise ValueError(f"EVSE {evse.key}: currents, step and weight must be 0 or more")
        if not (evse.step_a > 0 and evse.weight > 0):
            raise ValueError(f"EVSE {evse.key}: step and weight must be above 0")


def _wiring(evses: Sequence[Evse]) -> Bools:
    wiring = np.zeros((len(evses), PHASES), np.bool_)
    for number, evse in enumerate(evses):
        wiring[number, list(evse.wiring.phases)] = True
    return wiring


def _members(parent: Ints, circuit_of: Ints) -> tuple[Ints, Ints]:
    """(circuit, EVSE) for every circuit above every EVSE, sorted."""
    circuits, evses = [], []
    above, evse = circuit_of, np.arange(len(circuit_of))
    while above.size:
        circuits.append(above)
        evses.append(evse)
        fed = parent[above] >= 0
        above, evse = parent[above[fed]], evse[fed]
    if not circuits:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    circuit, evse = np.concatenate(circuits), np.concatenate(evses)
    order = np.lexsort((evse, circuit))
    return circuit[order], evse[order]


def _phase_entries(member_circuit: Ints, member_evse: Ints) -> tuple[Ints, Ints]:
    row = (member_circuit[:, None] * PHASES + np.arange(PHASES)).ravel()
    order = np.argsort(row, kind="stable")
    return row[order], np.repeat(member_evse, PHASES)[order]
