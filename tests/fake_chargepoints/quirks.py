"""Payloads as real chargers in the field send them, one maker per family of quirks (1.6).

Each takes the proper payload where it bends one and returns a new one; nothing is changed in
place. `every_quirk` lists them all by name with the action, for tests that go through all.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .frames import Payload

# -- JSON and schema -------------------------------------------------------------------------


def truncated_result(message_id: str) -> str:
    """A CALLRESULT cut off in the middle (some Grizzl-E firmwares on GetConfiguration)."""
    return f'[3,"{message_id}",{{"configurationKey":[]'


def meter_value_as_object(meter_values: Payload) -> Payload:
    """`meterValue` is the object itself instead of a list (Huawei)."""
    bent = copy.deepcopy(meter_values)
    bent["meterValue"] = bent["meterValue"][0]
    return bent


def sampled_value_as_object(meter_values: Payload) -> Payload:
    """`sampledValue` is the object itself instead of a list."""
    bent = copy.deepcopy(meter_values)
    for value in bent["meterValue"]:
        value["sampledValue"] = value["sampledValue"][0]
    return bent


def empty_sampled_value(meter_values: Payload) -> Payload:
    """`sampledValue` is an empty list (Vestel EVC04)."""
    bent = copy.deepcopy(meter_values)
    for value in bent["meterValue"]:
        value["sampledValue"] = []
    return bent


def numeric_values(meter_values: Payload) -> Payload:
    """`value` is a number, not a text (OpenEVSE)."""
    bent = copy.deepcopy(meter_values)
    for sampled in _samples(bent):
        sampled["value"] = float(sampled["value"])
    return bent


def unit_aliases(meter_values: Payload) -> Payload:
    """Units as vendors spell them: Celcius, Hz, Percent in lower case, wh."""
    aliases = {"Celsius": "Celcius", "Hertz": "Hz", "Percent": "percent", "Wh": "wh"}
    bent = copy.deepcopy(meter_values)
    for sampled in _samples(bent):
        if "unit" in sampled:
            sampled["unit"] = aliases.get(sampled["unit"], sampled["unit"])
        elif sampled.get("measurand") == "Frequency":
            sampled["unit"] = "Hz"
    return bent


def authorize_with_connector(id_tag: str) -> Payload:
    """An extra `connectorId` (Mennekes)."""
    return {"idTag": id_tag, "connectorId": 1}


def status_with_placeholders(connector_id: int, at: str) -> Payload:
    """`info` "null" and a vendor error code of nothing (ABB)."""
    return {
        "connectorId": connector_id,
        "errorCode": "NoError",
        "status": "Available",
        "timestamp": at,
        "info": "null",
        "vendorErrorCode": "0x0000",
    }


def with_unknown_fields(payload: Payload) -> Payload:
    """Fields that no schema knows."""
    return {**payload, "vendorSpecific": {"a": [1, 2]}, "x": None}


def with_null_fields(payload: Payload, *names: str) -> Payload:
    """Optional fields present as null."""
    return {**payload, **dict.fromkeys(names)}


def wrong_case(payload: Payload) -> Payload:
    """Keys that begin with a capital letter."""
    return {key[:1].upper() + key[1:]: value for key, value in payload.items()}


def id_tag_with_control_bytes(payload: Payload) -> Payload:
    """The tag with two control bytes at its end (Ocular); a full one outgrows the schema so."""
    return {**payload, "idTag": f"{payload['idTag']}\x00\x03"}


def spaced_feature_profiles() -> Payload:
    """SupportedFeatureProfiles with spaces in its names (DaheimLaden)."""
    value = "Core,Local Auth List Management,Smart Charging"
    key = {"key": "SupportedFeatureProfiles", "readonly": True, "value": value}
    return {"configurationKey": [key]}


def huge_configuration_value() -> Payload:
    """A configuration value far above the 500 characters of the schema."""
    return {"configurationKey": [{"key": "Vendor.Blob", "readonly": False, "value": "x" * 4000}]}


def terminal_id_tag(id_tag: str) -> str:
    """A payment terminal's tag: rubbish, a semicolon, the real tag."""
    return f"x;{id_tag}"


def colon_id_tag(id_tag: str) -> str:
    """A tag with separators and in lower case (ABB)."""
    text = id_tag.lower()
    return ":".join(text[n : n + 2] for n in range(0, len(text), 2))


# -- time ------------------------------------------------------------------------------------


