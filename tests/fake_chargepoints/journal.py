"""The whole exchange of a link, in order, for assertions and readable failures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .frames import Call, Error, Frame, Payload, Result, ResultError

Direction = Literal["sent", "received"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One frame. `at_s` is the event loop's clock; `text` is what was on the wire."""

    direction: Direction
    at_s: float
    frame: Frame
    text: str

    def __str__(self) -> str:
        arrow = "->" if self.direction == "sent" else "<-"
        return f"{arrow} {self.text[:200]}"


class Journal:
    """Entries in the order in which they crossed the link.

    `limit` bounds the memory (the oldest entries go first); None keeps everything.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=limit)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def calls(self, direction: Direction, action: str | None = None) -> list[Call]:
        """The CALLs that went this way, optionally of one action."""
        return [
            entry.frame
            for entry in self._entries
            if entry.direction == direction
            and isinstance(entry.frame, Call)
            and action in (None, entry.frame.action)
        ]

    def answer_to(self, message_id: str) -> Payload | None:
        """The payload of the first CALLRESULT with this id, if any."""
        for entry in self._entries:
            if isinstance(entry.frame, Result) and entry.frame.message_id == message_id:
                return entry.frame.payload
        return None

    def errors(self, direction: Direction) -> list[Error]:
        """The CALLERRORs that went this way."""
        return [
            entry.frame
            for entry in self._entries
            if entry.direction == direction and isinstance(entry.frame, Error)
        ]

    def result_errors(self, direction: Direction) -> list[ResultError]:
        """The CALLRESULTERRORs that went this way."""
        return [
            entry.frame
            for entry in self._entries
            if entry.direction == direction and isinstance(entry.frame, ResultError)
        ]

    def __str__(self) -> str:
        return "\n".join(str(entry) for entry in self._entries)
