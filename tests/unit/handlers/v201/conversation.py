"""Talks to the handlers of OCPP 2.0.1 and checks what is said against the schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
from unit.world import World

from csms.handlers.v201 import ROUTES
from csms.services.charge_point import ChargePoint


@cache
def schema(name: str) -> dict[str, Any]:
    """Read a schema of the ocpp package: an action, then "Request" or "Response"."""
    path = files("ocpp.v201") / "schemas" / f"{name}.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8-sig"))
    return document


def check(name: str, payload: dict[str, Any]) -> None:
    """Fail if a payload breaks its schema or lists its keys in another order."""
    jsonschema_rs.validate(schema(name), payload, validate_formats=True)
    _check_order(name, schema(name), payload)


def _check_order(name: str, node: Mapping[str, Any], value: object) -> None:
    if "$ref" in node:
        definition = node["$ref"].rpartition("/")[2]
        node = schema(name)["definitions"][definition]
    if isinstance(value, list) and "items" in node:
        for item in value:
            _check_order(name, node["items"], item)
    elif isinstance(value, dict) and "properties" in node:
        order = [key for key in node["properties"] if key in value]
        assert list(value) == order, f"keys in {name} are not in the schema's order"
        for key, item in value.items():
            _check_order(name, node["properties"][key], item)


async def say(
    world: World, charge_point: ChargePoint, action: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Let a charging station send a request that follows the schema; returns the answer."""
    jsonschema_rs.validate(schema(f"{action}Request"), payload)
    return await mumble(world, charge_point, action, payload)


async def mumble(
    world: World, charge_point: ChargePoint, action: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Let a charging station send anything; returns the answer, which is valid all the same."""
    answer = await ROUTES[action](world.services, charge_point, payload, world.clock.now())
    check(f"{action}Response", answer)
    return answer
