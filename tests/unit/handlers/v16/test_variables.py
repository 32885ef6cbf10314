"""What a charge point says of its configuration is remembered, whoever asked."""

from __future__ import annotations

from typing import Any

import pytest
from unit.world import NOON

from csms.handlers.v16.told_variables import read_values
from csms.services.records import VariableValue

ROTATION = "0.RST,1.STR"


def test_the_keys_of_an_answer_are_variables_without_a_component() -> None:
    answer = {
        "configurationKey": [
            {"key": "ConnectorPhaseRotation", "readonly": False, "value": ROTATION},
            {"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": 8},
            {"key": "Vendor.Odd", "value": None},
        ],
        "unknownKey": ["Foo"],
    }
    assert read_values(5, "GetConfiguration", {}, answer, NOON) == [
        VariableValue(5, "", "ConnectorPhaseRotation", ROTATION, NOON, mutability="ReadWrite"),
        VariableValue(5, "", "ChargeProfileMaxStackLevel", "8", NOON, mutability="ReadOnly"),
        VariableValue(5, "", "Vendor.Odd", None, NOON),
    ]


@pytest.mark.parametrize("status", ["Accepted", "RebootRequired"])
def test_a_key_that_was_taken_has_its_new_value(status: str) -> None:
    change = {"key": "ConnectorPhaseRotation", "value": ROTATION}
    assert read_values(5, "ChangeConfiguration", change, {"status": status}, NOON) == [
        VariableValue(5, "", "ConnectorPhaseRotation", ROTATION, NOON, mutability="ReadWrite")
    ]


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("ChangeConfiguration", {"status": "Rejected"}),
        ("ChangeConfiguration", {"status": "NotSupported"}),
        ("ChangeConfiguration", {}),
        ("GetConfiguration", {}),
        ("ClearCache", {"status": "Accepted"}),
    ],
)
def test_nothing_is_learned_from_any_other_answer(action: str, answer: dict[str, Any]) -> None:
    assert read_values(5, action, {"key": "K", "value": "1"}, answer, NOON) == []
