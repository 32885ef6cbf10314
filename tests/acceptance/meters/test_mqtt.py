"""Meters whose values are published over MQTT."""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import trustme
from fake_meters.mqtt_broker import Broker, mqtt_broker
from fake_meters.rig import Rig
from fake_meters.wire import wire_to

from csms.meters.registry import MeterConfig

BY_TOPIC = {f"current_l{n}_a": {"topic": f"house/l{n}/current"} for n in (1, 2, 3)}
IN_JSON = {
    **{f"current_l{n}_a": {"path": f"emeters.{n - 1}.current"} for n in (1, 2, 3)},
    **{f"power_l{n}_w": {"path": f"emeters.{n - 1}.kw", "scale": 1000} for n in (1, 2, 3)},
}


async def _subscribed(rig: Rig, broker: Broker, **settings: Any) -> None:
    await rig.read("mqtt", {"host": "127.0.0.1", "port": broker.port, **settings})
    await broker.subscribed.wait()


def _status(*kw: float) -> str:
    return json.dumps({"emeters": [{"current": 8.0, "kw": value} for value in kw]})


async def test_values_of_several_topics_become_one_reading(rig: Rig) -> None:
    async with mqtt_broker() as broker:
        await _subscribed(rig, broker, values=BY_TOPIC)
        _publish_all(broker, ("1.5", " 2.5 ", "-3"))
        assert (await rig.reading()).current_a == (1.5, 2.5, -3)


async def test_one_json_topic_holds_all_values(rig: Rig) -> None:
    async with mqtt_broker() as broker:
        await _subscribed(rig, broker, topic="shellies/em3", values=IN_JSON)
        await _until_heard(rig, broker, "shellies/em3", _status(1.8, -1.84, 0))
        reading = await rig.reading()
    assert reading.current_a == pytest.approx((8, -8, 8))
    assert reading.power_w == pytest.approx(-40)


async def test_a_retained_message_is_no_reading(rig: Rig) -> None:
    async with mqtt_broker() as broker:
        broker.publish("meter", '{"a": 99}', retain=True)
        values = {"current_l1_a": {"path": "a"}}
        await _subscribed(rig, broker, topic="meter", values=values, phases="L1")
        await _until_heard(rig, broker, "meter", '{"a": 7}')
        assert (await rig.reading()).current_a == (7, 0, 0)


async def test_a_qos_of_the_publisher_does_not_matter(rig: Rig) -> None:
    async with mqtt_broker() as broker:
        await _subscribed(rig, broker, values=BY_TOPIC)
        async with aiomqtt.Client("127.0.0.1", broker.port) as device:
            for number in (1, 2, 3):
                await device.publish(f"house/l{number}/current", f"{number}.5", qos=1)
        assert (await rig.reading()).current_a == (1.5, 2.5, 3.5)


async def test_what_is_no_number_is_told_with_its_topic(rig: Rig) -> None:
    async with mqtt_broker() as broker:
        await _subscribed(rig, broker, values=BY_TOPIC)
        await _until_heard(rig, broker, "house/l1/current", "unavailable")
        health = rig.health()
        assert health.last_error == "house/l1/current: 'unavailable' is no number"
        assert rig.readings.empty()


async def test_user_and_password_open_the_broker(rig: Rig, secrets: Path) -> None:
    (secrets / "mqtt-password").write_text("let me in\n")
    async with mqtt_broker(users={"csms": "let me in"}) as broker:
        await _subscribed(rig, broker, values=BY_TOPIC, username="csms", password="mqtt-password")
        _publish_all(broker, ("1", "2", "3"))
        assert (await rig.reading()).current_a == (1, 2, 3)


async def test_a_wrong_password_is_told_and_never_shown(rig: Rig, secrets: Path) -> None:
    (secrets / "mqtt-password").write_text("hunter2")
    async with mqtt_broker(users={"csms": "let me in"}) as broker:
        settings = {"username": "csms", "password": "mqtt-password", "values": BY_TOPIC}
        await rig.read("mqtt", {"host": "127.0.0.1", "port": broker.port, **settings})
        health = await rig.until(lambda health: health.failing)
        assert "not authori" in str(health.last_error).lower()
        assert "hunter2" not in str(health.last_error)


async def test_tls_checks_the_broker(rig: Rig, secrets: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(secrets / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with mqtt_broker(tls=context) as broker:
        await _subscribed(rig, broker, values=BY_TOPIC, tls={"ca": "ca.pem"})
        _publish_all(broker, ("1", "2", "3"))
        assert (await rig.reading()).current_a == (1, 2, 3)


async def test_a_refused_topic_is_named(rig: Rig) -> None:
    async with mqtt_broker() as broker:
        broker.forbidden.add("house/l2/current")
        await rig.read("mqtt", {"host": "127.0.0.1", "port": broker.port, "values": BY_TOPIC})
        health = await rig.until(lambda health: health.failing)
        assert health.last_error == "the broker refuses to give house/l2/current"


async def test_after_the_broker_was_away_readings_go_on(rig: Rig) -> None:
    async with mqtt_broker() as broker, wire_to(broker.port) as wire:
        await rig.read("mqtt", {"host": "127.0.0.1", "port": wire.port, "values": BY_TOPIC})
        await broker.subscribed.wait()
        _publish_all(broker, ("1", "2", "3"))
        await rig.reading()
        await wire.unplug()
        await rig.until(lambda health: health.failing)
        broker.subscribed.clear()
        await wire.plug()
        await broker.subscribed.wait()
        rig.forget()
        _publish_all(broker, ("4", "5", "6"))
        assert (await rig.reading()).current_a == (4, 5, 6)


async def test_a_broker_that_fell_silent_is_connected_anew(rig: Rig) -> None:
    async with mqtt_broker() as broker, wire_to(broker.port) as wire:
        settings = {"host": "127.0.0.1", "port": wire.port, "values": BY_TOPIC, "silence_s": 1}
        await rig.read("mqtt", settings)
        await broker.subscribed.wait()
        wire.mute = True
        health = await rig.until(lambda health: health.failing)
        assert "no usable reading for 1 s" in str(health.last_error)
        broker.subscribed.clear()
        wire.mute = False
        await broker.subscribed.wait()
        _publish_all(broker, ("4", "5", "6"))
        assert (await rig.reading()).current_a == (4, 5, 6)


async def test_a_broker_that_never_greets_is_left_and_no_connection_stays_open(rig: Rig) -> None:
    async with mqtt_broker() as broker, wire_to(broker.port) as wire:
        wire.mute = True
        settings = {"host": "127.0.0.1", "port": wire.port, "values": BY_TOPIC, "timeout_s": 0.2}
        await rig.read("mqtt", settings)
        await rig.until(lambda _: wire.connections > 3)
        assert wire.open_connections <= 2
        await rig.until(lambda _: wire.open_connections == 1)
        await rig.meters.configure([MeterConfig("posted", "C", "api", {})])
        await rig.until(lambda _: wire.open_connections == 0, "posted")


def _publish_all(broker: Broker, payloads: tuple[str, str, str]) -> None:
    for number, payload in enumerate(payloads, start=1):
        broker.publish(f"house/l{number}/current", payload)


async def _until_heard(rig: Rig, broker: Broker, topic: str, payload: str) -> None:
    broker.publish(topic, payload)
    await rig.until(lambda health: health.failing or health.last_reading_at is not None)
