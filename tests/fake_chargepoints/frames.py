"""OCPP-J frames: what a charge point puts on the wire and reads from it.

CALL is ``[2, id, action, payload]``, CALLRESULT ``[3, id, payload]``, CALLERROR
``[4, id, code, description, details]``. OCPP 2.1 adds SEND, a CALL of type 6 without an answer, and
CALLRESULTERROR, a CALLERROR of type 5 about a CALLRESULT. The order of keys in a payload is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A request in either direction."""

    message_id: str
    action: str
    payload: Payload

    def encode(self) -> str:
        return encode([2, self.message_id, self.action, self.payload])


@dataclass(frozen=True, slots=True)
class Result:
    """The positive answer to the CALL with the same id."""

    message_id: str
    payload: Payload

    def encode(self) -> str:
        return encode([3, self.message_id, self.payload])


@dataclass(frozen=True, slots=True)
class Error:
    """The negative answer to the CALL with the same id."""

    message_id: str
    code: str
    description: str
    details: Payload

    def encode(self) -> str:
        return encode([4, self.message_id, self.code, self.description, self.details])


@dataclass(frozen=True, slots=True)
class ResultError:
    """The other side could not use our CALLRESULT with the same id."""

    message_id: str
    code: str
    description: str
    details: Payload

    def encode(self) -> str:
        return encode([5, self.message_id, self.code, self.description, self.details])


@dataclass(frozen=True, slots=True)
class Send:
    """A message that gets no answer."""

    message_id: str
    action: str
    payload: Payload

    def encode(self) -> str:
        return encode([6, self.message_id, self.action, self.payload])


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Text that is no OCPP-J frame."""

    reason: str


Frame = Call | Result | Error | ResultError | Send | Unreadable


def encode(frame: list[Any]) -> str:
    """The frame as compact JSON."""
    return orjson.dumps(frame).decode()


def decode(text: str | bytes) -> Frame:
    """The frame in this text; never raises, what cannot be read becomes `Unreadable`."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Unreadable(f"no JSON: {error}")
    match frame:
        case [2, str(message_id), str(action), dict(payload)]:
            return Call(message_id, action, payload)
        case [3, str(message_id), dict(payload)]:
            return Result(message_id, payload)
        case [4, str(message_id), str(code), str(description), dict(details)]:
            return Error(message_id, code, description, details)
        case [5, str(message_id), str(code), str(description), dict(details)]:
            return ResultError(message_id, code, description, details)
        case [6, str(message_id), str(action), dict(payload)]:
            return Send(message_id, action, payload)
    return Unreadable(f"no OCPP-J frame: {str(frame)[:80]}")
