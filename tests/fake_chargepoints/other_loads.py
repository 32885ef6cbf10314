"""What draws or feeds in a building besides cars: households, lifts, a solar roof. Pure.

The same seed and moment give the same current. Times are UTC; the day is the building's own.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from .vehicle import Amps3

slot_s = 300
"""An appliance switches on at most once in this time, per line."""

cloud_s = 600
"""From one state of the sky to the next."""


@dataclass(frozen=True, slots=True)
class House:
    """Current of everything but cars, at most `most_a` on each line.

    A quarter of it is always there, a quarter follows the day (most of it in the evening), and the
    rest comes in one step when an appliance switches on, for up to `slot_s` seconds.
    """

    most_a: Amps3
    seed: int = 0
    busy: float = 0.5
    """How likely an appliance runs in a slot."""

    def current_a(self, at: datetime) -> Amps3:
        one, two, three = (
            self._line_a(line, most_a, at) for line, most_a in enumerate(self.most_a)
        )
        return (one, two, three)

    def _line_a(self, line: int, most_a: float, at: datetime) -> float:
        if most_a <= 0:
            return 0.0
        slot, second = divmod(at.timestamp(), slot_s)
        likelihood, until_s, share = _appliance(self.seed, line, int(slot))
        runs = likelihood < self.busy and second < until_s
        return most_a * (0.25 + 0.25 * _evening(_hour(at)) + (share if runs else 0.0))


@dataclass(frozen=True, slots=True)
class SolarRoof:
    """A solar roof that feeds at most `peak_a` into each line, when the sky is clear at noon.

    The sun rises and sets at these hours; a short day shows as much as a long one, sooner.
    """

    peak_a: Amps3
    seed: int = 0
    cloudiness: float = 0.5
    rises_h: float = 6.0
    sets_h: float = 18.0

    def current_a(self, at: datetime) -> Amps3:
        """Negative: it feeds."""
        share = self.share(at)
        one, two, three = (-peak_a * share for peak_a in self.peak_a)
        return (one, two, three)

    def share(self, at: datetime) -> float:
        """Of the peak, 0 to 1: the sun, behind clouds that come and go."""
        passed = (_hour(at) - self.rises_h) / (self.sets_h - self.rises_h)
        if not 0.0 < passed < 1.0:
            return 0.0
        sun = math.sin(math.pi * passed)
        slot, second = divmod(at.timestamp(), cloud_s)
        before, after = self._sky(slot), self._sky(slot + 1)
        return sun * (before + (after - before) * second / cloud_s)

    def _sky(self, slot: float) -> float:
        return 1.0 - self.cloudiness * _cloud(self.seed, int(slot))


OtherLoad = House | SolarRoof


@lru_cache(maxsize=1024)
def _appliance(seed: int, line: int, slot: int) -> tuple[float, float, float]:
    """How likely it runs in this slot, until which second, and its share of the most."""
    chance = random.Random(f"{seed}/{line}/{slot}")
    return chance.random(), chance.uniform(30, slot_s), chance.uniform(0.2, 0.5)


@lru_cache(maxsize=1024)
def _cloud(seed: int, slot: int) -> float:
    return random.Random(f"{seed}/sky/{slot}").random()


def _hour(at: datetime) -> float:
    moment = at.astimezone(UTC)
    return moment.hour + moment.minute / 60 + moment.second / 3600


def _evening(hour: float) -> float:
    return math.exp(-(((hour - 19.0) / 3.0) ** 2))
