"""What the operations need of the store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from csms.services.operations.display import DisplayMessage
from csms.services.operations.model import Kind, NewOperation, Operation, Part


class HeldOperation(Protocol):
    """Operations of one charge point, locked until the block ends; what is saved is durable then.

    Raises DatabaseUnavailableError.
    """

    @property
    def found(self) -> Operation | None: ...

    async def others_open(self) -> Sequence[Operation]:
        """Return the other open operations of the same kind and charge point."""
        ...

    async def save(self, operation: Operation) -> None: ...

    async def add_part(self, part: Part) -> None:
        """Keep a part; a repeated one replaces the first."""
        ...

    async def parts(self) -> Sequence[Part]:
        """Return all parts in the order of their numbers."""
        ...


class OperationStore(Protocol):
    async def add(self, operation: NewOperation) -> Operation: ...

    def hold(self, operation_id: int) -> AbstractAsyncContextManager[HeldOperation]: ...

    def hold_requested(
        self, charge_point_key: int, kind: Kind, request_id: int | None
    ) -> AbstractAsyncContextManager[HeldOperation]:
        """Hold the operation with this request id, or without one the newest of its kind."""
        ...

    async def overdue(self, now: datetime) -> Sequence[Operation]:
        """Mark the open operations whose deadline has passed as timed out, and return them."""
        ...


class DisplayStore(Protocol):
    async def show(
        self, charge_point_key: int, messages: Sequence[DisplayMessage], at: datetime
    ) -> None:
        """Keep messages in the place of those with the same ids."""
        ...

    async def clear(self, charge_point_key: int, message_id: int) -> None: ...

    async def keep_only(self, charge_point_key: int, message_ids: Sequence[int]) -> None:
        """Forget all other messages of a charge point."""
        ...
