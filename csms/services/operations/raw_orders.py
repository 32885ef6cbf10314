"""Orders that begin an operation though no verb sent them: recognised by what they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from csms.services.commands import Read
from csms.services.operations.model import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOrder:
    """What an order asks for, in the words of the desk; `read` reads the answer to it."""

    kind: Kind
    request: Mapping[str, Any]
    read: Read
    request_id: int | None = None
    """None where the message has no place for a number."""
    not_before: datetime | None = None


class RawOrderReader(Protocol):
    """Returns the order in a message, None if it begins nothing or can't be read."""

    def __call__(self, action: str, payload: Mapping[str, Any], /) -> RawOrder | None: ...


class Heard:
    """What a charge point said to an order, once it did."""

    def __init__(self) -> None:
        self.response: dict[str, Any] | None = None

    def answered(self, response: dict[str, Any]) -> None:
        self.response = response
