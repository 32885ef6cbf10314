"""Chargers' answers to our calls: CALLRESULT and CALLERROR, however broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from csms.gateway import frames
from csms.gateway.frames import Json


@dataclass(frozen=True, slots=True)
class Result:
    message_id: Json
    payload: dict[str, Any]
    repairs: tuple[str, ...] = ()
    """What had to be done to read it."""


@dataclass(frozen=True, slots=True)
class Error:
    message_id: Json
    code: str
    description: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer whose id could be read, or not even that (None)."""

    message_id: Json
    why: str


def read_answer(text: bytes, max_depth: int) -> Result | Error | Broken:
    """Read a frame that starts like an answer; never raises."""
    try:
        frame = frames.parse(text, max_depth)
    except frames.UnreadableFrameError as error:
        head = frames.recover_head(text)
        return Broken(head.message_id if head is not None else None, str(error))
    answer = answer_of(frame)
    if isinstance(frame, frames.MendedFrame) and isinstance(answer, Result):
        return replace(answer, repairs=(frame.repair,))
    return answer


def answer_of(frame: Json) -> Result | Error | Broken:
    """Return what a parsed frame answers."""
    match _straightened(frame):
        case [frames.CALL_RESULT, message_id, dict(payload), *_]:
            return Result(message_id, payload)
        case [frames.CALL_RESULT, message_id] | [
            frames.CALL_RESULT,
            message_id,
            None | [] | "",
            *_,
        ]:
            return Result(message_id, {})
        case [frames.CALL_ERROR, message_id, *rest]:
            return read_error(message_id, rest)
        case [_, message_id, *_]:
            return Broken(message_id, "the payload is no object")
    return Broken(None, "no OCPP-J frame")


def read_error(message_id: Json, rest: list[Json]) -> Error:
    """Read what follows the id; errors come with parts missing, null, or of the wrong type."""
    code, description, details = [*rest, None, None, None][:3]
    return Error(
        message_id,
        str(code or "GenericError"),
        "" if description is None else str(description),
        details if isinstance(details, dict) else {},
    )


def _straightened(frame: Json) -> Json:
    """Return a frame whose type or payload may have been written as a text."""
    match frame:
        case [str(message_type), *rest] if message_type.strip() in ("3", "4"):
            return _straightened([int(message_type), *rest])
        case [frames.CALL_RESULT, message_id, str(payload), *rest] if payload.lstrip()[:1] == "{":
            try:
                return [frames.CALL_RESULT, message_id, orjson.loads(payload), *rest]
            except orjson.JSONDecodeError:
                return frame
    return frame
