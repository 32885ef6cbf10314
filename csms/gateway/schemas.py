"""The OCPP message schemas, compiled once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import ocpp
import orjson

from csms.errors import InvalidValueError
from csms.gateway.actions import BOTH_WAYS, BY_CHARGE_POINT
from csms.gateway.frames import Json
from csms.gateway.shapes import Shape, ordered, shape_of
from csms.model import OcppVersion
from csms.services.clocks import parse_iso_time

MOST_VIOLATIONS: Final = 20

_FOLDERS: Final = {
    OcppVersion.V16: "v16",
    OcppVersion.V201: "v201",
    OcppVersion.V21: "v21",
}


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """One direction of one message: the compiled check, and the tree for repairs and order."""

    is_valid: Callable[[Json], bool]
    validator: jsonschema_rs.Validator
    shape: Shape

    def ordered(self, payload: Json) -> Json:
        """Return the payload with its keys in the schema's order, at every level."""
        return ordered(self.shape, payload)

    def check(self, payload: Json) -> None:
        """Raise InvalidValueError, naming field, value and what is allowed."""
        for error in self.validator.iter_errors(payload):
            raise _as_invalid_value(error)

    def violations(self, payload: Json) -> list[InvalidValueError]:
        """Return the first few things that are wrong with a payload."""
        errors = islice(self.validator.iter_errors(payload), MOST_VIOLATIONS)
        return [_as_invalid_value(error) for error in errors]


class Schemas:
    """The schemas of one OCPP version."""

    def __init__(self, version: OcppVersion) -> None:
        self.version = version
        self.requests: dict[str, MessageSchema] = {}
        self.responses: dict[str, MessageSchema] = {}
        for path in sorted(_folder(version).glob("*.json")):
            self._load(path)
        self.by_charge_point = BY_CHARGE_POINT[version]
        self.by_csms = frozenset(self.requests) - (self.by_charge_point - BOTH_WAYS)
        self._by_folded_name = {name.casefold(): name for name in self.by_charge_point}

    def action_like(self, name: str) -> str | None:
        """Return the charge point's action that is spelled like this but for case."""
        folded = name.strip().casefold()
        return self._by_folded_name.get(folded) or self._by_folded_name.get(
            folded.removesuffix("request").removesuffix(".req")
        )

    def _load(self, path: Path) -> None:
        schema = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
        if path.stem.endswith("Response"):
            self.responses[path.stem.removesuffix("Response")] = _compile(schema)
            return
        action = path.stem.removesuffix("Request")
        if action in BY_CHARGE_POINT[self.version]:
            self.requests[action] = _compile(schema)
        else:
            self.requests[action] = _compile(schema, formats={"date-time": _is_time})


@cache
def schemas_of(version: OcppVersion) -> Schemas:
    """Return the schemas of a version, compiled once for all servers of the process."""
    return Schemas(version)


def _folder(version: OcppVersion) -> Path:
    return Path(ocpp.__file__).parent / _FOLDERS[version] / "schemas"


def _compile(
    schema: dict[str, Any], formats: dict[str, Callable[[str], bool]] | None = None
) -> MessageSchema:
    validator = jsonschema_rs.validator_for(schema, validate_formats=True, formats=formats)
    return MessageSchema(validator.is_valid, validator, shape_of(schema))


def _is_time(text: str) -> bool:
    """Operators may write times in any way that can be understood."""
    return parse_iso_time(text) is not None


def _as_invalid_value(error: jsonschema_rs.ValidationError) -> InvalidValueError:
    detail = error.kind.as_dict()
    path = [str(part) for part in error.instance_path]
    value: Json = error.instance
    match error.kind.name:
        case "additionalProperties":
            name = detail["unexpected"][0]
            path.append(name)
            value = value[name]
            allowed = "no such field, the schema has none"
        case "required":
            path.append(detail["property"])
            value = None
            allowed = "a value, the field is required"
        case "type":
            allowed = " or ".join(detail["types"])
        case "enum":
            allowed = "one of " + ", ".join(str(option) for option in detail["options"])
        case "maxLength":
            allowed = f"at most {detail['limit']} characters"
        case "format":
            allowed = f"a {detail['format']}"
        case _:
            allowed = error.message
    return InvalidValueError(".".join(path) or "payload", value, allowed)
