"""What a list should hold, what is to be changed, and in which messages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from csms.services.local_list.words import (
    MAX_VERSION,
    Candidate,
    Dialect,
    ListEntry,
    ListLimits,
    SentList,
    UpdateType,
)

MOST_ENTRIES: Final = 10_000
"""In a list of a charge point that told no limit of its own."""
USUAL_ITEMS: Final = 20
"""In a message to a charge point that told no limit: nearly all take so many."""
FRAME_BYTES: Final = 200
"""What a message has around its entries."""


@dataclass(frozen=True, slots=True)
class WantedList:
    """The entries that a charge point should hold, by id token, and how many had to stay out."""

    entries: dict[str, ListEntry]
    not_in_version: int = 0
    """Tokens that the charge point's OCPP version can't put into a list."""
    no_room: int = 0
    """Tokens beyond what the charge point can hold."""


def wanted_list(
    candidates: Sequence[Candidate], dialect: Dialect, limits: ListLimits
) -> WantedList:
    """Choose the entries of a list; `candidates` come in the order of their importance."""
    fitting = [dialect.as_told(each.entry) for each in candidates if _fits(each, dialect)]
    room = MOST_ENTRIES if limits.entries is None else min(limits.entries, MOST_ENTRIES)
    chosen = {entry.id_token: entry for entry in fitting[:room]}
    return WantedList(
        chosen,
        not_in_version=len(candidates) - len(fitting),
        no_room=max(0, len(fitting) - room),
    )


def _fits(candidate: Candidate, dialect: Dialect) -> bool:
    entry = candidate.entry
    if len(entry.id_token) > dialect.token_chars:
        return False
    if dialect.types is not None and entry.type not in dialect.types:
        return False
    # a charge point that does not know master passes would let one start (C16.FR.03)
    return dialect.has_master_pass or not candidate.master_pass


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes one list another."""

    added: tuple[ListEntry, ...] = ()
    changed: tuple[ListEntry, ...] = ()
    removed: tuple[ListEntry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def difference(held: Mapping[str, ListEntry], wanted: Mapping[str, ListEntry]) -> Changes:
    """Return the changes that make what is held what is wanted."""
    return Changes(
        added=tuple(entry for name, entry in wanted.items() if name not in held),
        changed=tuple(entry for name, entry in wanted.items() if held.get(name, entry) != entry),
        removed=tuple(entry for name, entry in held.items() if name not in wanted),
    )


def full_update(
    wanted: Iterable[ListEntry], after: int, dialect: Dialect, limits: ListLimits
) -> list[SentList]:
    """Return the messages that replace a list, the rest of a long one as changes (D01.FR.11)."""
    chunks = list(_chunks(wanted, dialect, limits)) or [()]
    version = after if after + len(chunks) <= MAX_VERSION else 0
    return [
        SentList(
            version + number, UpdateType.DIFFERENTIAL if number > 1 else UpdateType.FULL, chunk
        )
        for number, chunk in enumerate(chunks, 1)
    ]


def changing_update(
    changes: Changes, after: int, dialect: Dialect, limits: ListLimits
) -> list[SentList]:
    """Return the messages that change a list; removals go first, to make room.

    Each message puts or removes, with a version above the one before (D01.FR.19).
    """
    out = list(_chunks(changes.removed, dialect, limits))
    into = list(_chunks((*changes.changed, *changes.added), dialect, limits))
    updates = [(chunk, True) for chunk in out] + [(chunk, False) for chunk in into]
    return [
        SentList(
            after + number,
            UpdateType.DIFFERENTIAL,
            () if leaves else chunk,
            chunk if leaves else (),
        )
        for number, (chunk, leaves) in enumerate(updates, 1)
    ]


def _chunks(
    entries: Iterable[ListEntry], dialect: Dialect, limits: ListLimits
) -> Iterator[tuple[ListEntry, ...]]:
    most_items = limits.items_per_message or USUAL_ITEMS
    most_bytes = limits.bytes_per_message
    chunk: list[ListEntry] = []
    size = FRAME_BYTES
    for entry in entries:
        length = dialect.size_bytes(entry)
        is_long = most_bytes is not None and size + length > most_bytes
        if chunk and (len(chunk) == most_items or is_long):
            yield tuple(chunk)
            chunk, size = [], FRAME_BYTES
        chunk.append(entry)
        size += length
    if chunk:
        yield tuple(chunk)
