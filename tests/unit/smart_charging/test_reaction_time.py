"""The house takes more all of a sudden: how long until chargers are told to take less."""

from __future__ import annotations

import pytest
from unit.smart_charging.steered_garage import START, SteeredGarage, circuit, evse, site

from csms.smart_charging.grid import PerPhase

HOUSE_BEFORE_A, HOUSE_AFTER_A = 5.0, 25.0
BREAKER_A = 40.0


def settled_garage(meter_every_s: int) -> SteeredGarage:
    """Two cars share what the house leaves, and the meter was read this very second."""
    main = circuit("main", BREAKER_A, has_meter=True, assumed_load_a=PerPhase.all(30))
    garage = SteeredGarage(
        site([evse(1), evse(2)], main, max_meter_age_s=max(60.0, 2.0 * meter_every_s)),
        house=PerPhase.all(HOUSE_BEFORE_A),
        meter_every_s=meter_every_s,
    )
    garage.arrive(1)
    garage.arrive(2)
    garage.run(600)
    assert sum(garage.limits()) == BREAKER_A - HOUSE_BEFORE_A
    return garage


def seconds_until_lower(garage: SteeredGarage) -> int:
    """Until both chargers have limits that fit beside the house."""
    begun = garage.now
    while sum(garage.limits()) > BREAKER_A - HOUSE_AFTER_A:
        garage.run(1)
        assert (garage.now - begun).total_seconds() < 300
    return round((garage.now - begun).total_seconds())


@pytest.mark.parametrize("meter_every_s", [1, 5, 10, 15, 60])
def test_a_jump_of_the_house_right_after_a_reading_is_answered_within_two_meter_intervals(
    meter_every_s: int,
) -> None:
    garage = settled_garage(meter_every_s)
    assert (garage.now - START).total_seconds() % meter_every_s == 0
    garage.house_changes(PerPhase.all(HOUSE_AFTER_A))
    assert seconds_until_lower(garage) <= 2 * meter_every_s


@pytest.mark.parametrize("meter_every_s", [5, 10, 15, 60])
def test_once_the_meter_shows_the_jump_chargers_are_told_in_the_same_second(
    meter_every_s: int,
) -> None:
    garage = settled_garage(meter_every_s)
    garage.run(meter_every_s - 1)
    garage.house_changes(PerPhase.all(HOUSE_AFTER_A))
    sent_before = len(garage.sent)
    garage.run(1)
    told = [instruction.key for _, instruction in garage.sent[sent_before:]]
    assert set(told) == {garage.key(1), garage.key(2)}
