"""NotifyReport: what a charging station has and how it is set."""

from __future__ import annotations

import copy
from typing import Any

from unit.handlers.v201.conversation import mumble, say
from unit.handlers.v201.requests import NOON as NOON_TEXT
from unit.handlers.v201.requests import REQUESTS
from unit.world import NOON, World

from csms.services.charge_point import ChargePoint
from csms.services.records import VariableValue

REPORT = REQUESTS["NotifyReport"]


def part(entry: dict[str, Any], **fields: Any) -> dict[str, Any]:
    report = {"requestId": 6, "seqNo": 0, "generatedAt": NOON_TEXT, "reportData": [entry]}
    return report | fields


async def test_every_attribute_of_a_variable_is_kept(
    world: World, charge_point: ChargePoint
) -> None:
    assert await say(world, charge_point, "NotifyReport", REPORT) == {}
    actual, most = world.store.variables
    assert actual == VariableValue(
        charge_point.key,
        "EVSE",
        "Power",
        "11000",
        NOON,
        component_instance="left",
        evse_id=1,
        variable_instance="max",
        mutability="ReadOnly",
        characteristics={"unit": "W", "dataType": "decimal", "supportsMonitoring": True},
    )
    assert (most.attribute, most.value, most.mutability) == ("MaxSet", "22000", None)


async def test_a_component_of_the_station_itself_has_no_evse(
    world: World, charge_point: ChargePoint
) -> None:
    entry = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "HeartbeatInterval"},
        "variableAttribute": [{"value": "300"}],
    }
    await say(world, charge_point, "NotifyReport", part(entry))
    (variable,) = world.store.variables
    assert (variable.evse_id, variable.connector_id, variable.attribute) == (0, 0, "Actual")


async def test_a_variable_without_attributes_is_known_to_exist(
    world: World, charge_point: ChargePoint
) -> None:
    entry = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}}
    await mumble(world, charge_point, "NotifyReport", part(entry))
    assert [(v.variable, v.value) for v in world.store.variables] == [("Power", None)]


async def test_a_truth_value_or_a_number_is_kept_as_text(
    world: World, charge_point: ChargePoint
) -> None:
    entry = copy.deepcopy(REPORT["reportData"][0])
    entry["variableAttribute"] = [{"value": True}, {"type": "Target", "value": 1.5}]
    await mumble(world, charge_point, "NotifyReport", part(entry))
    assert [v.value for v in world.store.variables] == ["true", "1.5"]


async def test_only_the_last_part_completes_a_report(
    world: World, charge_point: ChargePoint
) -> None:
    await say(world, charge_point, "NotifyReport", REPORT | {"tbc": True})
    assert world.store.notifications == []
    await say(world, charge_point, "NotifyReport", REPORT | {"seqNo": 1})
    (notification,) = world.store.notifications
    assert (notification.kind, notification.data) == ("report", {"request_id": 6, "parts": 2})


async def test_a_password_that_a_station_reports_is_not_kept(
    world: World, charge_point: ChargePoint
) -> None:
    entry = {
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
        "variableAttribute": [{"value": "0123456789abcdef"}],
    }
    await say(world, charge_point, "NotifyReport", part(entry))
    (kept,) = world.store.variables
    assert (kept.variable, kept.value) == ("BasicAuthPassword", None)
