"""Reading settings into structs: a mistake names the field, its value and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from csms.errors import InvalidValueError

T = TypeVar("T", bound=Struct)

_PLACE: Final = re.compile(r"^(?P<why>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING: Final = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN: Final = re.compile(r"unknown field `([^`]+)`")
_SHOWN_CHARS: Final = 100


def converted(value: Mapping[str, Any], type_: type[T]) -> T:
    """Return the value as a struct. Raises InvalidValueError with the first mistake."""
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise _explained(str(error), value, type_) from None


def _explained(error: str, value: object, type_: Any) -> InvalidValueError:
    found = _PLACE.match(error)
    why, path = (found["why"], found["path"] or "") if found else (error, "")
    parts = [part for part in path.split(".") if part]
    if unknown := _UNKNOWN.search(why):
        return _no_such_field(unknown[1], parts, type_)
    if missing := _MISSING.search(why):
        parts.append(missing[1])
    held = _held(value, parts)
    shown = f"{held[:_SHOWN_CHARS]}..." if isinstance(held, str) and held[_SHOWN_CHARS:] else held
    return InvalidValueError(".".join(parts) or "settings", shown, _allowed(type_, parts) or why)


def _no_such_field(name: str, parts: list[str], type_: Any) -> InvalidValueError:
    """Say which fields there are; the value stays unsaid, for it may be a misplaced secret."""
    struct = _struct(_type_at(type_, parts))
    names = list(struct.__struct_fields__) if struct else []
    close = difflib.get_close_matches(name, names, n=1)
    allowed = f"{close[0]}?" if close else "one of " + ", ".join(names)
    return InvalidValueError(".".join(parts) or "settings", name, allowed)


def _held(value: object, parts: list[str]) -> object:
    for part in parts:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _allowed(type_: Any, parts: list[str]) -> str | None:
    """What a field's description says, None if it has none."""
    for alternative in _alternatives(_type_at(type_, parts)):
        for meta in getattr(alternative, "__metadata__", ()):
            if isinstance(meta, Meta) and meta.description:
                return meta.description
    return None


def _type_at(type_: Any, parts: list[str]) -> Any:
    """The annotation of a field inside of structs, None where there is no such field."""
    for part in parts:
        struct = _struct(type_)
        if struct is None:
            return None
        hint = get_type_hints(struct, include_extras=True).get(part)
        of = next((get_args(each) for each in _alternatives(type_) if get_args(each)), ())
        type_ = next((of[0] for each in _alternatives(hint) if isinstance(each, TypeVar)), hint)
    return type_


def _struct(type_: Any) -> type[Struct] | None:
    for alternative in _alternatives(type_):
        origin = get_origin(alternative) or alternative
        if isinstance(origin, type) and issubclass(origin, Struct):
            return origin
    return None


def _alternatives(type_: Any) -> Iterator[Any]:
    """The members of a union, or the type itself."""
    if get_origin(type_) in (Union, UnionType):
        yield from get_args(type_)
    else:
        yield type_
