"""Box and car take their time, and no box does what it can't: as real ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fake_chargepoints.profiles import Period, Profile, ProfileStore, Schedule, Supply
from fake_chargepoints.vehicle import Vehicle, family_car, fast_ac_car
from fake_chargepoints.wallbox import Offer, Reaction, Wallbox, WallboxModel

from .stations import car, card, desk_v16, desk_v201, noon

REACTION = Reaction(fall_s=4.0, start_s=8.0, rise_a_per_s=2.0, switch_s=15.0)
BOX = WallboxModel(3, 32.0, switches_phases=True, reaction=REACTION)


class Plugged:
    """A car at a box, second by second."""

    def __init__(self, box: WallboxModel = BOX) -> None:
        self.box = Wallbox(box)
        self.vehicle: Vehicle | None = Vehicle.at(fast_ac_car, 0.2)

    def currents_a(self, offer: Offer, seconds: int) -> list[float]:
        """Of the first phase in each of the next seconds."""
        found = []
        for _ in range(seconds):
            self.vehicle = self.box.supply(1.0, self.vehicle, offer)
            found.append(self.box.draw.current_a[0])
        return found


def test_a_car_starts_late_and_rises_slowly() -> None:
    currents_a = Plugged().currents_a(Offer(16, 3), 16)
    assert currents_a == [0] * 8 + [6, 8, 10, 12, 14, 16, 16, 16]


def test_a_car_obeys_a_lower_pilot_within_the_five_seconds_of_the_standard() -> None:
    plugged = Plugged()
    plugged.currents_a(Offer(16, 3), 30)
    assert plugged.currents_a(Offer(8, 3), 5) == [16, 16, 16, 8, 8]


def test_a_pause_takes_as_long_and_the_next_start_too() -> None:
    plugged = Plugged()
    plugged.currents_a(Offer(16, 3), 30)
    assert plugged.currents_a(Offer(0, 3), 5) == [16, 16, 16, 0, 0]
    assert plugged.currents_a(Offer(10, 3), 10) == [0] * 8 + [6, 8]


def test_an_open_contactor_takes_no_time() -> None:
    plugged = Plugged()
    plugged.currents_a(Offer(16, 3), 30)
    plugged.vehicle = plugged.box.supply(1.0, plugged.vehicle, None)
    assert plugged.box.draw.current_a == (0, 0, 0)


def test_other_phases_mean_a_pause() -> None:
    plugged = Plugged()
    plugged.currents_a(Offer(10, 3), 30)
    currents_a = plugged.currents_a(Offer(16, 1), 30)
    assert currents_a[:3] == [10, 10, 10]
    assert currents_a[3:18] == [0] * 15
    assert currents_a[-1] == 16
    assert plugged.box.draw.current_a[1:] == (0, 0)


def test_a_box_that_can_not_switch_goes_on_with_all_phases() -> None:
    profile = Profile(1, 1, "Tx", 0, "Absolute", Schedule("A", (Period(0, 10.0, 1),), noon), noon)
    store = ProfileStore()
    store.install(profile)
    switching, fixed = Supply(32.0, 3), Supply(32.0, 3, switches_phases=False)
    assert store.limit(1, switching, noon, charging_since=noon).phases == 1
    assert store.limit(1, fixed, noon, charging_since=noon).phases == 3
    assert store.limit(1, fixed, noon, charging_since=noon).limit_a == 10


def set_tx_default(limit_a: float, phases: int | None = None) -> dict[str, object]:
    period = {"startPeriod": 0, "limit": limit_a} | ({"numberPhases": phases} if phases else {})
    return {
        "evseId": 1,
        "chargingProfile": {
            "id": 7,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [
                {
                    "id": 1,
                    "startSchedule": "2025-06-02T11:00:00Z",
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [period],
                }
            ],
        },
    }


async def test_a_station_that_can_not_ensure_the_phases_refuses_the_profile() -> None:
    async with desk_v201() as desk:
        desk.station.evse(1).box.model = WallboxModel(3, 16.0, switches_phases=False)
        refused = await desk.server.call("SetChargingProfile", set_tx_default(10, 1))
        assert refused["status"] == "Rejected"
        accepted = await desk.server.call("SetChargingProfile", set_tx_default(10, 3))
        assert accepted["status"] == "Accepted"


async def test_a_box_that_ignores_profiles_accepts_them_all_the_same() -> None:
    async with desk_v201() as desk:
        desk.station.evse(1).box.model = WallboxModel(3, 16.0, obeys_profiles=False)
        answer = await desk.server.call("SetChargingProfile", set_tx_default(10))
        assert answer["status"] == "Accepted"
        await desk.station.plug_in(1, car())
        await desk.station.start(1, card)
        await desk.pass_time(60)
        assert desk.station.evse(1).box.draw.current_a[0] == pytest.approx(16)


async def test_a_crash_forgets_what_a_transaction_may_draw_but_neither_it_nor_the_defaults() -> (
    None
):
    async with desk_v16() as desk:
        station = desk.station
        for number, (purpose, limit) in enumerate((("TxDefaultProfile", 8), ("TxProfile", 14))):
            if purpose == "TxProfile":
                await station.plug_in(1, Vehicle.at(family_car, 0.2))
                await station.start(1, card)
            answer = await desk.server.call(
                "SetChargingProfile",
                {
                    "connectorId": 1,
                    "csChargingProfiles": {
                        "chargingProfileId": number + 1,
                        "stackLevel": 0,
                        "chargingProfilePurpose": purpose,
                        "chargingProfileKind": "Relative",
                        "chargingSchedule": {
                            "chargingRateUnit": "A",
                            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
                        },
                    },
                },
            )
            assert answer["status"] == "Accepted"
        await desk.pass_time(60)
        assert station.evse(1).offer.limit_a == 14
        await station.crash()
        await station.until_ready()
        await desk.pass_time(60)
        assert station.boots == 2
        assert station.evse(1).transaction is not None
        assert station.evse(1).offer.limit_a == 8


def test_a_limit_ends_when_the_profile_does_although_nobody_looks() -> None:
    store = ProfileStore()
    until = noon + timedelta(seconds=90)
    schedule = Schedule("A", (Period(0, 16.0), Period(60, 8.0)), noon)
    store.install(Profile(1, 1, "Default", 0, "Absolute", schedule, noon, valid_to=until))
    edges, at = [], noon
    while (edge := store.next_edge(at, None)) is not None:
        edges.append((edge - noon).total_seconds())
        at = edge
    assert edges == [60, 90]
