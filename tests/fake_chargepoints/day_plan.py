"""What happens on a day at the demo's car park. Pure: the same seed plans the same days."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from .demo_cast import DEMO_ID_TOKENS, UNKNOWN_CARD, DemoIdToken, DemoStation
from .vehicle import VehicleModel, catalogue

_fast = [model for model in catalogue if model.max_dc_power_w > 0]

IncidentKind = Literal["power loss", "offline", "unknown card", "blocked card", "reservation"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A car stands at an EVSE from `arrives_at` to `leaves_at` and its driver charges it."""

    identity: str
    evse_id: int
    card: str
    vehicle: VehicleModel
    soc: float
    target_soc: float
    arrives_at: datetime
    leaves_at: datetime
    stops_by_card: bool


@dataclass(frozen=True, slots=True)
class Incident:
    """Something out of the ordinary at a station, for `lasts_s` seconds where it lasts."""

    kind: IncidentKind
    identity: str
    evse_id: int
    at: datetime
    lasts_s: float
    card: str


@dataclass(frozen=True, slots=True)
class Day:
    """All that happens on one day (UTC), in order of time."""

    visits: tuple[Visit, ...]
    incidents: tuple[Incident, ...]


def plan_day(
    day: date,
    stations: Iterable[DemoStation],
    seed: int,
    tokens: Iterable[DemoIdToken] = DEMO_ID_TOKENS,
) -> Day:
    """The plan of one day. Every EVSE has its own, so that more stations change nothing."""
    stations, tokens = list(stations), list(tokens)
    blocked = [token.value for token in tokens if token.status == "Blocked"]
    visits: list[Visit] = []
    for station, evse_id, own in _places(stations, tokens):
        chance = random.Random(f"{seed}/{day}/{station.identity}/{evse_id}")
        if station.evses[evse_id - 1].is_dc:
            visits += _short_stops(day, station, evse_id, own, chance)
        else:
            visits += _long_stays(day, station, evse_id, own, chance)
    incidents = _incidents(day, stations, blocked, random.Random(f"{seed}/{day}"))
    return Day(
        tuple(sorted(visits, key=lambda visit: visit.arrives_at)),
        tuple(sorted(incidents, key=lambda incident: incident.at)),
    )


def rush_hour(
    at: datetime,
    stations: Iterable[DemoStation],
    seed: int,
    tokens: Iterable[DemoIdToken] = DEMO_ID_TOKENS,
) -> list[Visit]:
    """Cars that come to most EVSEs within half a minute and stay for two to four hours."""
    visits = []
    for station, evse_id, own in _places(list(stations), tokens):
        chance = random.Random(f"{seed}/{at}/{station.identity}/{evse_id}")
        arrives_at = at + timedelta(seconds=chance.uniform(2, 30))
        leaves_at = arrives_at + timedelta(hours=chance.uniform(2, 4))
        if chance.random() < 0.85:
            models = _fast if station.evses[evse_id - 1].is_dc else catalogue
            card = chance.choice(own)
            visits.append(_visit(station, evse_id, card, arrives_at, leaves_at, chance, models))
    return visits


def _places(
    stations: list[DemoStation], tokens: Iterable[DemoIdToken]
) -> Iterator[tuple[DemoStation, int, list[str]]]:
    """Every EVSE with cards of its own: nobody charges at two places at once."""
    cards = [token.value for token in tokens if token.status == "Accepted"]
    places = [
        (station, evse_id) for station in stations for evse_id in range(1, len(station.evses) + 1)
    ]
    for slot, (station, evse_id) in enumerate(places):
        yield station, evse_id, cards[slot :: len(places)] or cards[:1]


def _moment(day: date, hour: float) -> datetime:
    return datetime.combine(day, time(), UTC) + timedelta(hours=hour)


def _long_stays(
    day: date, station: DemoStation, evse_id: int, cards: list[str], chance: random.Random
) -> list[Visit]:
    """AC: somebody by day, now and then a short stay, somebody in the evening or all night."""
    stays_all_night = chance.random() < 0.4
    evening_h = chance.gauss(11.8, 0.3) if stays_all_night else chance.gauss(4.6, 0.7)
    stays = [
        (chance.gauss(8.0, 0.5), chance.gauss(4.2, 1.2), 0.75),
        (chance.gauss(13.4, 0.8), chance.gauss(2.4, 0.8), 0.5),
        (chance.gauss(18.2, 0.7), evening_h, 0.8),
    ]
    visits, free_from = [], _moment(day, 7.0)
    for arrival_h, stay_h, likelihood in stays:
        arrives_at = max(_moment(day, arrival_h), free_from)
        leaves_at = min(arrives_at + timedelta(hours=max(0.7, stay_h)), _moment(day, 30.5))
        if chance.random() > likelihood or leaves_at <= arrives_at:
            continue
        visits.append(_visit(station, evse_id, chance.choice(cards), arrives_at, leaves_at, chance))
        free_from = leaves_at + timedelta(minutes=10)
    return visits


def _short_stops(
    day: date, station: DemoStation, evse_id: int, cards: list[str], chance: random.Random
) -> list[Visit]:
    """DC: a car every hour or two."""
    visits, hour = [], 6.5 + chance.random()
    while hour < 21.5:
        arrives_at = _moment(day, hour)
        stay_h = 0.4 + 0.5 * chance.random()
        leaves_at = arrives_at + timedelta(hours=stay_h)
        visit = _visit(station, evse_id, chance.choice(cards), arrives_at, leaves_at, chance, _fast)
        visits.append(visit)
        hour += stay_h + 0.3 + 1.5 * chance.random()
    return visits


def _visit(
    station: DemoStation,
    evse_id: int,
    card: str,
    arrives_at: datetime,
    leaves_at: datetime,
    chance: random.Random,
    models: Iterable[VehicleModel] = catalogue,
) -> Visit:
    return Visit(
        station.identity,
        evse_id,
        card,
        chance.choice(list(models)),
        soc=0.12 + 0.5 * chance.random(),
        target_soc=chance.choice((0.8, 0.9, 1.0)),
        arrives_at=arrives_at,
        leaves_at=leaves_at,
        stops_by_card=chance.random() < 0.7,
    )


def _incidents(
    day: date, stations: list[DemoStation], blocked: list[str], chance: random.Random
) -> list[Incident]:
    kinds: list[tuple[IncidentKind, float, float, float]] = [
        ("power loss", 10.0, 600.0, 0.5),
        ("offline", 14.5, 2400.0, 0.9),
        ("unknown card", 11.8, 0.0, 0.9),
        ("blocked card", 16.7, 0.0, 0.7),
        ("reservation", 12.3, 1800.0, 0.8),
    ]
    incidents = []
    for kind, hour, lasts_s, likelihood in kinds:
        station = chance.choice(stations)
        at = _moment(day, hour + chance.random())
        card = chance.choice(blocked) if blocked and kind == "blocked card" else UNKNOWN_CARD
        if chance.random() < likelihood:
            incidents.append(Incident(kind, station.identity, 1, at, lasts_s, card))
    return incidents
