"""How much one phase may carry more than another, beside what the building feeds in."""

from __future__ import annotations

import pytest
from unit.smart_charging.steered_garage import SteeredGarage, circuit, evse, site

from csms.smart_charging.grid import PerPhase

ALLOWED_A = 20.0


def limits_beside(house: PerPhase) -> list[float]:
    """What cars on L1 and on L2 alone may draw in the end."""
    main = circuit("main", 63.0, has_meter=True, max_imbalance_a=ALLOWED_A)
    garage = SteeredGarage(site([evse(1, "L1"), evse(2, "L2")], main), house=house)
    garage.arrive(1)
    garage.run(600)
    alone = garage.limit_a(1)
    garage.leave(1)
    garage.arrive(2)
    garage.run(600)
    assert garage.overloads == []
    return [alone, garage.limit_a(2)]


@pytest.mark.parametrize(
    ("story", "house", "expected"),
    [
        ("nothing", PerPhase(0, 0, 0), [20, 20]),
        ("a load on L1", PerPhase(8, 0, 0), [12, 20]),
        ("a roof on L1", PerPhase(-8, 0, 0), [28, 12]),
        ("a roof on all three phases", PerPhase(-15, -15, -15), [20, 20]),
        ("a roof on L3", PerPhase(0, 0, -9), [11, 11]),
        ("a load that is as large everywhere", PerPhase(12, 12, 12), [20, 20]),
    ],
)
def test_what_a_phase_draws_or_feeds_in_counts_as_it_is_measured(
    story: str, house: PerPhase, expected: list[float]
) -> None:
    assert limits_beside(house) == expected, story
