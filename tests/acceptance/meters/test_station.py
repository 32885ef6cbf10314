"""The main meter that a charge point reads and tells by OCPP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from fake_meters.rig import Rig

from csms.events import MeterValuesReceived
from csms.handlers.reading import MeterValueBuilder
from csms.handlers.v16.samples import add_sample as add_sample_16
from csms.handlers.v201.samples import add_sample as add_sample_201
from csms.model import MeterValue

NOW = datetime.now(UTC)


@pytest.fixture
async def listening(rig: Rig) -> Rig:
    await rig.read("ocpp", {"charge_point_id": "CP-1"})
    await rig.until(lambda _: rig.events.watched(MeterValuesReceived))
    return rig


def _say(
    rig: Rig,
    *samples: dict[str, object],
    evse_id: int = 0,
    charge_point_id: str = "CP-1",
    at: datetime = NOW,
    version: str = "1.6",
) -> None:
    builder = MeterValueBuilder(MeterValue(at))
    for sample in samples:
        (add_sample_16 if version == "1.6" else add_sample_201)(builder, sample)
    rig.events.publish(
        MeterValuesReceived(
            at=NOW,
            charge_point_id=charge_point_id,
            evse_id=evse_id,
            connector_id=1,
            transaction_id=None,
            meter_values=(builder.build(),),
        )
    )


def _sample(measurand: str, phase: str | None, value: str, **more: object) -> dict[str, object]:
    sample: dict[str, object] = {"measurand": measurand, "value": value, **more}
    return sample if phase is None else {**sample, "phase": phase}


def _currents(*values: str, **more: object) -> list[dict[str, object]]:
    return [_sample("Current.Import", f"L{n}", value, **more) for n, value in enumerate(values, 1)]


async def test_the_main_meter_of_a_charge_point_is_a_reading(listening: Rig) -> None:
    _say(listening, *_currents("10", "11", "12", unit="A"))
    assert (await listening.reading()).current_a == (10, 11, 12)


async def test_the_inlet_wins_over_the_outlet(listening: Rig) -> None:
    _say(listening, *_currents("1", "1", "1"), *_currents("10", "11", "12", location="Inlet"))
    assert (await listening.reading()).current_a == (10, 11, 12)


async def test_an_exported_current_is_negative(listening: Rig) -> None:
    exported = [_sample("Current.Export", "L2", "7.5"), _sample("Current.Export", "L3", "0")]
    _say(listening, *exported, *_currents("10", "0", "12"))
    assert (await listening.reading()).current_a == (10, -7.5, 12)


async def test_exported_power_gives_the_sign_and_the_total(listening: Rig) -> None:
    samples = [
        *_currents("10", "10", "10"),
        _sample("Power.Active.Import", "L1", "2.3", unit="kW"),
        _sample("Power.Active.Import", "L2", "0", unit="kW"),
        _sample("Power.Active.Export", "L2", "2.3", unit="kW"),
        _sample("Power.Active.Import", "L3", "2.3", unit="kW"),
    ]
    _say(listening, *samples)
    assert (await listening.reading()).current_a == (10, -10, 10)


async def test_two_point_oh_ones_multiplier_is_understood(listening: Rig) -> None:
    unit = {"unit": "A", "multiplier": -1}
    _say(
        listening,
        *_currents("100", "110", "120", location="Inlet", unitOfMeasure=unit),
        version="2.0.1",
    )
    assert (await listening.reading()).current_a == pytest.approx((10, 11, 12))


async def test_an_outlets_or_another_charge_points_readings_are_not_the_buildings(
    listening: Rig,
) -> None:
    _say(listening, *_currents("1", "1", "1"), evse_id=1)
    _say(listening, *_currents("2", "2", "2"), charge_point_id="CP-2")
    _say(listening, *_currents("3", "3", "3"))
    assert (await listening.reading()).current_a == (3, 3, 3)


async def test_readings_that_were_kept_are_as_old_as_they_are(listening: Rig) -> None:
    _say(listening, *_currents("1", "1", "1"), at=NOW - timedelta(hours=2))
    assert (await listening.reading()).measured_at == NOW - timedelta(hours=2)


async def test_a_clock_that_runs_ahead_makes_nothing_newer(listening: Rig) -> None:
    _say(listening, *_currents("1", "1", "1"), at=NOW + timedelta(hours=2))
    assert (await listening.reading()).measured_at == NOW


async def test_a_charge_point_that_says_nothing_is_told(rig: Rig) -> None:
    await rig.read("ocpp", {"charge_point_id": "CP-1", "silence_s": 1})
    health = await rig.until(lambda health: health.failing)
    assert health.last_error == "no usable reading for 1 s"
