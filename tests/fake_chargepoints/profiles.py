"""Charging profiles as a good charge point keeps them, of both versions. Pure.

A TxProfile replaces the TxDefaultProfile, the maximum of the station is a ceiling above both,
and within a purpose the highest stack level that is valid and has a period at that moment wins
(1.6 section 3.13, 2.0.1 K01.FR.17). Where nothing applies the hardware is the limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Purpose = Literal["Max", "Default", "Tx", "External"]
Unit = Literal["A", "W"]

nominal_voltage_v = 230.0


@dataclass(frozen=True, slots=True)
class Period:
    """From `start_s` after the schedule's start on: this limit, on so many phases."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A staircase of limits in amps per phase or watts for all phases together."""

    unit: Unit
    periods: tuple[Period, ...]
    start: datetime | None = None
    duration_s: int | None = None
    min_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A charging profile in neutral words; `evse_id` 0 is the whole station."""

    profile_id: int
    evse_id: int
    purpose: Purpose
    stack_level: int
    kind: Literal["Absolute", "Recurring", "Relative"]
    schedule: Schedule
    installed_at: datetime
    recurrency: Literal["Daily", "Weekly"] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction_id: str | None = None
    source: dict[str, object] = field(default_factory=dict, compare=False)

    def is_valid(self, at: datetime) -> bool:
        """K01.FR.36, K01.FR.37: from validFrom on, before validTo."""
        if self.valid_from is not None and at < self.valid_from:
            return False
        return self.valid_to is None or at < self.valid_to

    def start(self, at: datetime, charging_since: datetime | None) -> datetime:
        """When the schedule that rules at this moment began."""
        if self.kind == "Relative" or self.schedule.start is None:
            return charging_since or self.installed_at
        if self.kind == "Absolute" or at < self.schedule.start:
            return self.schedule.start
        cycle = timedelta(days=1 if self.recurrency == "Daily" else 7)
        return self.schedule.start + (at - self.schedule.start) // cycle * cycle

    def period(self, at: datetime, charging_since: datetime | None) -> Period | None:
        """The period in force at this moment, None if there is none."""
        if not self.is_valid(at):
            return None
        elapsed_s = (at - self.start(at, charging_since)).total_seconds()
        duration_s = self.schedule.duration_s
        if elapsed_s < 0 or (duration_s is not None and elapsed_s >= duration_s):
            return None
        started = [period for period in self.schedule.periods if period.start_s <= elapsed_s]
        return max(started, key=lambda period: period.start_s) if started else None

    def edges(self, after: datetime, charging_since: datetime | None) -> Iterable[datetime]:
        """The moments after `after` when this profile may change its mind."""
        if self.valid_from is not None:
            yield self.valid_from
        if self.valid_to is not None:
            yield self.valid_to
        start = self.start(after, charging_since)
        cycles = [start]
        if self.kind == "Recurring":
            cycle = timedelta(days=1 if self.recurrency == "Daily" else 7)
            cycles = [start + cycle * n for n in range(9)]
        for begin in cycles:
            yield begin
            if self.schedule.duration_s is not None:
                yield begin + timedelta(seconds=self.schedule.duration_s)
            for period in self.schedule.periods:
                yield begin + timedelta(seconds=period.start_s)


@dataclass(frozen=True, slots=True)
class Supply:
    """What the hardware of an EVSE gives by itself."""

    limit_a: float
    phases: int
    is_dc: bool = False
    switches_phases: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of an EVSE at one moment. `purpose` None: only the hardware limits."""

    limit_a: float
    phases: int
    purpose: Purpose | None = None

    @property
    def power_w(self) -> float:
        return self.limit_a * self.phases * nominal_voltage_v


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a composite schedule."""

    start_s: int
    limit: Limit


class ProfileStore:
    """All profiles of a charge point."""

    def __init__(self) -> None:
        self._profiles: list[Profile] = []
        self.revision = 0
        """Another number means that the profiles may have changed."""

    def all(self) -> list[Profile]:
        """Every profile, in the order of installation."""
        return list(self._profiles)

    def install(self, profile: Profile) -> None:
        """Keep a profile: it replaces the one with its id, and its twin of purpose and level."""
        self._profiles = [
            other
            for other in self._profiles
            if other.profile_id != profile.profile_id and not _twins(other, profile)
        ]
        self._profiles.append(profile)
        self.revision += 1

    def clear(
        self,
        profile_id: int | None = None,
        evse_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
    ) -> int:
        """Remove what fits all given criteria (an id overrules the rest); how many."""
        fitting = self.find(profile_id, evse_id, purpose, stack_level)
        self._profiles = [profile for profile in self._profiles if profile not in fitting]
        self.revision += 1
        return len(fitting)

    def find(
        self,
        profile_id: int | None = None,
        evse_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
    ) -> list[Profile]:
        """What fits all given criteria."""
        if profile_id is not None:
            return [p for p in self._profiles if p.profile_id == profile_id]
        return [
            profile
            for profile in self._profiles
            if evse_id in (None, profile.evse_id)
            and purpose in (None, profile.purpose)
            and stack_level in (None, profile.stack_level)
        ]

    def end_transaction(self, evse_id: int) -> None:
        """The transaction on this EVSE is over and with it its TxProfiles."""
        self.clear(evse_id=evse_id, purpose="Tx")

    def limit(
        self,
        evse_id: int,
        supply: Supply,
        at: datetime,
        *,
        charging_since: datetime | None = None,
        sharing: int = 1,
    ) -> Limit:
        """The limit of an EVSE now. `sharing` EVSEs divide the station's maximum equally."""
        own = self._prevailing("Tx", evse_id, at, charging_since) if charging_since else None
        own = own or self._prevailing("Default", evse_id, at, charging_since)
        limit = Limit(supply.limit_a, supply.phases)
        if own is not None:
            limit = _tighter(limit, supply, *own, share=1)
        for purpose in ("Max", "External"):
            ceiling = self._prevailing(purpose, evse_id, at, charging_since)
            if ceiling is not None:
                limit = _tighter(limit, supply, *ceiling, share=max(1, sharing))
        return limit

    def composite(
        self,
        evse_id: int,
        supply: Supply,
        at: datetime,
        duration_s: int,
        charging_since: datetime | None = None,
    ) -> list[Step]:
        """The limits of an EVSE from `at` on for `duration_s` seconds, equal steps merged."""
        end = at + timedelta(seconds=duration_s)
        edges = {at}
        for profile in self._profiles:
            edges.update(e for e in profile.edges(at, charging_since) if at < e < end)
        steps: list[Step] = []
        for edge in sorted(edges):
            limit = self.limit(evse_id, supply, edge, charging_since=charging_since)
            known = steps[-1].limit if steps else None
            if known is None or (known.limit_a, known.phases) != (limit.limit_a, limit.phases):
                steps.append(Step(int((edge - at).total_seconds()), limit))
        return steps

    def next_edge(self, after: datetime, charging_since: datetime | None) -> datetime | None:
        """The next moment at which a limit may change by itself, None if it never does."""
        return min(
            (
                edge
                for profile in self._profiles
                for edge in profile.edges(after, charging_since)
                if edge > after
            ),
            default=None,
        )

    def _prevailing(
        self, purpose: Purpose, evse_id: int, at: datetime, charging_since: datetime | None
    ) -> tuple[Profile, Period] | None:
        candidates = [
            (profile, period)
            for profile in self._profiles
            if profile.purpose == purpose
            and profile.evse_id in (0, evse_id)
            and (period := profile.period(at, charging_since)) is not None
        ]
        if not candidates:
            return None
        if purpose == "Default" and any(profile.evse_id for profile, _ in candidates):
            # 1.6 section 3.13.1: one for this connector replaces that of the whole station.
            candidates = [pair for pair in candidates if pair[0].evse_id]
        return max(candidates, key=lambda pair: pair[0].stack_level)


def _twins(one: Profile, other: Profile) -> bool:
    return (one.evse_id, one.purpose, one.stack_level, one.transaction_id) == (
        other.evse_id,
        other.purpose,
        other.stack_level,
        other.transaction_id,
    )


def _tighter(limit: Limit, supply: Supply, profile: Profile, period: Period, share: int) -> Limit:
    phases = min(limit.phases, period.phases or 3) if supply.switches_phases else limit.phases
    if profile.schedule.unit == "W":
        limit_a = period.limit / share / (phases * nominal_voltage_v)
    else:
        limit_a = period.limit / share
    if limit_a >= limit.limit_a:
        return Limit(limit.limit_a, phases, limit.purpose)
    return Limit(limit_a, phases, profile.purpose)
