"""GetBaseReport and GetReport with their NotifyReport parts (2.0.1 B07, B08)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..frames import Payload
from ..link import Reply
from ..readings import timestamp
from .device_model import Variable

if TYPE_CHECKING:
    from .station import ChargePoint201

per_part = 8


async def base_report(station: ChargePoint201, payload: Payload) -> Reply:
    """B07: the whole inventory, the writable part of it, or a summary."""
    found = station.device_model.all()
    if payload["reportBase"] == "ConfigurationInventory":
        found = [variable for variable in found if variable.writable]
    elif payload["reportBase"] == "SummaryInventory":
        found = [variable for variable in found if variable.name.startswith("Availab")]
    return _report(station, payload["requestId"], found)


async def report(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """B08: the variables that fit one of the asked components."""
    wanted = payload.get("componentVariable")
    found = [
        variable
        for variable in station.device_model.all()
        if wanted is None or any(_fits(variable, item) for item in wanted)
    ]
    if not found:
        return {"status": "EmptyResultSet"}
    return _report(station, payload["requestId"], found)


def _fits(variable: Variable, item: Payload) -> bool:
    component = item["component"]
    if component["name"].lower() != variable.component.lower():
        return False
    evse_id = component.get("evse", {}).get("id")
    if evse_id is not None and evse_id != variable.evse_id:
        return False
    asked = item.get("variable")
    return asked is None or asked["name"].lower() == variable.name.lower()


def _report(station: ChargePoint201, request_id: int, found: list[Variable]) -> Reply:
    return station.then({"status": "Accepted"}, partial(_send, station, request_id, found))


async def _send(station: ChargePoint201, request_id: int, found: list[Variable]) -> None:
    parts = [found[n : n + per_part] for n in range(0, len(found), per_part)] or [[]]
    for number, part in enumerate(parts):
        payload: Payload = {
            "requestId": request_id,
            "generatedAt": timestamp(station.clock.now()),
            "seqNo": number,
            "tbc": number + 1 < len(parts),
        }
        if part:
            payload["reportData"] = [variable.report() for variable in part]
        station.say("NotifyReport", payload)
