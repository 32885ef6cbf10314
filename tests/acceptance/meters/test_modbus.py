"""Meters over Modbus TCP: SunSpec, a map of registers, TLS, and what goes wrong."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from fake_meters.modbus import (
    ABSENT,
    BASE,
    INPUT,
    MODEL,
    float_meter,
    floats,
    integer_meter,
    modbus_meter,
    sunspec,
)
from fake_meters.rig import Rig
from fake_meters.wire import wire_to

FAST = {"host": "127.0.0.1", "interval_s": 0.1, "timeout_s": 0.5}


async def test_a_three_phase_sunspec_meter_is_found_and_read(rig: Rig) -> None:
    model = integer_meter(current_a=(10.5, 0, 3.25), power_w=(2410, 0, 750), total_w=3160)
    async with modbus_meter(sunspec(model)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        reading = await rig.reading()
    assert reading.circuit_id == "circuit of M1"
    assert reading.current_a == pytest.approx((10.5, 0.0, 750 / 230))  # a little more than 3.25 A
    assert reading.power_w == 3160


async def test_an_export_on_one_phase_is_negative(rig: Rig) -> None:
    model = integer_meter(current_a=(10, 4, 4), power_w=(-2300, 920, 920))
    async with modbus_meter(sunspec(model)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        reading = await rig.reading()
    assert reading.current_a == pytest.approx((-10, 4, 4))
    assert reading.power_w == -460


@pytest.mark.parametrize("base", [0, 50000])
async def test_the_map_may_begin_elsewhere(rig: Rig, base: int) -> None:
    async with modbus_meter(sunspec(integer_meter(current_a=(1, 2, 3)), base=base)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        assert (await rig.reading()).current_a == (1, 2, 3)


async def test_the_meter_is_found_behind_the_models_of_an_inverter(rig: Rig) -> None:
    inverter = [103, 50, *[7] * 50]
    async with modbus_meter(sunspec(inverter, float_meter(current_a=(6, 7, 8)))) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        assert (await rig.reading()).current_a == (6, 7, 8)


async def test_a_single_phase_meter_may_give_the_total_alone(rig: Rig) -> None:
    words = integer_meter(201, current_a=(None, None, None), voltage_v=(None, None, None))
    words[2] = 1250
    async with modbus_meter(sunspec(words)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port, "phases": "L2"})
        assert (await rig.reading()).current_a == (0, 12.5, 0)


async def test_a_value_the_meter_has_not_is_no_zero(rig: Rig) -> None:
    model = integer_meter(current_a=(10, None, 10), voltage_v=(230, None, 230))
    async with modbus_meter(sunspec(model)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        health = await rig.until(lambda health: health.failing)
        assert "L2 has no current" in str(health.last_error)
        assert rig.readings.empty()


async def test_a_scale_factor_the_meter_has_not_makes_the_values_unknown(rig: Rig) -> None:
    model = integer_meter(current_a=(10, 10, 10))
    model[6] = ABSENT
    async with modbus_meter(sunspec(model)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        await rig.until(lambda health: health.failing)
        assert rig.readings.empty()


async def test_any_meter_can_be_read_by_a_map_of_registers(rig: Rig) -> None:
    registers = {
        100: [0xFFFF, 0xFF9C],  # -100 as int32
        200: [*floats(7.5)[::-1]],  # low word first
        300: [123],
        400: [0, 50000],
    }
    places = {
        "current_l1_a": {"address": 100, "type": "int32", "scale": 0.1},
        "current_l2_a": {"address": 200, "type": "float32", "word_order": "little"},
        "current_l3_a": {"address": 300, "type": "uint16", "scale": 0.01},
        "power_w": {"address": 400, "type": "uint32", "scale": 0.1, "function": INPUT},
    }
    async with modbus_meter(registers, unit_id=17) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port, "unit_id": 17, "registers": places})
        reading = await rig.reading()
    assert reading.current_a == pytest.approx((-10, 7.5, 1.23))
    assert reading.power_w == pytest.approx(5000)


async def test_a_change_is_seen_at_the_next_interval(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter(current_a=(1, 1, 1)))) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        await rig.reading()
        await meter.set(MODEL + 4, 2500)
        reading = await rig.reading(lambda reading: reading.current_a.l2 == 25)
        assert reading.current_a == (1, 25, 1)


async def test_over_tls_both_sides_show_their_certificates(
    rig: Rig, secrets: Path, authority: trustme.CA
) -> None:
    _hand_out(authority, secrets)
    tls = {"ca": "ca.pem", "certificate": "csms.pem", "server_name": "meter.local"}
    async with (
        modbus_meter(
            sunspec(integer_meter(current_a=(3, 2, 1))), tls=_server_context(authority)
        ) as meter,
        wire_to(meter.port) as wire,
    ):
        wire.pieces = True
        await rig.read("modbus", {**FAST, "port": wire.port, "tls": tls, "timeout_s": 5})
        assert (await rig.reading()).current_a == (3, 2, 1)


async def test_a_meter_with_a_strangers_certificate_is_not_believed(
    rig: Rig, secrets: Path, authority: trustme.CA
) -> None:
    _hand_out(trustme.CA(), secrets)
    tls = {"ca": "ca.pem", "certificate": "csms.pem", "server_name": "meter.local"}
    async with modbus_meter(sunspec(integer_meter()), tls=_server_context(authority)) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port, "tls": tls})
        health = await rig.until(lambda health: health.failing)
        assert "certificate verify failed" in str(health.last_error).lower()
        assert rig.readings.empty()


async def test_a_missing_certificate_is_named(rig: Rig) -> None:
    await rig.read("modbus", {**FAST, "tls": {"ca": "plant.pem"}})
    health = await rig.until(lambda health: health.failing)
    assert "'plant.pem'" in str(health.last_error)


async def test_a_wrong_unit_id_is_suspected(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter())) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port, "unit_id": 9})
        health = await rig.until(lambda health: health.failing)
        assert "unit 9" in str(health.last_error)
        assert "is the unit id right?" in str(health.last_error)
        assert rig.readings.empty()


async def test_a_device_without_a_sunspec_map_is_told(rig: Rig) -> None:
    async with modbus_meter({0: [1, 2, 3]}) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        health = await rig.until(lambda health: health.failing)
        assert "no SunSpec map at 40000, 50000, 0" in str(health.last_error)


async def test_a_device_without_a_meter_tells_what_it_has(rig: Rig) -> None:
    async with modbus_meter(sunspec([103, 3, 0, 0, 0])) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        health = await rig.until(lambda health: health.failing)
        assert "only [1, 103]" in str(health.last_error)


async def test_an_unplugged_meter_gives_no_readings_and_comes_back(rig: Rig) -> None:
    async with (
        modbus_meter(sunspec(integer_meter(current_a=(5, 5, 5)))) as meter,
        wire_to(meter.port) as wire,
    ):
        await rig.read("modbus", {**FAST, "port": wire.port})
        await rig.reading()
        await wire.unplug()
        await rig.until(lambda health: health.failing)
        rig.forget()
        health = await rig.until(lambda health: "Connection refused" in str(health.last_error))
        assert health.failing
        assert rig.readings.empty()
        await wire.plug()
        assert (await rig.reading()).current_a == (5, 5, 5)
        assert not rig.health().failing


async def test_a_half_open_connection_is_given_up(rig: Rig) -> None:
    async with (
        modbus_meter(sunspec(integer_meter(current_a=(5, 5, 5)))) as meter,
        wire_to(meter.port) as wire,
    ):
        await rig.read("modbus", {**FAST, "port": wire.port})
        await rig.reading()
        wire.mute = True
        health = await rig.until(lambda health: health.failing)
        assert "does not answer within 0.5 s" in str(health.last_error)
        wire.mute = False
        await rig.until(lambda health: not health.failing)
        assert wire.connections > 1


async def test_garbage_is_no_reading(rig: Rig) -> None:
    async with (
        modbus_meter(sunspec(integer_meter(current_a=(5, 5, 5)))) as meter,
        wire_to(meter.port) as wire,
    ):
        await rig.read("modbus", {**FAST, "port": wire.port})
        await rig.reading()
        wire.inject(b"\xde\xad\xbe\xef" * 20)
        health = await rig.until(lambda health: health.failing)
        assert "does not speak Modbus TCP" in str(health.last_error)
        assert (await rig.reading()).current_a == (5, 5, 5)


async def test_a_meter_that_became_another_one_is_searched_again(rig: Rig) -> None:
    async with modbus_meter(sunspec(integer_meter(current_a=(5, 5, 5)))) as meter:
        await rig.read("modbus", {**FAST, "port": meter.port})
        await rig.reading()
        await meter.set(MODEL, 204)
        await rig.until(lambda health: "moved" in str(health.last_error))
        await rig.until(lambda health: not health.failing)
        await meter.set(BASE, 0)
        assert rig.health().last_error is not None


def _hand_out(authority: trustme.CA, secrets: Path) -> None:
    authority.cert_pem.write_to_path(secrets / "ca.pem")
    ours = authority.issue_cert("csms.local")
    ours.private_key_and_cert_chain_pem.write_to_path(secrets / "csms.pem")


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("meter.local").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
