"""OCPP-J frames: reading what chargers send, writing what they expect.

A CALL is `[2, id, action, payload]`, a CALLRESULT `[3, id, payload]`, a CALLERROR
`[4, id, code, description, details]` (OCPP-J 1.6 and 2.0.1, 4.2). OCPP-J 2.1 adds the
CALLRESULTERROR, which is a CALLERROR of type 5 about a CALLRESULT, and the SEND, which is a CALL of
type 6 that nobody answers. Message ids are echoed as they came, whatever they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from csms.gateway import loose_json

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4
CALL_RESULT_ERROR: Final = 5
SEND: Final = 6

MAX_DESCRIPTION: Final = 255
"""Characters of a CALLERROR's description (OCPP-J 2.0.1, 4.2.3)."""
UNREADABLE_ID: Final = "-1"
"""The id of an answer to a message whose own id cannot be read (OCPP-J 2.0.1, 4.2.3)."""

MAX_LENIENT_BYTES: Final = 262_144
"""Longer frames must be JSON as it should be: leniency costs time."""

Json: TypeAlias = Any

_CLOSERS: Final = {"[": "]", "{": "}"}
_TOKENS: Final = re.compile(r'"(?:[^"\\]|\\[\s\S])*"?|[\[\]{},]')
"""Whole texts and brackets; a text without an end reaches to the end, so time stays linear."""
_BRACKETS: Final = re.compile(r"[\[\]{}]")

_HEAD: Final = re.compile(
    rb'\s*\[\s*"?(?P<type>[2-6])"?\s*,\s*'
    rb'(?P<id>"(?:[^"\\\x00-\x1f]|\\.){0,255}"|-?\d{1,20})\s*'
    rb'(?:,\s*"(?P<action>[A-Za-z0-9]{1,64})")?'
)
_NUMBER_ID: Final = re.compile(
    rb'\s*\[\s*"?\d(?:\.0)?"?\s*,\s*(?P<id>-?(?:0|[1-9]\d{0,299})(?:\.\d{1,99})?(?:[eE][+-]?\d{1,3})?)'
    rb"\s*,"
)
_PADDING: Final = b"\x00\xef\xbb\xbf \t\r\n"


class UnreadableFrameError(Exception):
    """Text that is no JSON, or nested too deeply."""


class MendedFrame(list[Json]):
    """A frame that was not written as JSON demands; `repair` names what was done to read it."""

    def __init__(self, repair: str, elements: Iterable[Json]) -> None:
        super().__init__(elements)
        self.repair = repair


@dataclass(frozen=True, slots=True)
class Head:
    """What could be saved of a broken frame."""

    type: int
    message_id: Json
    action: str | None


def parse(data: bytes, max_depth: int) -> Json:
    """Read a frame; one that had to be mended is a MendedFrame.

    Raises UnreadableFrameError if it is no JSON or nested deeper than `max_depth`.
    """
    try:
        frame = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _parse_leniently(data, max_depth, str(error))
    if data.count(b"[") + data.count(b"{") > max_depth and depth(frame) > max_depth:
        raise UnreadableFrameError(f"nested deeper than {max_depth} levels")
    if b"\\u0000" in data:
        return _storable(frame)
    return frame


def _parse_leniently(data: bytes, max_depth: int, why: str) -> Json:
    """Read what strict JSON forbids: padding, control characters, NaN, bad UTF-8, slips."""
    if len(data) > MAX_LENIENT_BYTES:
        raise UnreadableFrameError(why)
    text = data.strip(_PADDING).decode("utf-8", "replace")
    if _is_deeper(text, max_depth):
        raise UnreadableFrameError(f"nested deeper than {max_depth} levels")
    try:
        frame = json.loads(text, strict=False, parse_int=_int_of)
    except ValueError:
        frame = _parse_tidied(text, why)
    frame = _storable(frame)
    return MendedFrame("loose_json", frame) if isinstance(frame, list) else frame


def _parse_tidied(text: str, why: str) -> Json:
    meant = loose_json.tidied(text)
    if meant is None:
        raise UnreadableFrameError(why)
    try:
        return json.loads(meant, strict=False, parse_int=_int_of)
    except ValueError:
        raise UnreadableFrameError(why) from None


