from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import NOON as NOON_TEXT
from unit.handlers.v201.requests import REQUESTS
from unit.world import NOON, World

from csms.model import MeterValue
from csms.services.charge_point import ChargePoint

REGISTER = "Energy.Active.Import.Register"


async def told(world: World, charge_point: ChargePoint, *samples: dict[str, Any]) -> MeterValue:
    """Let an EVSE tell samples; returns what was kept of them."""
    request = {
        "evseId": 2,
        "meterValue": [{"timestamp": NOON_TEXT, "sampledValue": list(samples)}],
    }
    await say(world, charge_point, "MeterValues", request)
    (record,) = world.store.meter_values
    return record.meter_value


async def test_readings_are_kept_for_their_evse_in_si_units(
    world: World, charge_point: ChargePoint
) -> None:
    assert await say(world, charge_point, "MeterValues", REQUESTS["MeterValues"]) == {}
    (record,) = world.store.meter_values
    assert (record.evse_id, record.connector_id, record.transaction_id) == (1, 1, None)
    assert record.meter_value.energy_wh == Decimal(1500)
    assert record.meter_value.current_l1_a == 16.0


@pytest.mark.parametrize(
    ("value", "unit_of_measure", "energy_wh"),
    [
        (1234.5, None, "1234.5"),
        (1234, {}, "1234"),
        (1.2345, {"unit": "kWh"}, "1234.5"),
        (12345, {"unit": "Wh", "multiplier": -1}, "1234.5"),
        (0.0012345, {"unit": "kWh", "multiplier": 3}, "1234.5"),
        (9_000_000_000, {"unit": "Wh", "multiplier": 0}, "9000000000"),
    ],
)
async def test_a_multiplier_is_a_power_of_ten(
    world: World,
    charge_point: ChargePoint,
    value: float,
    unit_of_measure: dict[str, Any] | None,
    energy_wh: str,
) -> None:
    sample: dict[str, Any] = {"value": value, "measurand": REGISTER}
    if unit_of_measure is not None:
        sample["unitOfMeasure"] = unit_of_measure
    reading = await told(world, charge_point, sample)
    assert reading.energy_wh == Decimal(energy_wh)


async def test_without_a_measurand_it_is_the_energy_register(
    world: World, charge_point: ChargePoint
) -> None:
    assert (await told(world, charge_point, {"value": 7})).energy_wh == Decimal(7)


async def test_signed_data_is_kept_verbatim_beside_its_reading(
    world: World, charge_point: ChargePoint
) -> None:
    signed = {
        "signedMeterData": "T0NNRnwge30=",
        "signingMethod": "ECDSA",
        "encodingMethod": "OCMF",
        "publicKey": "a2V5",
    }
    reading = await told(world, charge_point, {"value": 42.5, "signedMeterValue": signed})
    assert reading.energy_wh == Decimal("42.5")
    assert reading.others == [{"value": "42.5", "signedMeterValue": signed}]


async def test_signed_data_of_an_unusual_measurand_is_kept_once(
    world: World, charge_point: ChargePoint
) -> None:
    signed = {
        "signedMeterData": "data",
        "signingMethod": "",
        "encodingMethod": "OCMF",
        "publicKey": "",
    }
    sample = {"value": 50, "measurand": "Frequency", "signedMeterValue": signed}
    assert len((await told(world, charge_point, sample)).others) == 1


async def test_a_unit_without_its_object_is_understood(
    world: World, charge_point: ChargePoint
) -> None:
    sample = {"value": 1, "unitOfMeasure": "kWh"}
    request = {"evseId": 1, "meterValue": {"timestamp": NOON_TEXT, "sampledValue": sample}}
    await mumble(world, charge_point, "MeterValues", request)
    assert world.store.meter_values[0].meter_value.energy_wh == Decimal(1000)


async def test_a_reading_keeps_the_time_at_which_it_was_taken(
    world: World, charge_point: ChargePoint
) -> None:
    world.clock.advance(90)
    reading = await told(world, charge_point, {"value": 1})
    assert reading.sampled_at == NOON
    assert world.store.meter_values[0].received_at == NOON + timedelta(seconds=90)


async def test_without_an_evse_it_is_the_whole_station(
    world: World, charge_point: ChargePoint
) -> None:
    request = {"meterValue": REQUESTS["MeterValues"]["meterValue"]}
    await mumble(world, charge_point, "MeterValues", request)
    assert world.store.meter_values[0].evse_id == 0


async def test_readings_outside_a_transactions_messages_join_the_one_at_their_evse(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "TransactionEvent", REQUESTS["TransactionEvent"])
    world.clock.advance(60)
    later = {"timestamp": world.clock.text(), "sampledValue": [{"value": 1800}]}
    await say(world, charge_point, "MeterValues", {"evseId": 1, "meterValue": [later]})
    assert world.store.meter_values[-1].transaction_id == world.store.transaction().id
