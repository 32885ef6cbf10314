"""JSON schemas as a tree that can be walked along a payload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from csms.gateway.frames import Json


@dataclass(slots=True)
class Shape:
    """One node of a schema, references resolved.

    `name` is the definition it came from, empty for inline ones (all of 1.6).
    """

    type: str
    name: str = ""
    properties: dict[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    closed: bool = False
    items: Shape | None = None
    enum: tuple[Json, ...] = ()
    max_length: int | None = None
    min_items: int = 0
    format: str | None = None
    _by_folded_name: dict[str, str] | None = None
    _by_folded_enum: dict[str, Json] | None = None

    def property_like(self, name: str) -> str | None:
        """Return the property that is spelled like this but for case, spaces and dashes."""
        if self._by_folded_name is None:
            self._by_folded_name = {fold(known): known for known in self.properties}
        return self._by_folded_name.get(fold(name))

    def enum_like(self, text: str) -> Json | None:
        """Return the allowed value that is spelled like this but for case and punctuation."""
        if self._by_folded_enum is None:
            self._by_folded_enum = {fold(str(value)): value for value in self.enum}
        return self._by_folded_enum.get(fold(text))


def fold(text: str) -> str:
    """Reduce a word to its letters and digits, case folded."""
    return "".join(c for c in text if c.isalnum()).casefold()


def shape_of(schema: Mapping[str, Any]) -> Shape:
    """Build the tree of a schema as OCPP writes them: types, references, no alternatives."""
    return _Builder(schema.get("definitions", {})).build(schema, "")


class _Builder:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._built: dict[str, Shape] = {}

    def build(self, schema: Mapping[str, Any], name: str) -> Shape:
        reference = schema.get("$ref")
        if reference is not None:
            return self._referenced(reference.rpartition("/")[2])
        shape = Shape(schema.get("type", ""), name)
        if name:
            self._built[name] = shape
        shape.properties = {
            key: self.build(value, "") for key, value in schema.get("properties", {}).items()
        }
        shape.required = frozenset(schema.get("required", ()))
        shape.closed = schema.get("additionalProperties") is False
        items = schema.get("items")
        shape.items = self.build(items, "") if items is not None else None
        shape.enum = tuple(schema.get("enum", ()))
        shape.max_length = schema.get("maxLength")
        shape.min_items = schema.get("minItems", 0)
        shape.format = schema.get("format")
        return shape

    def _referenced(self, name: str) -> Shape:
        known = self._built.get(name)
        return known if known is not None else self.build(self._definitions[name], name)


def ordered(shape: Shape | None, value: Json) -> Json:
    """Return a payload with all keys in the schema's order; unknown keys last, as they came."""
    if shape is None:
        return value
    if isinstance(value, Mapping):
        known = {
            key: ordered(child, value[key])
            for key, child in shape.properties.items()
            if key in value
        }
        if len(known) == len(value):
            return known
        return known | {key: item for key, item in value.items() if key not in known}
    if isinstance(value, list | tuple):
        return [ordered(shape.items, item) for item in value]
    return value
