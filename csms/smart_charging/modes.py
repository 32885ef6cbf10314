"""Whether an EVSE may charge by its owner's choice, and between which currents.

Lock: not at all. Power: as much as there is. Solar Pure: from the surplus alone. Solar Plus: a
floor from the grid, and the surplus beyond it. Time plan: one of these for every hour of the
week. A cloud doesn't stop a car at once: it keeps the minimum for 5 minutes, then pauses for 8.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import sqrt
from typing import Final
from zoneinfo import ZoneInfo

from csms.smart_charging.grid import Binding, Evse, Mode, Network, Site
from csms.smart_charging.wishes import ModeSettings, SolarPlusSettings, StartSetting

HOLD: Final = timedelta(minutes=5)
"""How long the minimum is kept on when the surplus falls short."""
PAUSE: Final = timedelta(minutes=8)
"""How long it then stays off."""

_SHARE_OF_MAXIMUM: Final[dict[StartSetting, float]] = {
    "min": 0.0,
    "50%": 0.5,
    "75%": 0.75,
    "max": 1.0,
}
TOLERANCE_W: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What an EVSE may draw by its mode; A per phase."""

    may_charge: bool
    min_a: float = 0.0
    max_a: float = 0.0
    in_pool: bool = False
    """It lives on the surplus: what it draws beyond `floor_w` must come from there."""
    floor_w: float = 0.0
    """What it may draw from the grid beside the surplus."""
    reason: Binding | None = None
    """What holds it back; None: the mode doesn't."""
    wake_at: datetime | None = None
    """When this may change although nothing happens."""


def watts_per_amp(evse: Evse, site: Site, phases: int) -> float:
    """Return the power of 1 A on each of so many phases of the EVSE."""
    if evse.wiring.between_lines:
        return site.voltage_v
    volts = site.voltage_v / sqrt(3.0) if site.network is Network.IT else site.voltage_v
    return volts * max(1, min(phases, len(evse.wiring.phases)))


def mode_at(settings: ModeSettings, site: Site, now: datetime) -> Mode:
    """Return the mode that applies now: the time plan's for this hour in the site's time.

    A time plan without hours gives Power.
    """
    if settings.mode is not Mode.TIME_PLAN:
        return settings.mode
    local = now.astimezone(ZoneInfo(site.time_zone))
    plan = settings.time_plan
    if local.weekday() >= len(plan) or local.hour >= len(plan[local.weekday()]):
        return Mode.POWER
    mode = plan[local.weekday()][local.hour]
    return Mode.POWER if mode is Mode.TIME_PLAN else mode


def start_w(mode: Mode, settings: ModeSettings, evse: Evse, site: Site, phases: int) -> float:
    """Return the surplus that an EVSE needs to charge in a solar mode, 0 in any other.

    Pure: its minimum, in whole 100 W (1.4 kW on one phase, 4.1 kW on three). Plus: the share of
    its floor that must be surplus.
    """
    per_amp = watts_per_amp(evse, site, phases)
    if mode is Mode.SOLAR_PURE:
        return float(round(evse.min_a * per_amp / 100.0) * 100)
    if mode is Mode.SOLAR_PLUS:
        plus = settings.solar_plus
        return plus.solar_share * floor_a(plus, evse) * per_amp
    return 0.0


def floor_a(plus: SolarPlusSettings, evse: Evse) -> float:
    """Return the current that Solar Plus always gives."""
    return max(evse.min_a, _SHARE_OF_MAXIMUM[plus.floor] * evse.rated_a)


