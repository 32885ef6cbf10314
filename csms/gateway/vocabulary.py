"""What chargers' words, gaps and blanks stand for, where the schema alone does not say it."""

from __future__ import annotations

from typing import Final

from csms.gateway.frames import Json
from csms.gateway.shapes import Shape, fold

MEANINGFUL: Final = frozenset(
    {
        *("context", "format", "location", "measurand"),
        *("multiplier", "phase", "unit", "unitOfMeasure"),
    }
)
"""Their absence has a meaning of its own, so an unknown one stays as it is."""
REGISTERS: Final = frozenset({"meterStart", "meterStop"})
"""Whole numbers by the schema; some meters know better, and it is somebody's energy."""

_ALIASES: Final = {
    "hertz": "Hz",
    "celcius": "Celsius",
    "percentage": "Percent",
    "kelvin": "K",
    "cabledisconnected": "EVDisconnected",
    "evdisconnect": "EVDisconnected",
    "localstop": "Local",
    "remotestop": "Remote",
    "deauthorised": "DeAuthorized",
    "suspendedev": "SuspendedEV",
    "occupied": "Occupied",
    "normal": "NoError",
    "none": "NoError",
    "start": "Started",
    "update": "Updated",
    "end": "Ended",
    "stopped": "Ended",
}
"""Words seen in the field for values that schemas spell differently; folded."""

CATCH_ALL: Final = ("Other", "OtherError")
"""Values a schema offers for what it has no word for."""

_OCCUPIED: Final = frozenset({"preparing", "charging", "suspendedev", "suspendedevse", "finishing"})
"""What 1.6 calls connectors that are plainly Occupied later; folded."""

_DEFAULTS: Final = {
    ("IdTokenType", "type"): "ISO14443",
    ("", "errorCode"): "NoError",
    ("", "reason"): "Unknown",
}
"""Demanded fields that chargers leave out or fill with nonsense, where one value is meant."""

MAY_BE_BLANK: Final = frozenset({"chargePointVendor", "chargePointModel", "vendorName", "model"})
"""Demanded texts that chargers leave null, or out, until somebody sets them."""

_BLANKS: Final = frozenset({"", "null", "none", "n/a", "-"})


def meant_word(shape: Shape, text: str) -> Json | None:
    """Return the value of a list that a word in another spelling, or version, stands for."""
    folded = fold(text)
    known = shape.enum_like(text) or shape.enum_like(_ALIASES.get(folded, ""))
    if known is None and folded in _OCCUPIED:
        known = shape.enum_like("Occupied")
    if known is None and folded == "occupied" and "Preparing" in shape.enum:
        known = "Occupied"  # as 1.5 has it; the domain knows the word
    return known


def default_of(shape: Shape, key: str) -> str | int | None:
    """Return what is meant where a demanded property has no value; None if that can't be told."""
    if key == "connectorId" and "evseId" in shape.properties:
        return 1  # most EVSEs have one
    return _DEFAULTS.get((shape.name, key))


def is_free_text(shape: Shape) -> bool:
    """Whether anything may be in a text, such as the data of a DataTransfer of 1.6."""
    return shape.max_length is None and not shape.enum and shape.format is None


def is_blank(item: Json) -> bool:
    if isinstance(item, str):
        return item.strip().casefold() in _BLANKS
    return item is None or item in ({}, [])
