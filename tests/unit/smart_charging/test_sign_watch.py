"""A meter that falls when its chargers draw more is found by itself."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from csms.smart_charging.grid import PerPhase, Phase
from csms.smart_charging.sign_watch import SignWatch

from .steered_garage import START, Car, SteeredGarage, circuit, evse, site

METERED = circuit("main", 63.0, has_meter=True, assumed_load_a=PerPhase.all(20.0))


def watched(sign: float, jumps: int = 3, *, house_a: float = 5.0) -> list[Phase]:
    """Which phases are found after a car that draws on L1 jumped so often."""
    installation = site([evse(1)], METERED)
    key = installation.evses[0].key
    watch = SignWatch(installation)
    now, drawn = START, 0.0
    for second in range(0, jumps * 60 + 20, 10):
        if second % 60 == 30:
            drawn = 16.0 - drawn
        load = PerPhase(drawn, 0.0, 0.0)
        if second % 20 == 0:
            watch.charger(key, load, now)
        meter = PerPhase(house_a + sign * drawn, house_a, house_a)
        watch.meter("main", meter, now + timedelta(seconds=1))
        now += timedelta(seconds=10)
    return watch.reversed_phases("main")


def test_a_reversed_transformer_is_found_after_three_jumps() -> None:
    assert watched(-1.0) == [Phase.L1]
    assert watched(-1.0, 2) == []


@pytest.mark.parametrize("sign", [1.0, 0.0])
def test_a_meter_that_is_right_or_sits_elsewhere_is_not_accused(sign: float) -> None:
    assert watched(sign, 8) == []


def test_first_reports_after_a_restart_accuse_no_meter() -> None:
    """Nine cars draw 6 A each; three that are known stop while the others first report."""
    installation = site([evse(number) for number in range(1, 10)], METERED)
    keys = [one.key for one in installation.evses]
    watch = SignWatch(installation)
    now, load_a = START, 9 * 6.0
    for key in keys[:3]:
        watch.charger(key, PerPhase.all(6.0), now)
    for number in range(3):
        watch.meter("main", PerPhase.all(load_a), now + timedelta(seconds=1))
        now += timedelta(seconds=10)
        load_a -= 6.0
        watch.charger(keys[number], PerPhase.all(0.0), now)
        for key in keys[3 + 2 * number : 5 + 2 * number]:
            watch.charger(key, PerPhase.all(6.0), now)
        watch.meter("main", PerPhase.all(load_a), now + timedelta(seconds=1))
    assert watch.reversed_phases("main") == []


@pytest.mark.parametrize(("chargers", "seed"), [(1, 17), (10, 7), (10, 11), (10, 58)])
def test_a_house_that_jumps_by_itself_accuses_no_meter(chargers: int, seed: int) -> None:
    """Its jumps are as large as the chargers', and everybody reports at moments of his own."""
    chance = random.Random(seed)
    installation = site([evse(number) for number in range(1, chargers + 1)], METERED)
    keys = [one.key for one in installation.evses]
    amps = (0, 6, 7, 8, 10, 16)
    drawn = [chance.choice(amps) for _ in keys]
    delays = [chance.uniform(0, 10) for _ in keys]
    watch, house_a = SignWatch(installation), 5.0
    for second in range(600):
        now = START + timedelta(seconds=second)
        drawn = [chance.choice(amps) if chance.random() < 1 / 40 else a for a in drawn]
        if chance.random() < 1 / 8:
            house_a = 5.0 + 8.0 * chance.choice([0, 1, 1, 2])
        for key, draws_a, delay in zip(keys, drawn, delays, strict=True):
            if (second + int(delay)) % 10 == 0:
                at = now + timedelta(seconds=chance.random() * 0.1)
                watch.charger(key, PerPhase(draws_a, 0.0, 0.0), at)
        if second % 5 == 0:
            total = PerPhase(house_a + sum(drawn), 0.0, 0.0)
            watch.meter("main", total, now + timedelta(seconds=0.5))
        assert watch.reversed_phases("main") == []


def test_a_meter_with_a_wrong_sign_raises_an_alarm() -> None:
    world = SteeredGarage(site([evse(1)], METERED))
    world.meter_works = False

    def live(seconds: int) -> None:
        for _ in range(seconds // 5):
            world.run(5)
            drawn = world.stalls[world.key(1)].draws(world.now)
            world.steering.meter("main", PerPhase(-drawn[0], 0, 0), world.now, now=world.now)

    live(30)
    for _ in range(4):
        world.arrive(1, Car(16.0, phases=1))
        live(120)
        world.stalls[world.key(1)].car = Car(0.0)
        live(60)
        world.leave(1)
        live(30)
    assert world.decision is not None
    assert "meter_sign_wrong" in {alarm.kind for alarm in world.decision.alarms}
