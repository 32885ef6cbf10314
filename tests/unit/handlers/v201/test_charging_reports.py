"""Cars' needs, external limits and charging states become facts that load management can use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import REQUESTS
from unit.world import NOON, World

from csms.events import ChargingNeeds, Event, ExternalLimit, TransactionCharging
from csms.services.charge_point import ChargePoint
from csms.services.charging_reports import CarSchedule
from csms.services.clocks import ChargerClock

LATER = "2026-06-15T18:00:00Z"


@dataclass
class Planner:
    """Plans for one EVSE."""

    evse_id: int = 1

    def will_plan(self, charge_point_id: str, evse_id: int) -> bool:
        return (charge_point_id, evse_id) == ("CP-1", self.evse_id)

    def keeps_within(self, charge_point_id: str, meant: CarSchedule) -> bool:
        return not self.will_plan(charge_point_id, meant.evse_id) or meant.highest <= 16


def told(world: World, kind: type[Event]) -> list[Event]:
    return [event for event in world.events.published if isinstance(event, kind)]


def needs(**fields: Any) -> dict[str, Any]:
    return {
        "evseId": 1,
        "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase", "departureTime": LATER}
        | fields,
    }


async def start(world: World, charge_point: ChargePoint, state: str = "EVConnected") -> int:
    event = REQUESTS["TransactionEvent"] | {
        "transactionInfo": {"transactionId": "tx-1", "chargingState": state}
    }
    await say(world, charge_point, "TransactionEvent", event)
    return world.store.transaction().id


async def test_what_a_car_on_alternating_current_needs_is_told(
    world: World, charge_point: ChargePoint
) -> None:
    number = await start(world, charge_point)
    ac = {"energyAmount": 20000, "evMinCurrent": 6, "evMaxCurrent": 16, "evMaxVoltage": 230}
    await say(world, charge_point, "NotifyEVChargingNeeds", needs(acChargingParameters=ac))
    assert told(world, ChargingNeeds) == [
        ChargingNeeds(
            at=NOON,
            charge_point_id=charge_point.id,
            evse_id=1,
            transaction_id=number,
            transfer="AC_three_phase",
            departure_at=NOON + timedelta(hours=6),
            energy_wh=20000,
            min_current_a=6,
            max_current_a=16,
            max_voltage_v=230,
        )
    ]


@pytest.mark.parametrize(
    ("known", "energy_wh"),
    [
        ({"energyAmount": 30000}, 30000),
        ({"evEnergyCapacity": 60000, "stateOfCharge": 40}, 36000),
        ({"evEnergyCapacity": 60000, "stateOfCharge": 40, "fullSoC": 80}, 24000),
        ({"evEnergyCapacity": 60000, "stateOfCharge": 90, "fullSoC": 80}, 0),
        ({"stateOfCharge": 40}, None),
    ],
)
async def test_what_a_car_on_direct_current_needs_follows_from_its_battery(
    world: World, charge_point: ChargePoint, known: dict[str, Any], energy_wh: float | None
) -> None:
    dc = {"evMaxCurrent": 200, "evMaxVoltage": 400, "evMaxPower": 80000} | known
    payload = needs(dcChargingParameters=dc, requestedEnergyTransfer="DC")
    await say(world, charge_point, "NotifyEVChargingNeeds", payload)
    (event,) = told(world, ChargingNeeds)
    assert isinstance(event, ChargingNeeds)
    assert (event.energy_wh, event.max_power_w, event.transfer) == (energy_wh, 80000, "DC")
    assert event.transaction_id is None


@pytest.mark.parametrize(
    "fields",
    [
        {"departureTime": "1970-01-01T00:00:00Z"},
        {"departureTime": "soon", "acChargingParameters": {"energyAmount": -1}},
        {"departureTime": None, "acChargingParameters": "?", "dcChargingParameters": []},
    ],
)
async def test_needs_that_make_no_sense_are_unknown(
    world: World, charge_point: ChargePoint, fields: dict[str, Any]
) -> None:
    await mumble(world, charge_point, "NotifyEVChargingNeeds", needs(**fields))
    (event,) = told(world, ChargingNeeds)
    assert isinstance(event, ChargingNeeds)
    assert (event.departure_at, event.energy_wh) == (None, None)


async def test_a_departure_by_a_clock_that_is_wrong_is_put_right(
    world: World, charge_point: ChargePoint
) -> None:
    charge_point.clock = ChargerClock(timedelta(hours=2))
    await say(world, charge_point, "NotifyEVChargingNeeds", needs())
    (event,) = told(world, ChargingNeeds)
    assert isinstance(event, ChargingNeeds)
    assert event.departure_at == NOON + timedelta(hours=4)


@pytest.mark.parametrize(
    ("planner", "starts", "status"),
    [
        (None, True, "Rejected"),
        (Planner(), True, "Accepted"),
        (Planner(evse_id=2), True, "Rejected"),
        (Planner(), False, "Rejected"),  # without a transaction no TxProfile can follow
    ],
)
async def test_a_schedule_is_promised_only_if_one_will_follow(
    world: World, charge_point: ChargePoint, planner: Planner | None, starts: bool, status: str
) -> None:
    world.services.charging_reports.planner = planner
    if starts:
        await start(world, charge_point)
    answer = await say(world, charge_point, "NotifyEVChargingNeeds", needs())
    assert answer["status"] == status


async def test_needs_are_told_only_once_they_are_kept(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "NotifyEVChargingNeeds", needs())
    (kept,) = world.store.notifications
    assert (kept.kind, kept.data) == ("charging_needs", needs())


def limited(*periods: dict[str, Any], unit: str = "A", **fields: Any) -> dict[str, Any]:
    schedule = {
        "id": 1,
        "startSchedule": "2026-06-15T11:50:00Z",
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": list(periods),
    } | fields
    return {
        "chargingLimit": {"chargingLimitSource": "SO", "isGridCritical": True},
        "chargingSchedule": [schedule],
        "evseId": 1,
    }


STEPS = ({"startPeriod": 0, "limit": 20.0}, {"startPeriod": 300, "limit": 10.0})


@pytest.mark.parametrize(
    ("payload", "limit_a", "limit_w"),
    [
        (limited(*STEPS), 10, None),
        (limited(*STEPS, startSchedule="2026-06-15T13:00:00Z"), 20, None),
        (limited(*STEPS, startSchedule=None), 20, None),
        (limited({"startPeriod": 0, "limit": 4200.0}, unit="W"), None, 4200),
        (REQUESTS["NotifyChargingLimit"] | {"chargingSchedule": None}, None, None),
    ],
)
async def test_a_limit_that_others_set_is_told_as_it_is_now(
    world: World,
    charge_point: ChargePoint,
    payload: dict[str, Any],
    limit_a: float | None,
    limit_w: float | None,
) -> None:
    assert await mumble(world, charge_point, "NotifyChargingLimit", payload) == {}
    assert told(world, ExternalLimit) == [
        ExternalLimit(
            at=NOON,
            charge_point_id=charge_point.id,
            evse_id=1,
            source="SO",
            limit_a=limit_a,
            limit_w=limit_w,
            is_grid_critical=True,
        )
    ]


async def test_of_several_limits_the_lowest_counts(world: World, charge_point: ChargePoint) -> None:
    both = limited(*STEPS)
    both["chargingSchedule"] += limited({"startPeriod": 0, "limit": 8.0})["chargingSchedule"]
    await say(world, charge_point, "NotifyChargingLimit", both)
    (event,) = told(world, ExternalLimit)
    assert isinstance(event, ExternalLimit)
    assert event.limit_a == 8


async def test_the_end_of_a_limit_is_told(world: World, charge_point: ChargePoint) -> None:
    await say(world, charge_point, "ClearedChargingLimit", {"chargingLimitSource": "EMS"})
    assert told(world, ExternalLimit) == [
        ExternalLimit(
            at=NOON, charge_point_id=charge_point.id, evse_id=0, source="EMS", is_over=True
        )
    ]


async def test_each_new_charging_state_is_told_once(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point, "EVConnected")
    states = ("Charging", "charging", "SuspendedEV", None, "SuspendedEVSE")
    for number, state in enumerate(states, start=1):
        world.clock.advance(10)
        info = {"transactionId": "tx-1"} | ({"chargingState": state} if state else {})
        update = {
            "eventType": "Updated",
            "timestamp": world.clock.text(),
            "triggerReason": "ChargingStateChanged",
            "seqNo": number,
            "transactionInfo": info,
        }
        await mumble(world, charge_point, "TransactionEvent", update)
    found = told(world, TransactionCharging)
    assert [each.charging_state for each in found if isinstance(each, TransactionCharging)] == [
        "EVConnected",
        "Charging",
        "SuspendedEV",
        "SuspendedEVSE",
    ]
    assert found[1].at == NOON + timedelta(seconds=10)


async def test_the_state_of_a_transaction_that_is_over_is_no_news(
    world: World, charge_point: ChargePoint
) -> None:
    await start(world, charge_point, "Charging")
    info = {"transactionId": "tx-1", "chargingState": "Idle", "stoppedReason": "Local"}
    end = {
        "eventType": "Ended",
        "timestamp": world.clock.text(),
        "triggerReason": "StopAuthorized",
        "seqNo": 1,
        "transactionInfo": info,
    }
    await say(world, charge_point, "TransactionEvent", end)
    assert len(told(world, TransactionCharging)) == 1
