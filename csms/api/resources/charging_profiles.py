"""Whole charging profiles by hand: set, cleared, and asked for (K01, K09, K10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import EvseId, Int32, Moment
from csms.api.orders import TAG, AnswerView, CommandQuery, Orders, order, view_of
from csms.api.resources.charging_limits import DurationS, refuse_steered
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import InvalidValueError, NotConnectedError, NotFoundError
from csms.services.commands import (
    ClearChargingProfile,
    GetChargingProfiles,
    LimitSource,
    SetChargingProfile,
)
from csms.services.operator_limits import running_transaction
from csms.services.reported_profiles import put_together
from csms.smart_charging.profiles import ChargingProfile, Kind, Period, Purpose
from csms.store.admin import charge_points
from csms.store.admin import charging_profiles as store

ProfileId: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
StackLevel: TypeAlias = Annotated[int, Meta(ge=0, le=1000)]
PurposeName: TypeAlias = Literal["station_max", "tx_default", "tx"]
KindName: TypeAlias = Literal["absolute", "daily", "weekly", "relative"]
MOST_PERIODS: Final = 1024


class PeriodBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """From `start_s` after the schedule's start: so many amperes per phase, or watts in all.

    `phase_to_use` is known to OCPP 2.0.1 and newer, with one phase.
    """

    start_s: Annotated[int, Meta(ge=0, le=31_536_000)]
    limit: Annotated[float, Meta(ge=0, le=2_000_000)]
    phases: Annotated[int, Meta(ge=1, le=3)] | None = None
    phase_to_use: Annotated[int, Meta(ge=1, le=3)] | None = None


class ProfileBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`tx` is for the transaction that runs at `evse_id`; `station_max` has `evse_id` 0.

    All but `relative` schedules need `start_at`; `daily` and `weekly` ones come again. A profile
    with the same id is replaced.
    """

    profile_id: ProfileId
    evse_id: EvseId
    purpose: PurposeName
    unit: Literal["A", "W"]
    periods: Annotated[list[PeriodBody], Meta(min_length=1, max_length=MOST_PERIODS)]
    stack_level: StackLevel = 0
    kind: KindName = "absolute"
    start_at: Moment | None = None
    duration_s: DurationS | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None


class ClearProfilesBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """One by `profile_id`, or all that match what else is given; without anything: all."""

    profile_id: ProfileId | None = None
    evse_id: EvseId | None = None
    purpose: PurposeName | None = None
    stack_level: StackLevel | None = None


class GetProfilesBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """By `profile_ids`, or by what else is given; without anything: all; without `evse_id`: of
    all EVSEs.

    `limit_sources` are those who set the limits, as OCPP calls them; the purpose `external` is
    what others than this server set.
    """

    profile_ids: Annotated[list[ProfileId], Meta(max_length=100)] = msgspec.field(
        default_factory=list
    )
    evse_id: EvseId | None = None
    purpose: PurposeName | Literal["external"] | None = None
    stack_level: StackLevel | None = None
    limit_sources: Annotated[list[LimitSource], Meta(max_length=4)] = msgspec.field(
        default_factory=list
    )


class ReportQuery(Struct, forbid_unknown_fields=True):
    request_id: Int32 | UnsetType = UNSET


class ReportedProfileView(Struct):
    """`profile` as the charge point wrote it; `source` says whose limit it is, such as CSO."""

    evse_id: int | None
    source: str | None
    profile_id: int | None
    profile: dict[str, Any]


class ProfileReportView(Struct):
    """What the charge point told in answer to one question; all null before it told anything."""

    request_id: int | None
    is_complete: bool | None
    reported_at: datetime | None
    profiles: list[ReportedProfileView]


