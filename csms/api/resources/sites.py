"""/sites: whole installations, what is odd about them, and the sun on their roofs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Final, TypeAlias, TypeVar
from zoneinfo import available_timezones

from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins

from csms.api.context import Context
from csms.api.fields import Country, Name, SiteId, Text
from csms.api.installation_change import FindingView, judge, views
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError, InvalidValueError
from csms.smart_charging.checking import check
from csms.smart_charging.grid import Network
from csms.store.admin import sites as store
from csms.store.admin.window import AdminConnection, Row

TAG: Final = "Sites"

S = TypeVar("S", bound=Struct)

Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
Watts: TypeAlias = Annotated[float, Meta(gt=0, le=1e9)]


class PvGroup(Struct, forbid_unknown_fields=True):
    """Solar panels that look the same way."""

    panels: Annotated[int, Meta(ge=1, le=1_000_000)]
    panel_peak_w: Annotated[float, Meta(gt=0, le=10_000)]
    azimuth_deg: Annotated[float, Meta(ge=0, lt=360, description="0 is north, 180 south.")] = 180.0
    tilt_deg: Annotated[float, Meta(ge=0, le=90, description="0 lies flat.")] = 30.0


class _Settings(Struct, forbid_unknown_fields=True, kw_only=True):
    """All there is to set; what is left out gets its default."""

    name: Name | None = None
    network: Annotated[
        Network,
        Meta(description="three_phase: TN or TT; it: 230 V between lines, without a neutral."),
    ] = Network.THREE_PHASE
    voltage_v: Annotated[
        float, Meta(ge=50, le=400, description="Phase to neutral; between lines in an IT net.")
    ] = 230.0
    time_zone: Annotated[Name, Meta(description="As in Europe/Lisbon.")] = "UTC"
    country: Country | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    max_meter_age_s: Annotated[
        Seconds, Meta(description="After so long without a reading the worst is assumed.")
    ] = 60.0
    slot_s: Annotated[
        Seconds, Meta(description="How long a turn lasts when not everybody gets the minimum.")
    ] = 900.0
    strict_priority: bool = False
    battery_counts_as_surplus: bool = False
    demand_cap_w: (
        Annotated[Watts, Meta(description="No quarter of an hour may mean more than this.")] | None
    ) = None
    unattended_factor: (
        Annotated[
            float,
            Meta(
                ge=1,
                le=2.5,
                description="So many times its rating a breaker may carry until limits run out "
                "after the server died, if other loads then rise to what is assumed.",
            ),
        ]
        | None
    ) = None
    pv_groups: Annotated[list[PvGroup], Meta(max_length=100)] = []


class NewSite(_Settings, kw_only=True):
    id: SiteId


class SiteSettings(_Settings, kw_only=True):
    """All there is to set; what is left out gets its default."""

    id: SiteId | UnsetType = UNSET


class SiteView(Struct, kw_only=True):
    """`version` grows with every change of the site or of anything that belongs to it."""

    id: str
    name: str
    network: Network
    voltage_v: float
    time_zone: str
    country: str | None
    latitude: float | None
    longitude: float | None
    max_meter_age_s: float
    slot_s: float
    strict_priority: bool
    battery_counts_as_surplus: bool
    demand_cap_w: float | None
    unattended_factor: float | None
    pv_groups: list[PvGroup]
    version: int
    created_at: datetime
    updated_at: datetime


class SavedSite(SiteView, kw_only=True):
    warnings: list[FindingView]


class Findings(Struct):
    items: list[FindingView]


class Sites:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[SiteView] = Pager(tuple[Text], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/sites"
        one = path + "/{site_id}"
        return [
            get(path, self.list_all, "List sites", tag=TAG, query=PageQuery, answer=Page[SiteView]),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Create a site; then its circuits, from the grid connection downwards",
                tag=TAG,
                query=Nothing,
                body=NewSite,
                answers={201: SavedSite},
                problems=(409,),
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=SiteView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Create or replace a site; its circuits and EVSEs stay",
                tag=TAG,
                query=Nothing,
                body=SiteSettings,
                answers={200: SavedSite, 201: SavedSite},
                problems=(409,),
            ),
            delete(
                one,
                self.remove,
                "Delete a site without circuits, with its prices and alarms",
                tag=TAG,
                problems=(404, 409),
            ),
            get(
                one + "/findings",
                self.findings,
                "What is odd about the installation",
                tag=TAG,
                query=Nothing,
                answer=Findings,
            ),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[SiteView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
            groups = await store.pv_groups_of(connection, [row["id"] for row in rows])
        return self._pager.page(
            rows, asked.query, lambda row: view(SiteView, row, pv_groups=_groups(groups[row["id"]]))
        )

    async def read(self, asked: Asked[Nothing, Nothing]) -> SiteView:
        async with self._context.database.begin() as connection:
            return await _show(connection, str(asked.path["site_id"]), SiteView)

    async def create(self, asked: Asked[Nothing, NewSite]) -> SavedSite:
        site_id = asked.body.id
        saved, _ = await self._save(asked.actor.name, "create", site_id, asked.body)
        return saved

    async def replace(self, asked: Asked[Nothing, SiteSettings]) -> Reply:
        site_id, body = str(asked.path["site_id"]), asked.body
        if body.id and body.id != site_id:
            raise ConflictError(f"the path is about {site_id!r}, the body about {body.id!r}")
        saved, is_new = await self._save(asked.actor.name, "replace", site_id, body)
        return Reply(saved, 201 if is_new else 200)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        site_id = asked.path["site_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"sites/{site_id}", {}
        ) as connection:
            await store.remove(connection, site_id)

    async def _save(
        self, actor: str, action: str, site_id: str, body: _Settings
    ) -> tuple[SavedSite, bool]:
        values = _values(body, site_id)
        async with self._context.change(
            actor, action, f"sites/{site_id}", _shown(body)
        ) as connection:
            is_new = await store.create(connection, site_id, values)
            before = None
            if not is_new:
                if action == "create":
                    raise ConflictError(f"there is a site {site_id!r} already")
                await store.touch(connection, site_id)
                before = await store.installation(connection, site_id)
                await store.change(connection, site_id, values)
            after = await store.installation(connection, site_id)
            warnings = judge(before, after, "site", _fields(body))
            await store.replace_pv_groups(connection, site_id, to_builtins(body.pv_groups))
            return await _show(connection, site_id, SavedSite, warnings=warnings), is_new

    async def findings(self, asked: Asked[Nothing, Nothing]) -> Findings:
        async with self._context.database.begin() as connection:
            found = await store.installation(connection, asked.path["site_id"])
        return Findings(views(check(found.site)))


async def _show(connection: AdminConnection, site_id: str, type_: type[S], **more: object) -> S:
    row = await store.find(connection, site_id)
    groups = await store.pv_groups_of(connection, [site_id])
    return view(type_, row, pv_groups=_groups(groups[site_id]), **more)


def _groups(rows: Sequence[Row]) -> list[PvGroup]:
    return [view(PvGroup, row) for row in rows]


def _fields(body: _Settings) -> dict[str, Any]:
    return {name: getattr(body, name) for name in _Settings.__struct_fields__}


def _values(body: _Settings, site_id: str) -> Mapping[str, Any]:
    """The columns of a site's row; raises InvalidValueError."""
    values = _fields(body)
    values.pop("pv_groups")
    values["name"] = body.name or site_id
    values["network"] = body.network.value
    if body.time_zone not in _time_zones():
        allowed = "a time zone of the IANA database, such as Europe/Lisbon"
        raise InvalidValueError("time_zone", body.time_zone, allowed)
    for name in ("latitude", "longitude"):
        if body.pv_groups and values[name] is None:
            raise InvalidValueError(name, None, "where the solar panels are, in degrees")
    return values


def _shown(body: _Settings) -> dict[str, Any]:
    """What the audit log holds of a change."""
    shown: dict[str, Any] = to_builtins(_fields(body))
    return {name: value for name, value in shown.items() if value not in (None, [])}


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones()) | {"UTC"}
