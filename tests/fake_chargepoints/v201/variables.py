"""GetVariables, SetVariables and SetNetworkProfile (2.0.1 B05, B06, B09)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..frames import Payload
from .device_model import address_of

if TYPE_CHECKING:
    from .station import ChargePoint201

secrets = ("basicauthpassword",)


async def get_variables(station: ChargePoint201, payload: Payload) -> Payload:
    return {"getVariableResult": [_get(station, item) for item in payload["getVariableData"]]}


def _get(station: ChargePoint201, item: Payload) -> Payload:
    address = address_of(item["component"], item["variable"])
    variable = station.device_model.find(address)
    kind = item.get("attributeType", "Actual")
    value: Payload = {}
    if variable is None:
        known = station.device_model.has_component(address)
        status = "UnknownVariable" if known else "UnknownComponent"
    elif kind != "Actual":
        status = "NotSupportedAttributeType"
    elif variable.name.lower() in secrets:
        status = "Rejected"
    else:
        status, value = "Accepted", {"attributeValue": variable.value}
    return {
        "attributeStatus": status,
        "attributeType": kind,
        **value,
        "component": item["component"],
        "variable": item["variable"],
    }


async def set_variables(station: ChargePoint201, payload: Payload) -> Payload:
    results = [_set(station, item) for item in payload["setVariableData"]]
    return {"setVariableResult": results}


def _set(station: ChargePoint201, item: Payload) -> Payload:
    address = address_of(item["component"], item["variable"])
    variable = station.device_model.find(address)
    kind, value = item.get("attributeType", "Actual"), item["attributeValue"]
    if variable is None:
        known = station.device_model.has_component(address)
        status = "UnknownVariable" if known else "UnknownComponent"
    elif kind != "Actual":
        status = "NotSupportedAttributeType"
    elif not variable.writable or not variable.accepts(value):
        status = "Rejected"
    else:
        variable.value = value
        status = "RebootRequired" if variable.reboot else "Accepted"
        if variable.name == "HeartbeatInterval":
            station.schedule_heartbeat(float(value))
    return {
        "attributeType": kind,
        "attributeStatus": status,
        "component": item["component"],
        "variable": item["variable"],
    }


async def set_network_profile(station: ChargePoint201, payload: Payload) -> Payload:
    """B09: only OCPP 2.0 over JSON makes sense to this station."""
    data = payload["connectionData"]
    fits = data["ocppVersion"] == "OCPP20" and data["ocppTransport"] == "JSON"
    return {"status": "Accepted" if fits else "Rejected"}
