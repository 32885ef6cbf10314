"""A charger's CALL or SEND, straightened where its frame is not quite as OCPP-J says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from csms.gateway import frames
from csms.gateway.answers import Error, read_error
from csms.gateway.frames import Json
from csms.handlers.contract import Refusal


@dataclass(slots=True)
class IncomingCall:
    """A CALL on its way to its handler; `refusal` once it is clear that it won't get there.

    A SEND is one that is not `confirmed`: nobody answers it (OCPP-J 2.1, 4.2.4).
    """

    message_id: Json
    action: str
    payload: dict[str, Any]
    repairs: list[str] = field(default_factory=list)
    refusal: Refusal | None = None
    why: str = ""
    confirmed: bool = True

    def refuse(self, refusal: Refusal, why: str) -> None:
        self.refusal = refusal
        self.why = why


class Answer:
    """A frame that answers a call of ours."""


@dataclass(frozen=True, slots=True)
class ResultError:
    """A CALLRESULTERROR: the charger could not use an answer of ours (OCPP-J 2.1, 4.2.3)."""

    error: Error


@dataclass(frozen=True, slots=True)
class NoCall:
    """A frame that is neither a CALL nor an answer.

    `message_id` is None where it has none; `refusal` None where nothing is to be said.
    """

    why: str
    message_id: Json = None
    refusal: Refusal | None = Refusal.RPC_FRAMEWORK_ERROR


ANSWER: Final = Answer()

_ANSWER_TYPES: Final = (frames.CALL_RESULT, frames.CALL_ERROR)


def call_of(frame: Json, *, has_send: bool) -> IncomingCall | NoCall | Answer | ResultError:
    """Read a parsed frame leniently; `has_send` with the message types that OCPP-J 2.1 added."""
    if not isinstance(frame, list) or len(frame) < 2:
        return NoCall("not_a_frame")
    message_type, message_id, *rest = frame
    if isinstance(message_type, str) and message_type.strip().isdecimal():
        message_type = int(message_type)
    if message_type in _ANSWER_TYPES:
        return ANSWER
    if has_send and message_type == frames.CALL_RESULT_ERROR:
        return ResultError(read_error(message_id, rest))
    if message_type != frames.CALL and not (has_send and message_type == frames.SEND):
        return NoCall("unknown_message_type", message_id, Refusal.MESSAGE_TYPE_NOT_SUPPORTED)
    if not rest or not isinstance(rest[0], str):
        unanswered = None if message_type == frames.SEND else Refusal.RPC_FRAMEWORK_ERROR
        return NoCall("no_action", message_id, unanswered)
    call = IncomingCall(message_id, rest[0], {}, confirmed=message_type == frames.CALL)
    if isinstance(frame, frames.MendedFrame):
        call.repairs.append(frame.repair)
    if len(rest) > 2:
        call.repairs.append("extra_elements")
    _read_payload(call, rest[1] if len(rest) > 1 else None)
    return call


def _read_payload(call: IncomingCall, payload: Json) -> None:
    if isinstance(payload, str) and payload.lstrip().startswith("{"):
        try:
            payload = orjson.loads(payload)
        except orjson.JSONDecodeError:
            call.refuse(Refusal.FORMAT_VIOLATION, "the payload is a text")
            return
        call.repairs.append("payload_as_text")
    if isinstance(payload, list) and len(payload) == 1 and isinstance(payload[0], dict):
        call.repairs.append("unwrapped")
        payload = payload[0]
    if isinstance(payload, dict):
        call.payload = payload
    elif payload in (None, [], ""):
        call.repairs.append("no_payload")
    else:
        call.refuse(Refusal.FORMAT_VIOLATION, "the payload is no object")
