"""A short day under a solar roof: some want the sun alone, some a floor and the sun on top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_chargepoints.breakers import CircuitPlan
from fake_chargepoints.garage import Garage, Outlet
from fake_chargepoints.garage_plan import Stay, full_house
from fake_chargepoints.garage_site import GarageCircuit, GarageEvse, GarageSite
from fake_chargepoints.other_loads import House, SolarRoof
from fake_chargepoints.vehicle import family_car, min_offer_a

from .garage_world import GarageWorld, live_in_garage

ASSUMED_A = (12.0, 12.0, 12.0)
EVSES = [
    GarageEvse("PURE-1", 1, "main", "RST", 16.0, "1.6", can_switch_phases=True),
    GarageEvse("PURE-2", 1, "main", "STR", 16.0, "2.0.1"),
    GarageEvse("PLUS-1", 1, "main", "L2", 16.0, "1.6"),
    GarageEvse("PLUS-2", 1, "main", "TRS", 16.0, "2.0.1"),
]
SUNRISE_H = 9


@dataclass(frozen=True)
class Day:
    """How long the sun shines, and how long the cars stand there."""

    sunny_h: float
    hours: float

    @property
    def roof(self) -> SolarRoof:
        return SolarRoof(
            (36.0, 36.0, 36.0),
            seed=4,
            cloudiness=0.6,
            rises_h=SUNRISE_H,
            sets_h=SUNRISE_H + self.sunny_h,
        )

    @property
    def site(self) -> GarageSite:
        main = GarageCircuit(
            CircuitPlan("main", (50.0, 50.0, 50.0)),
            has_meter=True,
            assumed_load_a=ASSUMED_A,
            others=(House(ASSUMED_A, 4, busy=0.2), self.roof),
        )
        return GarageSite("solar", "Under the roof", [main], EVSES)


class Sun:
    """Adds up what the roof and the cars did, second by second."""

    def __init__(self, world: GarageWorld, roof: SolarRoof) -> None:
        self._world = world
        self._roof = roof
        self._at = world.clock.now()
        self.imported_by_pure_wh = 0.0
        self.night_wh = 0.0

    def look(self) -> None:
        garage, now = self._world.garage, self._world.clock.now()
        hours = (now - self._at).total_seconds() / 3600
        self._at = now
        pure_w = sum(o.evse.box.draw.power_w for o in garage.outlets if is_pure(o.plan))
        floors_w = sum(floor_w(o) for o in garage.outlets if not is_pure(o.plan))
        grid_w = garage.read_meter("main").power_w - floors_w
        self.imported_by_pure_wh += max(0.0, min(pure_w, grid_w)) * hours
        if self._roof.share(now) == 0.0:
            self.night_wh += pure_w * hours


def floor_w(outlet: Outlet) -> float:
    """What it draws of its minimum, which may come from the grid."""
    least_w = min_offer_a * outlet.plan.model.phases * 230.0
    return min(least_w, outlet.evse.box.draw.power_w)


def is_pure(evse: GarageEvse) -> bool:
    return evse.charge_point_id.startswith("PURE")


@pytest.mark.long(30)
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "day", [Day(1.1, 1.25), pytest.param(Day(1.5, 1.75), marks=pytest.mark.slow)], ids=str
)
def test_solar_modes_charge_with_the_sun_and_never_trip(
    database_server: str, tmp_path: Path, day: Day
) -> None:
    site = day.site
    suns: list[Sun] = []

    async def story(world: GarageWorld) -> None:
        for evse in site.evses:
            mode = "solar_pure" if is_pure(evse) else "solar_plus"
            await world.server.post(f"/evses/{evse.charge_point_id}/1/mode", {"mode": mode})
        cars: list[Stay] = full_house(site, world.clock.now(), vehicle=family_car)
        world.garage.welcome(cars)
        suns.append(sun := Sun(world, day.roof))
        await world.pass_time(hours=day.hours, on_step=sun.look)

    garage = live_in_garage(
        database_server,
        tmp_path,
        site,
        story,
        hour=SUNRISE_H,
        steered=True,
        tick_s=2.0,
        meter_interval_s=10.0,
    )
    (sun,) = suns
    pure_wh = energy_of(garage, "PURE")
    print(
        f"sun alone {pure_wh:.0f} Wh ({sun.imported_by_pure_wh:.0f} Wh of it imported, "
        f"{sun.night_wh:.0f} Wh at night), with a floor {energy_of(garage, 'PLUS'):.0f} Wh"
    )
    assert garage.board.trips == []
    assert pure_wh > 2_000 * day.sunny_h
    assert sun.night_wh < 100
    assert sun.imported_by_pure_wh < 0.25 * pure_wh
    floors = [o.energy_wh for o in garage.outlets if not is_pure(o.plan)]
    assert min(floors) > 1380 * day.hours * 0.9


def energy_of(garage: Garage, prefix: str) -> float:
    return sum(o.energy_wh for o in garage.outlets if o.plan.charge_point_id.startswith(prefix))
