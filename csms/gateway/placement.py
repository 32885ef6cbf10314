"""What a charger wrote under another name, in another object, or without its wrapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from csms.gateway.frames import Json
from csms.gateway.shapes import Shape, fold

_OTHER_NAMES: Final = {
    "idtag": ("idToken",),
    "idtoken": ("idTag",),
    "status": ("connectorStatus",),
    "connectorstatus": ("status",),
    "vendor": ("chargePointVendor", "vendorName"),
    "model": ("chargePointModel",),
    "values": ("meterValue",),
    "metervalues": ("meterValue",),
    "value": ("sampledValue",),
    "sampledvalues": ("sampledValue",),
}
"""Names of other versions (1.5 among them), and short ones; folded."""

_PRINCIPAL: Final = {
    "IdTokenType": "idToken",
    "EVSEType": "id",
    "TransactionType": "transactionId",
    "UnitOfMeasureType": "unit",
}
"""What is meant where a lone value stands for an object."""

_COMMON: Final = frozenset({"id", "type", "name", "value", "instance", "status"})
"""Names that say nothing of where they belong; folded."""
_SAMPLE: Final = frozenset({"measurand", "value"})
_NOTHING: Final = (None, 0, "", "0")


class Placed(NamedTuple):
    """An object's properties under the schema's names, and what had to be done for that."""

    properties: dict[str, Json]
    repairs: list[str]


def placed(shape: Shape, value: Mapping[str, Any], *, whole: bool) -> Placed:
    """Return the properties under the schema's names; unknown ones only if it is open.

    `whole` moves nothing and leaves nothing out.
    """
    done = Placed({}, [])
    result = done.properties
    strangers: dict[str, Json] = {}
    for key, item in value.items():
        if key in shape.properties or not shape.closed:
            result[key] = item
            continue
        known = _meant(shape, key, value)
        if known is not None and known not in result:
            done.repairs.append("field_name")
            result[known] = item
        elif whole:
            result[key] = item
        else:
            strangers[key] = item
    for key, item in strangers.items():
        moved = _moved_in(shape, key, item, result) or _moved_out(shape, item, result)
        done.repairs.append("misplaced" if moved else "unknown_field")
    return done


def _meant(shape: Shape, key: str, value: Mapping[str, Any]) -> str | None:
    """Return the property that a name stands for, if the charger wrote nothing under its own."""
    known = shape.property_like(key)
    if known is None:
        others = _OTHER_NAMES.get(fold(key), ())
        known = next((name for name in others if name in shape.properties), None)
    return None if known is None or known in value else known


def _moved_in(shape: Shape, key: str, item: Json, result: dict[str, Json]) -> bool:
    """Put a value into the one object below in which its name, or both their names, belong."""
    homes = [
        (name, known)
        for name, child in shape.properties.items()
        if child.type == "object" and (known := _known_below(name, child, key)) is not None
    ]
    if len(homes) != 1:
        return False
    name, known = homes[0]
    home = result.get(name)
    if home is None:
        result[name] = {known: item}
    elif isinstance(home, dict) and known not in home:
        result[name] = {**home, known: item}
    else:
        return False
    return True


def _known_below(name: str, child: Shape, key: str) -> str | None:
    """Return the property of an object that `key` names: `connectorId` or `evseId` of `evse`."""
    outer, folded = fold(name), fold(key)
    if child.name == "CustomDataType" or folded in _COMMON:
        return None
    known = child.property_like(key)
    if known is not None:
        return known
    return child.property_like(folded.removeprefix(outer)) if folded.startswith(outer) else None


def _moved_out(shape: Shape, item: Json, result: dict[str, Json]) -> bool:
    """Take the values of an object that should not be there, if all of them have a place here."""
    if not isinstance(item, dict):
        return False
    told = {key: inner for key, inner in item.items() if inner not in _NOTHING}
    places = {key: shape.property_like(key) for key in told}
    found = [place for place in places.values() if place is not None and place not in result]
    if not told or len(set(found)) != len(told):
        return False
    result |= {place: told[key] for key, place in places.items() if place is not None}
    return True


def wrapped(shape: Shape, value: Json) -> dict[str, Json] | None:
    """Return the object that a lone value stands for, None if it stands for none."""
    principal = _PRINCIPAL.get(shape.name)
    if principal is None and shape.properties.keys() >= _SAMPLE:
        principal = "value"
    if principal is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return {principal: value}


def lone(value: Json) -> Json:
    """Return the one value in a list or an object of one, else what was given."""
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    if isinstance(value, dict) and len(value) == 1:
        return next(iter(value.values()))
    return value
