"""Commands that OCPP 2.1 alone has; earlier versions answer that they have none (409)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from csms.api.context import Context
from csms.api.orders import ERRORS, TAG, AnswerView, CommandQuery, Orders, order, view_of
from csms.api.route import Asked, Nothing, Route, get
from csms.api.station_shapes import (
    AfrrBody,
    AllowedTransferBody,
    BatterySwapBody,
    ClearTariffsBody,
    DefaultTariffBody,
    DerChoiceBody,
    DerClearBody,
    DerControlBody,
    DynamicScheduleBody,
    EventStreamBody,
    PriorityBody,
    TariffsQuery,
    TransactionLimitBody,
    TransactionTariffBody,
    WebPaymentBody,
)
from csms.api.transaction_limits import check_keeps
from csms.errors import ConflictError, InvalidValueError, NotFoundError
from csms.model import AuthorizationStatus, IdToken, normalise_id_token
from csms.services.commands import Command, Trigger
from csms.services.station_commands import (
    AdjustEventStream,
    ChangeTransactionTariff,
    ClearDerControls,
    ClearTariffs,
    GetDerControls,
    GetEventStreams,
    GetTariffs,
    NotifyAllowedEnergyTransfer,
    NotifyWebPaymentStarted,
    OwnTariff,
    RequestBatterySwap,
    SendAfrrSignal,
    SetDefaultTariff,
    SetDerControl,
    UpdateDynamicSchedule,
    UsePriorityCharging,
)
from csms.store.admin import charge_points, stations, tariffs, transactions

B = TypeVar("B", bound=Struct)

_OCPP_PHASES = {"l2": "_L2", "l3": "_L3"}


class StationCommands:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        plain = self._plain
        return [
            order(
                "default-tariff", DefaultTariffBody, self.default_tariff, "Set the default tariff"
            ),
            get(
                "/api/v1/charge-points/{charge_point_id}/station-tariffs",
                self.tariffs,
                "Ask which tariffs the station holds",
                tag=TAG,
                query=TariffsQuery,
                answer=AnswerView,
                problems=ERRORS,
            ),
            plain(
                "station-tariffs/clear", ClearTariffsBody, _clear_tariffs, "Remove tariffs from it"
            ),
            order(
                "transaction-tariff",
                TransactionTariffBody,
                self.transaction_tariff,
                "Change the tariff of a transaction that runs",
            ),
            order(
                "transaction-limit",
                TransactionLimitBody,
                self.transaction_limit,
                "Limit what a transaction may cost, draw or last",
            ),
            order(
                "dynamic-schedule",
                DynamicScheduleBody,
                self.dynamic_schedule,
                "Give a dynamic charging profile new values",
            ),
            plain("der-control", DerControlBody, _der_control, "Set how it supports the grid"),
            plain("der-control/report", DerChoiceBody, _der_report, "Ask for such settings"),
            plain("der-control/clear", DerClearBody, _der_clear, "Remove such settings"),
            order(
                "priority-charging",
                PriorityBody,
                self.priority_charging,
                "Let a transaction charge with priority, or no longer",
            ),
            order("battery-swap", BatterySwapBody, self.battery_swap, "Offer batteries"),
            order(
                "allowed-energy-transfer",
                AllowedTransferBody,
                self.allowed_energy_transfer,
                "Say which ways of energy transfer a transaction may use",
            ),
            plain("event-stream", EventStreamBody, _event_stream, "Change how often values come"),
            plain("event-streams/ask", Nothing, lambda _: GetEventStreams(), "Ask for streams"),
            order("afrr-signal", AfrrBody, self.afrr_signal, "Pass on an aFRR signal"),
            plain("web-payment", WebPaymentBody, _web_payment, "Say that a web payment began"),
        ]

    def _plain(
        self, verb: str, body: type[B], command_of: Callable[[B], Command], summary: str
    ) -> Route[CommandQuery, B]:
        async def handler(asked: Asked[CommandQuery, B]) -> AnswerView:
            return await self._send(asked, verb, command_of(asked.body))

        return order(verb, body, handler, summary)

    async def _send(self, asked: Asked[Any, Any], verb: str, command: Command) -> AnswerView:
        await self._orders.note(asked, verb, msgspec.to_builtins(asked.body))
        return view_of(await self._orders.send(asked, command))

    async def tariffs(self, asked: Asked[TariffsQuery, Nothing]) -> AnswerView:
        await self._orders.check_known(asked)
        return view_of(await self._orders.send(asked, GetTariffs(asked.query.evse_id)))

    async def default_tariff(self, asked: Asked[CommandQuery, DefaultTariffBody]) -> AnswerView:
        await self._orders.check_known(asked)
        tariff = await self._tariff(asked.body)
        command = SetDefaultTariff(asked.body.evse_id, tariff)
        return await self._send(asked, "default-tariff", command)

    async def _tariff(
        self, body: DefaultTariffBody | TransactionTariffBody
    ) -> dict[str, Any] | OwnTariff:
        """Raises InvalidValueError unless there is exactly one, NotFoundError."""
        if (body.tariff is None) == (body.tariff_id is None):
            raise InvalidValueError("tariff_id", body.tariff_id, "either tariff_id or tariff")
        if body.tariff is not None:
            return body.tariff
        async with self._context.database.begin() as connection:
            tariff = await tariffs.find(connection, str(body.tariff_id))
        return OwnTariff(tariff, self._context.clock.now().date())

    async def transaction_tariff(
        self, asked: Asked[CommandQuery, TransactionTariffBody]
    ) -> AnswerView:
        row = await self._transaction(asked, asked.body.transaction_id)
        tariff = await self._tariff(asked.body)
        command = ChangeTransactionTariff(row["ocpp_transaction_id"], tariff)
        return await self._send(asked, "transaction-tariff", command)

    async def transaction_limit(
        self, asked: Asked[CommandQuery, TransactionLimitBody]
    ) -> AnswerView:
        """Limits travel in answers alone, so the station is asked for something to answer."""
        row = await self._transaction(asked, asked.body.transaction_id)
        if row["stopped_at"] is not None:
            raise ConflictError(f"transaction {asked.body.transaction_id} has ended")
        wanted = asked.body.named()
        if not wanted:
            raise InvalidValueError("max_cost", None, "at least one limit")
        limits = self._context.services.stations.limits
        link = self._context.links.get(asked.charge_point_id)
        if link is not None:
            await check_keeps(limits, link.charge_point, wanted)
            limits.order(asked.body.transaction_id, wanted)
        return await self._send(
            asked, "transaction-limit", Trigger("TransactionEvent", row["evse_id"] or None)
        )

    async def dynamic_schedule(self, asked: Asked[CommandQuery, DynamicScheduleBody]) -> AnswerView:
        """Refuses one that would work against load management (409)."""
        body = asked.body
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            evse_id = await stations.evse_of_dynamic_schedule(connection, key, body.profile_id)
        if evse_id is not None:
            self._refuse_steered(asked.charge_point_id, evse_id)
        command = UpdateDynamicSchedule(body.profile_id, _limits(body))
        return await self._send(asked, "dynamic-schedule", command)

    async def priority_charging(self, asked: Asked[CommandQuery, PriorityBody]) -> AnswerView:
        """Refuses priority where it would overrule load management (409)."""
        body = asked.body
        row = await self._transaction(asked, body.transaction_id)
        if body.activate:
            self._refuse_steered(asked.charge_point_id, row["evse_id"])
        command = UsePriorityCharging(row["ocpp_transaction_id"], body.activate)
        return await self._send(asked, "priority-charging", command)

    async def battery_swap(self, asked: Asked[CommandQuery, BatterySwapBody]) -> AnswerView:
        """S02.FR.03: only for who is authorised."""
        body = asked.body
        authorization = self._context.services.authorization
        record = await authorization.cache.get(normalise_id_token(body.id_token))
        kind = body.type or (record.type if record is not None else "Central")
        token = IdToken.of(body.id_token, kind)
        link = self._context.links.get(asked.charge_point_id)
        if link is not None:
            decision = await authorization.authorize(
                link.charge_point, token, self._context.clock.now(), starting=False
            )
            if decision.status is not AuthorizationStatus.ACCEPTED:
                raise ConflictError(
                    f"{token.value} may not have batteries: "
                    f"{decision.reason or decision.status.value}"
                )
        return await self._send(asked, "battery-swap", RequestBatterySwap(token))

    async def allowed_energy_transfer(
        self, asked: Asked[CommandQuery, AllowedTransferBody]
    ) -> AnswerView:
        row = await self._transaction(asked, asked.body.transaction_id)
        allowed = tuple(dict.fromkeys(asked.body.allowed))
        command = NotifyAllowedEnergyTransfer(row["ocpp_transaction_id"], allowed)
        return await self._send(asked, "allowed-energy-transfer", command)

    async def afrr_signal(self, asked: Asked[CommandQuery, AfrrBody]) -> AnswerView:
        at: datetime = asked.body.at or self._context.clock.now()
        return await self._send(asked, "afrr-signal", SendAfrrSignal(asked.body.signal, at))

    async def _transaction(self, asked: Asked[Any, Any], number: int) -> Any:
        """Raises NotFoundError for a transaction of another charge point."""
        async with self._context.database.begin() as connection:
            row = await transactions.find(connection, number)
        if row["charge_point_id"].casefold() != asked.charge_point_id.casefold():
            raise NotFoundError(f"transaction of {asked.charge_point_id}", number)
        return row

    def _refuse_steered(self, charge_point_id: str, evse_id: int) -> None:
        steered = self._context.steered
        if steered is not None and steered.is_steered(charge_point_id, evse_id):
            raise ConflictError(
                f"EVSE {evse_id} of {charge_point_id} is steered by load management, whose limits "
                "this would overrule; give the EVSE a higher priority or another mode instead"
            )


def _clear_tariffs(body: ClearTariffsBody) -> Command:
    return ClearTariffs(tuple(dict.fromkeys(body.tariff_ids)), body.evse_id)


def _der_control(body: DerControlBody) -> Command:
    if len(body.settings) != 1:
        raise InvalidValueError("settings", list(body.settings), "one object, such as curve")
    return SetDerControl(body.control_id, body.control_type, body.is_default, body.settings)


def _der_report(body: DerChoiceBody) -> Command:
    return GetDerControls(body.control_id, body.control_type, body.is_default)


def _der_clear(body: DerClearBody) -> Command:
    return ClearDerControls(body.is_default, body.control_id, body.control_type)


def _event_stream(body: EventStreamBody) -> Command:
    return AdjustEventStream(body.stream_id, body.interval_s, body.values_per_message)


def _web_payment(body: WebPaymentBody) -> Command:
    return NotifyWebPaymentStarted(body.evse_id, body.timeout_s)


def _limits(body: DynamicScheduleBody) -> dict[str, float]:
    """Return the values that are given, by OCPP's names."""
    limits: dict[str, float] = {}
    for name in body.__struct_fields__[1:]:
        value: float | None = getattr(body, name)
        if value is not None:
            stem, _, phase = name.rpartition("_") if name[-2:] in _OCPP_PHASES else (name, "", "")
            first, *rest = stem.split("_")
            limits[first + "".join(map(str.capitalize, rest)) + _OCPP_PHASES.get(phase, "")] = value
    return limits
