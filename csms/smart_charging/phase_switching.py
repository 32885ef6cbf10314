"""One phase or three, for EVSEs that can switch between them.

One phase where three can't have the minimum each, by capacity or by sun; three again when they
surely can. A switch never happens under load: the EVSE is stopped first, switched once no
current flows, and let go on after a pause. It is bounded by a dwell, by a number per
transaction, and by a lock for cars that don't bear it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Final

from csms.smart_charging.grid import Evse
from csms.smart_charging.wishes import PhaseChoice

NO_CURRENT_A: Final = 1.0
STOPPED: Final = timedelta(seconds=10)
"""How long 0 A must be confirmed where no reading tells that the current is gone."""
GIVE_UP: Final = timedelta(seconds=120)
"""A car that won't stop isn't switched."""
PAUSE: Final = timedelta(seconds=30)
"""How long the EVSE stays off after a switch: cars look at the voltage anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRules:
    """When to switch. The defaults: a look every 15 minutes, down after 5 minutes."""

    check_every_s: float = 900.0
    """How often three phases are tried for; 0: always."""
    up_margin: float = 0.07
    """How much more than the three-phase minimum there must be, as a share of it."""
    up_hold_s: float = 60.0
    """How long that must have been so."""
    down_sun_s: float = 300.0
    """How long three phases may lack sun."""
    down_capacity_s: float = 60.0
    """How long three phases may lack room under a breaker."""
    dwell_s: float = 300.0
    """The least time between two switches."""
    max_switches: int = 5
    """Per transaction; the last is kept for going down."""
    stays_down: bool = False
    """Once on one phase, it stays there for the transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What an EVSE could have now, A per phase."""

    one_phase_a: float
    """Under all breakers on its first terminal's phase."""
    three_phase_a: float
    surplus_w: float | None = inf
    """Its share of the surplus in a solar mode, reckoned as if it needed one phase to start;
    None: unknown for want of a meter. Infinite in any other mode."""
    watts_per_amp: float = 230.0
    """On one phase."""
    car_phases: int | None = None
    """What the car was seen to use on three phases; one that uses one needs no switch."""

    @property
    def one_a(self) -> float:
        return min(self.one_phase_a, self._sun_w / self.watts_per_amp)

    @property
    def three_a(self) -> float:
        return min(self.three_phase_a, self._sun_w / (3.0 * self.watts_per_amp))

    @property
    def _sun_w(self) -> float:
        return 0.0 if self.surplus_w is None else max(0.0, self.surplus_w)


class SwitchState(StrEnum):
    RUNNING = "running"
    STOPPING = "stopping"
    """No current is allowed until none flows."""
    SWITCHED = "switched"
    """Switched, not let go on yet."""


@dataclass(frozen=True, slots=True)
class PhaseChange:
    """A switch that is ordered now, for the log."""

    from_phases: int
    to_phases: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchStep:
    """What to order now."""

    phases: int
    """On how many phases the EVSE is to charge: OCPP's numberPhases."""
    may_charge: bool
    state: SwitchState
    change: PhaseChange | None = None
    """Set once for each switch."""
    note: str | None = None
    """Why a switch was given up."""
    wake_at: datetime | None = None


@dataclass(slots=True)
class _Aim:
    """A switch under way."""

    phases: int
    reason: str
    since: datetime
    counts: bool
    zero_since: datetime | None = None
    """Since when the charger surely allows nothing."""