def separated(data: bytes) -> list[bytes]:
    """Return the frames that a charger wrote into one message, or what came if it is one."""
    if len(data) > MAX_LENIENT_BYTES:
        return [data]
    parts = loose_json.documents(data.decode("utf-8", "replace"))
    return [part.encode() for part in parts] if len(parts) > 1 else [data]


def _int_of(digits: str) -> int | float:
    """Read an integer as the strict parser does: beyond 64 bits it is a float."""
    number = int(digits) if len(digits) <= 20 else float(digits)
    return number if -(2**63) <= number < 2**64 else float(number)


def _storable(value: Json) -> Json:
    """Return the value without what no database takes: NUL and half characters."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def _is_deeper(text: str, max_depth: int) -> bool:
    """Whether brackets nest deeper, those inside of texts included."""
    level = 0
    for match in _BRACKETS.finditer(text):
        level += 1 if match[0] in "[{" else -1
        if level > max_depth:
            return True
    return False


def depth(value: Json) -> int:
    """Return how deeply a parsed JSON value is nested; a scalar is 0 deep."""
    deepest = 0
    pending = [(value, 1)]
    while pending:
        item, level = pending.pop()
        if isinstance(item, dict):
            children = item.values()
        elif isinstance(item, list):
            children = item  # type: ignore[assignment] # both are iterables of values
        else:
            continue
        deepest = max(deepest, level)
        pending.extend((child, level + 1) for child in children)
    return deepest


def recover_head(data: bytes) -> Head | None:
    """Read type, id and action from the start of a truncated or malformed frame."""
    match = _HEAD.match(data.lstrip(_PADDING))
    if match is None:
        return None
    try:
        message_id = orjson.loads(match["id"])
    except orjson.JSONDecodeError:
        return None
    action = match["action"]
    return Head(int(match["type"]), message_id, action.decode() if action else None)


def completed(data: bytes, max_depth: int) -> MendedFrame | None:
    """Return what a frame held that was cut off, up to its last whole value; None if nothing.

    Some firmware writes long messages into a buffer that is too short.
    """
    if len(data) > MAX_LENIENT_BYTES:
        return None
    text = data.strip(_PADDING).decode("utf-8", "replace")
    end, open_brackets = _last_whole_value(text, max_depth)
    if end == 0:
        return None
    closers = "".join(_CLOSERS[bracket] for bracket in reversed(open_brackets))
    try:
        frame = parse((text[:end] + closers).encode(), max_depth)
    except UnreadableFrameError:
        return None
    return MendedFrame("truncated", frame) if isinstance(frame, list) else None


def _last_whole_value(text: str, max_depth: int) -> tuple[int, tuple[str, ...]]:
    """Return where the last whole value ends, and the brackets that are open there."""
    open_brackets: tuple[str, ...] = ()
    end, open_there = 0, open_brackets
    for match in _TOKENS.finditer(text):
        mark = match[0]
        if mark in _CLOSERS:
            open_brackets += (mark,)
            if len(open_brackets) > max_depth:
                break
        elif mark in "]}":
            if not open_brackets or _CLOSERS[open_brackets[-1]] != mark:
                break
            open_brackets = open_brackets[:-1]
            end, open_there = match.end(), open_brackets
        elif mark == ",":
            end, open_there = match.start(), open_brackets
    return end, open_there


def number_as_sent(data: bytes, number: float) -> orjson.Fragment | float:
    """Return a message id that is a number in the charger's own digits, however many."""
    match = _NUMBER_ID.match(data.lstrip(_PADDING))
    return number if match is None else orjson.Fragment(match["id"])


def call(message_id: str, action: str, payload: Json) -> bytes:
    return orjson.dumps([CALL, message_id, action, payload])


def call_result(message_id: Json, payload: Json) -> bytes:
    return orjson.dumps([CALL_RESULT, message_id, payload])


def call_error(message_id: Json, code: str, description: str) -> bytes:
    return orjson.dumps([CALL_ERROR, message_id, code, description[:MAX_DESCRIPTION], {}])


def call_result_error(message_id: Json, code: str, description: str) -> bytes:
    return orjson.dumps([CALL_RESULT_ERROR, message_id, code, description[:MAX_DESCRIPTION], {}])
