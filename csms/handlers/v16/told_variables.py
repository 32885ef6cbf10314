"""Configuration keys that a charge point told or took, in the words of the device model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from csms.handlers.phrasebook import status_of
from csms.handlers.v16.configuration import read_configuration
from csms.handlers.v16.fields import KEY_MAX_LENGTH
from csms.services.records import VariableValue

READ_ONLY: Final = "ReadOnly"
READ_WRITE: Final = "ReadWrite"
_MUTABILITY: Final = {True: READ_ONLY, False: READ_WRITE}
_TAKEN: Final = frozenset({"accepted", "rebootrequired"})


def read_values(
    charge_point_key: int,
    action: str,
    payload: Mapping[str, Any],
    answer: dict[str, Any],
    received_at: datetime,
) -> Sequence[VariableValue]:
    """Return the keys of an answer to GetConfiguration, and the one that was changed."""
    if action == "GetConfiguration":
        return [
            VariableValue(
                charge_point_key,
                "",
                result["variable"][:KEY_MAX_LENGTH],
                result["value"],
                received_at,
                mutability=_MUTABILITY.get(result["readonly"]),
            )
            for result in read_configuration(answer, received_at).results
            if result["status"] == "Accepted"
        ]
    if action == "ChangeConfiguration" and status_of(answer).casefold() in _TAKEN:
        key, value = str(payload["key"]), str(payload["value"])
        return [VariableValue(charge_point_key, "", key, value, received_at, mutability=READ_WRITE)]
    return []
