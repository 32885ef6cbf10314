"""A car behind a plug: battery, on-board charger, and what it draws. Pure: no clock, no I/O.

Currents are per conductor of the cable, in the order of the car's own phases; a single-phase
car uses only the first. How those conductors hang on the building is the wallbox's business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

Amps3 = tuple[float, float, float]

min_offer_a = 6.0
"""IEC 61851: a pilot below 6 A is no offer at all."""

no_current: Amps3 = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class VehicleModel:
    """What a car can do.

    `phases` of the AC charger (1, 2 or 3), `max_current_a` per phase, `capacity_wh` of the
    battery, `max_dc_power_w` (0: no DC socket). `curve` is the share of the full power that the
    battery takes at a state of charge: points (soc, share), straight lines between them.
    """

    name: str = "Three-phase 11 kW"
    phases: int = 3
    max_current_a: float = 16.0
    capacity_wh: float = 60_000.0
    efficiency: float = 0.9
    max_dc_power_w: float = 0.0
    curve: tuple[tuple[float, float], ...] = ((0.0, 1.0), (0.92, 1.0), (1.0, 0.15))

    def share_at(self, soc: float) -> float:
        """The share of the full power that the battery accepts at this state of charge."""
        before = self.curve[0]
        for point in self.curve:
            if soc <= point[0]:
                span = point[0] - before[0]
                part = (soc - before[0]) / span if span else 0.0
                return before[1] + part * (point[1] - before[1])
            before = point
        return before[1]


@dataclass(frozen=True, slots=True)
class Draw:
    """What flowed during a step: mean current per phase, mean power, energy at the plug."""

    current_a: Amps3
    power_w: float
    energy_wh: float


nothing_drawn = Draw(no_current, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A car with so much in its battery. It stops at `target_soc` (1.0 is full)."""

    model: VehicleModel
    stored_wh: float
    target_soc: float = 1.0

    @classmethod
    def at(cls, model: VehicleModel, soc: float, target_soc: float = 1.0) -> Vehicle:
        """A car with this state of charge (0..1)."""
        return cls(model, soc * model.capacity_wh, target_soc)

    @property
    def soc(self) -> float:
        """State of charge, 0..1."""
        return self.stored_wh / self.model.capacity_wh

    @property
    def missing_wh(self) -> float:
        """Energy at the plug until the target is reached."""
        gap_wh = self.target_soc * self.model.capacity_wh - self.stored_wh
        return max(0.0, gap_wh / self.model.efficiency)

    @property
    def is_satisfied(self) -> bool:
        """Whether the car wants nothing more (within a watt-hour)."""
        return self.missing_wh < 1.0

    def wanted_current_a(self, offered_a: Amps3) -> Amps3:
        """What the car would draw right now of this offer: all its phases alike."""
        if self.is_satisfied:
            return no_current
        own = offered_a[: self.model.phases]
        usable = [amps for amps in own if amps >= min_offer_a]
        if not usable:
            return no_current
        ceiling_a = self.model.max_current_a * self.model.share_at(self.soc)
        each_a = min(ceiling_a, *usable)
        drawn = [each_a if amps >= min_offer_a else 0.0 for amps in own]
        drawn += [0.0] * (3 - len(drawn))
        return (drawn[0], drawn[1], drawn[2])

    def step(self, dt_s: float, offered_a: Amps3, voltage_v: float = 230.0) -> tuple[Vehicle, Draw]:
        """Charge by AC for `dt_s` seconds; the car afterwards and what it drew."""
        return self.draw(dt_s, self.wanted_current_a(offered_a), voltage_v)

    def draw(self, dt_s: float, current_a: Amps3, voltage_v: float = 230.0) -> tuple[Vehicle, Draw]:
        """Charge by AC with just this current; the car afterwards and what it drew."""
        return self._take(dt_s, current_a, sum(current_a) * voltage_v)

    def step_dc(
        self, dt_s: float, offered_w: float, voltage_v: float = 400.0
    ) -> tuple[Vehicle, Draw]:
        """Charge by DC for `dt_s` seconds; the current is that of the DC cable (first value)."""
        limit_w = self.model.max_dc_power_w * self.model.share_at(self.soc)
        power_w = 0.0 if self.is_satisfied else max(0.0, min(offered_w, limit_w))
        return self._take(dt_s, (power_w / voltage_v, 0.0, 0.0), power_w)

    def _take(self, dt_s: float, current_a: Amps3, power_w: float) -> tuple[Vehicle, Draw]:
        wanted_wh = power_w * dt_s / 3600.0
        if wanted_wh <= 0.0:
            return self, nothing_drawn
        energy_wh = min(wanted_wh, self.missing_wh)
        part = energy_wh / wanted_wh
        stored_wh = self.stored_wh + energy_wh * self.model.efficiency
        mean_a = (current_a[0] * part, current_a[1] * part, current_a[2] * part)
        return replace(self, stored_wh=stored_wh), Draw(mean_a, power_w * part, energy_wh)


city_car = VehicleModel("City car 3.7 kW", 1, 16.0, 36_000.0)
commuter = VehicleModel("Commuter 7.4 kW", 1, 32.0, 52_000.0, max_dc_power_w=50_000.0)
two_phase = VehicleModel("Two-phase 7.4 kW", 2, 16.0, 36_000.0, max_dc_power_w=40_000.0)
family_car = VehicleModel("Family car 11 kW", 3, 16.0, 77_000.0, max_dc_power_w=125_000.0)
fast_ac_car = VehicleModel("Fast AC 22 kW", 3, 32.0, 52_000.0, max_dc_power_w=46_000.0)
tourer = VehicleModel(
    "Tourer",
    3,
    16.0,
    90_000.0,
    max_dc_power_w=150_000.0,
    curve=((0.0, 0.8), (0.1, 1.0), (0.5, 1.0), (0.8, 0.45), (1.0, 0.06)),
)
catalogue = (city_car, commuter, two_phase, family_car, fast_ac_car, tourer)
