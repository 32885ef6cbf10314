"""/tariff-assignments and /tariff-choice: which tariff counts for whom, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import ChargePointId, IdTokenText, Int64, Moment, Name, TariffId, Text
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.problems import field_error, invalid
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.api.tariff_checks import check_year, refuse_bad
from csms.errors import InvalidValueError, NotFoundError
from csms.model import normalise_id_token
from csms.services.pricing.choosing import for_direction, subjects_of, zone_of
from csms.store.admin import tariff_assignments as store
from csms.store.admin import tariffs
from csms.store.admin.window import AdminConnection
from csms.store.pricing import circumstances_of
from csms.store.pricing_queue import price_incomplete_of
from csms.store.tariffs import load_assignments, load_tariffs
from csms.tariff.assignment import Assignment, Scope, choose
from csms.tariff.model import Direction
from csms.tariff.pricing import Pricer

TAG: Final = "Tariffs"


class AssignmentView(Struct):
    id: int
    tariff_id: str
    scope: Scope
    subject_id: str
    valid_from: datetime | None
    valid_until: datetime | None
    priority: int
    created_at: datetime
    updated_at: datetime


class NewAssignment(Struct, forbid_unknown_fields=True, kw_only=True):
    """For transactions that start from `valid_from` until before `valid_until`."""

    tariff_id: TariffId
    scope: Scope
    subject_id: Annotated[
        Name, Meta(description="The id token, or the id of the user, user group, ...")
    ]
    valid_from: Moment | None = None
    valid_until: Moment | None = None
    priority: Annotated[
        int,
        Meta(ge=-1_000_000, le=1_000_000, description="The highest wins among equally specific."),
    ] = 0


class AssignmentQuery(PageQuery, kw_only=True):
    tariff_id: Text | UnsetType = UNSET
    scope: Scope | UnsetType = UNSET
    subject_id: Text | UnsetType = UNSET


class ChoiceQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    charge_point_id: ChargePointId
    id_token: IdTokenText | UnsetType = UNSET
    at: Annotated[Moment, Meta(description="The start; now if left out.")] | UnsetType = UNSET


class ShownAssignment(Struct):
    tariff_id: str
    scope: Scope
    subject_id: str
    valid_from: datetime | None
    valid_until: datetime | None
    priority: int


class PassedOverView(Struct):
    """An assignment that names who charges or where, and yet doesn't count."""

    assignment: ShownAssignment
    reason: str


class ChoiceView(Struct):
    """`tariff_id` is null if no tariff counts: then a transaction has no price."""

    tariff_id: str | None
    version: int | None
    """The version that counts at that moment; null before the tariff begins."""
    reason: str
    assignment: ShownAssignment | None
    passed_over: list[PassedOverView]
    at: datetime
    charge_point_id: str
    site_id: str | None
    time_zone: str
    id_token: str | None
    user_id: str | None
    user_group_ids: list[str]


