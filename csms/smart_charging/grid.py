"""The installation: a site's circuits, breakers and EVSEs, phase by phase. Values only.

Currents are in amperes per phase, power in watts, voltages in volts. A circuit's breaker is 0 on
a phase that it lacks. EVSEs hang on circuits, circuits form a tree whose root is the grid
connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Literal, NamedTuple, TypeAlias

Unit: TypeAlias = Literal["A", "W"]

MIN_CURRENT_A: Final = 6.0
"""IEC 61851-1: a pilot below 6 A is no permission to charge."""


class Phase(IntEnum):
    """A phase of the grid, also its index in a `PerPhase`."""

    L1 = 0
    L2 = 1
    L3 = 2


class PerPhase(NamedTuple):
    """One value for each phase of the grid."""

    l1: float
    l2: float
    l3: float

    @staticmethod
    def all(value: float) -> PerPhase:
        return PerPhase(value, value, value)

    def plus(self, other: PerPhase) -> PerPhase:
        return PerPhase(self[0] + other[0], self[1] + other[1], self[2] + other[2])

    def minus(self, other: PerPhase) -> PerPhase:
        return PerPhase(self[0] - other[0], self[1] - other[1], self[2] - other[2])

    def least(self, other: PerPhase) -> PerPhase:
        return PerPhase(min(self[0], other[0]), min(self[1], other[1]), min(self[2], other[2]))

    def most(self, other: PerPhase) -> PerPhase:
        return PerPhase(max(self[0], other[0]), max(self[1], other[1]), max(self[2], other[2]))

    def at_least(self, floor: float) -> PerPhase:
        return PerPhase(max(self[0], floor), max(self[1], floor), max(self[2], floor))


NO_LOAD: Final = PerPhase(0.0, 0.0, 0.0)


class Network(StrEnum):
    """How the building is fed."""

    THREE_PHASE = "three_phase"
    """TN or TT: 230 V from phase to neutral, 400 V between phases."""
    SINGLE_PHASE = "single_phase"
    """Phase L1 and neutral alone."""
    IT = "it"
    """230 V between lines, no neutral; single-phase cars hang between two lines."""


class EvseKey(NamedTuple):
    """Which EVSE: the charge point's identity and the EVSE's number."""

    charge_point_id: str
    evse_id: int

    def __str__(self) -> str:
        return f"{self.charge_point_id}/{self.evse_id}"


@dataclass(frozen=True, slots=True)
class Wiring:
    """On which grid phases the terminals of an EVSE hang, in the terminals' order.

    `phases[0]` feeds terminal L1 of the EVSE: a single-phase car draws there. `between_lines` is
    a two-wire connection between two lines of an IT net.
    """

    phases: tuple[Phase, ...]
    between_lines: bool = False

    def __str__(self) -> str:
        return ("-" if self.between_lines else "").join(phase.name for phase in self.phases)

    def __contains__(self, phase: object) -> bool:
        return phase in self.phases

    def first(self, count: int) -> frozenset[Phase]:
        """The grid phases that a car on `count` phases draws on."""
        return frozenset(self.phases[:count])


_ROTATIONS: Final = {"R": Phase.L1, "S": Phase.L2, "T": Phase.L3}


def parse_wiring(text: str) -> Wiring:
    """Read `L1`, `L2L3L1`, `RST`, `STR`, ... or `L1-L2` (between two lines of an IT net).

    Letters are OCPP 1.6's ConnectorPhaseRotation: `STR` means that terminal L1 hangs on L2 (S).
    Raises ValueError with what is allowed.
    """
    wanted = "L1, L2, L3, L1L2L3, L2L3L1, ..., RST, STR, ... or L1-L2 (IT net)"
    compact = text.strip().upper()
    between = "-" in compact
    compact = compact.replace("-", "")
    try:
        if compact and set(compact) <= set(_ROTATIONS):
            phases = tuple(_ROTATIONS[letter] for letter in compact)
        else:
            pieces = [compact[i : i + 2] for i in range(0, len(compact), 2)]
            phases = tuple(Phase[piece] for piece in pieces)
    except KeyError:
        raise ValueError(f"phases {text!r} can't be read; allowed: {wanted}") from None
    if not phases or len(set(phases)) != len(phases) or (between and len(phases) != 2):
        raise ValueError(f"phases {text!r} can't be; allowed: {wanted}")
    return Wiring(phases, between)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSignal:
    """How a circuit listens to the grid operator (for example § 14a EnWG, EEBUS LPC)."""

    failsafe_power_w: float
    """The limit when the signal is lost."""
    heartbeat_timeout_s: float = 120.0
    failsafe_duration_s: float = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """A part of the installation behind one breaker."""

    id: str
    name: str
    parent_id: str | None
    breaker_a: PerPhase
    operating_limit_a: PerPhase | None = None
    """Lower than the breaker, by the owner's choice."""
    max_power_w: float | None = None
    """Contracted or ordered power over all phases."""
    max_imbalance_a: float | None = None
    """How much more one phase may carry than another (for example 20 A = 4.6 kVA)."""
    margin: float = 0.0
    """Share of every limit that is kept free, 0 to below 1."""
    assumed_load_a: PerPhase = NO_LOAD
    """Other load than chargers: while there is no meter, and the worst case while it is stale."""
    has_meter: bool = False
    signal: GridSignal | None = None

    @property
    def limit_a(self) -> PerPhase:
        """The limit on each phase, margin taken off; orders not counted."""
        limit = self.breaker_a
        if self.operating_limit_a is not None:
            limit = limit.least(self.operating_limit_a)
        keep = 1.0 - self.margin
        return PerPhase(limit[0] * keep, limit[1] * keep, limit[2] * keep)