class ChargingProfiles:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._orders = Orders(context)

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            get(
                "/api/v1/charge-points/{charge_point_id}/charging-profiles",
                self.reported,
                "Show which charging profiles it reported last, or in answer to one question",
                tag=TAG,
                query=ReportQuery,
                answer=ProfileReportView,
            ),
            order("charging-profiles/set", ProfileBody, self.set, "Install a charging profile"),
            order(
                "charging-profiles/clear",
                ClearProfilesBody,
                self.clear,
                "Remove charging profiles",
            ),
            order(
                "charging-profiles/ask",
                GetProfilesBody,
                self.ask,
                "Ask for the charging profiles that are installed (OCPP 2.0.1 and newer)",
            ),
        ]

    async def set(self, asked: Asked[CommandQuery, ProfileBody]) -> AnswerView:
        """Install a profile; refuses EVSEs that load management steers (409)."""
        body = asked.body
        await self._orders.note(asked, "charging-profiles/set", msgspec.to_builtins(body))
        refuse_steered(self._context, asked.charge_point_id, body.evse_id)
        profile = self._profile_of(asked.charge_point_id, body)
        command = SetChargingProfile(body.evse_id, profile)
        return view_of(await self._orders.send(asked, command))

    async def clear(self, asked: Asked[CommandQuery, ClearProfilesBody]) -> AnswerView:
        """Remove profiles; refuses EVSEs that load management steers (409)."""
        body = asked.body
        await self._orders.note(asked, "charging-profiles/clear", msgspec.to_builtins(body))
        refuse_steered(self._context, asked.charge_point_id, body.evse_id or 0)
        command = ClearChargingProfile(
            profile_id=body.profile_id,
            evse_id=body.evse_id,
            purpose=_purpose_of(body.purpose),
            stack_level=body.stack_level,
        )
        return view_of(await self._orders.send(asked, command))

    async def ask(self, asked: Asked[CommandQuery, GetProfilesBody]) -> AnswerView:
        """The profiles follow in messages of their own, and are shown by GET."""
        body = asked.body
        await self._orders.note(asked, "charging-profiles/ask", msgspec.to_builtins(body))
        command = GetChargingProfiles(
            profile_ids=tuple(body.profile_ids),
            evse_id=body.evse_id,
            purpose="external" if body.purpose == "external" else _purpose_of(body.purpose),
            stack_level=body.stack_level,
            limit_sources=tuple(body.limit_sources),
        )
        return view_of(await self._orders.send(asked, command))

    async def reported(self, asked: Asked[ReportQuery, Nothing]) -> ProfileReportView:
        number = asked.query.request_id
        request_id = None if number is UNSET else number
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            messages = await store.reports(connection, key, request_id)
        report = put_together(messages)
        if report is not None:
            return msgspec.convert(asdict(report), ProfileReportView)
        if request_id is not None:
            raise NotFoundError("report of charging profiles", request_id)
        return ProfileReportView(None, None, None, [])

    def _profile_of(self, charge_point_id: str, body: ProfileBody) -> ChargingProfile:
        """Raises InvalidValueError, NotConnectedError, and ConflictError without transaction."""
        if body.kind != "relative" and body.start_at is None:  # K01.FR.40
            raise InvalidValueError("start_at", None, "a time, unless the kind is relative")
        if body.kind == "relative" and body.start_at is not None:  # K01.FR.41
            raise InvalidValueError("start_at", body.start_at, "none, if the kind is relative")
        if body.valid_from and body.valid_to and body.valid_to <= body.valid_from:
            raise InvalidValueError("valid_to", body.valid_to, "a time after valid_from")
        transaction = None
        if body.purpose == "tx" and body.evse_id:
            link = self._context.links.get(charge_point_id)
            if link is None:
                raise NotConnectedError(charge_point_id)
            transaction = running_transaction(link.charge_point, body.evse_id)
        return ChargingProfile(
            profile_id=body.profile_id,
            purpose=Purpose(body.purpose),
            stack_level=body.stack_level,
            kind=Kind(body.kind),
            unit=body.unit,
            periods=tuple(
                Period(each.start_s, each.limit, each.phases, each.phase_to_use)
                for each in body.periods
            ),
            start_at=body.start_at,
            duration_s=body.duration_s,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            transaction_id=None if transaction is None else transaction.id,
            ocpp_transaction_id=None if transaction is None else transaction.ocpp_transaction_id,
        )


def _purpose_of(name: PurposeName | None) -> Purpose | None:
    return None if name is None else Purpose(name)
