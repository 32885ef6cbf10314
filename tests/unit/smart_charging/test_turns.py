"""Who waits where not everybody can get the minimum, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.smart_charging.grid import EvseKey
from csms.smart_charging.turns import Candidate, Turn, Turns

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SLOT_S = 900


def key(name: str) -> EvseKey:
    return EvseKey(name, 1)


@dataclass
class Garage:
    """Cars on a limit that `places` of them fit under at 8 A each, decided every `cycle_s`."""

    places: int
    cycle_s: float = 10.0
    min_on_s: float | None = None
    at_s: float = 0.0
    turns: Turns = field(init=False)
    arrived_s: dict[str, float] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    served_ah: dict[str, float] = field(default_factory=dict)
    never_pause: set[str] = field(default_factory=set)
    log: list[tuple[float, frozenset[str]]] = field(default_factory=list)
    last: dict[EvseKey, Turn] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.turns = Turns(SLOT_S, self.min_on_s)

    def arrive(self, *names: str) -> None:
        for name in names:
            self.arrived_s[name] = self.at_s
            self.served_ah[name] = 0.0

    def leave(self, name: str) -> None:
        del self.arrived_s[name]

    def candidates(self) -> Iterable[Candidate]:
        for name, arrived_s in self.arrived_s.items():
            yield Candidate(
                key=key(name),
                is_running=name in self.running,
                served_ah=self.served_ah[name],
                arrived_at=NOON + timedelta(seconds=arrived_s),
                must_run=name in self.never_pause,
            )

    def decide(self) -> None:
        turns = self.turns.order(NOON + timedelta(seconds=self.at_s), self.candidates())
        self.last = turns
        awake = [name for name in self.arrived_s if not turns[key(name)].rests]
        self.running = sorted(awake, key=lambda name: turns[key(name)].number)[: self.places]
        self.log.append((self.at_s, frozenset(self.running)))

    def go_on(self, until_s: float, each: Callable[[], None] = lambda: None) -> None:
        while self.at_s < until_s:
            each()
            self.decide()
            for name in self.running:
                self.served_ah[name] += 8.0 * self.cycle_s / 3600
            self.at_s += self.cycle_s

    def times_of(self, name: str) -> list[tuple[float, bool]]:
        """When it started and stopped."""
        changes: list[tuple[float, bool]] = []
        for at_s, running in self.log:
            if not changes or changes[-1][1] != (name in running):
                changes.append((at_s, name in running))
        return changes


def slots_of(garage: Garage) -> list[frozenset[str]]:
    distinct: list[frozenset[str]] = []
    for _, running in garage.log:
        if not distinct or distinct[-1] != running:
            distinct.append(running)
    return distinct


@pytest.mark.parametrize("cycle_s", [10.0, 7.0, 60.0, 900.0])
def test_three_cars_share_two_places_in_three_slots(cycle_s: float) -> None:
    garage = Garage(places=2, cycle_s=cycle_s)
    garage.arrive("A", "B", "C")
    garage.go_on(3 * SLOT_S)

    assert slots_of(garage) == [frozenset("AB"), frozenset("CA"), frozenset("BC")]
    for served in garage.served_ah.values():
        assert served == pytest.approx(4.0, abs=16 * cycle_s / 3600 if 900 % cycle_s else 1e-6)


def test_places_change_only_when_a_slot_ends() -> None:
    garage = Garage(places=2)
    garage.arrive("A", "B", "C", "D", "E")
    garage.go_on(6 * SLOT_S)

    changed = [b for (a, one), (b, other) in pairwise(garage.log) if one != other]
    assert changed == [SLOT_S * slot for slot in range(1, 6)]


def test_the_edge_is_told_so_that_it_is_decided_in_time() -> None:
    garage = Garage(places=1)
    garage.arrive("A")
    garage.decide()
    garage.decide()
    assert garage.turns.next_edge is None

    garage.arrive("B")
    garage.at_s = 20.0
    garage.decide()
    assert garage.turns.next_edge == NOON + timedelta(seconds=20 + SLOT_S)


def test_a_car_that_waits_only_now_and_then_gets_its_turn() -> None:
    """The house swings: now there is room for both cars, now for one."""
    garage = Garage(places=2)
    garage.arrive("A", "B")

    def swing() -> None:
        garage.places = 1 if garage.at_s % 600 < 300 else 2

    garage.go_on(16 * SLOT_S, swing)
    assert min(garage.served_ah.values()) > 0.7 * max(garage.served_ah.values())


def test_a_newcomer_gets_the_place_of_a_car_that_ran_for_long() -> None:
    garage = Garage(places=1)
    garage.arrive("A")
    garage.go_on(7200)
    garage.arrive("B")
    garage.go_on(7210)

    assert garage.running == ["B"]


def test_a_newcomer_waits_for_a_car_that_just_started() -> None:
    garage = Garage(places=1)
    garage.arrive("A")
    garage.go_on(300)
    garage.arrive("B")
    garage.go_on(300 + SLOT_S)
    assert garage.running == ["A"]

    garage.go_on(300 + SLOT_S + 10)
    assert garage.running == ["B"]


def test_room_that_comes_free_goes_to_who_waited_longest() -> None:
    garage = Garage(places=2)
    garage.arrive("A", "B", "C")
    garage.go_on(100)
    garage.arrive("D")
    garage.go_on(200)
    garage.leave("A")
    garage.go_on(210)

    assert set(garage.running) == {"B", "C"}


def test_a_car_that_lost_its_place_rests_before_it_starts_again() -> None:
    garage = Garage(places=2)
    garage.arrive("A", "B")
    garage.go_on(1000)
    garage.places = 1
    garage.go_on(1030)
    garage.places = 2
    garage.go_on(3000)

    assert garage.times_of("B") == [(0, True), (1000, False), (1300, True)]
    assert garage.times_of("A") == [(0, True)]


def test_a_car_that_cant_pause_keeps_its_place() -> None:
    garage = Garage(places=2)
    garage.never_pause.add("A")
    garage.arrive("A", "B", "C", "D")
    garage.go_on(8 * SLOT_S)

    assert garage.times_of("A") == [(0, True)]
    assert garage.served_ah["B"] == pytest.approx(garage.served_ah["C"], rel=0.6)


def test_a_car_that_runs_holds_its_place_within_the_slot() -> None:
    garage = Garage(places=1)
    garage.arrive("A", "B")
    garage.go_on(20)

    assert garage.last[key("A")].holds
    assert not garage.last[key("B")].holds


def test_a_big_car_that_waited_for_ages_comes_before_all_who_hold() -> None:
    turns = Turns(SLOT_S, min_on_s=10 * SLOT_S)
    small = [key("A"), key("B")]
    big = key("C")
    arrived = NOON

    def order(slot: float, running: list[EvseKey]) -> dict[EvseKey, Turn]:
        at = NOON + timedelta(seconds=slot * SLOT_S)
        return turns.order(
            at,
            [
                Candidate(key=k, is_running=k in running, served_ah=0.0, arrived_at=arrived)
                for k in (*small, big)
            ],
        )

    order(0, [])
    order(0.5, small)
    assert order(1, small)[big].number == 2
    order(2, small)
    order(3, small)
    assert order(4, small)[big].number == 0


def test_slots_missed_while_the_server_was_busy_are_not_made_up() -> None:
    garage = Garage(places=1)
    garage.arrive("A", "B")
    garage.go_on(20)
    garage.at_s = 5.5 * SLOT_S
    garage.decide()

    assert garage.running == ["B"]
    assert garage.turns.next_edge == NOON + timedelta(seconds=6 * SLOT_S)


@settings(deadline=None)
@given(cars=st.integers(2, 9), places=st.integers(1, 8), cycle_s=st.sampled_from([60.0, 300.0]))
def test_every_waiting_car_is_served_within_n_by_k_slots(
    cars: int, places: int, cycle_s: float
) -> None:
    garage = Garage(places=places, cycle_s=cycle_s)
    names = "ABCDEFGHI"[:cars]
    garage.arrive(*names)
    slots = ceil(cars / places)
    garage.go_on(3 * slots * SLOT_S)

    for name in names:
        waits = [
            end - start
            for (start, runs), (end, _) in pairwise([*garage.times_of(name), (garage.at_s, True)])
            if not runs
        ]
        assert all(wait <= (slots - 1) * SLOT_S + 1e-6 for wait in waits)


events = st.lists(
    st.tuples(st.sampled_from(["arrive", "leave", "room"]), st.integers(1, 4), st.integers(1, 12)),
    min_size=1,
    max_size=25,
)


@settings(deadline=None)
@given(events=events)
def test_no_car_flaps_whoever_comes_and_goes_and_however_the_room_changes(
    events: list[tuple[str, int, int]],
) -> None:
    garage = Garage(places=2, cycle_s=60.0)
    lost_room_s: set[float] = set()
    for number, (event, amount, minutes) in enumerate(events):
        if event == "arrive":
            garage.arrive(f"car {number}")
        elif event == "leave" and garage.arrived_s:
            garage.leave(min(garage.arrived_s))
        elif event == "room":
            if amount < garage.places:
                lost_room_s.add(garage.at_s)
            garage.places = amount
        garage.go_on(garage.at_s + 60 * minutes)

    for name, arrived_s in garage.arrived_s.items():
        spans = pairwise(t for t in garage.times_of(name) if t[0] >= arrived_s)
        for (start_s, runs), (end_s, _) in spans:
            if runs:
                assert end_s - start_s >= SLOT_S or end_s in lost_room_s
            elif start_s > arrived_s:
                assert end_s - start_s >= 300
