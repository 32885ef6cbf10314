"""Commands to charge points: verbs that are the same for every OCPP version, and the raw door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import (
    ConnectorId,
    EvseId,
    IdTokenText,
    IdTokenType,
    OutletId,
    RecordId,
)
from csms.api.orders import ERRORS, TAG, AnswerView, CommandQuery, Orders, order, view_of
from csms.api.reservation_book import ReservationBook
from csms.api.route import Asked, Nothing, Payload, Reply, Route
from csms.api.transaction_limits import TransactionLimits, check_keeps
from csms.errors import NotFoundError
from csms.model import IdToken, normalise_id_token
from csms.services.answers import as_told, violations_of
from csms.services.commands import (
    ChangeAvailability,
    ClearCache,
    Command,
    GetTransactionStatus,
    RemoteStart,
    RemoteStop,
    Reset,
    SendData,
    Trigger,
    Unlock,
)
from csms.store.admin import transactions

UNKNOWN_TYPE: Final = "Central"
"""The type of an id token that nobody entered: one that the central system made up."""

VIOLATION_HEADER: Final = "OCPP-Schema-Violation"
LONGEST_WARNING: Final = 2000

B = TypeVar("B", bound=Struct)

_ShortText = Annotated[str, Meta(min_length=1, max_length=255)]


class AnyObject(Struct):
    """The CALLRESULT's payload, in the charge point's own OCPP version."""


class RemoteStartBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """OCPP 1.6 calls an EVSE a connector: either name will do.

    Without a `type` it is the one that the id token was entered with, else Central.
    """

    id_token: IdTokenText
    type: IdTokenType | None = None
    evse_id: OutletId | None = None
    connector_id: OutletId | None = None
    charging_profile: dict[str, Any] | None = None
    limit: TransactionLimits | None = None
    """For stations of OCPP 2.1 that announce such limits."""


class RemoteStopBody(Struct, forbid_unknown_fields=True):
    """`transaction_id` is the `id` of /transactions."""

    transaction_id: RecordId


class TransactionStatusBody(Struct, forbid_unknown_fields=True):
    """Without `transaction_id` it is about messages of any transaction."""

    transaction_id: RecordId | None = None


class ResetBody(Struct, forbid_unknown_fields=True):
    """`immediate`: now, also if that ends transactions; otherwise when it suits."""

    immediate: bool = False
    evse_id: OutletId | None = None


class UnlockBody(Struct, forbid_unknown_fields=True):
    evse_id: OutletId = 1
    connector_id: OutletId = 1


class AvailabilityBody(Struct, forbid_unknown_fields=True):
    """`evse_id` 0 is the whole charge point."""

    operative: bool
    evse_id: EvseId = 0
    connector_id: ConnectorId | None = None


class TriggerBody(Struct, forbid_unknown_fields=True):
    """`message` is the name of the action that the charge point shall send."""

    message: _ShortText
    evse_id: EvseId | None = None
    connector_id: ConnectorId | None = None


class DataTransferBody(Struct, forbid_unknown_fields=True):
    vendor_id: _ShortText
    message_id: _ShortText | None = None
    data: Any = None


class Commands:
    def __init__(self, context: Context, reservations: ReservationBook) -> None:
        self._context = context
        self._orders = Orders(context)
        self._reservations = reservations

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            order("remote-start", RemoteStartBody, self.remote_start, "Start a transaction"),
            order("remote-stop", RemoteStopBody, self.remote_stop, "Stop a transaction"),
            order(
                "transaction-status",
                TransactionStatusBody,
                self.transaction_status,
                "Ask whether a transaction goes on, and whether messages wait",
            ),
            self._verb("reset", ResetBody, _reset, "Restart"),
            self._verb("unlock", UnlockBody, _unlock, "Unlock a connector"),
            self._verb("availability", AvailabilityBody, _availability, "Take in or out of use"),
            self._verb("trigger", TriggerBody, _trigger, "Ask for a message"),
            self._verb("clear-cache", Nothing, lambda _: ClearCache(), "Forget cached id tokens"),
            self._verb("data-transfer", DataTransferBody, _send_data, "Send a vendor's message"),
            Route(
                method="POST",
                path="/api/v1/charge-points/{charge_point_id}/calls/{action}",
                handler=self.call,
                summary="Send any CALL as it stands, and get the CALLRESULT's payload",
                tag=TAG,
                query=CommandQuery,
                body=Payload,
                answers={200: AnyObject},
                problems=ERRORS,
            ),
        ]

    async def call(self, asked: Asked[CommandQuery, Payload]) -> Reply:
        """The raw door; an answer that breaks its schema is passed on as it came, and marked."""
        action, payload = str(asked.path["action"]), asked.payload
        await self._orders.note(asked, f"calls/{action}", payload)
        identity, operations = asked.charge_point_id, self._context.services.operations
        link = self._context.links.get(identity)
        async with (
            self._reservations.watching(identity, action, payload) as watch,
            operations.following(link, action, payload, asked.actor.name) as operation,
        ):
            response = await self._context.commands.call(
                identity, action, payload, asked.query.timeout or None
            )
            watch.answered(response)
            operation.answered(response)
        return Reply(as_told(response), headers=_warning(response))

    async def remote_start(self, asked: Asked[CommandQuery, RemoteStartBody]) -> AnswerView:
        body = asked.body
        await self._orders.note(asked, "remote-start", msgspec.to_builtins(body))
        evse_id = body.evse_id if body.evse_id is not None else body.connector_id
        token = IdToken.of(body.id_token, body.type or await self._type_of(body.id_token))
        command = RemoteStart(token, evse_id, body.charging_profile)
        wanted = {} if body.limit is None else body.limit.named()
        if wanted:
            return await self._start_limited(asked, command, wanted)
        return view_of(await self._orders.send(asked, command))

    async def _start_limited(
        self, asked: Asked[Any, Any], command: RemoteStart, wanted: dict[str, Decimal]
    ) -> AnswerView:
        """The limit travels in the answer to the transaction's first event (F07.FR.02)."""
        limits = self._context.services.stations.limits
        link = self._context.links.get(asked.charge_point_id)
        if link is not None:
            await check_keeps(limits, link.charge_point, wanted)
        answer = await self._orders.send(asked, command)
        if link is not None and answer.accepted:
            for result in answer.results:
                limits.order_start(link.charge_point, result["remote_start_id"], wanted)
        return view_of(answer)

    async def remote_stop(self, asked: Asked[CommandQuery, RemoteStopBody]) -> AnswerView:
        number = asked.body.transaction_id
        await self._orders.note(asked, "remote-stop", {"transaction_id": number})
        command = RemoteStop(number, await self._ocpp_id(asked, number))
        return view_of(await self._orders.send(asked, command))

    async def transaction_status(
        self, asked: Asked[CommandQuery, TransactionStatusBody]
    ) -> AnswerView:
        number = asked.body.transaction_id
        await self._orders.note(asked, "transaction-status", {"transaction_id": number})
        ocpp_id = None if number is None else await self._ocpp_id(asked, number)
        return view_of(await self._orders.send(asked, GetTransactionStatus(ocpp_id)))

    async def _ocpp_id(self, asked: Asked[Any, Any], number: int) -> str:
        """Return what the charge point calls a transaction of its own; raises NotFoundError."""
        async with self._context.database.begin() as connection:
            transaction = await transactions.find(connection, number)
        if transaction["charge_point_id"].casefold() != asked.charge_point_id.casefold():
            raise NotFoundError(f"transaction of {asked.charge_point_id}", number)
        return str(transaction["ocpp_transaction_id"])

    def _verb(
        self,
        verb: str,
        body: type[B],
        command_of: Callable[[B], Command],
        summary: str,
        method: str = "POST",
    ) -> Route[CommandQuery, B]:
        async def handler(asked: Asked[CommandQuery, B]) -> AnswerView:
            await self._orders.note(asked, verb, msgspec.to_builtins(asked.body))
            return view_of(await self._orders.send(asked, command_of(asked.body)))

        return order(verb, body, handler, summary, method)

    async def _type_of(self, id_token: str) -> str:
        """Return the type that an id token was entered with."""
        cache = self._context.services.authorization.cache
        record = await cache.get(normalise_id_token(id_token))
        return UNKNOWN_TYPE if record is None else record.type


def _warning(response: dict[str, Any]) -> dict[str, str]:
    """Name in a header what of an answer is not as its schema has it."""
    wrong = "; ".join(f"{each.field}: expected {each.allowed}" for each in violations_of(response))
    plain = wrong[:LONGEST_WARNING].encode("ascii", "backslashreplace").decode()
    text = "".join(c if c.isprintable() else " " for c in plain)
    return {VIOLATION_HEADER: text} if text else {}


def _reset(body: ResetBody) -> Command:
    return Reset(body.immediate, body.evse_id)


def _unlock(body: UnlockBody) -> Command:
    return Unlock(body.evse_id, body.connector_id)


def _availability(body: AvailabilityBody) -> Command:
    return ChangeAvailability(body.operative, body.evse_id, body.connector_id)


def _trigger(body: TriggerBody) -> Command:
    return Trigger(body.message, body.evse_id, body.connector_id)


def _send_data(body: DataTransferBody) -> Command:
    return SendData(body.vendor_id, body.message_id, body.data)
