"""Operations and displays without a disk: provides the stores of `csms.services.operations`."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime

from csms.services.operations.display import DisplayMessage
from csms.services.operations.model import Kind, NewOperation, Operation, Part, State


@dataclass(slots=True)
class HeldInMemory:
    store: OperationsInMemory
    found: Operation | None

    async def others_open(self) -> Sequence[Operation]:
        found = self.found
        return [
            copy.deepcopy(each)
            for each in self.store.operations.values()
            if found is not None
            and each.is_open
            and each.id != found.id
            and (each.charge_point_key, each.kind) == (found.charge_point_key, found.kind)
        ]

    async def save(self, operation: Operation) -> None:
        self.store.operations[operation.id] = copy.deepcopy(operation)

    async def add_part(self, part: Part) -> None:
        if self.found is not None:
            self.store.parts.setdefault(self.found.id, {})[part.seq_no] = part

    async def parts(self) -> Sequence[Part]:
        known = self.store.parts.get(self.found.id, {}) if self.found is not None else {}
        return [known[number] for number in sorted(known)]


@dataclass(slots=True)
class OperationsInMemory:
    operations: dict[int, Operation] = field(default_factory=dict)
    parts: dict[int, dict[int, Part]] = field(default_factory=dict)

    async def add(self, operation: NewOperation) -> Operation:
        number = len(self.operations) + 1
        made = Operation(
            id=number,
            state=State.REQUESTED,
            updated_at=operation.created_at,
            **asdict(operation),
        )
        self.operations[number] = copy.deepcopy(made)
        return made

    @asynccontextmanager
    async def hold(self, operation_id: int) -> AsyncIterator[HeldInMemory]:
        yield HeldInMemory(self, copy.deepcopy(self.operations.get(operation_id)))

    @asynccontextmanager
    async def hold_requested(
        self, charge_point_key: int, kind: Kind, request_id: int | None
    ) -> AsyncIterator[HeldInMemory]:
        fitting = [
            each
            for each in self.operations.values()
            if (each.charge_point_key, each.kind) == (charge_point_key, kind)
            and (each.request_id == request_id if request_id else each.state is not State.REJECTED)
        ]
        yield HeldInMemory(self, copy.deepcopy(fitting[-1]) if fitting else None)

    async def overdue(self, now: datetime) -> Sequence[Operation]:
        late = [each for each in self.operations.values() if each.is_open]
        late = [each for each in late if each.deadline_at < now]
        for each in late:
            each.become(State.TIMED_OUT, now, "nothing was heard of it in time")
        return copy.deepcopy(late)


@dataclass(slots=True)
class DisplaysInMemory:
    shown: dict[tuple[int, int], DisplayMessage] = field(default_factory=dict)

    async def show(
        self, charge_point_key: int, messages: Sequence[DisplayMessage], at: datetime
    ) -> None:
        self.shown |= {(charge_point_key, each.message_id): each for each in messages}

    async def clear(self, charge_point_key: int, message_id: int) -> None:
        self.shown.pop((charge_point_key, message_id), None)

    async def keep_only(self, charge_point_key: int, message_ids: Sequence[int]) -> None:
        for key in list(self.shown):
            if key[0] == charge_point_key and key[1] not in message_ids:
                del self.shown[key]
