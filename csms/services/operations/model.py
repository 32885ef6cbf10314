"""A long operation of a charge point: what was asked, how far it is, what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    FIRMWARE_UPDATE = "firmware_update"
    FIRMWARE_PUBLICATION = "firmware_publication"
    LOG = "log"
    CUSTOMER_INFORMATION = "customer_information"
    DISPLAY_MESSAGES = "display_messages"


class State(StrEnum):
    """How far an operation is, in words that are the same for every kind and OCPP version."""

    REQUESTED = "requested"
    """Being sent."""
    UNDELIVERED = "undelivered"
    """No answer came; the charge point may have heard it nevertheless."""
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Given up by the charge point, in favour of a newer one as a rule."""
    TIMED_OUT = "timed_out"


OPEN: Final = frozenset({State.REQUESTED, State.ACCEPTED, State.RUNNING})
"""Something is still to come, or the deadline passes."""
MAX_STATUSES: Final = 50
"""Statuses kept of one operation, the newest."""
PATIENCE: Final = {
    Kind.FIRMWARE_UPDATE: timedelta(hours=2),
    Kind.FIRMWARE_PUBLICATION: timedelta(hours=2),
    Kind.LOG: timedelta(hours=1),
    Kind.CUSTOMER_INFORMATION: timedelta(minutes=5),
    Kind.DISPLAY_MESSAGES: timedelta(minutes=5),
}
"""How long a charge point may say nothing more about an operation."""


@dataclass(slots=True, kw_only=True)
class Operation:
    """`request` is what was asked, `result` what came of it, both as the kind has it."""

    id: int
    kind: Kind
    charge_point_key: int
    charge_point_id: str
    request_id: int
    """Our number for it, by which the charge point speaks of it where OCPP lets it."""
    state: State
    request: dict[str, Any]
    created_by: str
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    """If nothing is heard until then, it has timed out."""
    status: str | None = None
    """The charge point's own last word."""
    reason: str | None = None
    result: dict[str, Any] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    finished_at: datetime | None = None
    firmware_id: int | None = None
    campaign_id: int | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def heard(self, status: str, at: datetime) -> None:
        """Note a status; what it means is judged elsewhere."""
        self.status = status
        self.statuses.append({"status": status, "at": at.isoformat()})
        del self.statuses[:-MAX_STATUSES]
        self.extend(at)

    def extend(self, at: datetime) -> None:
        self.updated_at = at
        self.deadline_at = max(self.deadline_at, at + PATIENCE[self.kind])

    def become(self, state: State, at: datetime, reason: str | None = None) -> None:
        """Enter a state; the reason of an earlier one is forgotten."""
        self.state = state
        self.reason = reason
        self.updated_at = at
        self.finished_at = None if self.is_open else at


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOperation:
    kind: Kind
    charge_point_key: int
    charge_point_id: str
    request_id: int
    request: dict[str, Any]
    created_by: str
    created_at: datetime
    deadline_at: datetime
    result: dict[str, Any] = field(default_factory=dict)
    firmware_id: int | None = None
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a report; `data` is what the charge point told in it."""

    seq_no: int
    is_last: bool
    data: Any
