"""A charge point that does exactly what its profiles say, by its own wrong clock. A model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from csms.smart_charging.grid import Evse, EvseKey, parse_wiring
from csms.smart_charging.instructions import ClearProfiles
from csms.smart_charging.profiles import ChargingProfile, Hold, Kind, Purpose, Step

RATED_A = 32.0
CAR_FOLLOWS = timedelta(seconds=10)
A_MOMENT = timedelta(milliseconds=1)

Slot = tuple[Purpose, int]


def make_evse(number: int = 1, **differs: object) -> Evse:
    """A three-phase EVSE of 32 A."""
    values: dict[str, object] = {
        "key": EvseKey(f"CP-{number}", 1),
        "circuit_id": "garage",
        "wiring": parse_wiring("L1L2L3"),
        "rated_a": RATED_A,
    } | differs
    return Evse(**values)  # type: ignore[arg-type]  # the caller names fields of Evse


@dataclass
class ObedientCharger:
    """Profiles by purpose and stack level; a car that takes all it may, and follows slowly."""

    clock_ahead: timedelta = timedelta(0)
    profiles: dict[Slot, tuple[ChargingProfile, datetime]] = field(default_factory=dict)
    surely_kept: dict[Slot, tuple[ChargingProfile, datetime]] = field(default_factory=dict)
    """What survives a reboot."""
    transaction: int | None = None
    started_at: datetime | None = None
    levels: list[tuple[datetime, float]] = field(default_factory=list)
    """The limits that have ruled, each from its moment on."""

    def install(self, profile: ChargingProfile, now: datetime) -> bool:
        """Take a profile; one for a transaction only while that one runs (K01.FR.09, FR.33)."""
        if profile.purpose is Purpose.TX and profile.transaction_id != self.transaction:
            return False
        for slot, (other, _) in list(self.profiles.items()):
            if other.profile_id == profile.profile_id:
                del self.profiles[slot]
        self.profiles[profile.purpose, profile.stack_level] = (profile, now)
        self.observe(now)
        return True

    def clear(self, what: ClearProfiles, now: datetime) -> bool:
        """Forget what matches; False if nothing does. Nothing of ours is set for EVSE 0."""
        gone = [
            slot
            for slot, (profile, _) in self.profiles.items()
            if what.profile_id == profile.profile_id
            or (what.evse_id and what.purpose is profile.purpose)
        ]
        for slot in gone:
            del self.profiles[slot]
            self.surely_kept.pop(slot, None)
        self.observe(now)
        return bool(gone)

    def persist(self, profile: ChargingProfile) -> None:
        """A default that was confirmed is written down."""
        slot = (profile.purpose, profile.stack_level)
        held = self.profiles.get(slot)
        if profile.purpose is not Purpose.TX and held is not None and held[0] == profile:
            self.surely_kept[slot] = held

    def start(self, transaction: int, now: datetime) -> None:
        self.transaction, self.started_at = transaction, now
        self.levels = []
        self.observe(now)

    def stop(self, now: datetime) -> None:
        self._forget_transaction_profiles()
        self.transaction = self.started_at = None
        self.levels = []

    def reboot(self, now: datetime, *, keeps_all: bool, transaction_goes_on: bool) -> None:
        if not keeps_all:
            kept = {slot: one for slot, one in self.profiles.items() if slot in self.surely_kept}
            self.profiles = {**kept, **self.surely_kept}
        if not transaction_goes_on:
            self.stop(now)
        self.observe(now)

    def _forget_transaction_profiles(self) -> None:
        self.profiles = {s: one for s, one in self.profiles.items() if s[0] is not Purpose.TX}

    def limit_a(self, now: datetime) -> float:
        """What rules now: the transaction's profile, else the defaults, else the hardware."""
        for purpose in (Purpose.TX, Purpose.TX_DEFAULT):
            ruling = self._ruling(purpose, now)
            if ruling is not None:
                return min(ruling, RATED_A)
        return RATED_A

    def _ruling(self, purpose: Purpose, now: datetime) -> float | None:
        candidates = [
            (slot[1], limit)
            for slot, (profile, since) in self.profiles.items()
            if slot[0] is purpose
            and (limit := self._limit_of(profile, since, now + self.clock_ahead)) is not None
        ]
        return max(candidates)[1] if candidates else None

    def _begin(self, profile: ChargingProfile, installed_at: datetime) -> datetime:
        if profile.kind is Kind.RELATIVE or profile.start_at is None:
            return (self.started_at or installed_at) + self.clock_ahead
        return profile.start_at

    def _limit_of(
        self, profile: ChargingProfile, installed_at: datetime, at: datetime
    ) -> float | None:
        if profile.valid_to is not None and at >= profile.valid_to:
            return None
        elapsed_s = (at - self._begin(profile, installed_at)).total_seconds()
        if elapsed_s < 0 or (profile.duration_s is not None and elapsed_s >= profile.duration_s):
            return None
        return [period.limit for period in profile.periods if period.start_s <= elapsed_s][-1]

    def edges(self) -> Iterator[datetime]:
        """When, in true time, its limit may change by itself."""
        for profile, since in self.profiles.values():
            begin = self._begin(profile, since)
            ends = [begin + timedelta(seconds=period.start_s) for period in profile.periods]
            if profile.duration_s is not None:
                ends.append(begin + timedelta(seconds=profile.duration_s))
            if profile.valid_to is not None:
                ends.append(profile.valid_to)
            yield from (end - self.clock_ahead for end in ends)

    def observe(self, now: datetime) -> None:
        """Note what rules from now on."""
        limit = self.limit_a(now)
        if not self.levels or self.levels[-1][1] != limit:
            self.levels.append((now, limit))
        while len(self.levels) > 1 and self.levels[1][0] <= now - CAR_FOLLOWS:
            self.levels.pop(0)

    def draw_a(self, now: datetime) -> float:
        """The most that its car may draw: it may still be following an older, higher limit."""
        if self.transaction is None:
            return 0.0
        self.observe(now)
        return max(limit for _, limit in self.levels)

    def composite(self, now: datetime, lasts: timedelta) -> Hold:
        """What it would answer to GetCompositeSchedule."""
        ends = sorted({edge for edge in self.edges() if now < edge < now + lasts})
        steps = [Step(now + self.clock_ahead, self.limit_a(now))]
        steps += [Step(end + self.clock_ahead, self.limit_a(end)) for end in ends]
        return Hold(steps=tuple(steps), ends_at=now + lasts + self.clock_ahead)


def moments(chargers: list[ObedientCharger], since: datetime, until: datetime) -> list[datetime]:
    """Every moment after `since` at which something may change, and `until`."""
    edges = {edge for charger in chargers for edge in charger.edges()}
    edges |= {edge + CAR_FOLLOWS + A_MOMENT for edge in edges}
    return [*sorted(edge for edge in edges if since < edge < until), until]
