"""Reading bodies and queries: every mistake is found at once, with what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Generic, TypeAlias, TypeVar

import jsonschema_rs
import msgspec
from jsonschema_rs import ValidationErrorKind
from msgspec import Struct
from multidict import MultiMapping

from csms.api.fields import PATTERN_WORDS
from csms.api.problems import FieldError, Problem, field_error, invalid

T = TypeVar("T", bound=Struct)
Schema: TypeAlias = Mapping[str, Any]

MAX_ERRORS: Final = 50
_PATH: Final = re.compile(r"at `\$\.([^`]+)`$")
"""Where msgspec found a mistake."""


class Shape(Generic[T]):
    """A struct type with its compiled schema."""

    def __init__(self, type_: type[T]) -> None:
        self._type = type_
        self._schema: Schema = with_numbers(msgspec.json.schema(type_))
        self._validator = jsonschema_rs.validator_for(dict(self._schema), validate_formats=True)

    @property
    def properties(self) -> Mapping[str, Schema]:
        """The schemas of the struct's own fields."""
        found: Mapping[str, Schema] = self._resolve(self._schema).get("properties", {})
        return found

    def inlined(self) -> Mapping[str, Schema]:
        """Return the schemas of the struct's fields, complete in themselves."""
        return {name: self._inline(schema) for name, schema in self.properties.items()}

    def read(self, value: object, *, status: int = 422) -> T:
        """Return the value as the struct.

        Raises Problem with `status` and one error for each thing that is wrong.
        """
        errors: dict[str, FieldError] = {}  # one for each field, however much is wrong with it
        for error in self._validator.iter_errors(value):
            for found in self._explain(error):
                errors.setdefault(found.field, found)
        if errors:
            raise invalid(list(errors.values())[:MAX_ERRORS], status)
        try:
            return self._in_utc(msgspec.convert(self._with_integers(value), self._type), status)
        except msgspec.ValidationError as error:
            # formats that are right in form but can't exist, such as a leap second
            path = _PATH.search(str(error))
            raise self._impossible(path[1] if path else "body", value, status) from error

    def read_query(self, query: MultiMapping[str]) -> T:
        """Return a query string as the struct; raises Problem 400."""
        value: dict[str, object] = {}
        for name in dict.fromkeys(query):
            kinds = _kinds(self.properties.get(name, {}))
            texts = query.getall(name)
            if "array" in kinds:
                value[name] = texts
            elif len(texts) > 1:
                error = field_error(name, texts, "to be given once")
                raise invalid([error], 400)
            else:
                value[name] = _from_text(texts[0], kinds)
        return self.read(value, status=400)

    def read_path(self, name: str, text: str) -> T:
        """Return one part of a path as the struct's only field; raises Problem."""
        return self.read({name: _from_text(text, _kinds(self.properties[name]))})

    def _in_utc(self, value: T, status: int) -> T:
        called = value.__struct_encode_fields__
        for name, field in zip(value.__struct_fields__, called, strict=True):
            held = getattr(value, name)
            if isinstance(held, datetime):
                try:
                    setattr(value, name, held.astimezone(UTC))
                except OverflowError as error:  # in UTC it is another year, which there is not
                    raise self._impossible(field, {field: held.isoformat()}, status) from error
        return value

    def _impossible(self, name: str, value: object, status: int) -> Problem:
        shown = value.get(name) if isinstance(value, dict) else None
        return invalid([field_error(name, shown, describe(self._at(name.split("."))))], status)

    def _with_integers(self, value: object) -> object:
        """JSON has one kind of number: 2.0 is an integer there."""
        if not isinstance(value, dict):
            return value
        whole = {
            name: int(held)
            for name, held in value.items()
            if isinstance(held, float)
            and held.is_integer()
            and "integer" in _kinds(self.properties.get(name, {}))
        }
        return value | whole

    def _explain(self, error: jsonschema_rs.ValidationError) -> Iterator[FieldError]:
        kind = error.kind
        path = list(error.instance_path)
        schema = self._at(path)
        if isinstance(kind, ValidationErrorKind.AdditionalProperties):
            known = sorted(_fields(schema))
            for name in kind.unexpected:
                yield field_error(_name([*path, name]), None, _nearest(name, known))
        elif isinstance(kind, ValidationErrorKind.Required):
            missing = str(kind.property)
            allowed = describe(self._inline(_fields(schema).get(missing, {})))
            yield field_error(_name([*path, missing]), None, f"{allowed} (required)")
        elif isinstance(kind, ValidationErrorKind.AnyOf) and (meant := _meant(kind, path)):
            for inner in meant:
                yield from self._explain(inner)
        else:
            yield field_error(_name(path), error.instance, describe(schema))

    def _resolve(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if reference is None:
            return schema
        found: Schema = self._schema["$defs"][str(reference).rsplit("/", 1)[-1]]
        return found

    def _inline(self, schema: Schema) -> Schema:
        found = {key: held for key, held in schema.items() if key != "$ref"}
        if "$ref" in schema:
            found = {**self._resolve(schema), **found}
        if "anyOf" in found:
            found["anyOf"] = [self._inline(option) for option in found["anyOf"]]
        return found

    def _at(self, path: Sequence[str | int]) -> Schema:
        """Return the schema of what stands at a path, complete in itself."""
        schema = self._inline(self._schema)
        for step in path:
            if isinstance(step, int):
                found: Schema = next((o["items"] for o in _options(schema) if "items" in o), {})
            else:
                found = _fields(schema).get(step, {})
            schema = self._inline(found)
        return schema


def with_numbers(schema: Any) -> Any:
    """Return a schema in which decimals are JSON numbers, which are decimal by themselves."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {key: held for key, held in schema.items() if key != "format"} | {
                "type": "number"
            }
        return {key: with_numbers(held) for key, held in schema.items()}
    return [with_numbers(held) for held in schema] if isinstance(schema, list) else schema


def shape_of(type_: type[T]) -> Shape[T]:
    """Return the shape of a struct type, compiled once for all routes and servers."""
    return _compiled(type_)


@cache
def _compiled(type_: type[Struct]) -> Shape[Any]:
    return Shape(type_)


def _options(schema: Schema) -> list[Schema]:
    options: list[Schema] = schema.get("anyOf", [schema])
    return options


def _fields(schema: Schema) -> dict[str, Schema]:
    """Return the schemas of an object's fields, also if it may be null instead."""
    return {
        name: field
        for option in _options(schema)
        for name, field in option.get("properties", {}).items()
    }


def _meant(
    kind: ValidationErrorKind.AnyOf, path: list[str | int]
) -> list[jsonschema_rs.ValidationError]:
    """Return the errors of the options that the value has at least the type of."""
    return [
        error
        for branch in kind.context
        if not any(
            isinstance(e.kind, ValidationErrorKind.Type) and list(e.instance_path) == path
            for e in branch
        )
        for error in branch
    ]


def describe(schema: Schema) -> str:
    """Say in words what a schema allows."""
    if "anyOf" in schema:
        return ", or ".join(describe(option) for option in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in schema["enum"])
    kind = schema.get("type")
    if kind == "string":
        return _describe_text(schema)
    if kind in ("integer", "number"):
        return _describe_number(schema)
    if kind == "array":
        return _describe_list(schema)
    return {
        "null": "null",
        "boolean": "true or false",
        "object": "an object",
    }.get(str(kind), "another value")


def _describe_list(schema: Schema) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if most is not None:
        return f"a list of {least} to {most}"
    return f"a list of {least} or more" if least else "a list"


def _describe_text(schema: Schema) -> str:
    if schema.get("format") == "date-time":
        return "a time as RFC 3339 with a zone, such as 2026-01-31T12:00:00Z"
    if schema.get("format") == "date":
        return "a date that there is, such as 2026-01-31"
    text = "text"
    if "maxLength" in schema:
        text += f" of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if "pattern" in schema:
        text += f" {PATTERN_WORDS.get(schema['pattern'], 'like ' + schema['pattern'])}"
    return text


def _describe_number(schema: Schema) -> str:
    text = "a whole number" if schema["type"] == "integer" else "a number"
    if "exclusiveMinimum" in schema:
        text += f" above {schema['exclusiveMinimum']}"
    if "minimum" in schema:
        text += f" from {schema['minimum']}"
    if "maximum" in schema:
        text += f" up to {schema['maximum']}"
    if "exclusiveMaximum" in schema:
        text += f" to below {schema['exclusiveMaximum']}"
    return text


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"a known field; did you mean {near[0]}?"
    return f"a known field: {', '.join(known)}" if known else "no fields here"


def _kinds(schema: Schema) -> set[str]:
    return {str(option.get("type")) for option in _options(schema)}


def _from_text(text: str, kinds: set[str]) -> object:
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if kinds & {"integer", "number"} and text.isascii():
        try:
            return int(text) if "integer" in kinds else float(text)
        except ValueError:
            return text
    return text


def _name(path: list[str | int]) -> str:
    return ".".join(str(step) for step in path) or "body"
