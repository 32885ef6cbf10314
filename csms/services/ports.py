"""What the services need of the rest of the world; the store and the gateway provide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from csms.model import OcppVersion, RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.id_token import IdTokenRecord
from csms.services.passwords import PasswordHashes
from csms.services.transactions.model import Transaction


class ChargePointStore(Protocol):
    async def load(self, charge_point_id: str) -> ChargePoint | None:
        """Return the charge point with its connectors, open and latest transactions.

        Identities are compared case-insensitively; the stored spelling is returned.
        """
        ...

    async def count_pending(self) -> int:
        """Count the charge points that wait for approval."""
        ...

    async def create(
        self, charge_point_id: str, status: RegistrationStatus, now: datetime
    ) -> ChargePoint:
        """Create a charge point, or return the one that another connection just created."""
        ...

    async def raise_security_profile(self, charge_point_id: str, profile: int) -> None:
        """Let nobody connect with less from now on; a higher one stays. Durable on return."""
        ...


class TransactionStore(Protocol):
    async def next_ids(self, count: int) -> Sequence[int]:
        """Reserve `count` transaction ids that no other node will use."""
        ...

    async def find(self, charge_point_key: int, ocpp_transaction_id: str) -> Transaction | None:
        """Return the newest transaction the charge point calls by this id."""
        ...

    async def open_ids(self, id_token: str) -> Sequence[int]:
        """Return the ids of a token's open transactions over all charge points, save refused."""
        ...


class HeldTransactions(Protocol):
    """Whoever wants to know which charge points' transactions are in memory."""

    def loaded(self, charge_point: ChargePoint) -> None: ...

    def dropped(self, charge_point: ChargePoint) -> None: ...


class OpenTransactionCount(Protocol):
    async def count(self, id_token: str, except_id: int | None = None) -> int:
        """Count the open transactions of a token over all charge points, one left out."""
        ...


class IdTokenStore(Protocol):
    async def find(self, id_token: str) -> IdTokenRecord | None: ...


class PasswordStore(Protocol):
    async def password_hashes(self, charge_point_id: str) -> PasswordHashes:
        """Return what lets a charge point in."""
        ...

    async def password_taken(self, charge_point_id: str, password_hash: str) -> bool:
        """Make one that was sent the present one; what was sent later stays as it is.

        Returns whether it was still among those that were sent. Durable on return.
        """
        ...


class PasswordKeeper(PasswordStore, Protocol):
    async def password_sent(self, charge_point_id: str, password_hash: str) -> None:
        """Let one more password in, beside the present one; durable on return."""
        ...

    async def password_refused(self, charge_point_id: str, password_hash: str) -> None:
        """Forget one that was sent; durable on return."""
        ...


class Link(Protocol):
    """A live connection to a charge point."""

    @property
    def charge_point(self) -> ChargePoint: ...

    @property
    def version(self) -> OcppVersion: ...

    async def call(
        self, action: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """Send a CALL and return the CALLRESULT's payload: a FaultyAnswer if it breaks its schema.

        Raises InvalidValueError (payload breaks the schema), TooManyCommandsError,
        CommandTimeoutError, CommandNotSentError, ConnectionLostError, CommandRefusedError.
        """
        ...


class Links(Protocol):
    def get(self, charge_point_id: str) -> Link | None:
        """Return the newest live connection of a charge point, or None."""
        ...
