"""One EVSE as steering keeps it: facts, wishes, what it was told, what it may still draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from csms.smart_charging.clock_watch import ClockWatch
from csms.smart_charging.commitments import Commitment
from csms.smart_charging.evse_facts import Measured, Plug, TransactionRef
from csms.smart_charging.grid import NO_LOAD, Binding, Evse, EvseKey, PerPhase, Phase
from csms.smart_charging.headroom import Headroom
from csms.smart_charging.instructions import ClearProfiles, Instruction
from csms.smart_charging.modes import ModeGovernor, Permit
from csms.smart_charging.phase_learning import PhaseLearning
from csms.smart_charging.phase_switching import Outlook, PhaseSwitching, SwitchStep
from csms.smart_charging.profiles import Register
from csms.smart_charging.strategies import Strategy
from csms.smart_charging.wishes import ChargingNeed, ModeSettings

START_WINDOW: Final = timedelta(minutes=5)
"""How long a car that was plugged in has the minimum kept free before anyone pays for it."""
CONFIRMS_WITHIN: Final = timedelta(seconds=8)
"""So long a limit may go unconfirmed before others make room where a breaker needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What survived a restart of the server about an EVSE."""

    standing_a: float | None = None
    last_limit_a: float | None = None
    phases: int | None = None
    switched_at: datetime | None = None
    switches: int = 0
    strategy: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class HeldDown:
    """A limit for the check of a meter. Others don't get what it leaves: they would hide it."""

    ceiling_a: float
    draws_a: PerPhase
    """What the EVSE drew before."""
    until: datetime

    @property
    def kept_a(self) -> PerPhase:
        return self.draws_a.minus(PerPhase.all(self.ceiling_a)).at_least(0.0)


@dataclass(slots=True)
class Told:
    """What a charger last confirmed for one register."""

    limit_a: float
    phases: int
    renew_at: datetime
    transaction_id: int | None = None


