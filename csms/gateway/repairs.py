"""Named repairs of what chargers get wrong, driven by the schema; run only after it refused.

One walk along the schema's tree mends what can be mended and names what can't. A broken part that
the schema does not demand is left out, so that the rest can be used; where leaving it out would
change the meaning of the rest (a unit, a measurand), it stays as the charger wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import jsonschema_rs
import orjson

from csms.gateway.frames import Json
from csms.gateway.placement import lone, placed, wrapped
from csms.gateway.shapes import Shape, fold
from csms.gateway.vocabulary import (
    CATCH_ALL,
    MAY_BE_BLANK,
    MEANINGFUL,
    REGISTERS,
    default_of,
    is_blank,
    is_free_text,
    meant_word,
)
from csms.handlers.contract import Refusal
from csms.handlers.numbers import read_float
from csms.services.clocks import parse_time

LONGEST_WORD: Final = 1024
"""Texts that should be short (ids, names) are kept up to here, never cut to the schema's length."""
LONGEST_TEXT: Final = 65_536
"""Texts that may be long (certificates, signed readings, free data) are kept up to here."""

LARGEST: Final = 2**63 - 1
"""No meter, clock or counter is beyond; no database column either."""

_STRICT_TIME: Final = jsonschema_rs.validator_for(
    {"type": "string", "format": "date-time"}, validate_formats=True
)
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, slots=True)
class Violation:
    """What stays wrong: where, and how OCPP calls it."""

    path: str
    refusal: Refusal
    description: str


