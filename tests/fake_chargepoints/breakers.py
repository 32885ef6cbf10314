"""Circuit breakers that trip: what the simulated garage is judged by. Pure.

Each pole is an IEC 60898-1 breaker of curve B or C, at the quick edge of what the standard allows:
it holds 1.13 times its rating for ever and nothing above; and its magnetic trip acts as soon as
the standard lets it. A real breaker is slower, so what survives here survives there. A
`BreakerBoard` is the tree of them and adds up the true currents, phase by phase.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from .vehicle import Amps3, no_current

Curve = Literal["B", "C"]
LineCurrents = tuple[complex, complex, complex]
"""Current of each line, its angle against that line's own voltage to the star point."""

holds_for_ever = 1.13
"""IEC 60898-1: the conventional non-tripping current, in ratings."""

trips_at_once: Mapping[Curve, float] = {"B": 3.0, "C": 5.0}
"""From here on the magnetic trip may act, in ratings."""

time_constant_s = 60.0
"""How fast the bimetal follows: from cold 1.45 ratings trip in 56 s and 2.55 in 13 s. The standard
demands less than an hour for 1.45, and between 1 s and 60 s (120 s above 32 A) for 2.55."""

tolerance_a = 0.05
"""Less than this above the rating is arithmetic, not overload."""

most_overloads = 1000
"""More are not remembered of one pole."""

no_line_currents: Final[LineCurrents] = (0j, 0j, 0j)


@dataclass(frozen=True, slots=True)
class Overload:
    """The current was above the rating for `lasted_s` without a pause, at most `worst_a`."""

    ended_at: datetime
    lasted_s: float
    worst_a: float

    @property
    def began_at(self) -> datetime:
        return self.ended_at - timedelta(seconds=self.lasted_s)


@dataclass(slots=True)
class Pole:
    """One phase of a breaker: its heat, and the worst it had to carry.

    `heat` is the square of the current in ratings as the bimetal feels it. `overload_s` is how long
    the current has been above the rating without a pause; `overloads` are those that are over.
    """

    rated_a: float
    curve: Curve = "C"
    heat: float = 0.0
    current_a: float = 0.0
    worst_a: float = 0.0
    overload_s: float = 0.0
    overload_a: float = 0.0
    overloads: list[Overload] = field(default_factory=list)

    @property
    def worst_excess_a(self) -> float:
        """The most that ever flowed above the rating."""
        return max(0.0, self.worst_a - self.rated_a)

    @property
    def longest_overload_s(self) -> float:
        return max([self.overload_s, *(each.lasted_s for each in self.overloads)])

    def carry(self, current_a: float, dt_s: float, at: datetime) -> bool:
        """Carry a current for so long, until `at`. True when this pole trips."""
        self.current_a = current_a
        self.worst_a = max(self.worst_a, current_a)
        self._note_overload(current_a, dt_s, at)
        if self.rated_a <= 0:
            return current_a > tolerance_a
        load = current_a / self.rated_a
        self.heat += (load * load - self.heat) * -math.expm1(-dt_s / time_constant_s)
        return load > trips_at_once[self.curve] or self.heat > holds_for_ever**2

    def _note_overload(self, current_a: float, dt_s: float, at: datetime) -> None:
        if current_a > self.rated_a + tolerance_a:
            self.overload_s += dt_s
            self.overload_a = max(self.overload_a, current_a)
        elif self.overload_s:
            began = at - timedelta(seconds=dt_s)
            self.overloads.append(Overload(began, self.overload_s, self.overload_a))
            del self.overloads[:-most_overloads]
            self.overload_s = self.overload_a = 0.0


@dataclass(frozen=True, slots=True)
class CircuitPlan:
    """A circuit as it is built: its breaker per phase (0: it lacks the phase), what feeds it."""

    id: str
    breaker_a: Amps3
    parent_id: str | None = None
    curve: Curve = "C"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """On which lines (0, 1, 2) the terminals of an outlet hang, in the terminals' order.

    `between_lines` is an outlet of an IT net whose car hangs between two lines.
    """

    circuit_id: str
    lines: tuple[int, ...]
    between_lines: bool = False

    def line_currents(self, terminals_a: Amps3) -> LineCurrents:
        """What a car's current at the terminals is on the lines."""
        lines = list(no_line_currents)
        if self.between_lines:
            one, other = self.lines
            # The voltage between two lines is 30 degrees ahead of the first, behind the second.
            ahead = cmath.rect(terminals_a[0], math.pi / 6)
            is_cyclic = (other - one) % 3 == 1
            lines[one] = ahead if is_cyclic else ahead.conjugate()
            lines[other] = ahead.conjugate() if is_cyclic else ahead
        else:
            for line, current_a in zip(self.lines, terminals_a, strict=False):
                lines[line] = complex(current_a)
        return (lines[0], lines[1], lines[2])


_rotations: Final = {"R": 0, "S": 1, "T": 2}


