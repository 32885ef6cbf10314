"""What docs/meters.md shows can be entered just so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from csms.meters.settings import (
    ApiSettings,
    ByQuantity,
    MeterKind,
    ModbusSettings,
    MqttSettings,
    OcppSettings,
    P1Settings,
    Placed,
    read_settings,
)

PAGE = (Path(__file__).parents[3] / "docs" / "meters.md").read_text()
SECTIONS = {
    "Modbus TCP": MeterKind.MODBUS,
    "P1": MeterKind.P1,
    "MQTT": MeterKind.MQTT,
    "A charge point's own meter": MeterKind.OCPP,
}


def _examples() -> Iterator[tuple[MeterKind, dict[str, Any]]]:
    for section in PAGE.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        if title in SECTIONS:
            for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
                yield SECTIONS[title], json.loads(block)


@pytest.mark.parametrize(("kind", "settings"), list(_examples()))
def test_an_example_is_allowed(kind: MeterKind, settings: dict[str, Any]) -> None:
    assert not isinstance(read_settings(kind, settings), ApiSettings)


def test_every_kind_is_explained() -> None:
    assert {kind for kind, _ in _examples()} == set(MeterKind) - {MeterKind.API}
    assert set(re.findall(r"^\| `(\w+)` \| \w", PAGE, re.MULTILINE)) >= set(MeterKind)


@pytest.mark.parametrize(
    "settings", [ModbusSettings, P1Settings, MqttSettings, OcppSettings, ApiSettings, Placed]
)
def test_every_setting_is_explained(settings: type[Placed]) -> None:
    assert set(settings.__struct_fields__) <= set(re.findall(r"[`\"](\w+)[`\"]", PAGE))


def test_every_quantity_is_explained() -> None:
    first_phase = {name for name in ByQuantity.__struct_fields__ if not re.search("l[23]", name)}
    assert first_phase <= set(re.findall(r"`(\w+)`", PAGE))
