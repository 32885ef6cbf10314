"""Many meters at once: one's trouble is nobody else's, and changes disturb nobody."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from fake_meters.modbus import integer_meter, modbus_meter, sunspec
from fake_meters.rig import Rig
from fake_meters.wire import wire_to

from csms.events import MeterValuesReceived
from csms.meters.registry import MeterConfig


def _modbus(id_: str, port: int, **settings: Any) -> MeterConfig:
    given = {"host": "127.0.0.1", "port": port, "interval_s": 0.1, **settings}
    return MeterConfig(id_, f"circuit of {id_}", "modbus", given)


async def test_one_broken_meter_disturbs_no_other(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter(current_a=(5, 6, 7)))) as meter:
        configs = [
            _modbus("good", meter.port),
            _modbus("gone", 1),
            MeterConfig("wrong", "C", "modbus", {"host": "x", "prot": 502}),
            MeterConfig("odd", "C", "smoke signals", {}),
            MeterConfig("posted", "C", "api", {}),
        ]
        await rig.meters.configure(configs)
        assert (await rig.reading()).circuit_id == "circuit of good"
        await rig.until(lambda health: health.failing, "gone")
    assert rig.health("wrong").last_error == (
        "is not read: settings: 'prot' is not allowed; expected port?"
    )
    assert "expected api, ocpp, modbus, p1, mqtt" in str(rig.health("odd").last_error)
    assert not rig.health("posted").failing


async def test_a_meter_that_did_not_change_keeps_its_connection(rig: Rig) -> None:
    async with (
        modbus_meter(sunspec(integer_meter(current_a=(5, 6, 7)))) as meter,
        wire_to(meter.port) as wire,
    ):
        await rig.meters.configure([_modbus("A", wire.port)])
        await rig.reading()
        await rig.meters.configure([_modbus("A", wire.port), _modbus("B", meter.port)])
        await rig.reading(lambda reading: reading.circuit_id == "circuit of B")
        await rig.reading(lambda reading: reading.circuit_id == "circuit of A")
        assert wire.connections == 1


async def test_a_changed_meter_is_read_the_new_way(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter(current_a=(5, 6, 7)))) as meter:
        await rig.meters.configure([_modbus("A", meter.port)])
        await rig.reading()
        await rig.meters.configure([_modbus("A", meter.port, phases="L2L3L1", inverted=True)])
        rig.forget()
        assert (await rig.reading()).current_a == (-7, -5, -6)


async def test_a_removed_meter_is_read_no_more(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter())) as meter:
        await rig.meters.configure([_modbus("A", meter.port)])
        await rig.reading()
        await rig.meters.configure([])
        rig.forget()
        assert rig.meters.health() == []
        await rig.meters.configure([_modbus("B", meter.port)])
        assert (await rig.reading()).circuit_id == "circuit of B"


async def test_the_metrics_count_by_kind(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter())) as meter:
        await rig.meters.configure([_modbus("A", meter.port), _modbus("gone", 1)])
        await rig.reading()
        await rig.until(lambda health: health.failing, "gone")
        value = rig.metrics.registry.get_sample_value
        assert value("csms_meters", {"kind": "modbus"}) == 2
        assert (value("csms_meter_readings_total", {"kind": "modbus"}) or 0) >= 1
        assert (value("csms_meter_errors_total", {"kind": "modbus"}) or 0) >= 1
        await rig.meters.stop()
        assert value("csms_meters", {"kind": "modbus"}) == 0


async def test_a_bug_while_reading_one_meter_is_logged_and_the_meter_read_again(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[object] = []

    def refuse_the_first(reading: object) -> None:
        taken.append(reading)
        if len(taken) == 1:
            raise RuntimeError("nobody is there to take it")

    monkeypatch.setattr(rig.meters, "_report", refuse_the_first)
    async with modbus_meter(sunspec(integer_meter())) as meter:
        await rig.meters.configure([_modbus("M1", meter.port)])
        await rig.until(lambda _: len(taken) > 1)
    assert [each.message for each in caplog.records if each.levelno == logging.ERROR] == [
        "reading meter M1 failed"
    ]


async def test_stopping_ends_what_listens(rig: Rig) -> None:
    await rig.read("ocpp", {"charge_point_id": "CP-1"})
    await rig.until(lambda _: rig.events.watched(MeterValuesReceived))
    await rig.meters.stop()
    assert not rig.events.watched(MeterValuesReceived)


def test_a_server_without_meters_loads_no_meter_library() -> None:
    script = (
        "import csms.meters.registry, json, sys;"
        "print(json.dumps([m for m in ('pymodbus', 'aiomqtt', 'dsmr_parser') if m in sys.modules]))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(answer.stdout) == []
