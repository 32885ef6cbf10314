"""Every error that crosses a room's border.

CsmsError
├── InvalidValueError          a field holds what it may not hold
├── NotFoundError              the thing asked for does not exist
├── RecordRefusedError         PostgreSQL refused a record for what it holds
├── ConflictError              it exists already, or is in a state that forbids this
├── DatabaseUnavailableError   the database does not answer; asking again later may help
└── CommandError               a command to a charge point did not succeed
    ├── NotConnectedError      the charge point has no live connection
    ├── NotAcceptedError       its registration forbids asking it this
    ├── CommandTimeoutError    no answer in time
    ├── CommandNotSentError    no time was left for an answer when its turn came
    ├── ConnectionLostError    the connection ended before the answer
    ├── TooManyCommandsError   the charge point's queue of commands is full
    ├── CommandRefusedError    the charge point answered with a CALLERROR
    └── NotSupportedError      the charge point's OCPP version has no such command
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CsmsError(Exception):
    """Base of all errors a caller is expected to handle."""


class InvalidValueError(CsmsError):
    """A value that is not allowed; says which field, what it held and what is allowed."""

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}: {value!r} is not allowed; expected {allowed}")
        self.field = field
        self.value = value
        self.allowed = allowed


class NotFoundError(CsmsError):
    def __init__(self, kind: str, identifier: object) -> None:
        super().__init__(f"there is no {kind} {identifier!r}")
        self.kind = kind
        self.identifier = identifier


class ConflictError(CsmsError):
    pass


class DatabaseUnavailableError(CsmsError):
    def __init__(self, why: str) -> None:
        super().__init__(f"the database does not answer: {why}")


class RecordRefusedError(CsmsError):
    """PostgreSQL refused a record for what it holds; trying again won't help."""


class CommandError(CsmsError):
    """A command that a charge point did not carry out."""

    def __init__(self, charge_point_id: str, message: str) -> None:
        super().__init__(f"{charge_point_id}: {message}")
        self.charge_point_id = charge_point_id


class NotConnectedError(CommandError):
    def __init__(self, charge_point_id: str) -> None:
        super().__init__(charge_point_id, "not connected")


class NotAcceptedError(CommandError):
    """Nothing was sent: the charge point's registration forbids it."""

    def __init__(self, charge_point_id: str, action: str, registration_status: str) -> None:
        super().__init__(
            charge_point_id,
            f"its registration is {registration_status}, so {action} may not be sent; "
            "accept it first",
        )
        self.action = action
        self.registration_status = registration_status


class CommandTimeoutError(CommandError):
    def __init__(self, charge_point_id: str, action: str, timeout_s: float) -> None:
        super().__init__(charge_point_id, f"no answer to {action} within {timeout_s:g} s")


class CommandNotSentError(CommandError):
    """The charge point never got it; asking again is safe."""

    def __init__(self, charge_point_id: str, action: str, timeout_s: float) -> None:
        super().__init__(
            charge_point_id,
            f"{action} was never sent: the commands before it left too little of its "
            f"{timeout_s:g} s for an answer",
        )


class ConnectionLostError(CommandError):
    def __init__(self, charge_point_id: str, action: str) -> None:
        super().__init__(charge_point_id, f"the connection ended before {action} was answered")


class TooManyCommandsError(CommandError):
    def __init__(self, charge_point_id: str, limit: int) -> None:
        super().__init__(charge_point_id, f"{limit} commands are waiting already")


class CommandRefusedError(CommandError):
    """The charge point's CALLERROR, as it sent it."""

    def __init__(
        self,
        charge_point_id: str,
        code: str,
        description: str,
        details: Mapping[str, Any],
    ) -> None:
        super().__init__(charge_point_id, f"{code}: {description}")
        self.code = code
        self.description = description
        self.details = details


class NotSupportedError(CommandError):
    def __init__(self, charge_point_id: str, command: str, version: str) -> None:
        super().__init__(charge_point_id, f"{version} has no {command}")
