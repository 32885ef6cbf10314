"""Right messages of a version, made up from its schemas; what mutations begin with."""

from __future__ import annotations

import random
from typing import Any

from csms.gateway.schemas import schemas_of
from csms.gateway.shapes import Shape
from csms.model import OcppVersion

MAX_ITEMS = 3
WORDS = ("CARD-1", "Vendor", "1", "0", "tx-1", "L1", "é", "A" * 20, "00ff", "2.5")
TIMES = ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123+02:00", "2019-12-31T23:59:59Z")
NUMBERS = (0, 1, 2, 7, 16, 230, 4_000)
CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6
CODES = ("FormatViolation", "InternalError", "GenericError", "x" * 300)
STREAM = "NotifyPeriodicEventStream"
RESULT_ERRORS, SENDS = 0.03, 0.05
"""How many frames of 2.1 are errors about our answers, and how many other calls want no answer."""
ERRORS, STRANGE_ANSWERS = 0.2, 0.3
WITNESS_WH = 700_000_000


def random_frame(version: OcppVersion, chance: random.Random) -> list[Any]:
    """Return a frame of the charge point that is right in form: mostly a CALL.

    OCPP 2.1 has two more types: SEND for values of streams, and CALLRESULTERROR.
    """
    message_id = f"{chance.getrandbits(64):x}"
    is_newest = version is OcppVersion.V21
    if is_newest and chance.random() < RESULT_ERRORS:
        return [CALL_RESULT_ERROR, message_id, chance.choice(CODES), "no use", {"why": "fuzz"}]
    action, payload = _random_call(version, chance)
    is_send = is_newest and (action == STREAM or chance.random() < SENDS)
    return [SEND if is_send else CALL, message_id, action, payload]


def random_answer(
    version: OcppVersion, message_id: str, action: str, chance: random.Random
) -> list[Any]:
    """Return an answer to a call of the server: right in form, of another action, or an error."""
    schemas = schemas_of(version)
    if chance.random() < ERRORS:
        return [CALL_ERROR, message_id, chance.choice(CODES), "", {}]
    if chance.random() < STRANGE_ANSWERS:
        action = chance.choice(sorted(schemas.responses))
    answer = schemas.responses[action]
    return [CALL_RESULT, message_id, _value(answer.shape, chance, depth=0)]


def witness(version: OcppVersion, number: int) -> list[Any]:
    """Return a flawless frame with a reading that no other frame has: it must be stored."""
    value: Any = WITNESS_WH + number
    report: dict[str, Any] = {"connectorId": 1}
    if version is OcppVersion.V16:
        value = str(value)
    else:
        report = {"evseId": 1}
    report["meterValue"] = [{"timestamp": TIMES[0], "sampledValue": [{"value": value}]}]
    return [CALL, f"witness-{number}", "MeterValues", report]


def _random_call(version: OcppVersion, chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Return an action of the charge point and a payload that is right in form."""
    schemas = schemas_of(version)
    action = chance.choice(sorted(schemas.by_charge_point))
    payload: dict[str, Any] = _value(schemas.requests[action].shape, chance, depth=0)
    return action, payload


def _value(shape: Shape | None, chance: random.Random, depth: int) -> Any:
    if shape is None:
        return chance.choice(WORDS)
    if shape.enum:
        return chance.choice(shape.enum)
    if shape.type == "object":
        return _object(shape, chance, depth)
    if shape.type == "array":
        number = chance.randint(max(1, shape.min_items), MAX_ITEMS)
        return [_value(shape.items, chance, depth + 1) for _ in range(number)]
    if shape.type in ("integer", "number"):
        return chance.choice(NUMBERS)
    if shape.type == "boolean":
        return chance.random() < 0.5
    return chance.choice(TIMES if shape.format == "date-time" else WORDS)


def _object(shape: Shape, chance: random.Random, depth: int) -> dict[str, Any]:
    """Everything that is required, and less of what is optional the deeper it lies."""
    return {
        name: _value(inner, chance, depth + 1)
        for name, inner in shape.properties.items()
        if name in shape.required or chance.random() < 0.5 / (1 + depth)
    }