def without_zone(at: datetime) -> str:
    """No zone at all (Growatt THOR)."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def local_time_as_utc(at: datetime, offset: timedelta) -> str:
    """Local time that says Z (Chago)."""
    return (at + offset).strftime("%Y-%m-%dT%H:%M:%SZ")


def before_the_first_boot() -> str:
    """The clock was never set."""
    return "1970-01-01T00:00:07Z"


def with_timestamp(payload: Payload, text: str) -> Payload:
    """The same payload with every timestamp replaced."""
    bent = copy.deepcopy(payload)
    if "timestamp" in bent:
        bent["timestamp"] = text
    for value in bent.get("meterValue", []):
        value["timestamp"] = text
    return bent


# -- transactions ----------------------------------------------------------------------------


def stop_of_unknown_transaction(stop: Payload, transaction_id: int = -1) -> Payload:
    """The start never got an answer, so the stop says -1 (libocpp, MicroOcpp, Hager)."""
    return {**stop, "transactionId": transaction_id}


def start_without_register(start: Payload) -> Payload:
    """`meterStart` is missing (Alfen)."""
    return {key: value for key, value in start.items() if key != "meterStart"}


def stop_with_reason(stop: Payload, reason: str) -> Payload:
    """A reason that the specification does not know."""
    return {**stop, "reason": reason}


def register_dropped_to_zero(meter_values: Payload) -> Payload:
    """The energy register reads 0 for one sample (ABB)."""
    bent = copy.deepcopy(meter_values)
    for sampled in _samples(bent):
        if sampled.get("measurand", "").startswith("Energy"):
            sampled["value"] = "0"
    return bent


def _samples(payload: Payload) -> list[dict[str, Any]]:
    return [sampled for value in payload["meterValue"] for sampled in value["sampledValue"]]


# -- all of them -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quirk:
    """One bent request: what it is called, its action and its payload."""

    name: str
    action: str
    payload: Payload


def every_quirk(at: datetime, id_tag: str = "TAG1", transaction_id: int = 1) -> list[Quirk]:
    """Every bent request of this module, built on proper ones of this moment."""
    now = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    meter: Payload = {
        "connectorId": 1,
        "transactionId": transaction_id,
        "meterValue": [
            {
                "timestamp": now,
                "sampledValue": [
                    {"value": "1234", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                    {"value": "21.5", "measurand": "Temperature", "unit": "Celsius"},
                    {"value": "50.0", "measurand": "Frequency"},
                ],
            }
        ],
    }
    start: Payload = {"connectorId": 1, "idTag": id_tag, "meterStart": 1000, "timestamp": now}
    stop: Payload = {"transactionId": transaction_id, "idTag": id_tag, "meterStop": 2000}
    stop["timestamp"] = now
    offset = timedelta(hours=2)
    return [
        Quirk("meterValue is an object", "MeterValues", meter_value_as_object(meter)),
        Quirk("sampledValue is an object", "MeterValues", sampled_value_as_object(meter)),
        Quirk("sampledValue is empty", "MeterValues", empty_sampled_value(meter)),
        Quirk("values are numbers", "MeterValues", numeric_values(meter)),
        Quirk("units have other names", "MeterValues", unit_aliases(meter)),
        Quirk("register drops to zero", "MeterValues", register_dropped_to_zero(meter)),
        Quirk("time has no zone", "MeterValues", with_timestamp(meter, without_zone(at))),
        Quirk("clock was never set", "MeterValues", with_timestamp(meter, before_the_first_boot())),
        Quirk(
            "local time says Z",
            "MeterValues",
            with_timestamp(meter, local_time_as_utc(at, offset)),
        ),
        Quirk("Authorize names a connector", "Authorize", authorize_with_connector(id_tag)),
        Quirk("tag from a terminal", "Authorize", {"idTag": terminal_id_tag(id_tag)}),
        Quirk("tag with separators", "Authorize", {"idTag": colon_id_tag("2069C021")}),
        Quirk("placeholders", "StatusNotification", status_with_placeholders(1, now)),
        Quirk(
            "null fields",
            "StatusNotification",
            with_null_fields(status_with_placeholders(1, now), "vendorId", "info"),
        ),
        Quirk("unknown fields", "Heartbeat", with_unknown_fields({})),
        Quirk("keys in wrong case", "Authorize", wrong_case({"idTag": id_tag})),
        Quirk("no meterStart", "StartTransaction", start_without_register(start)),
        Quirk("control bytes in the tag", "StopTransaction", id_tag_with_control_bytes(stop)),
        Quirk("stop of transaction -1", "StopTransaction", stop_of_unknown_transaction(stop)),
        Quirk("stop of transaction 0", "StopTransaction", stop_of_unknown_transaction(stop, 0)),
        Quirk("unknown stop reason", "StopTransaction", stop_with_reason(stop, "CardRemoved")),
    ]
