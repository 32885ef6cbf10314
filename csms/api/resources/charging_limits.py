"""Limits that an operator sets by hand, and what a charge point makes of all its limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import EvseId
from csms.api.orders import AnswerView, CommandQuery, Orders, order, said, view_of
from csms.api.route import Asked, Route
from csms.errors import ConflictError, InvalidValueError, NotConnectedError
from csms.services.commands import (
    ClearChargingProfile,
    CommandAnswer,
    CompositeSchedule,
    GetCompositeSchedule,
    SetChargingProfile,
)
from csms.services.operator_limits import (
    OperatorLimit,
    default_profile,
    profile_id,
    running_transaction,
    stack_levels,
    transaction_profile,
)
from csms.smart_charging.grid import Unit
from csms.smart_charging.profiles import ChargingProfile

LimitA: TypeAlias = Annotated[
    float, Meta(ge=0, le=2000, description="Per phase. Below 6 A no car charges; 0 is a pause.")
]
LimitW: TypeAlias = Annotated[float, Meta(ge=0, le=2_000_000, description="Over all phases.")]
PhaseCount: TypeAlias = Annotated[int, Meta(ge=1, le=3, description="On so many phases at most.")]
DurationS: TypeAlias = Annotated[int, Meta(ge=1, le=31_536_000)]


class LimitBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """Either `limit_a` or `limit_w`; `evse_id` 0: each EVSE of the charge point.

    It holds for every transaction until it is cleared or `duration_s` is over; with
    `transaction_only` for the one that runs at the EVSE, and no other.
    """

    evse_id: EvseId = 0
    limit_a: LimitA | None = None
    limit_w: LimitW | None = None
    phases: PhaseCount | None = None
    duration_s: DurationS | None = None
    transaction_only: bool = False


class ClearBody(Struct, forbid_unknown_fields=True):
    """The `evse_id` that the limit was set for."""

    evse_id: EvseId = 0


class CompositeScheduleBody(Struct, forbid_unknown_fields=True):
    """`evse_id` 0: what the whole charge point takes from the grid."""

    evse_id: EvseId
    duration_s: DurationS
    unit: Literal["A", "W"] | None = None


class PeriodView(Struct):
    start_s: int
    limit: float
    phases: int | None


class ScheduleView(Struct):
    """`unit` is that of the charge point's answer."""

    start_at: datetime
    duration_s: int | None
    unit: Literal["A", "W"]
    periods: list[PeriodView]


class ScheduleAnswer(Struct):
    """`schedule` is null if the charge point gave none that can be read."""

    status: str
    accepted: bool
    response: dict[str, Any]
    schedule: ScheduleView | None


class ChargingLimits:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            order("limit", LimitBody, self.limit, "Limit the current or power"),
            order("limit/clear", ClearBody, self.clear, "Lift a limit that was set by `limit`"),
            order(
                "composite-schedule",
                CompositeScheduleBody,
                self.composite_schedule,
                "Ask what the charge point makes of all its limits",
                answer=ScheduleAnswer,
            ),
        ]

    async def limit(self, asked: Asked[CommandQuery, LimitBody]) -> AnswerView:
        """Set a limit; refuses one that load management would undo (409)."""
        body = asked.body
        await self._orders.check_known(asked)
        limit = _limit_of(body)
        await self._orders.note(asked, "limit", msgspec.to_builtins(body))
        refuse_steered(self._context, asked.charge_point_id, body.evse_id)
        if body.transaction_only:
            return await self._limit_transaction(asked, limit)
        now = self._context.clock.now()
        for level in stack_levels(limit.evse_id):
            profile = default_profile(limit, level, now)
            answer = await self._install(asked, limit.evse_id, profile)
            if answer.accepted:
                break
        return view_of(answer)

    async def _limit_transaction(
        self, asked: Asked[CommandQuery, LimitBody], limit: OperatorLimit
    ) -> AnswerView:
        link = self._context.links.get(asked.charge_point_id)
        if link is None:
            raise NotConnectedError(asked.charge_point_id)
        transaction = running_transaction(link.charge_point, limit.evse_id)
        refuse_steered(self._context, asked.charge_point_id, transaction.evse_id)
        profile = transaction_profile(limit, transaction, self._context.clock.now())
        return view_of(await self._install(asked, transaction.evse_id, profile))

    async def clear(self, asked: Asked[CommandQuery, ClearBody]) -> AnswerView:
        evse_id = asked.body.evse_id
        await self._orders.note(asked, "limit/clear", {"evse_id": evse_id})
        command = ClearChargingProfile(profile_id=profile_id(evse_id))
        return view_of(await self._orders.send(asked, command))

    async def composite_schedule(
        self, asked: Asked[CommandQuery, CompositeScheduleBody]
    ) -> ScheduleAnswer:
        body = asked.body
        await self._orders.note(asked, "composite-schedule", msgspec.to_builtins(body))
        command = GetCompositeSchedule(body.evse_id, body.duration_s, body.unit)
        answer = await self._orders.send(asked, command)
        schedule = _schedule_view(answer.composite_schedule)
        return ScheduleAnswer(*said(answer), schedule)

    async def _install(
        self, asked: Asked[CommandQuery, LimitBody], evse_id: int, profile: ChargingProfile
    ) -> CommandAnswer:
        answer = await self._orders.send(asked, SetChargingProfile(evse_id, profile))
        if answer.accepted:
            installed = {"profile_id": profile.profile_id, "stack_level": profile.stack_level}
            answer.results.append(installed)
        return answer


def refuse_steered(context: Context, charge_point_id: str, evse_id: int) -> None:
    """Raises ConflictError for an EVSE that load management steers (0: any of them)."""
    if context.steered is not None and context.steered.is_steered(charge_point_id, evse_id):
        subject = f"EVSE {evse_id}" if evse_id else "an EVSE"
        raise ConflictError(
            f"{subject} of {charge_point_id} is steered by load management, which would undo "
            "the limit; give its circuit a lower limit, or the EVSE another mode"
        )


def _limit_of(body: LimitBody) -> OperatorLimit:
    """Raises InvalidValueError unless there is exactly one limit."""
    if (body.limit_a is None) == (body.limit_w is None):
        allowed = "either limit_a or limit_w"
        raise InvalidValueError("limit_a", body.limit_a, allowed)
    unit: Unit = "W" if body.limit_a is None else "A"
    return OperatorLimit(
        evse_id=body.evse_id,
        limit=(body.limit_w if body.limit_a is None else body.limit_a) or 0.0,
        unit=unit,
        phases=body.phases,
        duration_s=body.duration_s,
    )


def _schedule_view(schedule: CompositeSchedule | None) -> ScheduleView | None:
    if schedule is None:
        return None
    periods = [PeriodView(each.start_s, each.limit, each.phases) for each in schedule.periods]
    return ScheduleView(schedule.start_at, schedule.duration_s, schedule.unit, periods)
