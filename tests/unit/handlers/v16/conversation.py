"""Talks to the handlers of OCPP 1.6 and checks each answer against its schema."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
from unit.world import World

from csms.handlers.v16 import ROUTES
from csms.services.charge_point import ChargePoint


@cache
def schema(name: str) -> dict[str, Any]:
    """Read a schema of the ocpp package: an action, or an action and "Response"."""
    path = files("ocpp.v16") / "schemas" / f"{name}.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8-sig"))
    return document


def check(name: str, payload: dict[str, Any]) -> None:
    """Fail if a payload breaks its schema or lists its keys in another order."""
    jsonschema_rs.validate(schema(name), payload, validate_formats=True)
    order = [key for key in schema(name).get("properties", {}) if key in payload]
    assert list(payload) == order, f"keys of {name} are not in the schema's order"


async def say(
    world: World, charge_point: ChargePoint, action: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Let a charge point send a request now; returns the answer, which is valid."""
    answer = await ROUTES[action](world.services, charge_point, payload, world.clock.now())
    check(f"{action}Response", answer)
    return answer
