"""A garage as it is built: circuits, outlets, and what kind of charger hangs where. Values only.

It says the same as a site of the admin API, and in addition what no API knows: how each charger and
car really behaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .breakers import BreakerBoard, CircuitPlan, connection
from .other_loads import OtherLoad
from .vehicle import Amps3, no_current
from .wallbox import Reaction, Rotation, WallboxModel

Version = Literal["1.6", "2.0.1", "2.1"]
Network = Literal["three_phase", "single_phase", "it"]


@dataclass(frozen=True, slots=True)
class GarageCircuit:
    """A circuit with its breaker, whether it has a meter, and what else draws from it.

    `assumed_load_a` is what its owner says the other load is at most: with a meter all that it
    would show, without one what hangs on no circuit further down.
    """

    plan: CircuitPlan
    has_meter: bool = False
    assumed_load_a: Amps3 = no_current
    others: tuple[OtherLoad, ...] = ()

    @property
    def id(self) -> str:
        return self.plan.id


@dataclass(frozen=True, slots=True)
class GarageEvse:
    """An EVSE: where it hangs, and what its charger does.

    `obeys` False: it accepts profiles and ignores them. `clock_skew_s` is how wrong its clock is.
    """

    charge_point_id: str
    evse_id: int
    circuit_id: str
    phases: str
    rated_a: float
    version: Version = "1.6"
    controllable: bool = True
    obeys: bool = True
    unit: Literal["A", "W"] = "A"
    weight: float = 1.0
    can_switch_phases: bool = False
    clock_skew_s: float = 0.0
    reaction: Reaction = field(default_factory=Reaction)

    @property
    def model(self) -> WallboxModel:
        """The box. Its rotation stays out of it: the board knows the lines of each terminal."""
        lines = connection(self.circuit_id, self.phases)
        return WallboxModel(
            1 if lines.between_lines else len(lines.lines),
            self.rated_a,
            switches_phases=self.can_switch_phases,
            obeys_profiles=self.obeys and self.controllable,
            reaction=self.reaction,
        )

    @property
    def rotation(self) -> Rotation | None:
        """OCPP 1.6's ConnectorPhaseRotation of a three-phase outlet."""
        lines = connection(self.circuit_id, self.phases).lines
        rotations: Mapping[tuple[int, ...], Rotation] = {
            (0, 1, 2): "RST",
            (1, 2, 0): "STR",
            (2, 0, 1): "TRS",
            (0, 2, 1): "RTS",
            (1, 0, 2): "SRT",
            (2, 1, 0): "TSR",
        }
        return rotations.get(lines)


@dataclass(frozen=True, slots=True)
class GarageSite:
    """A whole garage."""

    id: str
    name: str
    circuits: Sequence[GarageCircuit]
    evses: Sequence[GarageEvse]
    network: Network = "three_phase"

    def board(self) -> BreakerBoard:
        """Its breakers, cold and closed."""
        return BreakerBoard.of(circuit.plan for circuit in self.circuits)

    def evses_of(self, charge_point_id: str) -> list[GarageEvse]:
        """The EVSEs of a charger, in their own order. Raises ValueError for a gap."""
        own = sorted(
            (evse for evse in self.evses if evse.charge_point_id == charge_point_id),
            key=lambda evse: evse.evse_id,
        )
        if [evse.evse_id for evse in own] != list(range(1, len(own) + 1)):
            raise ValueError(
                f"the EVSEs of {charge_point_id} are not numbered from 1 without a gap"
            )
        return own

    @property
    def charge_point_ids(self) -> list[str]:
        return sorted({evse.charge_point_id for evse in self.evses})
