"""It is noted when load management keeps a car from charging, and when no longer."""

from __future__ import annotations

from unit.smart_charging.steered_garage import Car, SteeredGarage, evse, garage

from csms.services.load_management.ports import WithheldEnergy
from csms.services.load_management.withholding import Withholding


def noted(place: SteeredGarage, seconds: int) -> list[WithheldEnergy]:
    """Live on, and return what is noted meanwhile."""
    news: list[WithheldEnergy] = []
    withholding = Withholding(news.append)
    for _ in range(seconds):
        place.run(1)
        withholding.note(place.steering, place.now)
    return news


def test_of_two_cars_with_room_for_one_the_other_is_withheld() -> None:
    place = garage(evse(1), evse(2), limit_a=8)
    place.arrive(1)
    place.arrive(2)

    last = {each.key: each.withheld for each in noted(place, 120)}

    assert sorted(last.values()) == [False, True]


def test_who_waited_is_released_when_there_is_room_and_each_change_is_noted_once() -> None:
    place = garage(evse(1), evse(2), limit_a=8)
    place.arrive(1)
    place.arrive(2)
    noted(place, 120)
    charging = next(n for n in (1, 2) if place.limit_a(n) >= 6)
    place.leave(charging)
    waited = place.key(3 - charging)

    news = noted(place, 180)

    changes = [each.withheld for each in news if each.key == waited]
    assert changes[-1] is False
    assert len(changes) <= 2


def test_a_car_with_room_enough_is_never_withheld() -> None:
    place = garage(evse(1), limit_a=32)
    place.arrive(1, Car(max_a=0))
    assert {each.withheld for each in noted(place, 120)} == {False}


def test_an_outlet_without_a_transaction_is_not_noted() -> None:
    assert noted(garage(evse(1)), 60) == []
