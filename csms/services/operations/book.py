"""The book of operations: what was asked of charge points that takes them time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from csms.clock import Clock
from csms.errors import (
    CommandError,
    CommandRefusedError,
    InvalidValueError,
    NotFoundError,
    NotSupportedError,
)
from csms.events import Events, OperationChanged
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.commanding import CommandService
from csms.services.commands import Command, CommandAnswer
from csms.services.operations.display import MAX_MESSAGES, DisplayMessage
from csms.services.operations.judging import IDLE, judge_status, judge_version
from csms.services.operations.model import (
    PATIENCE,
    Kind,
    NewOperation,
    Operation,
    Part,
    State,
)
from csms.services.operations.ports import DisplayStore, HeldOperation, OperationStore
from csms.services.operations.raw_orders import Heard, RawOrderReader
from csms.services.ports import Link

REQUEST_ID_MAX: Final = 2**31 - 1
MAX_PARTS: Final = 1000
"""Parts of one report that are kept."""
SUPERSEDED: Final = "a newer one took its place"


def new_request_id() -> int:
    """Make a number that no other operation of the charge point is likely to have."""
    return secrets.randbelow(REQUEST_ID_MAX) + 1


class OperationBook:
    """`commands` is set once there are connections: who sends them needs the services first.

    `readers` know an order by the message that carries it.
    """

    def __init__(
        self,
        store: OperationStore,
        display: DisplayStore,
        events: Events,
        clock: Clock,
        readers: Mapping[OcppVersion, RawOrderReader] | None = None,
    ) -> None:
        self._store = store
        self._display = display
        self._events = events
        self._clock = clock
        self._readers = readers or {}
        self.commands: CommandService | None = None

    # -- asking

    async def begin(
        self,
        charge_point: ChargePoint,
        kind: Kind,
        request: Mapping[str, Any],
        created_by: str,
        *,
        request_id: int | None = None,
        not_before: datetime | None = None,
        result: Mapping[str, Any] | None = None,
        firmware_id: int | None = None,
        campaign_id: int | None = None,
    ) -> Operation:
        """Enter an operation; `not_before` is when the charge point may begin at the earliest.

        Without a `request_id` it gets one.
        """
        now = self._clock.now()
        start = max(now, not_before or now)
        return await self._store.add(
            NewOperation(
                kind=kind,
                charge_point_key=charge_point.key,
                charge_point_id=charge_point.id,
                request_id=new_request_id() if request_id is None else request_id,
                request=dict(request),
                created_by=created_by,
                created_at=now,
                deadline_at=start + PATIENCE[kind],
                result=dict(result or {}),
                firmware_id=firmware_id,
                campaign_id=campaign_id,
            )
        )

    async def send(
        self, operation: Operation, command: Command, timeout_s: float | None = None
    ) -> tuple[Operation, CommandAnswer]:
        """Send the command of an operation and note the answer, or that there was none.

        Raises what `CommandService.execute` raises; the operation tells of that as well.
        """
        assert self.commands is not None, "operations are asked for before anything is connected"
        async with self._sending(operation):
            answer = await self.commands.execute(operation.charge_point_id, command, timeout_s)
        return await self._answered(operation.id, answer), answer

    @asynccontextmanager
    async def following(
        self, link: Link | None, action: str, payload: Mapping[str, Any], created_by: str
    ) -> AsyncIterator[Heard]:
        """Enter what a message begins that no verb sends; other messages pass untouched.

        That is done before it is sent: the charge point may tell of it before its answer is read.
        """
        heard = Heard()
        order = self._readers[link.version](action, payload) if link else None
        if link is None or order is None:
            yield heard
            return
        is_update = order.kind is Kind.FIRMWARE_UPDATE
        operation = await self.begin(
            link.charge_point,
            order.kind,
            order.request,
            created_by,
            request_id=order.request_id,
            not_before=order.not_before,
            result={"version_before": link.charge_point.firmware_version} if is_update else None,
        )
        async with self._sending(operation):
            yield heard
        if heard.response is not None:
            await self._answered(operation.id, order.read(heard.response, self._clock.now()))

    @asynccontextmanager
    async def _sending(self, operation: Operation) -> AsyncIterator[None]:
        """Note what an order fails with while it is sent, and pass it on."""
        try:
            yield
        except (CommandRefusedError, NotSupportedError, InvalidValueError) as error:
            await self._not_sent(operation.id, State.REJECTED, str(error))
            raise
        except CommandError as error:
            await self._not_sent(operation.id, State.UNDELIVERED, str(error))
            raise

    async def _not_sent(self, operation_id: int, state: State, why: str) -> None:
        """Note that there was no yes; what the charge point has begun nevertheless goes on."""

        def note(operation: Operation, at: datetime) -> None:
            if operation.state is State.REQUESTED:
                operation.become(state, at, why)

        await self._change(operation_id, note)

    async def _answered(self, operation_id: int, answer: CommandAnswer) -> Operation:
        now = self._clock.now()
        async with self._store.hold(operation_id) as held:
            operation = _there(held, operation_id)
            for result in answer.results:
                operation.result |= result
            if operation.state is not State.REQUESTED:
                pass  # the charge point has begun before it answered
            elif answer.accepted:
                operation.status = answer.status
                operation.become(State.ACCEPTED, now)
                operation.extend(now)
            else:
                operation.status = answer.status
                operation.become(*_state_after_no(operation, answer, now))
            superseded = await self._supersede(held, operation, now) if answer.accepted else []
            await held.save(operation)
        if _shows_nothing(operation):
            await self._display.keep_only(operation.charge_point_key, [])
        for each in (*superseded, operation):
            self._tell(each)
        return operation

    async def _supersede(
        self, held: HeldOperation, operation: Operation, now: datetime
    ) -> list[Operation]:
        """Close what a charge point has given up: it does one of these at a time."""
        if operation.kind not in (Kind.FIRMWARE_UPDATE, Kind.LOG):
            return []
        others = [each for each in await held.others_open() if each.id < operation.id]
        for other in others:
            other.become(State.CANCELLED, now, SUPERSEDED)
            await held.save(other)
        return others

    # -- hearing

    async def told(
        self,
        charge_point: ChargePoint,
        kind: Kind,
        status: str | None,
        request_id: int | None,
        received_at: datetime,
        **result: Any,
    ) -> None:
        """Take a status in (durable on return); without a request id it is the newest's."""
        if status is None or status.casefold() == IDLE:
            return
        async with self._store.hold_requested(charge_point.key, kind, request_id) as held:
            operation = held.found
            if operation is None:
                return
            judge_status(operation, status, received_at)
            operation.result |= result
            if kind is Kind.FIRMWARE_UPDATE:
                booted_at = charge_point.last_boot_at
                judge_version(operation, charge_point.firmware_version, booted_at, received_at)
            await held.save(operation)
        self._tell(operation)

    async def booted(self, charge_point: ChargePoint, booted_at: datetime) -> None:
        """Look at the firmware that runs after a boot."""
        version = charge_point.firmware_version
        kind = Kind.FIRMWARE_UPDATE
        async with self._store.hold_requested(charge_point.key, kind, None) as held:
            operation = held.found
            if operation is None or not judge_version(operation, version, booted_at, booted_at):
                return
            await held.save(operation)
        self._tell(operation)

    async def customer_told(
        self, charge_point: ChargePoint, request_id: int | None, part: Part, received_at: datetime
    ) -> bool:
        """Keep a part of what is known of a customer; False if nobody asked for it."""
        kind = Kind.CUSTOMER_INFORMATION
        if request_id is None:
            return False
        async with self._store.hold_requested(charge_point.key, kind, request_id) as held:
            operation = held.found
            if operation is None or part.seq_no >= MAX_PARTS:
                return False
            await held.add_part(part)
            operation.extend(received_at)
            if is_whole([(each.seq_no, each.is_last) for each in await held.parts()]):
                operation.become(State.SUCCEEDED, received_at)
            elif operation.state is not State.SUCCEEDED:
                operation.become(State.RUNNING, received_at)
            await held.save(operation)
        self._tell(operation)
        return True

    async def display_told(
        self,
        charge_point: ChargePoint,
        request_id: int | None,
        messages: list[DisplayMessage],
        received_at: datetime,
        *,
        is_last: bool,
    ) -> None:
        """Keep what a display shows; after the last part of all messages, it shows no others."""
        messages = messages[:MAX_MESSAGES]
        await self._display.show(charge_point.key, messages, received_at)
        if request_id is None:
            return
        kind = Kind.DISPLAY_MESSAGES
        async with self._store.hold_requested(charge_point.key, kind, request_id) as held:
            operation = held.found
            if operation is None:
                return
            told = operation.result.setdefault("message_ids", [])
            told += [each.message_id for each in messages if each.message_id not in told]
            del told[MAX_MESSAGES:]
            operation.extend(received_at)
            operation.become(State.SUCCEEDED if is_last else State.RUNNING, received_at)
            await held.save(operation)
        if is_last and operation.request.get("all"):
            await self._display.keep_only(charge_point.key, told)
        self._tell(operation)

    async def uploaded(self, operation_id: int, file: Mapping[str, Any]) -> None:
        """Note the file that came to the built-in endpoint; that is the proof of success."""

        def note(operation: Operation, at: datetime) -> None:
            operation.result |= file
            operation.become(State.SUCCEEDED, at)

        await self._change(operation_id, note)

    async def find(self, operation_id: int) -> Operation | None:
        """Return an operation as it is now."""
        async with self._store.hold(operation_id) as held:
            return held.found

    # -- waiting

    async def expire(self) -> None:
        """Close what nothing was heard of for too long."""
        for operation in await self._store.overdue(self._clock.now()):
            self._tell(operation)

    async def _change(
        self, operation_id: int, change: Callable[[Operation, datetime], None]
    ) -> None:
        async with self._store.hold(operation_id) as held:
            operation = _there(held, operation_id)
            change(operation, self._clock.now())
            await held.save(operation)
        self._tell(operation)

    def _tell(self, operation: Operation) -> None:
        self._events.publish(
            OperationChanged(
                at=operation.updated_at,
                charge_point_id=operation.charge_point_id,
                operation_id=operation.id,
                kind=operation.kind.value,
                state=operation.state.value,
                status=operation.status,
                reason=operation.reason,
                campaign_id=operation.campaign_id,
            )
        )