@dataclass(slots=True)
class SteeredEvse:
    """State, not behaviour: `steering` and its helpers change it."""

    evse: Evse
    settings: ModeSettings
    strategy: Strategy | None
    """None: nothing that we know of steers it; its rated current is reserved."""
    commitment: Commitment
    headroom: Headroom
    learning: PhaseLearning
    switching: PhaseSwitching
    governor: ModeGovernor
    clock: ClockWatch = field(default_factory=ClockWatch)
    safe_a: float = 0.0
    is_online: bool = False
    plug: Plug = Plug.FREE
    plugged_at: datetime | None = None
    transaction: TransactionRef | None = None
    need: ChargingNeed = field(default_factory=ChargingNeed)
    measured: Measured | None = None
    measured_a: PerPhase | None = None
    """On the grid's phases."""
    served_ah: float = 0.0
    told: dict[Register, Told] = field(default_factory=dict)
    in_flight: Instruction | None = None
    retry_at: datetime | None = None
    timeouts: int = 0
    unconfirmed_since: datetime | None = None
    """When the first limit was sent that it has confirmed none after; None: it confirmed one."""
    needs_room: bool = False
    """It is late to confirm its limit, and a breaker can't carry what it may draw meanwhile."""
    leftovers: list[ClearProfiles] = field(default_factory=list)
    """Others' profiles that are still to be cleared."""
    schedule_asked: bool = False
    """Whether its composite schedule was asked for since it connected."""
    lowered_at: datetime | None = None
    """When it was last lowered to make room for others or the house."""
    raised_at: datetime | None = None
    stopped_at: datetime | None = None
    """When it was last told to stop because no limit helped."""
    blamed_at: datetime | None = None
    """When its strategy was last changed for drawing too much."""
    overdraws_since: datetime | None = None
    external_limit_a: float | None = None
    held_down: HeldDown | None = None
    withheld: Binding | None = None
    """Why its transaction gets nothing more, such as the end of its credit."""
    permit: Permit | None = None
    surplus_w: float | None = None
    """Its share of the solar surplus."""
    switch_step: SwitchStep | None = None
    counted_a: PerPhase = NO_LOAD
    """What its commitment reserved when it was last counted."""
    target_a: float = 0.0
    held_back: Binding | None = None
    """Why it was last told less than its target."""
    is_waiting: bool = False
    last_failure: str = ""

    @property
    def key(self) -> EvseKey:
        return self.evse.key

    def may_draw_a(self, now: datetime) -> float:
        """The most it may draw on a phase, whatever it was told."""
        if self.strategy is None:
            return self.evse.rated_a
        return self.commitment.may_draw_a(now)

    @property
    def confirmed(self) -> Told | None:
        """What rules it now, as far as it confirmed that."""
        register = self.ruling
        told = self.told.get(register)
        if told is None or register is not Register.TX:
            return told
        transaction = self.transaction
        same = transaction is not None and told.transaction_id == transaction.id
        return told if same else None

    def tell_again(self, now: datetime) -> None:
        """Let the limit that rules be said once more, as soon as it can be."""
        if (told := self.confirmed) is not None:
            told.renew_at = min(told.renew_at, now)

    def forget_car(self, now: datetime) -> None:
        """Forget what was learned of the car: it left, or its transaction ended."""
        self.headroom.reset()
        self.learning.reset(now)
        self.governor.reset()

    @property
    def ruling(self) -> Register:
        """Where the limit lies that rules it."""
        strategy = self.strategy
        if strategy is None or Register.TX not in strategy.registers:
            return Register.STANDING if strategy is not None else Register.TX
        if self.transaction is not None:
            return Register.TX
        return Register.IDLE if Register.IDLE in strategy.registers else Register.STANDING

    @property
    def is_steerable(self) -> bool:
        """Whether it can be told anything now and is known to obey."""
        return self.is_online and self.evse.controllable and self.strategy is not None

    @property
    def may_borrow(self) -> bool:
        """Whether more than its safe share may be lent: only a limit that surely lapses is."""
        lapses = self.strategy is None or self.strategy.lapses
        return lapses and self.commitment.clock_trusted

    @property
    def phases(self) -> int:
        """On how many phases it was switched."""
        return self.switching.phases

    def phases_used(self, now: datetime) -> int:
        """On how many of these its car draws, as far as that is known."""
        return len(self.draws_on(now))

    def choose_phases(self, now: datetime, outlook: Outlook, *, is_locked: bool) -> SwitchStep:
        """Decide about one phase or three; keeps and returns what is to be done.

        `is_locked`: the car doesn't bear a switch.
        """
        measured = None
        if self.measured is not None and self.measured_a is not None:
            measured = (self.measured.at, max(self.measured_a))
        self.switch_step = self.switching.decide(
            now,
            self.settings.phases,
            outlook,
            may_draw_a=self.commitment.may_draw_a(now),
            measured=measured,
            is_locked=is_locked,
        )
        return self.switch_step

    def is_late(self, now: datetime) -> bool:
        """Whether it was told its limit, but has not confirmed it in good time."""
        since = self.unconfirmed_since
        return self.is_steerable and since is not None and now - since >= CONFIRMS_WITHIN

    def is_starting(self, now: datetime) -> bool:
        """Whether a car was just plugged in: the minimum is freed for it beforehand."""
        return (
            self.transaction is None
            and self.plug is Plug.PLUGGED
            and self.plugged_at is not None
            and now - self.plugged_at < START_WINDOW
        )

    def wants(self, now: datetime) -> bool:
        """Whether a car is there that charges or may begin any moment."""
        if self.plug is Plug.OUT_OF_ORDER:
            return False
        return self.transaction is not None or self.is_starting(now)

    def draws_on(self, now: datetime) -> frozenset[Phase]:
        """The grid phases that count for it: learned, switched, or all it could use."""
        possible = self.evse.wiring.first(self.phases)
        learned = self.learning.phases(now) if self.is_online else None
        return (learned & possible or possible) if learned is not None else possible

    def count(self, now: datetime) -> None:
        """Work out what it may draw; once for a decision, and again when it was told something."""
        self.counted_a = self.commitment.reserved(now)
        if self.strategy is None:
            rated = PerPhase(*(self.evse.rated_a if p in self.evse.wiring else 0.0 for p in Phase))
            self.counted_a = self.counted_a.most(rated)

    def reserved(self, now: datetime) -> PerPhase:
        """What has to be kept free for it on each grid phase, by what is known of its car."""
        reserved = self.counted_a
        if not self.is_online or self.learning.phases(now) is None:
            return reserved
        draws, measured = self.draws_on(now), self.measured_a or PerPhase.all(0.0)
        return PerPhase(
            *(reserved[p] if p in draws else min(reserved[p], measured[p]) for p in Phase)
        )

    def loads(self, now: datetime) -> frozenset[Phase]:
        """The grid phases on which it draws or something is kept free for it."""
        reserved = self.reserved(now)
        return self.draws_on(now) | {phase for phase in Phase if reserved[phase] > 0}

    def state(self, now: datetime) -> str:
        """In a word, for people."""
        if not self.evse.controllable or self.strategy is None:
            return "uncontrolled"
        if not self.is_online:
            return "offline"
        if self.plug is Plug.OUT_OF_ORDER:
            return "out of order"
        if not self.wants(now):
            return "idle"
        if self.is_waiting:
            return "waiting"
        if self.transaction is None:
            return "starting"
        return "charging" if self.target_a > 0 else "paused"