@dataclass(slots=True)
class PhaseSwitching:
    """One EVSE's phases; one that can't switch stays as it is wired.

    `phases`, `switched_at` and `switches` are what has to survive a restart.
    """

    evse: Evse
    rules: SwitchRules = SwitchRules()
    phases: int = 0
    """How many it charges on now; 0 when made: all that it has."""
    switched_at: datetime | None = None
    switches: int = 0
    _state: SwitchState = field(default=SwitchState.RUNNING, init=False)
    _aim: _Aim | None = field(default=None, init=False)
    _is_new: bool = field(default=False, init=False)
    """The transaction just began: it may begin on any number of phases."""
    _ready_at: datetime | None = field(default=None, init=False)
    """Not switched before: a pause after a switch, a retry after one that was given up."""
    _checked_at: datetime | None = field(default=None, init=False)
    _enough_since: datetime | None = field(default=None, init=False)
    _short_since: datetime | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        wired = len(self.evse.wiring.phases)
        if not self._can_switch or self.phases not in (1, 3):
            self.phases = wired

    @property
    def aim(self) -> int:
        """On how many phases it charges once a switch under way is done."""
        return self.phases if self._aim is None else self._aim.phases

    @property
    def _can_switch(self) -> bool:
        return self.evse.can_switch_phases and len(self.evse.wiring.phases) == 3

    def begin(self) -> None:
        """A new transaction: it begins with a free choice. Not to be called after a restart."""
        self._is_new = True
        self.switches = 0
        self._aim = None
        self._state = SwitchState.RUNNING
        self._ready_at = None
        self._checked_at = self._enough_since = self._short_since = None

    def decide(
        self,
        now: datetime,
        choice: PhaseChoice,
        outlook: Outlook,
        *,
        may_draw_a: float,
        measured: tuple[datetime, float] | None = None,
        is_locked: bool = False,
    ) -> SwitchStep:
        """Return what to order now, while a transaction runs.

        `may_draw_a` is what the charger may still draw, confirmed or not; `measured` the latest
        reading of its highest phase and when it came. `is_locked`: the car doesn't bear a
        switch, so that what it began with stays.
        """
        if not self._can_switch:
            return self._step()
        if self._state is SwitchState.STOPPING:
            return self._stopping(now, may_draw_a, measured)
        if self._state is SwitchState.SWITCHED:
            if self._ready_at is not None and now < self._ready_at:
                return self._step(wake_at=self._ready_at)
            self._state = SwitchState.RUNNING
        aim = self._wanted(now, choice, outlook, is_locked)
        self._is_new = False
        if aim is None or aim.phases == self.phases:
            return self._step(wake_at=self._wakes(now))
        self._aim = aim
        self._state = SwitchState.STOPPING
        return self._stopping(now, may_draw_a, measured)

    def _wanted(
        self, now: datetime, choice: PhaseChoice, outlook: Outlook, is_locked: bool
    ) -> _Aim | None:
        self._watch(now, outlook)
        if not self._is_new and (is_locked or not self._is_ready(now)):
            return None
        if choice != "auto":
            return _Aim(int(choice), "the owner's choice", now, counts=not self._is_new)
        if self._is_new:
            return _Aim(self._best(outlook), "the best to begin with", now, counts=False)
        if outlook.car_phases == 1:
            return None
        return self._up(now) if self.phases == 1 else self._down(now, outlook)

    def _best(self, outlook: Outlook) -> int:
        """In the sun three phases where they surely hold, else one where it gives more."""
        if outlook.surplus_w != inf:
            return 3 if self._holds_three(outlook) else 1
        one_a, three_a = outlook.one_a, outlook.three_a
        one_is_better = three_a < self.evse.min_a or 3.0 * three_a < one_a * 0.999
        return 1 if one_is_better and one_a >= self.evse.min_a else 3

    def _is_ready(self, now: datetime) -> bool:
        if self._ready_at is not None and now < self._ready_at:
            return False
        dwell = timedelta(seconds=self.rules.dwell_s)
        return self.switched_at is None or now - self.switched_at >= dwell

    def _holds_three(self, outlook: Outlook) -> bool:
        """Whether three phases have their minimum surely, and give no less than one."""
        least_a = self.evse.min_a * (1.0 + self.rules.up_margin)
        one_a = min(outlook.one_a, self.evse.rated_a)
        three_a = min(outlook.three_a, self.evse.rated_a)
        return three_a >= least_a and 3.0 * three_a >= one_a * 0.999

    def _watch(self, now: datetime, outlook: Outlook) -> None:
        """Take since when there is enough for three phases, or too little."""
        enough = self._holds_three(outlook)
        self._enough_since = (self._enough_since or now) if enough else None
        short = outlook.three_a < self.evse.min_a
        self._short_since = (self._short_since or now) if short else None
        self._checked_at = self._checked_at or now

    def _up(self, now: datetime) -> _Aim | None:
        rules = self.rules
        if rules.stays_down or self.switches + 2 > rules.max_switches:
            return None
        if now - (self._checked_at or now) < timedelta(seconds=rules.check_every_s):
            return None
        self._checked_at = now
        since = self._enough_since
        if since is None or now - since < timedelta(seconds=rules.up_hold_s):
            return None
        return _Aim(3, "enough for three phases", now, counts=True)

    def _down(self, now: datetime, outlook: Outlook) -> _Aim | None:
        rules = self.rules
        if self._short_since is None or self.switches + 1 > rules.max_switches:
            return None
        if outlook.one_a < self.evse.min_a:  # a switch would help nobody
            return None
        by_sun = outlook.three_phase_a >= self.evse.min_a
        patience_s = rules.down_sun_s if by_sun else rules.down_capacity_s
        if now - self._short_since < timedelta(seconds=patience_s):
            return None
        what = "surplus" if by_sun else "room"
        return _Aim(1, f"too little {what} for three phases", now, counts=True)

    def _stopping(
        self, now: datetime, may_draw_a: float, measured: tuple[datetime, float] | None
    ) -> SwitchStep:
        aim = self._aim
        if aim is None:
            raise RuntimeError("stopping without an aim")
        if may_draw_a >= NO_CURRENT_A:
            aim.zero_since = None
        elif aim.zero_since is None:
            aim.zero_since = now
        if aim.zero_since is not None and _is_stopped(now, aim.zero_since, measured):
            return self._switch(now, aim)
        waited = now - aim.since
        if waited < GIVE_UP:
            return self._step(wake_at=now + STOPPED)
        self._aim = None
        self._state = SwitchState.RUNNING
        self._ready_at = now + timedelta(seconds=self.rules.dwell_s)
        return self._step(note=f"it didn't stop, so it stays on {self.phases} phases")

    def _switch(self, now: datetime, aim: _Aim) -> SwitchStep:
        change = PhaseChange(self.phases, aim.phases, aim.reason)
        self.phases = aim.phases
        self.switched_at = now
        self.switches += aim.counts
        self._aim = None
        self._state = SwitchState.SWITCHED
        self._ready_at = now + PAUSE
        self._checked_at = now
        self._enough_since = self._short_since = None
        return self._step(change=change, wake_at=self._ready_at)

    def _wakes(self, now: datetime) -> datetime | None:
        rules = self.rules
        if self.phases == 3 and self._short_since is not None:
            soonest_s = min(rules.down_sun_s, rules.down_capacity_s)
            return max(now, self._short_since) + timedelta(seconds=max(soonest_s, 10.0))
        return None

    def _step(
        self,
        *,
        change: PhaseChange | None = None,
        note: str | None = None,
        wake_at: datetime | None = None,
    ) -> SwitchStep:
        return SwitchStep(
            phases=self.phases,
            may_charge=self._state is SwitchState.RUNNING,
            state=self._state,
            change=change,
            note=note,
            wake_at=wake_at,
        )


def _is_stopped(
    now: datetime, zero_since: datetime, measured: tuple[datetime, float] | None
) -> bool:
    """Whether no current flows: by a reading, else by the time that went by."""
    if measured is not None and measured[0] >= zero_since:
        return measured[1] < NO_CURRENT_A
    return now - zero_since >= STOPPED