class _BrokenError(Exception):
    """A part that cannot be used."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.description)
        self.violation = violation


@dataclass(slots=True)
class Mending:
    """The result: a payload to go on with, what was done to it, and what is still wrong."""

    payload: dict[str, Any]
    repairs: list[str] = field(default_factory=list)
    violation: Violation | None = None


def mend(
    shape: Shape,
    payload: dict[str, Any],
    *,
    received_at: str,
    whole: bool = False,
    open_words: bool = False,
) -> Mending:
    """Mend a payload that breaks its schema.

    `received_at` stands in for a missing timestamp. `whole` leaves nothing out: for answers, of
    which whoever asked wants to see everything. `open_words` lets words through that the schema
    does not list, for versions that go on growing. The result's `violation` is the first demanded
    field that could not be mended; its payload then still holds all the others, mended.
    """
    walk = _Walk(received_at, whole=whole, open_words=open_words)
    mended = walk.top(shape, payload)
    return Mending(mended, sorted(set(walk.repairs)), walk.violation)


class _Walk:
    def __init__(self, received_at: str, *, whole: bool, open_words: bool) -> None:
        self._received_at = received_at
        self._whole = whole
        self._open_words = open_words
        self.repairs: list[str] = []
        self.violation: Violation | None = None

    def top(self, shape: Shape, payload: dict[str, Any]) -> dict[str, Any]:
        """Mend the message itself: what is demanded and broken is noted, not left out."""
        return self._object(shape, payload, "", top=True)

    def _note(self, repair: str) -> None:
        self.repairs.append(repair)

    def _value(self, shape: Shape, value: Json, path: str) -> Json:
        """Return the value in the schema's type. Raises _BrokenError."""
        match shape.type:
            case "object":
                return self._object(shape, self._unwrapped(shape, value, path), path)
            case "array":
                return self._array(shape, value, path)
            case "string":
                free = is_free_text(shape) and not path.endswith(".value")  # not of a reading
                if free and not self._whole and isinstance(value, list | dict):
                    self._note("number_as_text")
                    return orjson.dumps(value).decode()
                return self._string(shape, self._alone(value), path)
            case "integer" | "number":
                return self._number(shape, self._alone(value), path)
            case "boolean":
                return self._boolean(self._alone(value), path)
        return value

    def _alone(self, value: Json) -> Json:
        """Return a single value without a list or an object around it."""
        if self._whole or not isinstance(value, list | dict):
            return value
        inner = lone(value)
        if inner is value or isinstance(inner, list | dict):
            return value
        self._note("unwrapped")
        return inner

    # -- objects and lists

    def _object(
        self, shape: Shape, value: dict[str, Any], path: str, *, top: bool = False
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        properties, repairs = placed(shape, value, whole=self._whole)
        self.repairs += repairs
        for key, item in properties.items():
            child = shape.properties.get(key)
            if child is None:
                result[key] = item
                continue
            where = f"{path}.{key}" if path else key
            try:
                result[key] = self._value(child, item, where)
            except _BrokenError as broken:
                self._broken_property(shape, key, item, broken.violation, result, top=top)
        self._supply_missing(shape, result, path, top=top)
        return result

    def _broken_property(
        self,
        shape: Shape,
        key: str,
        item: Json,
        violation: Violation,
        result: dict[str, Any],
        *,
        top: bool,
    ) -> None:
        if self._whole or key in MEANINGFUL or (key == "value" and not top):
            self._note("kept_as_sent")
            result[key] = item
        elif key in shape.required and self._stands_in(shape, key, item, result):
            return
        elif key not in shape.required:
            self._note("placeholder" if is_blank(item) else "broken_part")
        elif top:
            self.violation = self.violation or violation
            result[key] = item
        else:
            raise _BrokenError(violation)

    def _stands_in(self, shape: Shape, key: str, item: Json, result: dict[str, Any]) -> bool:
        """Put something usable in the place of a demanded property that is broken."""
        if shape.properties[key].format == "date-time":
            self._note("unreadable_time")
            result[key] = item  # whoever reads it takes its arrival, and keeps these words
        elif (default := default_of(shape, key)) is not None:
            self._note("placeholder" if is_blank(item) else "unknown_word")
            result[key] = default
        elif item is None and key in MAY_BE_BLANK:
            self._note("placeholder")
            result[key] = ""
        else:
            return False
        return True

    def _supply_missing(
        self, shape: Shape, result: dict[str, Any], path: str, *, top: bool
    ) -> None:
        says_something = bool(result)
        for key in sorted(shape.required - result.keys()):
            where = f"{path}.{key}" if path else key
            default = self._default_of(shape, key) if says_something else None
            if default is not None and not self._whole:
                self._note("missing_field")
                result[key] = default
                continue
            violation = Violation(
                where, Refusal.OCCURRENCE_CONSTRAINT_VIOLATION, f"{where} is missing"
            )
            if not top:
                raise _BrokenError(violation)
            self.violation = self.violation or violation

    def _default_of(self, shape: Shape, key: str) -> str | int | None:
        """Return what stands in for a demanded property that was not sent, if anything may."""
        default = default_of(shape, key)
        if default is not None:
            return default
        child = shape.properties.get(key)
        if child is not None and child.format == "date-time":
            return self._received_at
        return "" if key in MAY_BE_BLANK else None

    def _unwrapped(self, shape: Shape, value: Json, path: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            self._note("unwrapped")
            return value[0]
        stands_for = None if self._whole else wrapped(shape, lone(value))
        if stands_for is not None:
            self._note("wrapped")
            return stands_for
        raise _wrong_type(path, "an object", value)

    def _array(self, shape: Shape, value: Json, path: str) -> list[Json]:
        if value is None:
            raise _wrong_type(path, "a list", value)
        if not isinstance(value, list):
            self._note("wrapped")
            value = [value]
        if shape.items is None:
            return list(value)
        result: list[Json] = []
        for index, item in enumerate(value):
            try:
                result.append(self._value(shape.items, item, f"{path}.{index}"))
            except _BrokenError:
                if self._whole:
                    result.append(item)
                self._note("broken_part")
        if value and not result:
            raise _BrokenError(
                Violation(
                    path, Refusal.PROPERTY_CONSTRAINT_VIOLATION, f"nothing in {path} can be used"
                )
            )
        if len(result) < shape.min_items:
            self._note("empty_list")
        return result

    # -- single values

    def _string(self, shape: Shape, value: Json, path: str) -> str:
        text = self._as_text(value, path)
        if shape.enum:
            return self._enum(shape, text, path)
        if shape.format == "date-time":
            return self._time(text, path)
        if shape.max_length is not None and len(text) > shape.max_length:
            return self._shortened(text, shape.max_length)
        return text

    def _as_text(self, value: Json, path: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            self._note("number_as_text")
            return "true" if value else "false"
        if isinstance(value, int | float) and math.isfinite(value):
            self._note("number_as_text")
            return str(value)
        raise _wrong_type(path, "a text", value)

    def _enum(self, shape: Shape, text: str, path: str) -> str:
        if text in shape.enum:
            return text
        folded = fold(text)
        known = meant_word(shape, text)
        if known is not None:
            self._note("spelling")
            return str(known)
        if folded and self._open_words and len(text) <= LONGEST_WORD:
            self._note("unknown_word")
            return text
        if folded:
            for catch_all in CATCH_ALL:
                if catch_all in shape.enum:
                    self._note("unknown_word")
                    return catch_all
        raise _BrokenError(
            Violation(
                path,
                Refusal.PROPERTY_CONSTRAINT_VIOLATION,
                f"{path}: {text[:50]!r} is not one of {', '.join(map(str, shape.enum))}",
            )
        )

    def _time(self, text: str, path: str) -> str:
        if parse_time(text) is None:
            raise _BrokenError(
                Violation(
                    path, Refusal.PROPERTY_CONSTRAINT_VIOLATION, f"{path}: {text[:50]!r} is no time"
                )
            )
        if not _STRICT_TIME.is_valid(text):
            self._note("time_format")
        return text

    def _shortened(self, text: str, max_length: int) -> str:
        printable = "".join(c for c in text if c.isprintable() or c in "\r\n\t").strip()
        if len(printable) < len(text):
            self._note("control_characters")
        if len(printable) <= max_length:
            return printable
        self._note("too_long")
        return printable[: LONGEST_WORD if max_length <= 255 else LONGEST_TEXT]

    def _number(self, shape: Shape, value: Json, path: str) -> int | float:
        integer = shape.type == "integer"
        if isinstance(value, bool):
            self._note("text_as_number")
            return int(value)
        if isinstance(value, str):
            value = self._read_number(value, path)
        if isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:  # NaN neither
            raise _wrong_type(path, "a number of 64 bits", value)
        if isinstance(value, int):
            return value
        if isinstance(value, float):
            if not integer:
                return value
            self._note("fraction")
            exact = value != round(value) and path in REGISTERS
            return value if exact else round(value)
        raise _wrong_type(path, "a whole number" if integer else "a number", value)

    def _read_number(self, text: str, path: str) -> int | float:
        for read in _NUMBER_READERS:
            try:
                number = read(text.strip())
            except ValueError:
                continue
            self._note("text_as_number")
            return number
        respelled = read_float(text)
        if respelled is not None:
            self._note("text_as_number")
            return respelled
        raise _wrong_type(path, "a number", text)

    def _boolean(self, value: Json, path: str) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).strip().casefold() if isinstance(value, str | int) else ""
        if word in _TRUE or word in _FALSE:
            self._note("text_as_boolean")
            return word in _TRUE
        raise _wrong_type(path, "true or false", value)


_NUMBER_READERS: Final[tuple[Callable[[str], int | float], ...]] = (int, float)


def _wrong_type(path: str, wanted: str, value: Json) -> _BrokenError:
    shown = repr(value)[:50]
    return _BrokenError(
        Violation(
            path, Refusal.TYPE_CONSTRAINT_VIOLATION, f"{path} must be {wanted}, it is {shown}"
        )
    )
