"""Smart meters with a P1 port behind a TCP bridge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_meters.p1 import P1Bridge, damaged, encrypted, p1_bridge, telegram
from fake_meters.rig import Rig
from fake_meters.wire import wire_to

KEY = "000102030405060708090A0B0C0D0E0F"
BELGIAN = telegram(
    current_a=("010.50", "002.00", "000.40"),
    voltage_v=("230.0", "231.0", "229.0"),
    import_kw=("02.400", "00.450", "00.000"),
    export_kw=("00.000", "00.000", "00.000"),
    total_import_kw="02.850",
)


async def _listening(rig: Rig, bridge: P1Bridge, **settings: Any) -> None:
    await rig.read("p1", {"host": "127.0.0.1", "port": bridge.port, **settings})
    await bridge.connected.wait()


async def test_a_belgian_telegram_is_a_reading(rig: Rig) -> None:
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.say(BELGIAN)
        reading = await rig.reading()
    assert reading.current_a == pytest.approx((10.5, 2.0, 0.4))
    assert reading.power_w == 2850


async def test_power_decides_the_sign_of_a_current(rig: Rig) -> None:
    exporting = telegram(
        current_a=("008.70", "001.00", "000.00"),
        voltage_v=("230.0", "230.0", "230.0"),
        import_kw=("00.000", "00.230", "00.000"),
        export_kw=("02.001", "00.000", "00.000"),
        total_export_kw="01.771",
    )
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.say(exporting)
        reading = await rig.reading()
    assert reading.current_a == pytest.approx((-8.7, 1.0, 0.0), abs=0.01)
    assert reading.power_w == -1771


async def test_whole_amperes_are_refined_by_power_and_voltage(rig: Rig) -> None:
    dutch = telegram(
        header="/ISK5\\2M550T-1012",
        current_a=("010", "000", "009"),
        voltage_v=("230.0", "230.0", "230.0"),
        import_kw=("02.414", "00.115", "00.000"),
        export_kw=("00.000", "00.000", "02.116"),
    )
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="dsmr5")
        bridge.say(dutch)
        reading = await rig.reading()
    assert reading.current_a == pytest.approx((10.496, 0.5, -9.2), abs=0.001)


async def test_a_meter_of_one_phase_needs_to_be_told(rig: Rig) -> None:
    single = telegram(current_a=("005.00",), import_kw=("01.150",), export_kw=("00.000",))
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.say(single)
        health = await rig.until(lambda health: health.failing)
        assert "L2 has no current" in str(health.last_error)
        bridge.connected.clear()
        await _listening(rig, bridge, variant="belgium", phases="L3")
        bridge.say(single)
        assert (await rig.reading()).current_a == (0, 0, 5)


async def test_telegrams_in_pieces_are_put_together(rig: Rig) -> None:
    async with p1_bridge() as bridge, wire_to(bridge.port) as wire:
        wire.pieces = True
        await rig.read("p1", {"host": "127.0.0.1", "port": wire.port, "variant": "belgium"})
        await bridge.connected.wait()
        bridge.say(BELGIAN)
        assert (await rig.reading()).current_a == pytest.approx((10.5, 2.0, 0.4))


async def test_who_comes_in_the_middle_waits_for_the_next_telegram(rig: Rig) -> None:
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.say(BELGIAN[100:] + BELGIAN)
        assert (await rig.reading()).current_a == pytest.approx((10.5, 2.0, 0.4))
        assert rig.readings.empty()


async def test_a_damaged_telegram_is_dropped_and_the_next_one_counts(rig: Rig) -> None:
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.say(damaged(BELGIAN))
        health = await rig.until(lambda health: health.failing)
        assert "checksum is wrong" in str(health.last_error)
        assert rig.readings.empty()
        bridge.say(BELGIAN)
        await rig.reading()
        assert not rig.health().failing


async def test_noise_without_end_is_dropped(rig: Rig) -> None:
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.say(b"/" + b"x" * 200_000 + b"\r\n" + BELGIAN)
        assert (await rig.reading()).current_a == pytest.approx((10.5, 2.0, 0.4))


async def test_a_silent_meter_is_connected_anew(rig: Rig) -> None:
    async with p1_bridge() as bridge, wire_to(bridge.port) as wire:
        settings = {"host": "127.0.0.1", "port": wire.port, "variant": "belgium", "silence_s": 1}
        await rig.read("p1", settings)
        await bridge.connected.wait()
        wire.mute = True
        health = await rig.until(lambda health: health.failing)
        assert "no usable reading for 1 s" in str(health.last_error)
        wire.mute = False
        bridge.connected.clear()
        await bridge.connected.wait()
        bridge.say(BELGIAN)
        await rig.reading()
        assert wire.connections > 1


async def test_a_bridge_that_hangs_up_is_called_again(rig: Rig) -> None:
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="belgium")
        bridge.connected.clear()
        bridge.hang_up()
        await rig.until(lambda health: health.failing)
        await bridge.connected.wait()
        bridge.say(BELGIAN)
        await rig.reading()


async def test_luxembourgs_telegrams_are_decrypted(rig: Rig, secrets: Path) -> None:
    (secrets / "p1.key").write_text(KEY + "\n")
    sealed = encrypted(BELGIAN, bytes.fromhex(KEY))
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="luxembourg_encrypted", encryption_key="p1.key")
        bridge.say(b"\xdb\x01" + sealed[:50])
        bridge.say(sealed[50:])
        assert (await rig.reading()).current_a == pytest.approx((10.5, 2.0, 0.4))


async def test_a_wrong_key_is_told_and_never_shown(rig: Rig, secrets: Path) -> None:
    (secrets / "p1.key").write_text("F" * 32)
    async with p1_bridge() as bridge:
        await _listening(rig, bridge, variant="luxembourg_encrypted", encryption_key="p1.key")
        bridge.say(encrypted(BELGIAN, bytes.fromhex(KEY)))
        health = await rig.until(lambda health: health.failing)
        assert "is the key right?" in str(health.last_error)
        assert "FFFF" not in str(health.last_error)
