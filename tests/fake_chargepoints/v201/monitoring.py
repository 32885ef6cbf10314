"""Variable monitors: kept and reported, they never fire (2.0.1 N)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..frames import Payload
from ..link import Reply
from ..readings import timestamp
from .device_model import address_of

if TYPE_CHECKING:
    from .station import ChargePoint201


async def set_monitoring(station: ChargePoint201, payload: Payload) -> Payload:
    results = [_set(station, item) for item in payload["setMonitoringData"]]
    return {"setMonitoringResult": results}


def _set(station: ChargePoint201, item: Payload) -> Payload:
    address = address_of(item["component"], item["variable"])
    result: Payload = {key: item[key] for key in ("type", "severity", "component", "variable")}
    if station.device_model.find(address) is None:
        known = station.device_model.has_component(address)
        return {**result, "status": "UnknownVariable" if known else "UnknownComponent"}
    monitor_id = item.get("id", max(station.monitors, default=0) + 1)
    station.monitors[monitor_id] = {**item, "id": monitor_id}
    return {"id": monitor_id, **result, "status": "Accepted"}


async def clear_monitoring(station: ChargePoint201, payload: Payload) -> Payload:
    results = []
    for monitor_id in payload["id"]:
        found = station.monitors.pop(monitor_id, None) is not None
        results.append({"id": monitor_id, "status": "Accepted" if found else "NotFound"})
    return {"clearMonitoringResult": results}


async def set_base(station: ChargePoint201, payload: Payload) -> Payload:
    """N04: everything but All removes the monitors that were set by hand."""
    if payload["monitoringBase"] != "All":
        station.monitors.clear()
    return {"status": "Accepted"}


async def set_level(station: ChargePoint201, payload: Payload) -> Payload:
    return {"status": "Accepted" if 0 <= payload["severity"] <= 9 else "Rejected"}


async def monitoring_report(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    if not station.monitors:
        return {"status": "EmptyResultSet"}
    return station.then({"status": "Accepted"}, partial(_send, station, payload["requestId"]))


async def _send(station: ChargePoint201, request_id: int) -> None:
    station.say(
        "NotifyMonitoringReport",
        {
            "requestId": request_id,
            "seqNo": 0,
            "tbc": False,
            "generatedAt": timestamp(station.clock.now()),
            "monitor": [_monitor(item) for item in station.monitors.values()],
        },
    )


def _monitor(item: dict[str, Any]) -> Payload:
    kept = {key: item[key] for key in ("id", "value", "type", "severity")}
    return {
        "component": item["component"],
        "variable": item["variable"],
        "variableMonitoring": [{**kept, "transaction": item.get("transaction", False)}],
    }
