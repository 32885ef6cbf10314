"""Whatever happens in whatever order, no breaker is ever overloaded by chargers that obey."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import PerPhase
from csms.smart_charging.instructions import Instruction, Outcome

from .steered_garage import Car, SteeredGarage, circuit, evse, site

ROTATIONS = ("RST", "STR", "TRS", "RST", "L1", "L2")
EVENTS = st.sampled_from(
    ("arrive", "arrive", "leave", "lose", "find", "house", "meter", "crash", "reboot")
)


class Fates:
    """Messages that are late, or lost on the way there or back."""

    def __init__(self, seed: int, trouble: float) -> None:
        self._random = Random(seed)
        self._trouble = trouble

    def __call__(self, _: Instruction) -> tuple[float, Outcome]:
        delay_s = self._random.choice((1.0, 1.0, 2.0, 5.0))
        if self._random.random() > self._trouble:
            return delay_s, "accepted"
        return self._random.choice(((30.0, "timeout"), (delay_s, "lost"), (delay_s, "unsent")))


def a_garage(rotations: list[str], seed: int, trouble: float) -> SteeredGarage:
    """A three-level tree with a meter at its top."""
    evses = [
        evse(n, phases, "row-1" if n % 2 else "row-2") for n, phases in enumerate(rotations, 1)
    ]
    assumed = PerPhase(12.0, 12.0, 12.0)
    world = SteeredGarage(
        site(
            evses,
            circuit("main", 50.0, has_meter=True, assumed_load_a=assumed),
            circuit("row-1", 25.0, "main"),
            circuit("row-2", 16.0, "main"),
        )
    )
    world.run(20)  # installed while nothing goes wrong: every charger has its standing limit
    world.fate = Fates(seed, trouble)
    return world


def happen(world: SteeredGarage, event: str, number: int) -> None:
    """Let one thing happen, if it can."""
    stall = world.stalls[world.key(number)]
    match event:
        case "arrive" if stall.car is None:
            world.arrive(number, Car(phases=3 if number < 4 else 1))
        case "leave" if stall.car is not None:
            world.leave(number)
        case "lose" if stall.is_online:
            world.lose(number)
        case "find" if not stall.is_online:
            world.find(number)
        case "house":
            amps = float(number * 7 % 13)
            world.house_changes(PerPhase(amps, 12.0 - amps, amps / 2))
        case "meter":
            world.meter_works = not world.meter_works
            world.house_changes(world.house)
        case "crash":
            world.die()
            world.run(5 * number)
            world.restart()
        case "reboot" if stall.is_online:
            stall.charger.reboot(world.now, keeps_all=bool(number % 2), transaction_goes_on=True)
            world.steering.booted(stall.evse.key.charge_point_id, world.now)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking a whole garage takes ages
)
@given(
    rotations=st.lists(st.sampled_from(ROTATIONS), min_size=4, max_size=5),
    story=st.lists(
        st.tuples(EVENTS, st.integers(1, 5), st.integers(1, 45)), min_size=4, max_size=9
    ),
    seed=st.integers(0, 1000),
    trouble=st.sampled_from((0.0, 0.2, 0.5)),
)
def test_no_breaker_is_overloaded_whatever_happens(
    rotations: list[str], story: list[tuple[str, int, int]], seed: int, trouble: float
) -> None:
    world = a_garage(rotations, seed, trouble)
    for number in range(1, len(rotations)):
        world.arrive(number, Car())
        world.run(15)
    for event, number, seconds in story:
        if event == "house" and (trouble or not world.meter_works):
            continue  # nobody can follow a house that he doesn't hear of
        if number <= len(rotations):
            happen(world, event, number)
        world.run(seconds)
        note(f"{world.now:%H:%M:%S} {event} {number}: {world.limits()}")
    world.die()
    world.run(900)
    assert world.overloads == []