class Mode(StrEnum):
    """What the owner wants of an EVSE."""

    LOCK = "lock"
    POWER = "power"
    SOLAR_PURE = "solar_pure"
    SOLAR_PLUS = "solar_plus"
    TIME_PLAN = "time_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evse:
    """An EVSE as the installer connected it."""

    key: EvseKey
    circuit_id: str
    wiring: Wiring
    rated_a: float
    """The most it can give per phase: hardware, cable and its own fuse."""
    min_a: float = MIN_CURRENT_A
    step_a: float = 1.0
    unit: Unit = "A"
    controllable: bool = True
    """Whether it follows charging profiles; otherwise its rated current is always reserved."""
    can_switch_phases: bool = False
    priority: int = 0
    """Higher goes first."""
    weight: float = 1.0
    """Share among those of one priority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A whole installation."""

    id: str
    name: str
    network: Network = Network.THREE_PHASE
    voltage_v: float = 230.0
    """Phase to neutral; between lines in an IT net."""
    time_zone: str = "UTC"
    country: str | None = None
    circuits: tuple[Circuit, ...] = ()
    evses: tuple[Evse, ...] = ()
    max_meter_age_s: float = 60.0
    """An older meter reading is no reading."""
    slot_s: float = 900.0
    """How long a turn lasts when not everybody can get the minimum."""
    strict_priority: bool = False
    """True: a lower priority waits altogether while a higher one could use more."""
    battery_counts_as_surplus: bool = False
    """Solar modes: whether what a home battery takes counts as surplus."""
    demand_cap_w: float | None = None
    """Quarter-hour mean of the grid connection that must not be exceeded (capacity tariff)."""
    unattended_factor: float | None = None
    """So many times its rating a breaker may carry while limits run out after everything that
    watches died and the other loads rose to what is assumed. None: limits may be lent by what is
    measured alone."""

    def circuit(self, circuit_id: str) -> Circuit:
        """Raises KeyError."""
        for circuit in self.circuits:
            if circuit.id == circuit_id:
                return circuit
        raise KeyError(circuit_id)

    @property
    def root(self) -> Circuit:
        """The grid connection. Raises ValueError where there isn't exactly one."""
        roots = [circuit for circuit in self.circuits if circuit.parent_id is None]
        if len(roots) != 1:
            raise ValueError(f"site {self.id!r} has {len(roots)} circuits without a parent, not 1")
        return roots[0]

    def path(self, circuit_id: str) -> Iterator[Circuit]:
        """A circuit and all that feed it, upwards. Raises KeyError for an unknown one."""
        by_id = {circuit.id: circuit for circuit in self.circuits}
        next_id: str | None = circuit_id
        for _ in range(len(by_id) + 1):
            if next_id is None:
                return
            circuit = by_id[next_id]
            yield circuit
            next_id = circuit.parent_id
        raise ValueError(f"circuit {circuit_id!r} feeds itself")


FindingLevel: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or odd about an installation, in words for the installer."""

    level: FindingLevel
    field: str
    """What it is about, for example `circuits/garage/breaker_a` or `evses/CP-1/1/phases`."""
    message: str


@dataclass(frozen=True, slots=True)
class Binding:
    """The constraint that keeps an EVSE from more: "Piso -3 Circuito 2, L2, 32 A"."""

    kind: str
    """circuit, power, imbalance, line (IT), evse, mode, plan, waiting, offline, settling, ..."""
    name: str
    """The circuit's name, or the EVSE's."""
    phase: Phase | None = None
    limit: float | None = None
    unit: Unit = "A"

    def __str__(self) -> str:
        parts = [self.name]
        if self.phase is not None:
            parts.append(self.phase.name)
        if self.limit is not None:
            parts.append(f"{self.limit:g} {self.unit}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an EVSE may draw per phase, on which phases, and why not more."""

    limit_a: float
    phases: frozenset[Phase] = field(default_factory=frozenset)
    binding: Binding | None = None
    """None: nothing holds it back but itself."""
