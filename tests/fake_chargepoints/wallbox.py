"""The electrical side of one EVSE: phases, rotation, the meter and its lifetime register. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from .vehicle import Amps3, Draw, Vehicle, min_offer_a, no_current, nothing_drawn

Rotation = Literal["RST", "STR", "TRS", "RTS", "SRT", "TSR"]
"""Which grid phases the terminals L1, L2, L3 are wired to, as OCPP's ConnectorPhaseRotation."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """How box and car follow the pilot.

    A lower pilot is obeyed after `fall_s` (IEC 61851-1 leaves the car 5 s). The first ampere comes
    `start_s` after the offer, then the current rises by `rise_a_per_s`. The contactor is open for
    `switch_s` when the number of phases changes.
    """

    fall_s: float = 4.0
    start_s: float = 8.0
    rise_a_per_s: float = 2.0
    switch_s: float = 15.0


@dataclass(frozen=True, slots=True)
class WallboxModel:
    """An EVSE: `phases` and `max_current_a` for AC, or `max_dc_power_w` > 0 for a DC one.

    `switches_phases` follows a profile's numberPhases; a box that can't goes on with all it has.
    One that does not `obeys_profiles` accepts them and gives what its hardware can. Without a
    `reaction` everything happens at once.
    """

    phases: int = 3
    max_current_a: float = 16.0
    max_dc_power_w: float = 0.0
    rotation: Rotation = "RST"
    nominal_voltage_v: float = 230.0
    initial_register_wh: float = 0.0
    switches_phases: bool = True
    obeys_profiles: bool = True
    reaction: Reaction | None = None

    @property
    def is_dc(self) -> bool:
        return self.max_dc_power_w > 0

    @property
    def max_power_w(self) -> float:
        """The rated power."""
        if self.is_dc:
            return self.max_dc_power_w
        return self.phases * self.max_current_a * self.nominal_voltage_v


@dataclass(frozen=True, slots=True)
class Offer:
    """The limit in force: amps per phase and on how many phases."""

    limit_a: float
    phases: int

    def currents_a(self) -> Amps3:
        """The offer per terminal; less than 6 A is nothing (IEC 61851)."""
        amps = self.limit_a if self.limit_a >= min_offer_a else 0.0
        return (amps, amps if self.phases > 1 else 0.0, amps if self.phases > 2 else 0.0)


@dataclass(slots=True)
class Wallbox:
    """The live state of the power path of one EVSE.

    `register_wh` counts over the whole life of the meter; `draw` is what flowed in the last step.
    """

    model: WallboxModel
    register_wh: float = 0.0
    draw: Draw = nothing_drawn
    offered_a: float = 0.0
    temperature_c: float = 22.0
    _seconds: float = field(default=0.0, repr=False)
    _pilot: Offer | None = field(default=None, repr=False)
    _flowing_a: Amps3 = field(default=no_current, repr=False)
    _falling_s: float = field(default=0.0, repr=False)
    _starts_in_s: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self.register_wh = self.register_wh or self.model.initial_register_wh

    def supply(self, dt_s: float, vehicle: Vehicle | None, offer: Offer | None) -> Vehicle | None:
        """Let the car charge for `dt_s` seconds (no offer: the contactor is open)."""
        self._seconds += dt_s
        self.offered_a = offer.limit_a if offer else 0.0
        if vehicle is None or offer is None:
            self.draw, self._pilot, self._flowing_a = nothing_drawn, None, no_current
        elif self.model.is_dc:
            offered_w = min(self.model.max_dc_power_w, self.power_of(offer))
            vehicle, self.draw = vehicle.step_dc(dt_s, offered_w)
        elif self.model.reaction is None:
            vehicle, self.draw = vehicle.step(dt_s, offer.currents_a(), self.voltage_v())
        else:
            flowing_a = self._follow(dt_s, vehicle, offer, self.model.reaction)
            vehicle, self.draw = vehicle.draw(dt_s, flowing_a, self.voltage_v())
        self.register_wh += self.draw.energy_wh
        self._warm(dt_s)
        return vehicle

    def _follow(self, dt_s: float, vehicle: Vehicle, offer: Offer, reaction: Reaction) -> Amps3:
        """What flows in the next `dt_s` seconds, as fast as box and car can."""
        if self._pilot is None:
            self._starts_in_s = reaction.start_s
        self._pilot = self._turned(dt_s, self._pilot or offer, offer, reaction)
        wanted_a = vehicle.wanted_current_a(self._pilot.currents_a())
        if not any(wanted_a):
            self._starts_in_s = max(self._starts_in_s, reaction.start_s)
            self._flowing_a = no_current
        elif self._starts_in_s > 0.0:
            self._starts_in_s -= dt_s
            self._flowing_a = no_current
        else:
            risen_a = max(min_offer_a, max(self._flowing_a) + reaction.rise_a_per_s * dt_s)
            one, two, three = (min(amps, risen_a) for amps in wanted_a)
            self._flowing_a = (one, two, three)
        return self._flowing_a

    def _turned(self, dt_s: float, pilot: Offer, offer: Offer, reaction: Reaction) -> Offer:
        """The pilot that the car obeys: a lower one takes its time, other phases a pause."""
        if offer.limit_a >= pilot.limit_a and offer.phases >= pilot.phases:
            self._falling_s = 0.0
        elif self._falling_s + dt_s < reaction.fall_s:
            self._falling_s += dt_s
            return pilot
        else:
            self._falling_s = 0.0
        if offer.phases != pilot.phases:
            self._starts_in_s = reaction.switch_s
        return offer

    def would_flow(self, vehicle: Vehicle | None, offer: Offer) -> bool:
        """Whether this car would take anything of this offer."""
        if vehicle is None:
            return False
        if self.model.is_dc:
            has_socket = vehicle.model.max_dc_power_w > 0
            return has_socket and not vehicle.is_satisfied and self.power_of(offer) > 0
        return any(vehicle.wanted_current_a(offer.currents_a()))

    def power_of(self, offer: Offer) -> float:
        """The power of an offer at nominal voltage, in W."""
        return offer.limit_a * offer.phases * self.model.nominal_voltage_v

    def voltage_v(self) -> float:
        """The voltage at the terminals: it sags a little under load."""
        load_a = max(self.draw.current_a)
        return self.model.nominal_voltage_v - 0.06 * min(load_a, 64.0)

    def frequency_hz(self) -> float:
        """The grid's frequency, breathing slowly around 50 Hz."""
        return 50.0 + 0.02 * math.sin(self._seconds / 97.0)

    def terminal_currents_a(self) -> Amps3:
        """The AC current at the terminals L1, L2, L3; a DC station loads all three alike."""
        if not self.model.is_dc:
            return self.draw.current_a
        each_a = self.draw.power_w / (3 * self.model.nominal_voltage_v)
        return (each_a, each_a, each_a)

    def grid_currents_a(self) -> Amps3:
        """The current on the building's phases L1, L2, L3, after the wiring's rotation."""
        grid = list(no_current)
        for terminal, phase in zip(self.terminal_currents_a(), self.model.rotation, strict=True):
            grid["RST".index(phase)] += terminal
        return (grid[0], grid[1], grid[2])

    def _warm(self, dt_s: float) -> None:
        aim_c = 22.0 + 0.6 * min(max(self.terminal_currents_a()), 40.0)
        self.temperature_c += (aim_c - self.temperature_c) * min(1.0, dt_s / 900.0)