class TariffAssignments:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[AssignmentView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/tariff-assignments"
        one = path + "/{assignment_id}"
        return [
            get(
                path,
                self.list_all,
                "List assignments",
                tag=TAG,
                query=AssignmentQuery,
                answer=Page[AssignmentView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Assign a tariff to an id token, user, user group, charge point or site",
                tag=TAG,
                query=Nothing,
                body=NewAssignment,
                answers={201: AssignmentView},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=AssignmentView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Change an assignment",
                tag=TAG,
                query=Nothing,
                body=NewAssignment,
                answers={200: AssignmentView},
                problems=(404, 409),
            ),
            delete(one, self.remove, "Delete an assignment", tag=TAG),
            get(
                "/api/v1/tariff-choice",
                self.explain,
                "Show which tariff counts for a transaction, and why",
                tag=TAG,
                query=ChoiceQuery,
                answer=ChoiceView,
                problems=(404,),
            ),
        ]

    async def list_all(self, asked: Asked[AssignmentQuery, Nothing]) -> Page[AssignmentView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                window,
                tariff_id=query.tariff_id or None,
                scope=query.scope or None,
                subject_id=query.subject_id or None,
            )
        return self._pager.page(rows, query, lambda row: view(AssignmentView, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> AssignmentView:
        async with self._context.database.begin() as connection:
            return view(AssignmentView, await store.find(connection, asked.path["assignment_id"]))

    async def create(self, asked: Asked[Nothing, NewAssignment]) -> AssignmentView:
        values = _values(asked.body)
        async with self._context.change(
            asked.actor.name, "create", "tariff-assignments", msgspec.to_builtins(asked.body)
        ) as connection:
            row = await store.create(connection, values)
            await self._refuse_bad(connection, row["tariff_id"])
            await price_incomplete_of(connection, row)
        await self._context.prices_changed()
        return view(AssignmentView, row)

    async def replace(self, asked: Asked[Nothing, NewAssignment]) -> AssignmentView:
        assignment_id, values = int(asked.path["assignment_id"]), _values(asked.body)
        async with self._context.change(
            asked.actor.name,
            "replace",
            f"tariff-assignments/{assignment_id}",
            msgspec.to_builtins(asked.body),
        ) as connection:
            row = await store.replace(connection, assignment_id, values)
            await self._refuse_bad(connection, row["tariff_id"])
            await price_incomplete_of(connection, row)
        await self._context.prices_changed()
        return view(AssignmentView, row)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        assignment_id = int(asked.path["assignment_id"])
        async with self._context.change(
            asked.actor.name, "delete", f"tariff-assignments/{assignment_id}", {}
        ) as connection:
            await store.remove(connection, assignment_id)

    async def _refuse_bad(self, connection: AdminConnection, tariff_id: str) -> None:
        """There may be sites in other time zones than when the tariff was saved."""
        default = ZoneInfo(self._context.settings.time_zone)
        await refuse_bad(connection, await tariffs.find(connection, tariff_id), default)

    async def explain(self, asked: Asked[ChoiceQuery, Nothing]) -> ChoiceView:
        query = asked.query
        id_token = normalise_id_token(query.id_token) if query.id_token else None
        at = query.at or self._context.clock.now()
        try:
            check_year("at", at)
        except InvalidValueError as error:
            raise invalid([field_error(error.field, error.value, error.allowed)], 400) from error
        async with self._context.database.begin() as connection:
            known = await circumstances_of(connection, query.charge_point_id, id_token, at)
            if known is None:
                raise NotFoundError("charge point", query.charge_point_id)
            named = await load_assignments(connection, subjects_of([known.circumstances]))
            known_tariffs = await load_tariffs(connection, {each.tariff_id for each in named})
            choice = choose(
                for_direction(named, known_tariffs, Direction.IMPORT), known.circumstances
            )
        zone = zone_of(known.time_zone, self._context.settings.time_zone)
        version = None
        if choice.tariff_id is not None:
            pricer = Pricer(known_tariffs[choice.tariff_id], zone)
            index, _ = next(pricer.spans(at, at))
            in_force = pricer.version(index)
            version = None if in_force is None else in_force.number
        who = known.circumstances
        return ChoiceView(
            tariff_id=choice.tariff_id,
            version=version,
            reason=choice.reason,
            assignment=None if choice.assignment is None else _shown(choice.assignment),
            passed_over=[
                PassedOverView(_shown(each.assignment), each.reason) for each in choice.passed_over
            ],
            at=at,
            charge_point_id=who.charge_point_id,
            site_id=who.site_id,
            time_zone=zone.key,
            id_token=id_token,
            user_id=who.user_id,
            user_group_ids=sorted(who.user_group_ids),
        )


def _values(body: NewAssignment) -> dict[str, Any]:
    start, end = body.valid_from, body.valid_until
    if start is not None and end is not None and end <= start:
        raise InvalidValueError("valid_until", end.isoformat(), "a time after valid_from")
    values = {name: getattr(body, name) for name in NewAssignment.__struct_fields__}
    return {**values, "scope": body.scope.value}


def _shown(assignment: Assignment) -> ShownAssignment:
    return msgspec.convert(assignment, ShownAssignment, from_attributes=True)
