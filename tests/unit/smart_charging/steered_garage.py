"""A garage that lives second by second: steering at one end, obedient chargers at the other.

Messages take time and may get lost; every second the breakers are checked against the most that
the cars may draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from csms.smart_charging.evse_facts import Measured, Plug, TransactionRef
from csms.smart_charging.grid import (
    NO_LOAD,
    Circuit,
    Evse,
    EvseKey,
    PerPhase,
    Phase,
    Site,
    parse_wiring,
)
from csms.smart_charging.instructions import (
    ClearProfiles,
    Decision,
    Instruction,
    Outcome,
    ReadSchedule,
    SetProfile,
    StopTransaction,
)
from csms.smart_charging.profiles import ChargingProfile
from csms.smart_charging.steered_evse import Remembered
from csms.smart_charging.steering import Installation, SiteSteering

from .obedient_charger import ObedientCharger

REACTION = timedelta(seconds=25)
"""A meter interval, a message, and what a car takes to follow."""
START = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)


def circuit(
    circuit_id: str, limit_a: float, parent_id: str | None = None, **differs: object
) -> Circuit:
    values: dict[str, object] = {
        "id": circuit_id,
        "name": circuit_id,
        "parent_id": parent_id,
        "breaker_a": PerPhase.all(limit_a),
    } | differs
    return Circuit(**values)  # type: ignore[arg-type]  # the caller names fields of Circuit


def evse(number: int, phases: str = "L1L2L3", circuit_id: str = "main", **differs: object) -> Evse:
    values: dict[str, object] = {
        "key": EvseKey(f"CP-{number}", 1),
        "circuit_id": circuit_id,
        "wiring": parse_wiring(phases),
        "rated_a": 32.0,
    } | differs
    return Evse(**values)  # type: ignore[arg-type]  # the caller names fields of Evse


def site(evses: Sequence[Evse], *circuits: Circuit, **differs: object) -> Site:
    values: dict[str, object] = {
        "id": "garage",
        "name": "Garage",
        "circuits": circuits,
        "evses": tuple(evses),
    } | differs
    return Site(**values)  # type: ignore[arg-type]  # the caller names fields of Site


@dataclass
class Car:
    """What a car takes of its EVSE: up to `max_a` on its first `phases`."""

    max_a: float = 32.0
    phases: int = 3
    id_token: str | None = None


@dataclass
class Stall:
    """A charger and the car at it."""

    evse: Evse
    charger: ObedientCharger = field(default_factory=ObedientCharger)
    car: Car | None = None
    is_online: bool = True
    ignores_profiles: bool = False

    def draws(self, now: datetime) -> PerPhase:
        """What its car takes; it follows a lower limit as late as it may."""
        if self.car is None or self.charger.transaction is None:
            return NO_LOAD
        limit_a = 32.0 if self.ignores_profiles else self.charger.draw_a(now)
        return self._on_phases(limit_a)

    def _on_phases(self, limit_a: float) -> PerPhase:
        car = self.car or Car()
        amps = min(limit_a, car.max_a, self.evse.rated_a)
        if amps < self.evse.min_a:
            return NO_LOAD
        used = self.evse.wiring.first(car.phases)
        return PerPhase(*(amps if phase in used else 0.0 for phase in Phase))


Fate = Callable[[Instruction], tuple[float, Outcome]]
"""How long an instruction takes to arrive, and how it goes."""


def punctual(_: Instruction) -> tuple[float, Outcome]:
    return 1.0, "accepted"


@dataclass
class SteeredGarage:
    site: Site
    fate: Fate = punctual
    remembered: dict[EvseKey, Remembered] = field(default_factory=dict)
    now: datetime = START
    house: PerPhase = NO_LOAD
    meter_every_s: int = 10
    meter_works: bool = True
    is_steered: bool = True
    overloads: list[str] = field(default_factory=list)
    sent: list[tuple[datetime, Instruction]] = field(default_factory=list)
    decision: Decision | None = None
    has_news: bool = False
    """Something happened that steering has not looked at yet."""

    def __post_init__(self) -> None:
        self.stalls = {one.key: Stall(one) for one in self.site.evses}
        self._transactions = 0
        self._forgiven_until = self.now
        self._on_their_way: list[tuple[datetime, Instruction, Outcome]] = []
        self.restart()

    def restart(self) -> None:
        """The server starts (anew): only what it remembered durably is known."""
        self._on_their_way.clear()
        self.steering = SiteSteering(Installation(site=self.site), self.remembered, self.now)
        self.is_steered = True
        self.has_news = True
        for key, stall in self.stalls.items():
            if stall.is_online:
                self.steering.connected(key.charge_point_id, self.now)
                self._tell_transaction(key, stall)

    def die(self) -> None:
        """The server is gone; what was on its way may arrive or not: here it is lost."""
        self.is_steered = False
        self._on_their_way.clear()

    def install(self, installation: Installation) -> None:
        self.site = installation.site
        for one in self.site.evses:
            self.stalls.setdefault(one.key, Stall(one))
        self.steering.reinstall(installation, self.remembered, self.now)

    def house_changes(self, load: PerPhase) -> None:
        """Something is switched on or off; the meter and the chargers need their time."""
        self.house = load
        self._forgiven_until = self.now + REACTION

    def key(self, number: int) -> EvseKey:
        return EvseKey(f"CP-{number}", 1)

    def arrive(self, number: int, car: Car | None = None) -> None:
        """A car is plugged in and its driver shows a card."""
        key = self.key(number)
        stall = self.stalls[key]
        stall.car = car or Car()
        self._transactions += 1
        stall.charger.start(self._transactions, self.now)
        if self.is_steered and stall.is_online:
            self._tell_transaction(key, stall)

    def leave(self, number: int) -> None:
        key = self.key(number)
        stall = self.stalls[key]
        stall.car = None
        stall.charger.stop(self.now)
        if self.is_steered and stall.is_online:
            self._tell_transaction(key, stall)

    def _tell_transaction(self, key: EvseKey, stall: Stall) -> None:
        self.has_news = True
        number, since = stall.charger.transaction, stall.charger.started_at
        plug = Plug.FREE if stall.car is None else Plug.PLUGGED
        self.steering.plug(key, plug, self.now)
        transaction = None
        if number is not None and since is not None:
            id_token = stall.car.id_token if stall.car is not None else None
            transaction = TransactionRef(number, str(number), since, id_token)
        self.steering.transaction(key, transaction, self.now)

    def lose(self, number: int) -> None:
        """The link to a charger dies."""
        key = self.key(number)
        self.stalls[key].is_online = False
        self.has_news = True
        if self.is_steered:
            self.steering.disconnected(key.charge_point_id, self.now)

    def find(self, number: int) -> None:
        key = self.key(number)
        self.stalls[key].is_online = True
        if self.is_steered:
            self.steering.connected(key.charge_point_id, self.now)
            self._tell_transaction(key, self.stalls[key])

    def limit_a(self, number: int) -> float:
        return self.stalls[self.key(number)].charger.limit_a(self.now)

    def limits(self) -> list[float]:
        return [stall.charger.limit_a(self.now) for stall in self.stalls.values()]

    def run(self, seconds: float) -> None:
        """Live on, second by second."""
        for _ in range(round(seconds)):
            self.now += timedelta(seconds=1)
            self._second()

    def _second(self) -> None:
        if self.is_steered:
            arrived = self._arrivals()
            read = self._readings()
            due = self.decision is None or self.now >= self.decision.wake_at
            if arrived or read or due or self.has_news:
                self._decide()
        self._check()

    def _decide(self) -> None:
        self.has_news = False
        self.decision = self.steering.decide(self.now)
        for instruction in self.decision.instructions:
            memory = self.steering.memory(instruction.key)
            self.remembered[instruction.key] = memory
            self.sent.append((self.now, instruction))
            after_s, outcome = self.fate(instruction)
            arrives = self.now + timedelta(seconds=after_s)
            self._on_their_way.append((arrives, instruction, outcome))

    def _arrivals(self) -> bool:
        arrived = [one for one in self._on_their_way if one[0] <= self.now]
        for due in arrived:
            self._on_their_way.remove(due)
            _, instruction, outcome = due
            if not self.stalls[instruction.key].is_online:
                outcome = "lost"
            self._deliver(instruction, outcome)
        return bool(arrived)

    def _deliver(self, instruction: Instruction, outcome: Outcome) -> None:
        """What is lost half way has been taken, what timed out hasn't: both happen."""
        stall = self.stalls[instruction.key]
        taken = outcome
        match instruction.action:
            case SetProfile() if outcome in ("accepted", "lost"):
                profile = _in_amps(instruction.action.profile)
                if not stall.charger.install(profile, self.now):
                    taken = "refused" if outcome == "accepted" else outcome
                elif outcome == "accepted":
                    stall.charger.persist(profile)
            case ReadSchedule() if outcome == "accepted":
                schedule = stall.charger.composite(self.now, timedelta(seconds=600))
                self.steering.answered(instruction.id, outcome, self.now)
                self.steering.schedule_read(instruction.key, schedule, self.now)
                return
            case ClearProfiles() if outcome in ("accepted", "lost"):
                if not stall.charger.clear(instruction.action, self.now):
                    taken = "refused" if outcome == "accepted" else outcome
            case StopTransaction() if outcome == "accepted":
                self.steering.answered(instruction.id, outcome, self.now)
                self.leave(int(instruction.key.charge_point_id.removeprefix("CP-")))
                return
        self.steering.answered(instruction.id, taken, self.now)
        self.remembered[instruction.key] = self.steering.memory(instruction.key)

    def _readings(self) -> bool:
        if int((self.now - START).total_seconds()) % self.meter_every_s:
            return False
        total = self.house
        for key, stall in self.stalls.items():
            drawn = stall.draws(self.now)
            total = total.plus(drawn)
            if stall.is_online and stall.charger.transaction is not None:
                terminals = tuple(drawn[phase] for phase in stall.evse.wiring.phases)
                self.steering.measured(key, Measured(at=self.now, terminals_a=terminals), self.now)
        if self.meter_works and self.site.root.has_meter:
            self.steering.meter(self.site.root.id, total, self.now, now=self.now)
        return True

    def _check(self) -> None:
        for one in self.site.circuits:
            if one.has_meter and self.now < self._forgiven_until:
                continue
            total = self.house if one.parent_id is None else NO_LOAD
            for stall in self.stalls.values():
                if any(above.id == one.id for above in self.site.path(stall.evse.circuit_id)):
                    total = total.plus(stall.draws(self.now))
            for phase in Phase:
                if total[phase] > one.breaker_a[phase] + 0.01:
                    self.overloads.append(
                        f"{self.now:%H:%M:%S} {one.name} {phase.name} {total[phase]:.1f} A"
                    )


def _in_amps(profile: ChargingProfile) -> ChargingProfile:
    """As a charger takes watts: over its phases at 230 V (K01.FR.50)."""
    if profile.unit == "A":
        return profile
    periods = tuple(
        replace(period, limit=period.limit / (230.0 * (period.phases or 3)))
        for period in profile.periods
    )
    return replace(profile, unit="A", periods=periods)


def garage(*evses: Evse, limit_a: float = 32.0, **differs: object) -> SteeredGarage:
    """All on one breaker."""
    return SteeredGarage(site(evses, circuit("main", limit_a)), **differs)  # type: ignore[arg-type]


def with_circuit(one: Site, circuit_id: str, **changes: object) -> Site:
    """The site with one circuit changed."""
    changed = tuple(
        replace(c, **changes) if c.id == circuit_id else c  # type: ignore[arg-type]
        for c in one.circuits
    )
    return replace(one, circuits=changed)