@dataclass(slots=True)
class ModeGovernor:
    """One EVSE's mode, with the memory that its hysteresis needs."""

    _short_since: datetime | None = field(default=None, init=False)
    _paused_until: datetime | None = field(default=None, init=False)

    def reset(self) -> None:
        """Forget the clouds: another car."""
        self._short_since = self._paused_until = None

    def permit(
        self,
        now: datetime,
        settings: ModeSettings,
        evse: Evse,
        site: Site,
        *,
        surplus_w: float | None,
        phases: int,
        is_charging: bool,
        least_phases: int | None = None,
    ) -> Permit:
        """Return what the mode allows now.

        `surplus_w` is the EVSE's share (see `share_surplus`), None without a fresh meter;
        `phases` is how many it would draw on; `is_charging`: it draws now, so that a cloud
        means the minimum for a while and not the end. `least_phases` is how many it can be
        switched down to (default: `phases`): where the surplus is enough for these it isn't
        stopped, since a switch will come.
        """
        mode = mode_at(settings, site, now)
        wakes = [_next_hour(now, site)] if settings.mode is Mode.TIME_PLAN else []
        if mode not in (Mode.SOLAR_PURE, Mode.SOLAR_PLUS):
            self.reset()
            return _sunless(mode, evse, min(wakes, default=None))
        needed_w = start_w(mode, settings, evse, site, min(phases, least_phases or phases))
        refusal = self._refusal(now, surplus_w, needed_w, is_charging)
        wake_at = min(wakes + self._wakes(now), default=None)
        if refusal is not None:
            return Permit(may_charge=False, reason=refusal, wake_at=wake_at)
        if self._short_since is not None:
            return _held(evse, wake_at)
        floor = floor_a(settings.solar_plus, evse) if mode is Mode.SOLAR_PLUS else 0.0
        per_amp = watts_per_amp(evse, site, phases)
        return _sunny(evse, floor, max(0.0, surplus_w or 0.0), per_amp, wake_at)

    def _refusal(
        self, now: datetime, surplus_w: float | None, needed_w: float, is_charging: bool
    ) -> Binding | None:
        """Take the surplus; return why the EVSE may not charge, None if it may."""
        if self._paused_until is not None:
            if now < self._paused_until:
                return Binding("mode", "pause after too little solar surplus")
            self._paused_until = None
        if needed_w <= 0.0 or (surplus_w is not None and surplus_w >= needed_w - TOLERANCE_W):
            self._short_since = None
            return None
        if is_charging:
            self._short_since = self._short_since or now
            if now - self._short_since < HOLD:
                return None
            self._paused_until = now + PAUSE
        self._short_since = None
        if surplus_w is None:
            return Binding("mode", "no fresh meter tells the solar surplus")
        return Binding("mode", "solar surplus below the start", None, needed_w, "W")

    def _wakes(self, now: datetime) -> list[datetime]:
        if self._paused_until is not None:
            return [self._paused_until]
        if self._short_since is not None:
            return [max(now, self._short_since + HOLD)]
        return []


def _sunless(mode: Mode, evse: Evse, wake_at: datetime | None) -> Permit:
    """Lock and Power."""
    if mode is Mode.LOCK:
        return Permit(may_charge=False, reason=Binding("mode", "locked"), wake_at=wake_at)
    return Permit(may_charge=True, min_a=evse.min_a, max_a=evse.rated_a, wake_at=wake_at)


def _held(evse: Evse, wake_at: datetime | None) -> Permit:
    """The minimum through a cloud, whoever gives it."""
    reason = Binding("mode", "minimum while solar surplus is short", None, evse.min_a)
    return Permit(
        may_charge=True, min_a=evse.min_a, max_a=evse.min_a, reason=reason, wake_at=wake_at
    )


def _sunny(
    evse: Evse, floor: float, surplus_w: float, per_amp: float, wake_at: datetime | None
) -> Permit:
    """The surplus, and the floor where it is more."""
    least = max(evse.min_a, floor)
    max_a = min(evse.rated_a, max(least, surplus_w / per_amp))
    reason = None
    if max_a < evse.rated_a:
        reason = Binding("mode", "solar surplus", None, round(surplus_w), "W")
    return Permit(
        may_charge=True,
        min_a=evse.min_a,
        max_a=max_a,
        in_pool=True,
        floor_w=max(floor * per_amp, evse.min_a * per_amp - surplus_w, 0.0),
        reason=reason,
        wake_at=wake_at,
    )


def _next_hour(now: datetime, site: Site) -> datetime:
    """When the next local hour begins; counted in absolute time, so that no clock change hurts."""
    local = now.astimezone(ZoneInfo(site.time_zone))
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now + timedelta(hours=1) - into
