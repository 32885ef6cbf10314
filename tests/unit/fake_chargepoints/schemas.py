"""Checks what the fakes send against the JSON schemas of the `ocpp` package."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import ocpp
import orjson

from .central_system import CentralSystem

schema_root = Path(ocpp.__file__).parent


@cache
def validator(version: str, action: str, answer: bool = False) -> Any:
    ending = "Response" if answer else ("" if version == "v16" else "Request")
    path = schema_root / version / "schemas" / f"{action}{ending}.json"
    return jsonschema_rs.validator_for(orjson.loads(path.read_bytes()))


def complaints(server: CentralSystem, version: str) -> list[str]:
    """Every message received so far that its schema refuses."""
    found = []
    for text in server.texts:
        frame = orjson.loads(text)
        if frame[0] == 2:
            check, payload, action = validator(version, frame[2]), frame[3], frame[2]
        elif frame[0] == 3:
            action = server.sent[frame[1]]
            check, payload = validator(version, action, answer=True), frame[2]
        else:
            found.append(f"CALLERROR {text}")
            continue
        found += [f"{action}: {error.message} in {payload}" for error in check.iter_errors(payload)]
    return found
