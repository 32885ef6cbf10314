"""What the installer may enter, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from csms.errors import InvalidValueError
from csms.meters.errors import SecretError
from csms.meters.secrets import SecretFiles
from csms.meters.settings import ModbusSettings, MqttSettings, read_settings

REGISTERS = {"current_l1_a": {"address": 1}}
VALUES = {"current_l1_a": {"topic": "a"}}


def test_a_sunspec_meter_needs_its_host_alone() -> None:
    settings = read_settings("modbus", {"host": "192.168.1.20"})
    assert isinstance(settings, ModbusSettings)
    assert settings.placement("house").circuit_id == "house"
    assert settings.registers is None


def test_only_the_quantities_that_are_set_count() -> None:
    settings = read_settings("mqtt", {"host": "broker", "values": VALUES})
    assert isinstance(settings, MqttSettings)
    assert list(settings.values.items()) == ["current_l1_a"]


@pytest.mark.parametrize(
    ("kind", "settings", "held", "allowed"),
    [
        ("modbus", {}, "host: None", "a host name or IP address"),
        (
            "modbus",
            {"host": "x", "port": 70000},
            "port: 70000",
            "a port from 1 to 65535",
        ),
        ("modbus", {"host": "x", "prot": 502}, "settings: 'prot'", "port?"),
        (
            "modbus",
            {"host": "x", "registers": {"current_l1_a": {"address": 1, "type": "int8"}}},
            "registers.current_l1_a.type: 'int8'",
            "int16, uint16, int32, uint32 or float32",
        ),
        (
            "modbus",
            {"host": "x", "registers": {"current_l4_a": {"address": 1}}},
            "registers: 'current_l4_a'",
            "current_l3_a?",
        ),
        (
            "modbus",
            {"host": "x", "registers": {"power_w": {"address": 1}}},
            "registers: ['power_w']",
            "a current or a power for each phase that is measured",
        ),
        (
            "modbus",
            {"host": "x", "registers": {"current_l1_a": {"address": 1, "scale": 0}}},
            "registers.current_l1_a.scale: 0.0",
            "a factor other than 0",
        ),
        (
            "modbus",
            {"host": "x", "registers": REGISTERS, "sunspec_address": 40000},
            "sunspec_address: 40000",
            "nothing, where registers are given",
        ),
        (
            "modbus",
            {"host": "x", "tls": {"key": "a.pem"}},
            "tls.certificate: None",
            "the certificate that the key belongs to",
        ),
        (
            "modbus",
            {"host": "x", "phases": "L1L1L2"},
            "phases: 'L1L1L2'",
            "L1L2L3, L2L3L1, ..., L1L2, L1, L2 or L3",
        ),
        (
            "p1",
            {"host": "x", "variant": "dsmr2"},
            "variant: 'dsmr2'",
            "dsmr4, dsmr5, belgium, luxembourg, luxembourg_encrypted or sweden",
        ),
        (
            "p1",
            {"host": "x", "variant": "luxembourg_encrypted"},
            "encryption_key: None",
            "the name of the file that holds the key, for this variant",
        ),
        (
            "mqtt",
            {"host": "x", "values": {"current_l1_a": {"path": "a"}}},
            "values.current_l1_a.topic: None",
            "an MQTT topic, here or as `topic` for all values",
        ),
        (
            "mqtt",
            {"host": "x", "values": VALUES, "topic": "house/#"},
            "topic: 'house/#'",
            "an MQTT topic without wildcards",
        ),
        (
            "mqtt",
            {"host": "x", "values": VALUES, "password": "pw"},
            "username: None",
            "a user name, where there is a password",
        ),
        (
            "ocpp",
            {"charge_point_id": ""},
            "charge_point_id: ''",
            "a charge point's identity",
        ),
        ("gas", {}, "kind: 'gas'", "api, ocpp, modbus, p1, mqtt"),
    ],
)
def test_a_mistake_names_the_field_its_value_and_what_is_allowed(
    kind: str, settings: dict[str, Any], held: str, allowed: str
) -> None:
    with pytest.raises(InvalidValueError) as error:
        read_settings(kind, settings)
    assert str(error.value) == f"{held} is not allowed; expected {allowed}"


def test_a_password_in_the_wrong_place_is_not_repeated() -> None:
    with pytest.raises(InvalidValueError) as error:
        read_settings("mqtt", {"host": "x", "values": VALUES, "passwort": "hunter2"})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("name", ["../passwd", "/etc/passwd", ".hidden", "a/b", "", "none"])
def test_only_files_in_the_directory_of_secrets_are_secrets(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "passwd").write_text("root")
    with pytest.raises(SecretError, match="there is no secret"):
        SecretFiles(tmp_path / "secrets").read(name)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"x" * 70_000])
def test_a_secret_that_holds_nothing_useful_is_told_without_its_content(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(SecretError, match=r"^secret 's' is "):
        SecretFiles(tmp_path).read("s")
