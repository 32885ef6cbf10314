"""Wanted limits as charging profiles, and what each makes the charge point do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from csms.smart_charging.grid import Evse, Phase
from csms.smart_charging.instructions import SetKey, SetProfile
from csms.smart_charging.profiles import (
    ChargingProfile,
    Hold,
    Kind,
    Period,
    Purpose,
    Register,
    Step,
)
from csms.smart_charging.strategies import Scheme, Strategy
from csms.smart_charging.timing import TIMING, Timing

LOWEST_VOLTAGE_V: Final = 207.0
"""230 V - 10 % (EN 50160): a limit in watts never lets through more amperes than were meant."""
NOMINAL_VOLTAGE_V: Final = 230.0
_SLACK: Final = 1e-6
_FIRST_PROFILE_ID: Final = 7000
"""Ours lie above those that people give by hand."""
_ID_OF: Final = {Register.STANDING: 1, Register.IDLE: 2, Register.TX: 3}


@dataclass(frozen=True, slots=True)
class Order:
    """A message for a charge point, the register it goes to and what it makes of it."""

    register: Register
    hold: Hold
    action: SetProfile | SetKey

    @property
    def limit_a(self) -> float:
        """The limit now, after rounding and conversion; A per phase."""
        return self.hold.steps[0].limit_a


def profile_id(evse_id: int, register: Register) -> int:
    """Return the id of our profile for a register: always the same, so that a new one replaces
    the old (1.6 5.16.3, K01.FR.05)."""
    return _FIRST_PROFILE_ID + 10 * evse_id + _ID_OF[register]


def least_a(evse: Evse, strategy: Strategy) -> float:
    """Return the least limit at which a car surely still gets the EVSE's minimum.

    In watts it is higher: the charge point divides by the nominal voltage (K01.FR.50).
    """
    if strategy.unit == "W" and strategy.scheme is not Scheme.VENDOR_KEY:
        return evse.min_a * NOMINAL_VOLTAGE_V / LOWEST_VOLTAGE_V
    return evse.min_a


def standing_profile(
    evse: Evse,
    safe_a: float,
    strategy: Strategy,
    now: datetime,
    *,
    clock_ahead: timedelta = timedelta(0),
    timing: Timing = TIMING,
) -> Order:
    """Return the permanent default: `safe_a` and nothing else.

    By `clock_ahead` the charge point's clock is known to be ahead, here and below: the moments
    that it is told are its own.
    """
    return _Build(evse, strategy, now, timing, clock_ahead=clock_ahead).constant(safe_a)


def idle_profile(
    evse: Evse,
    limit_a: float,
    safe_a: float,
    strategy: Strategy,
    now: datetime,
    *,
    clock_ahead: timedelta = timedelta(0),
    timing: Timing = TIMING,
) -> Order | None:
    """Return what a transaction that starts soon may draw, until the server says otherwise.

    None if the charge point has no place for it: then `safe_a` rules.
    """
    build = _Build(evse, strategy, now, timing, clock_ahead=clock_ahead)
    if strategy.scheme is Scheme.REGISTERS and strategy.idle_level is not None:
        return build.idle(limit_a, safe_a, strategy.idle_level)
    if strategy.scheme is Scheme.REGISTERS and not build.has_stairs:
        return None
    return build.only_one(limit_a, safe_a)


def transaction_profile(
    evse: Evse,
    limit_a: float,
    safe_a: float,
    phases: int,
    strategy: Strategy,
    transaction_id: int,
    ocpp_transaction_id: str,
    now: datetime,
    *,
    phase_to_use: Phase | None = None,
    lapses_at: datetime | None = None,
    clock_ahead: timedelta = timedelta(0),
    timing: Timing = TIMING,
) -> Order:
    """Return the limit of a running transaction, which lapses unless it is renewed.

    First to at most `safe_a`, when all others have lapsed too to `safe_a`. `phases` counts where
    the EVSE can switch, `phase_to_use` where it may be told which (K01.FR.19, K01.FR.20).
    `lapses_at` makes it lapse earlier than usual: see `Commitment.surely_until`.
    """
    build = _Build(
        evse, strategy, now, timing, phases, phase_to_use, lapses_at, clock_ahead=clock_ahead
    )
    if strategy.scheme is not Scheme.REGISTERS:
        return build.only_one(limit_a, safe_a)
    return build.transaction(limit_a, safe_a, transaction_id, ocpp_transaction_id)


class _Build:
    """One order in the making."""

    def __init__(
        self,
        evse: Evse,
        strategy: Strategy,
        now: datetime,
        timing: Timing,
        phases: int | None = None,
        phase_to_use: Phase | None = None,
        lapses_at: datetime | None = None,
        *,
        clock_ahead: timedelta = timedelta(0),
    ) -> None:
        self.clock_ahead = clock_ahead
        self.evse = evse
        self.strategy = strategy
        self.timing = timing
        self.now = now.replace(microsecond=0)
        self.start = self.now - timedelta(seconds=timing.start_early_s)
        lapses_at = lapses_at or self.now + timedelta(seconds=timing.ttl_s)
        self.lapse_s = max(1, math.floor((lapses_at - self.start).total_seconds()))
        wired = 1 if evse.wiring.between_lines else len(evse.wiring.phases)
        self.phases = min(phases, wired) if phases and evse.can_switch_phases else wired
        self.phase_to_use = self._terminal(phase_to_use)

    def _terminal(self, phase: Phase | None) -> int | None:
        if phase is None or self.phases != 1 or not self.strategy.phase_choice:
            return None
        wired = self.evse.wiring.phases
        return wired.index(phase) + 1 if phase in wired else None

    @property
    def has_stairs(self) -> bool:
        return self.strategy.kind is Kind.ABSOLUTE and self.strategy.max_periods > 1

    # --- whole orders ---

    def constant(self, limit_a: float) -> Order:
        """Return a limit without end in the standing register."""
        if self.strategy.scheme is Scheme.VENDOR_KEY:
            return self._key(limit_a)
        level = self.strategy.standing_level
        return self._flat(Register.STANDING, limit_a, level, None, None)

    def idle(self, limit_a: float, safe_a: float, level: int) -> Order:
        """Return a default that rules for a while.

        More than the safe share must be gone when the transactions' limits are; less stays
        until all others have gone down.
        """
        lasts_s = self.timing.ttl_s if limit_a > safe_a else self.timing.idle_ttl_s
        return self._flat(
            Register.IDLE, limit_a, level, self.now + timedelta(seconds=lasts_s), None
        )

    def only_one(self, limit_a: float, safe_a: float) -> Order:
        """Return a limit in the standing register that becomes the safe share by itself."""
        if self.strategy.scheme is Scheme.VENDOR_KEY or not self.has_stairs:
            return self.constant(limit_a)
        return self._stairs(Register.STANDING, limit_a, safe_a, self.strategy.standing_level, None)

    def transaction(
        self, limit_a: float, safe_a: float, transaction_id: int, ocpp_id: str
    ) -> Order:
        """Return a TxProfile; where it can't have steps it ends, and the defaults rule."""
        level, ids = self.strategy.tx_level, (transaction_id, ocpp_id)
        if self.has_stairs:
            return self._stairs(Register.TX, limit_a, safe_a, level, ids)
        lapses_at = self.start + timedelta(seconds=self.lapse_s)
        return self._flat(Register.TX, limit_a, level, lapses_at, ids)

    # --- their parts ---

    def _flat(
        self,
        register: Register,
        limit_a: float,
        level: int,
        ends_at: datetime | None,
        ids: tuple[int, str] | None,
    ) -> Order:
        """Return one limit, perhaps with an end.

        A TxProfile with absolute times ends by its duration, the others by validTo.
        """
        limit, held_a = self._limit(limit_a)
        kind = self.strategy.kind if register is Register.TX else self._default_kind
        by_duration = register is Register.TX and kind is Kind.ABSOLUTE
        profile = self._profile(
            register,
            level,
            kind,
            (self._period(0, limit),),
            duration_s=self.lapse_s if by_duration else None,
            valid_to=None if by_duration else ends_at,
            ids=ids,
        )
        return self._order(register, (Step(self.start, held_a),), profile, ends_at)

    def _stairs(
        self,
        register: Register,
        limit_a: float,
        safe_a: float,
        level: int,
        ids: tuple[int, str] | None,
    ) -> Order:
        """Return the limit, then at most the safe share, then the safe share."""
        wanted = (
            (0, limit_a),
            (self.lapse_s, min(limit_a, safe_a)),
            (self.lapse_s + self.timing.grace_s, safe_a),
        )
        stairs = [(start_s, *self._limit(amps)) for start_s, amps in wanted]
        if len(stairs) > self.strategy.max_periods:
            # The second is always like the first or like the third.
            stairs = stairs[:1] + [
                later for earlier, later in pairwise(stairs) if later[1:] != earlier[1:]
            ]
        profile = self._profile(
            register,
            level,
            Kind.ABSOLUTE,
            tuple(self._period(start_s, limit) for start_s, limit, _ in stairs),
            ids=ids,
        )
        steps = tuple(
            Step(self.start + timedelta(seconds=start_s), held_a) for start_s, _, held_a in stairs
        )
        return self._order(register, steps, profile, None)

    @property
    def _default_kind(self) -> Kind:
        # K01.FR.38
        is_max = self.strategy.scheme is Scheme.STATION_MAX
        return Kind.ABSOLUTE if is_max else self.strategy.default_kind

    def _profile(
        self,
        register: Register,
        level: int,
        kind: Kind,
        periods: tuple[Period, ...],
        *,
        ids: tuple[int, str] | None,
        duration_s: int | None = None,
        valid_to: datetime | None = None,
    ) -> ChargingProfile:
        purpose = Purpose.TX if register is Register.TX else Purpose.TX_DEFAULT
        if self.strategy.scheme is Scheme.STATION_MAX:
            purpose = Purpose.STATION_MAX
        return ChargingProfile(
            profile_id=profile_id(self.evse.key.evse_id, register),
            purpose=purpose,
            stack_level=level,
            kind=kind,
            unit=self.strategy.unit,
            periods=periods,
            start_at=self.start + self.clock_ahead if kind is Kind.ABSOLUTE else None,
            duration_s=duration_s,
            valid_to=None if valid_to is None else valid_to + self.clock_ahead,
            transaction_id=ids[0] if ids else None,
            ocpp_transaction_id=ids[1] if ids else None,
        )

    def _order(
        self,
        register: Register,
        steps: tuple[Step, ...],
        profile: ChargingProfile,
        ends_at: datetime | None,
    ) -> Order:
        to_station = self.strategy.evse_zero or profile.purpose is Purpose.STATION_MAX
        # K01.FR.16: a TxProfile is never for the whole charge point.
        evse_id = 0 if to_station and register is not Register.TX else self.evse.key.evse_id
        hold = Hold(
            steps=steps,
            ends_at=ends_at,
            phases=self.phases if self.strategy.explicit_phases else None,
            phase_to_use=self.phase_to_use,
        )
        return Order(register, hold, SetProfile(evse_id, profile))

    def _key(self, limit_a: float) -> Order:
        key = self.strategy.vendor_key
        if key is None:
            raise ValueError("a strategy by a vendor's key has none")
        amps = min(max(limit_a, self.evse.min_a), self.evse.rated_a)
        value = math.floor(amps * key.factor + _SLACK)
        hold = Hold(steps=(Step(self.start, value / key.factor),))
        return Order(Register.STANDING, hold, SetKey(key.key, str(value)))

    def _period(self, start_s: int, limit: float) -> Period:
        phases = self.phases if self.strategy.explicit_phases else None
        return Period(start_s, limit, phases, self.phase_to_use if phases == 1 else None)

    def _limit(self, limit_a: float) -> tuple[float, float]:
        """Return the limit as written and what it allows in amperes; never more than meant."""
        amps = min(max(limit_a, 0.0), self.evse.rated_a)
        strategy = self.strategy
        if strategy.unit == "W":
            per_ampere = self.phases * LOWEST_VOLTAGE_V
            watts = float(math.floor(amps * per_ampere + _SLACK))
            limit, held_a, least = watts, watts / per_ampere, math.floor(per_ampere)
        else:
            step = 0.1 if strategy.decimals else max(1.0, self.evse.step_a)
            held_a = round(math.floor(amps / step + _SLACK) * step, 1)
            limit, least = held_a, 1
        if limit > 0.0 or strategy.zero_pauses:
            return limit, held_a
        # 0 would mean no limit: the least there is, at which a car may still get its minimum.
        return float(least), self.evse.min_a
