"""What a charging station says of single variables is remembered, whoever asked."""

from __future__ import annotations

from typing import Any

import pytest
from unit.world import NOON

from csms.handlers.v201.told_variables import read_values
from csms.services.records import VariableValue


def result(status: str, **fields: Any) -> dict[str, Any]:
    return {
        "attributeStatus": status,
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "SupplyPhases"},
    } | fields


def test_the_values_of_an_answer_are_variables_of_their_component() -> None:
    answer = {
        "getVariableResult": [
            result("Accepted", attributeValue="3"),
            result("Accepted", attributeValue="1", attributeType="MinSet"),
            result("UnknownVariable"),
        ]
    }
    assert read_values(5, "GetVariables", {}, answer, NOON) == [
        VariableValue(5, "EVSE", "SupplyPhases", "3", NOON, evse_id=1),
        VariableValue(5, "EVSE", "SupplyPhases", "1", NOON, evse_id=1, attribute="MinSet"),
    ]


@pytest.mark.parametrize(
    ("status", "values"), [("Accepted", ["1"]), ("RebootRequired", ["1"]), ("Rejected", [])]
)
def test_a_variable_that_was_taken_has_its_new_value(status: str, values: list[str]) -> None:
    place = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "SupplyPhases"}}
    order = {"setVariableData": [{"attributeValue": "1"} | place]}
    answer = {"setVariableResult": [result(status, attributeType="Actual")]}
    learned = read_values(5, "SetVariables", order, answer, NOON)
    assert [each.value for each in learned] == values


def test_an_answer_about_what_nobody_set_teaches_nothing() -> None:
    answer = {"setVariableResult": [result("Accepted")]}
    assert read_values(5, "SetVariables", {"setVariableData": []}, answer, NOON) == []
    assert read_values(5, "ClearCache", {}, {"status": "Accepted"}, NOON) == []
