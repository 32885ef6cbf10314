"""Payloads that are nearly what a schema asks for, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from csms.gateway.shapes import Shape

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def values_for(shape: Shape) -> st.SearchStrategy[Any]:
    """Values that are mostly as the shape says, and sometimes anything."""
    anything = json_values
    match shape.type:
        case "object":
            return objects_for(shape) | anything
        case "array" if shape.items is not None:
            return st.lists(values_for(shape.items), max_size=2) | anything
        case "string" if shape.enum:
            return st.sampled_from(shape.enum) | scalars
        case "integer" | "number":
            return st.integers(0, 10_000) | st.sampled_from(["7", "7.5", ""]) | scalars
    return scalars


def objects_for(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some of the shape's fields, most of them as they should be."""
    fields = {key: values_for(child) for key, child in shape.properties.items()}
    return st.fixed_dictionaries({}, optional=fields)
