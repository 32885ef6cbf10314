"""/tariffs: what energy and time cost, by versions that each count from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from csms.api.context import Context
from csms.api.fields import Text
from csms.api.paging import Page, PageQuery, Pager
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.api.tariff_checks import refuse_bad, refuse_changed_past
from csms.api.tariff_shapes import (
    NewTariff,
    RoundingShape,
    TariffShape,
    VersionShape,
    shape_of,
    tariff_of,
    version_of,
)
from csms.errors import ConflictError, NotFoundError
from csms.store.admin import tariffs as store
from csms.store.admin.window import AdminConnection
from csms.store.pricing_queue import Again, price_again, price_incomplete_of_tariff
from csms.tariff.model import Direction, Tariff

TAG: Final = "Tariffs"


class TariffSummary(Struct):
    """A tariff without the prices."""

    id: str
    name: str
    currency: str
    direction: Direction
    tax_included: bool
    rounding: RoundingShape
    version_numbers: list[int]
    created_at: datetime
    updated_at: datetime


class TariffView(Struct):
    """A whole tariff, its versions in the order of time."""

    id: str
    name: str
    currency: str
    direction: Direction
    tax_included: bool
    rounding: RoundingShape
    versions: list[VersionShape]


class Tariffs:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._zone = ZoneInfo(context.settings.time_zone)
        self._pager: Pager[TariffSummary] = Pager(tuple[Text], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/tariffs"
        one = path + "/{tariff_id}"
        version = one + "/versions/{version_number}"
        return [
            get(
                path,
                self.list_all,
                "List tariffs",
                tag=TAG,
                query=PageQuery,
                answer=Page[TariffSummary],
            ),
            _with_body(
                "POST", path, self.create, "Create a tariff", NewTariff, {201: TariffView}
            ),
            get(one, self.read, "Show one with all its versions", tag=TAG, query=Nothing,
                answer=TariffView),
            _with_body(
                "PUT",
                one,
                self.replace,
                "Create or replace a tariff; versions that priced something must stay",
                TariffShape,
                {200: TariffView, 201: TariffView},
            ),
            delete(
                one,
                self.remove,
                "Delete a tariff that priced nothing and is assigned to nobody",
                tag=TAG,
                problems=(404, 409),
            ),
            _with_body(
                "POST",
                one + "/versions",
                self.add_version,
                "Let the tariff be another one from a day on",
                VersionShape,
                {201: TariffView},
                404,
            ),
            _with_body(
                "PUT",
                version,
                self.replace_version,
                "Change a version that priced nothing yet",
                VersionShape,
                {200: TariffView},
                404,
            ),
            delete(
                version,
                self.remove_version,
                "Delete a version that priced nothing yet",
                tag=TAG,
                problems=(404, 409),
            ),
        ]  # fmt: skip

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[TariffSummary]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._pager.page(rows, asked.query, _summary)

    async def read(self, asked: Asked[Nothing, Nothing]) -> TariffView:
        async with self._context.database.begin() as connection:
            return _view(await store.find(connection, asked.path["tariff_id"]))

    async def create(self, asked: Asked[Nothing, NewTariff]) -> TariffView:
        body = asked.body
        tariff = tariff_of(body, body.id, range(1, len(body.versions) + 1))
        async with self._change(asked, "create", tariff.id) as connection:
            await refuse_bad(connection, tariff, self._zone)
            await store.create(connection, tariff)
        return _view(tariff)

    async def replace(self, asked: Asked[Nothing, TariffShape]) -> Reply:
        tariff_id, body = str(asked.path["tariff_id"]), asked.body
        if body.id and body.id != tariff_id:
            raise ConflictError(f"the path is about {tariff_id!r}, the body about {body.id!r}")
        async with self._change(asked, "replace", tariff_id) as connection:
            if not await store.exists(connection, tariff_id):
                tariff = tariff_of(body, tariff_id, range(1, len(body.versions) + 1))
                await refuse_bad(connection, tariff, self._zone)
                await store.create(connection, tariff)
                return Reply(_view(tariff), 201)
            before = await store.lock(connection, tariff_id)
            tariff = tariff_of(body, tariff_id, _numbers(before, body))
            await self._become(connection, before, tariff)
        await self._context.prices_changed()
        return Reply(_view(tariff), 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        tariff_id = str(asked.path["tariff_id"])
        async with self._change(asked, "delete", tariff_id) as connection:
            before = await store.lock(connection, tariff_id)
            await refuse_changed_past(connection, before, None)
            await store.remove(connection, tariff_id)
            await price_again(connection, Again(tariff_id=tariff_id))
        await self._context.prices_changed()

    async def add_version(self, asked: Asked[Nothing, VersionShape]) -> Reply:
        tariff_id, body = str(asked.path["tariff_id"]), asked.body
        async with self._change(asked, "add version", tariff_id) as connection:
            before = await store.lock(connection, tariff_id)
            taken = next(
                (each for each in before.versions if each.valid_from == body.valid_from), None
            )
            if taken is not None:
                raise ConflictError(
                    f"version {taken.number} of tariff {tariff_id!r} begins on that day already"
                )
            number = max(each.number for each in before.versions) + 1
            tariff = replace(before, versions=(*before.versions, version_of(body, number)))
            await self._become(
                connection, before, tariff, within=f"versions.{len(before.versions)}."
            )
        await self._context.prices_changed()
        return Reply(_view(tariff), 201)

    async def replace_version(self, asked: Asked[Nothing, VersionShape]) -> TariffView:
        tariff_id, number = str(asked.path["tariff_id"]), int(asked.path["version_number"])
        async with self._change(asked, f"replace version {number}", tariff_id) as connection:
            before = await store.lock(connection, tariff_id)
            place = _place(before, number)
            versions = list(before.versions)
            versions[place] = version_of(asked.body, number)
            tariff = replace(before, versions=tuple(versions))
            await self._become(connection, before, tariff, within=f"versions.{place}.")
        await self._context.prices_changed()
        return _view(tariff)

    async def remove_version(self, asked: Asked[Nothing, Nothing]) -> None:
        tariff_id, number = str(asked.path["tariff_id"]), int(asked.path["version_number"])
        async with self._change(asked, f"delete version {number}", tariff_id) as connection:
            before = await store.lock(connection, tariff_id)
            place = _place(before, number)
            if len(before.versions) == 1:
                raise ConflictError("a tariff has at least one version: delete the tariff instead")
            rest = (*before.versions[:place], *before.versions[place + 1 :])
            await self._become(connection, before, replace(before, versions=rest))

    async def _become(
        self, connection: AdminConnection, before: Tariff, after: Tariff, *, within: str = ""
    ) -> None:
        await refuse_bad(connection, after, self._zone, within=within)
        await refuse_changed_past(connection, before, after)
        await store.replace(connection, before, after)
        await price_incomplete_of_tariff(connection, after.id)

    def _change(self, asked: Asked[Any, Any], action: str, tariff_id: str) -> Any:
        shown = msgspec.to_builtins(asked.body, enc_hook=str)
        return self._context.change(asked.actor.name, action, f"tariffs/{tariff_id}", shown)


def _with_body(
    method: str,
    path: str,
    handler: Any,
    summary: str,
    body: Any,
    answers: dict[int, Any],
    *problems: int,
) -> Route[Any, Any]:
    return Route(
        method=method,
        path=path,
        handler=handler,
        summary=summary,
        tag=TAG,
        query=Nothing,
        body=body,
        answers=answers,
        problems=(409, *problems),
    )


def _numbers(before: Tariff, shape: TariffShape) -> list[int]:
    """A version keeps its number by the day it begins on; a new one gets a new number."""
    known = {version.valid_from: version.number for version in before.versions}
    highest = max(known.values())
    numbers: list[int] = []
    for version in shape.versions:
        number = known.pop(version.valid_from, None)
        if number is None:
            highest += 1
            number = highest
        numbers.append(number)
    return numbers


def _place(tariff: Tariff, number: int) -> int:
    for place, version in enumerate(tariff.versions):
        if version.number == number:
            return place
    raise NotFoundError(f"version of tariff {tariff.id!r}", number)


def _summary(row: Any) -> TariffSummary:
    return TariffSummary(
        id=row["id"],
        name=row["name"],
        currency=row["currency"],
        direction=Direction(row["direction"]),
        tax_included=row["tax_included"],
        rounding=msgspec.convert(
            {"rule": row["rounding_rule"], "decimals": row["rounding_decimals"]}, RoundingShape
        ),
        version_numbers=sorted(row["numbers"] or ()),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _view(tariff: Tariff) -> TariffView:
    return TariffView(
        id=tariff.id,
        name=tariff.name,
        currency=tariff.currency,
        direction=tariff.direction,
        tax_included=tariff.tax_included,
        rounding=RoundingShape(rule=tariff.rounding.rule, decimals=tariff.rounding.decimals),
        versions=[
            shape_of(version)
            for version in sorted(tariff.versions, key=lambda each: each.valid_from)
        ],
    )
