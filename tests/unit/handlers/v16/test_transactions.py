"""StartTransaction, MeterValues and StopTransaction, as good and as odd chargers send them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from unit.handlers.v16.conversation import say
from unit.world import NOON, World, make_world

from csms.model import Flag
from csms.services.charge_point import ChargePoint


def start(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "idTag": "CARD-1",
        "meterStart": 1000,
        "timestamp": world.clock.text(),
        **changes,
    }


def reading(world: World, value: str, **parts: str) -> dict[str, Any]:
    return {"timestamp": world.clock.text(), "sampledValue": [{"value": value, **parts}]}


async def started(world: World, charge_point: ChargePoint, **changes: Any) -> int:
    answer = await say(world, charge_point, "StartTransaction", start(world, **changes))
    number: int = answer["transactionId"]
    return number


async def test_a_car_charges_and_every_message_is_on_record(
    world: World, charge_point: ChargePoint
) -> None:
    number = await started(world, charge_point)
    world.clock.advance(1800)
    await say(
        world,
        charge_point,
        "MeterValues",
        {"connectorId": 1, "transactionId": number, "meterValue": [reading(world, "3000")]},
    )
    world.clock.advance(1800)
    answer = await say(
        world,
        charge_point,
        "StopTransaction",
        {
            "idTag": "CARD-1",
            "meterStop": 6000,
            "timestamp": world.clock.text(),
            "transactionId": number,
            "reason": "EVDisconnected",
            "transactionData": [reading(world, "6.0", unit="kWh", context="Transaction.End")],
        },
    )
    assert answer == {"idTagInfo": {"status": "Accepted"}}
    transaction = world.store.transaction()
    assert (transaction.id, transaction.evse_id, transaction.connector_id) == (number, 1, 1)
    assert transaction.energy_wh == 5000
    assert transaction.stopped_at == NOON + timedelta(hours=1)
    assert (transaction.stop_reason, transaction.flags) == ("EVDisconnected", set())
    kept = [(r.transaction_id, r.meter_value.energy_wh) for r in world.store.meter_values]
    assert kept == [(number, Decimal(3000)), (number, Decimal(6000))]


async def test_the_answer_to_a_start_has_the_decision_and_an_id(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "StartTransaction", start(world))
    assert answer == {"idTagInfo": {"status": "Accepted"}, "transactionId": 1}


async def test_a_start_by_a_stranger_is_recorded_and_answered_invalid(
    world: World, charge_point: ChargePoint
) -> None:
    answer = await say(world, charge_point, "StartTransaction", start(world, idTag="STRANGER"))
    assert answer["idTagInfo"] == {"status": "Invalid"}
    transaction = world.store.transaction()
    assert transaction.id == answer["transactionId"]
    assert transaction.id_token == "STRANGER"
    assert Flag.NOT_AUTHORIZED in transaction.flags


async def test_a_second_transaction_of_a_card_with_one_is_concurrent(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-1", max_concurrent_transactions=1)
    await started(world, charge_point)
    other = await world.connect("CP-2")
    answer = await say(world, other, "StartTransaction", start(world))
    assert answer["idTagInfo"]["status"] == "ConcurrentTx"


async def test_a_repeated_start_gets_the_same_id_and_status(
    world: World, charge_point: ChargePoint
) -> None:
    world.add_token("CARD-1", max_concurrent_transactions=1)
    message = start(world)
    first = await say(world, charge_point, "StartTransaction", message)
    world.clock.advance(30)
    assert await say(world, charge_point, "StartTransaction", message) == first
    assert len(world.store.transactions) == 1


async def test_a_reservation_is_named_by_the_start_that_uses_it(
    world: World, charge_point: ChargePoint
) -> None:
    number = await started(world, charge_point, reservationId=7)
    (change,) = world.store.reservation_changes
    assert (change.reservation_id, change.transaction_id) == (7, number)


@pytest.mark.parametrize("missing", ["meterStart", "timestamp", "idTag", "connectorId"])
async def test_a_start_is_recorded_even_if_a_part_is_missing(
    world: World, charge_point: ChargePoint, missing: str
) -> None:
    message = start(world)
    del message[missing]
    answer = await say(world, charge_point, "StartTransaction", message)
    transaction = world.store.transaction()
    assert transaction.id == answer["transactionId"]
    assert (transaction.evse_id, transaction.started_at) == (1, NOON)


async def test_a_start_without_a_connector_is_on_the_only_one_there_is(
    world: World, charge_point: ChargePoint
) -> None:
    for connector_id in (0, 4):  # one outlet, which the maker called 4
        status = {"connectorId": connector_id, "errorCode": "NoError", "status": "Available"}
        await say(world, charge_point, "StatusNotification", status)
    await started(world, charge_point, connectorId=0)
    assert world.store.transaction().evse_id == 4


@pytest.mark.parametrize(
    "written", ["1500", 1500.0, "1500.0", " 1500 ", "1500 Wh", "1.5 kWh", "1 500"]
)
async def test_a_meter_start_is_read_however_it_is_written(
    world: World, charge_point: ChargePoint, written: object
) -> None:
    await started(world, charge_point, meterStart=written)
    assert world.store.transaction().meter_start_wh == 1500


@pytest.mark.parametrize(
    "written", ["NaN", "Infinity", None, [], {}, True, "lots", 10**30, "5 A", "5 kilos"]
)
async def test_a_meter_start_that_is_no_energy_counts_as_absent(
    world: World, charge_point: ChargePoint, written: object
) -> None:
    await started(world, charge_point, meterStart=written)
    assert world.store.transaction().meter_start_wh is None


async def test_a_stop_without_a_card_is_answered_without_id_tag_info(
    world: World, charge_point: ChargePoint
) -> None:
    number = await started(world, charge_point)
    stop = {"meterStop": 2000, "timestamp": world.clock.text(60), "transactionId": number}
    assert await say(world, charge_point, "StopTransaction", stop) == {}


async def test_a_stop_without_a_meter_value_ends_its_transaction_by_the_readings(
    world: World, charge_point: ChargePoint
) -> None:
    number = await started(world, charge_point)
    world.clock.advance(3600)
    stop = {
        "timestamp": world.clock.text(),
        "transactionId": number,
        "transactionData": [reading(world, "4000")],
    }
    await say(world, charge_point, "StopTransaction", stop)
    transaction = world.store.transaction()
    assert transaction.stopped_at == NOON + timedelta(hours=1)
    assert transaction.energy_wh == 3000


@pytest.mark.parametrize("number", [-1, 0, 4711, "12", None, "no number", 2**70])
async def test_a_stop_of_an_unknown_transaction_is_recorded_and_answered(
    world: World, charge_point: ChargePoint, number: object
) -> None:
    stop = {"meterStop": 2000, "timestamp": world.clock.text(), "transactionId": number}
    assert await say(world, charge_point, "StopTransaction", stop) == {}
    transaction = world.store.transaction()
    assert not transaction.open
    assert transaction.meter_stop_wh == 2000
    assert Flag.MISSING_START in transaction.flags


async def test_a_stop_with_minus_one_ends_the_transaction_it_fits(
    world: World, charge_point: ChargePoint
) -> None:
    number = await started(world, charge_point)
    world.clock.advance(600)
    stop = {
        "idTag": "CARD-1",
        "meterStop": 1500,
        "timestamp": world.clock.text(),
        "transactionId": -1,
    }
    await say(world, charge_point, "StopTransaction", stop)
    transaction = world.store.transaction()
    assert (transaction.id, transaction.energy_wh) == (number, Decimal(500))


async def test_a_stop_by_a_stranger_is_recorded_and_the_stranger_told(
    world: World, charge_point: ChargePoint
) -> None:
    number = await started(world, charge_point)
    stop = {
        "idTag": "STRANGER",
        "meterStop": 2000,
        "timestamp": world.clock.text(60),
        "transactionId": number,
    }
    answer = await say(world, charge_point, "StopTransaction", stop)
    assert answer == {"idTagInfo": {"status": "Invalid"}}
    assert not world.store.transaction().open


async def test_readings_outside_a_transaction_are_kept(
    world: World, charge_point: ChargePoint
) -> None:
    message = {"connectorId": 0, "meterValue": [reading(world, "12", measurand="Power.Offered")]}
    assert await say(world, charge_point, "MeterValues", message) == {}
    (record,) = world.store.meter_values
    assert (record.evse_id, record.transaction_id) == (0, None)
    assert record.meter_value.power_offered_w == 12


@pytest.mark.parametrize(
    "meter_value",
    [
        None,
        [],
        {},
        "x",
        [{"timestamp": "2026-06-15T12:00:00Z", "sampledValue": []}],
        [{"timestamp": "2026-06-15T12:00:00Z"}],
    ],
)
async def test_meter_values_without_samples_are_answered(
    world: World, charge_point: ChargePoint, meter_value: object
) -> None:
    message = {"connectorId": 1, "meterValue": meter_value}
    assert await say(world, charge_point, "MeterValues", message) == {}


async def test_no_answer_leaves_before_the_records_are_durable(
    world: World, charge_point: ChargePoint
) -> None:
    with world.recorder.held():
        answering = asyncio.create_task(say(world, charge_point, "StartTransaction", start(world)))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not answering.done()
        assert world.store.transactions == {}
    answer = await answering
    assert list(world.store.transactions) == [answer["transactionId"]]


async def test_what_a_charge_point_does_before_it_is_approved_is_recorded_with_a_flag() -> None:
    world = make_world(unknown="pending")
    world.add_token("CARD-1")
    charge_point = await world.connect("NEW")
    await started(world, charge_point)
    assert Flag.BEFORE_ACCEPTANCE in world.store.transaction().flags


async def test_a_stop_that_says_nothing_ends_what_runs_and_is_kept_once(
    world: World, charge_point: ChargePoint
) -> None:
    await started(world, charge_point)
    for _ in range(3):
        world.clock.advance(60)
        assert await say(world, charge_point, "StopTransaction", {}) == {}
    assert world.store.transaction().stopped_at == NOON + timedelta(seconds=60)
