"""Where contract certificates of cars come from (M01, M02)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from csms.errors import CsmsError


class ContractAction(StrEnum):
    INSTALL = "Install"
    UPDATE = "Update"


class ContractPoolError(CsmsError):
    """The pool has no certificate for this car, or does not answer; says why."""


@dataclass(frozen=True, slots=True)
class ContractRequest:
    """What a car asks for, as it wrote it."""

    action: ContractAction
    schema_version: str
    """Of ISO 15118, such as urn:iso:15118:2:2013:MsgDef."""
    exi_request: str
    """EXI in base64."""


class ContractPool(Protocol):
    """A pool of contract certificates, as VDE-AR-E 2802-100-1 describes them.

    It reads the car's request and has the answer made; both pass through unread.
    """

    async def answer(self, request: ContractRequest) -> str:
        """Return the answer for the car (EXI in base64). Raises ContractPoolError."""
        ...