def connection(circuit_id: str, phases: str) -> Connection:
    """Read how an outlet is connected: L1, L2L3L1, STR, ... or L1-L2. Raises ValueError."""
    letters = phases.strip().upper()
    between_lines = "-" in letters
    letters = letters.replace("-", "")
    try:
        if set(letters) <= set(_rotations):
            lines = tuple(_rotations[letter] for letter in letters)
        else:
            lines = tuple(("L1", "L2", "L3").index(letters[n : n + 2]) for n in _pairs(letters))
    except ValueError:
        raise ValueError(f"phases {phases!r} can't be read") from None
    if not lines or len(set(lines)) < len(lines) or (between_lines and len(lines) != 2):
        raise ValueError(f"phases {phases!r} can't be")
    return Connection(circuit_id, lines, between_lines)


def _pairs(letters: str) -> range:
    return range(0, len(letters), 2)


@dataclass(slots=True)
class Trip:
    """A breaker opened: everything behind it is dark."""

    circuit_id: str
    line: int
    at: datetime
    current_a: float


@dataclass(slots=True)
class CircuitState:
    """A circuit's breaker as it is: three poles that open together."""

    plan: CircuitPlan
    poles: tuple[Pole, Pole, Pole]
    current_a: Amps3 = no_current
    """Of each line now; negative is export."""
    trip: Trip | None = None

    @property
    def worst_load(self) -> float:
        """Of the pole that is worst off: what it carries as a share of its rating."""
        return max(pole.current_a / pole.rated_a for pole in self.poles if pole.rated_a > 0)

    @property
    def worst_excess_a(self) -> float:
        return max(pole.worst_excess_a for pole in self.poles)

    @property
    def longest_overload_s(self) -> float:
        return max(pole.longest_overload_s for pole in self.poles)


@dataclass(slots=True)
class BreakerBoard:
    """All breakers of an installation, the true currents through them, and who tripped."""

    circuits: dict[str, CircuitState]
    trips: list[Trip] = field(default_factory=list)
    _paths: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, plans: Iterable[CircuitPlan]) -> BreakerBoard:
        """Build it. Raises ValueError for a circuit that hangs on nothing or on itself."""
        circuits = {
            plan.id: CircuitState(plan, _poles(plan.breaker_a, plan.curve)) for plan in plans
        }
        board = cls(circuits)
        board._paths = {name: tuple(board._path(name)) for name in circuits}
        return board

    def path(self, circuit_id: str) -> tuple[str, ...]:
        """A circuit and all that feed it, upwards."""
        return self._paths[circuit_id]

    def is_live(self, circuit_id: str) -> bool:
        """Whether there is voltage: no breaker on the way up has tripped."""
        return all(self.circuits[name].trip is None for name in self._paths[circuit_id])

    def carry(
        self,
        cars: Iterable[tuple[str, LineCurrents]],
        others: Iterable[tuple[str, Amps3]],
        dt_s: float,
        at: datetime,
    ) -> list[Trip]:
        """Let currents flow for so long, until `at`; who tripped now.

        `cars` are (circuit, currents) with their angles. `others` (the house; a solar roof is
        negative) have no known angle: they add up arithmetically, which is the worst case.
        """
        if not self.trips:
            flowing = self._sums(cars, others)
        else:
            flowing = self._sums(
                [(name, lines) for name, lines in cars if self.is_live(name)],
                [(name, lines) for name, lines in others if self.is_live(name)],
            )
        tripped = [
            trip
            for name, lines in flowing.items()
            if (trip := _carry(self.circuits[name], lines, dt_s, at)) is not None
        ]
        self.trips += tripped
        return tripped

    def _sums(
        self, cars: Iterable[tuple[str, LineCurrents]], others: Iterable[tuple[str, Amps3]]
    ) -> dict[str, Amps3]:
        angled = {name: [0j, 0j, 0j] for name in self.circuits}
        plain = {name: [0.0, 0.0, 0.0] for name in self.circuits}
        for circuit_id, currents in cars:
            for name in self._paths[circuit_id]:
                lines = angled[name]
                for n in range(3):
                    lines[n] += currents[n]
        for circuit_id, amps in others:
            for name in self._paths[circuit_id]:
                sums = plain[name]
                for n in range(3):
                    sums[n] += amps[n]
        return {name: _added(angled[name], plain[name]) for name in self.circuits}

    def _path(self, circuit_id: str) -> Iterable[str]:
        name: str | None = circuit_id
        seen: set[str] = set()
        while name is not None:
            if name in seen or name not in self.circuits:
                raise ValueError(f"circuit {circuit_id!r} is not fed by a root")
            seen.add(name)
            yield name
            name = self.circuits[name].plan.parent_id


def _poles(breaker_a: Amps3, curve: Curve) -> tuple[Pole, Pole, Pole]:
    return (Pole(breaker_a[0], curve), Pole(breaker_a[1], curve), Pole(breaker_a[2], curve))


def _added(angled: list[complex], plain: list[float]) -> Amps3:
    return (abs(angled[0]) + plain[0], abs(angled[1]) + plain[1], abs(angled[2]) + plain[2])


def _carry(circuit: CircuitState, lines: Amps3, dt_s: float, at: datetime) -> Trip | None:
    circuit.current_a = lines
    opened = [
        n
        for n, (pole, amps) in enumerate(zip(circuit.poles, lines, strict=True))
        if pole.carry(abs(amps), dt_s, at)
    ]
    if not opened or circuit.trip is not None:
        return None
    circuit.trip = Trip(circuit.plan.id, opened[0], at, abs(lines[opened[0]]))
    return circuit.trip
