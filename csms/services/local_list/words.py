"""What local authorization lists are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from csms.model import Authorization, AuthorizationStatus

MAX_VERSION: Final = 2**31 - 1
MAY_CHARGE: Final = Authorization(AuthorizationStatus.ACCEPTED)


class UpdateType(StrEnum):
    FULL = "Full"
    DIFFERENTIAL = "Differential"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An id token and what a charge point is to say of it while nobody else can."""

    id_token: str
    type: str
    authorization: Authorization = MAY_CHARGE


@dataclass(frozen=True, slots=True)
class SentList:
    """A list, or a change of one, that a charge point took."""

    version: int
    update_type: UpdateType
    put: tuple[ListEntry, ...] = ()
    removed: tuple[ListEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """What a charge point says it holds; 0: no list, -1: it can't hold one (1.6)."""

    version: int


@dataclass(frozen=True, slots=True)
class UnknownList:
    """A charge point took a list of a version beyond 32 bits: what it made of it, nobody knows."""


ListNews: TypeAlias = SentList | ToldVersion | UnknownList


@dataclass(frozen=True, slots=True)
class VariableKey:
    """Where a charge point tells one of its limits; without a component it is a 1.6 key."""

    component: str
    variable: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the lists of one OCPP version can hold, and how charge points tell their limits."""

    token_chars: int
    types: frozenset[str] | None
    """Kinds of id tokens that it knows; None: it tells no kinds apart."""
    has_master_pass: bool
    """Whether a charge point knows a token that may only end transactions."""
    most_items: VariableKey
    """Entries in one message."""
    most_entries: VariableKey
    """Entries in the list."""
    most_bytes: VariableKey | None
    """Bytes of one message."""
    as_told: Callable[[ListEntry], ListEntry]
    """What of an entry arrives at a charge point."""
    size_bytes: Callable[[ListEntry], int]
    """How long an entry is on the wire."""


@dataclass(frozen=True, slots=True)
class ListLimits:
    """What a charge point can take, None where it told nothing."""

    items_per_message: int | None = None
    bytes_per_message: int | None = None
    entries: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An id token in good standing that may charge at a charge point."""

    entry: ListEntry
    master_pass: bool


@dataclass(frozen=True, slots=True)
class KnownList:
    """What is known of the list that a charge point holds."""

    version: int | None = None
    """Of the last update that it took."""
    entries: dict[str, ListEntry] | None = None
    """By id token; None: nobody knows what it holds."""
    told_version: int | None = None
    """What it last said itself."""
    told_at: datetime | None = None
    sent_at: datetime | None = None
    state: str | None = None
    """How the last synchronisation ended."""
    reason: str | None = None
    settled_at: datetime | None = None
