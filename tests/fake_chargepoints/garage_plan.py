"""Garages and days by chance: the same seed gives the same ones. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from .breakers import CircuitPlan
from .garage_site import GarageCircuit, GarageEvse, GarageSite, Version
from .other_loads import House
from .vehicle import VehicleModel, city_car, commuter, family_car, fast_ac_car, tourer, two_phase

IncidentKind = Literal["meter", "charger", "crash", "reboot", "power"]

floors = 3
house_a, floor_a = 10.0, 8.0
"""What the house and the lights of a floor take at most, per phase.

All of it at once is an eighth of each breaker. When nobody tells any more what the building takes,
it may take that on top for as long as lent limits last; a breaker holds 1.13 times its rating.
"""
circuits_per_floor = 4
rotations = ("RST", "STR", "TRS")
slow_car = VehicleModel("Plug-in hybrid 3.3 kW", 1, 14.3, 12_000.0)
cars = (family_car, family_car, tourer, fast_ac_car, commuter, city_car, two_phase, slow_car)


@dataclass(frozen=True, slots=True)
class Stay:
    """A car stands at an EVSE and wants `energy_wh` of its `capacity_wh`."""

    charge_point_id: str
    evse_id: int
    arrives_at: datetime
    leaves_at: datetime
    vehicle: VehicleModel
    soc: float
    card: str


@dataclass(frozen=True, slots=True)
class Incident:
    """Something breaks at `at` for `lasts_s` seconds: a circuit's meter, or a charger.

    A charger goes "charger", its controller has a "crash" that forgets TxProfiles, it has a
    "reboot" that ends transactions, or it loses "power".
    """

    kind: IncidentKind
    subject: str
    at: datetime
    lasts_s: float = 0.0


def random_garage(seed: int, evses: int = 60, site_id: str = "garage") -> GarageSite:
    """Chargers of every kind on a tree of three levels that can't feed them all at once."""
    chance = random.Random(f"{seed}/garage")
    circuits = [_main(seed), *_floors_and_strings(seed)]
    strings = [circuit.id for circuit in circuits if circuit.id.count("-") == 2]
    outlets = [
        _outlet(number, strings[number % len(strings)], chance) for number in range(1, evses + 1)
    ]
    return GarageSite(site_id, "Garage", circuits, outlets)


def _main(seed: int) -> GarageCircuit:
    assumed_a = (house_a + floor_a * floors,) * 3
    plan = CircuitPlan("main", (200.0, 200.0, 200.0), name="Main")
    return GarageCircuit(
        plan, has_meter=True, assumed_load_a=assumed_a, others=(House((house_a,) * 3, seed),)
    )


def _floors_and_strings(seed: int) -> list[GarageCircuit]:
    circuits = []
    for floor in range(1, floors + 1):
        name, assumed_a = f"floor-{floor}", (floor_a,) * 3
        plan = CircuitPlan(name, (80.0, 80.0, 80.0), "main", name=f"Piso -{floor}")
        has_meter = floor != floors
        circuits.append(
            GarageCircuit(plan, has_meter, assumed_a, (House(assumed_a, seed + floor),))
        )
        for number in range(1, circuits_per_floor + 1):
            breaker_a = 32.0 if number % 2 else 40.0
            string = CircuitPlan(
                f"{name}-{number}",
                (breaker_a, breaker_a, breaker_a),
                name,
                "B" if number == 1 else "C",
                f"Piso -{floor} Circuito {number}",
            )
            circuits.append(GarageCircuit(string))
    return circuits


def _outlet(number: int, circuit_id: str, chance: random.Random) -> GarageEvse:
    phases, rated_a = _kind(number, chance)
    version: Version = "1.6" if number % 2 else "2.0.1"
    three_phase = len(phases) == 3
    return GarageEvse(
        f"G-{number:03d}",
        1,
        circuit_id,
        phases,
        rated_a,
        version,
        controllable=number % 30 != 7,
        can_switch_phases=three_phase and chance.random() < 0.3,
        clock_skew_s=chance.choice((0, 0, 0, 0, -40.0, 25.0, 45.0)),
    )


def _kind(number: int, chance: random.Random) -> tuple[str, float]:
    """Phases and rated current: 11 kW mostly, some 22 kW, some on one or two phases."""
    if number % 30 == 7:
        return f"L{number % 3 + 1}", 10.0  # a simple box that follows no profile
    kind = chance.random()
    rotation = chance.choice(rotations)
    if kind < 0.6:
        return rotation, 16.0
    if kind < 0.75:
        return rotation, 32.0
    if kind < 0.95:
        return chance.choice(("L1", "L2", "L3")), 32.0
    return chance.choice(("L1L2", "L2L3", "L3L1")), 16.0


def random_stays(
    site: GarageSite, seed: int, start: datetime, hours: float, pace: float = 1.0
) -> list[Stay]:
    """Who comes and goes at each EVSE, in order of arrival: cars stand for two to nine hours.

    With `pace` all that is so many times as short.
    """
    stays: list[Stay] = []
    for place, evse in enumerate(site.evses):
        chance = random.Random(f"{seed}/{evse.charge_point_id}/{evse.evse_id}")
        at, end = start, start + timedelta(hours=hours)
        while True:
            at += timedelta(hours=chance.uniform(0.02, 1.5) / pace)
            leaves_at = at + timedelta(hours=chance.uniform(2.0, 9.0) / pace)
            if at >= end:
                break
            vehicle = chance.choice(cars)
            soc = chance.uniform(0.1, 0.75)
            card = f"CARD-{place:04d}"
            stays.append(
                Stay(evse.charge_point_id, evse.evse_id, at, leaves_at, vehicle, soc, card)
            )
            at = leaves_at
    return sorted(stays, key=lambda stay: stay.arrives_at)


def random_incidents(site: GarageSite, seed: int, start: datetime, hours: float) -> list[Incident]:
    """What breaks: each meter once for some minutes, a third of the chargers somehow."""
    chance = random.Random(f"{seed}/incidents")
    span_s = 3600 * hours
    meters = [circuit.id for circuit in site.circuits if circuit.has_meter]
    broken = [name for name in site.charge_point_ids if chance.random() < 0.33]
    kinds = [kind for kind in get_args(IncidentKind) if kind != "meter"]
    incidents: list[tuple[IncidentKind, str, float]]
    incidents = [("meter", meter, 300.0) for meter in meters]
    incidents += [(chance.choice(kinds), name, chance.uniform(60, span_s / 4)) for name in broken]
    return [
        Incident(
            kind, subject, start + timedelta(seconds=chance.uniform(0.1, 0.7) * span_s), lasts_s
        )
        for kind, subject, lasts_s in incidents
    ]


def full_house(
    site: GarageSite,
    start: datetime,
    within_s: float = 120.0,
    vehicle: VehicleModel = fast_ac_car,
) -> list[Stay]:
    """An empty car at every EVSE before long: nothing is harder on breakers."""
    return [
        Stay(
            evse.charge_point_id,
            evse.evse_id,
            start + timedelta(seconds=within_s * place / len(site.evses)),
            start + timedelta(days=1),
            vehicle,
            0.05,
            f"CARD-{place:04d}",
        )
        for place, evse in enumerate(site.evses)
    ]