def is_whole(parts: list[tuple[int, bool]]) -> bool:
    """Whether parts (number, is the last) in order are all there is; they count from 0."""
    last = [number for number, is_last in parts if is_last]
    return bool(last) and [number for number, _ in parts] == list(range(last[-1] + 1))


def _there(held: HeldOperation, operation_id: int) -> Operation:
    """Raises NotFoundError: its charge point was deleted meanwhile."""
    if held.found is None:
        raise NotFoundError("operation", operation_id)
    return held.found


def _state_after_no(
    operation: Operation, answer: CommandAnswer, now: datetime
) -> tuple[State, datetime, str | None]:
    """A display without messages answers Unknown, and that is all there is to tell (O03)."""
    if operation.kind is Kind.DISPLAY_MESSAGES and answer.status == "Unknown":
        return State.SUCCEEDED, now, "it has no such message"
    return State.REJECTED, now, _reason(answer)


def _shows_nothing(operation: Operation) -> bool:
    """Whether all messages were asked for and there was none."""
    is_list = operation.kind is Kind.DISPLAY_MESSAGES and operation.request.get("all") is True
    return is_list and operation.status == "Unknown"


def _reason(answer: CommandAnswer) -> str:
    info = answer.response.get("statusInfo")
    told = info if isinstance(info, dict) else {}
    parts = (told.get("reasonCode"), told.get("additionalInfo"))
    return ": ".join([f"the charge point says {answer.status}", *(str(p) for p in parts if p)])
