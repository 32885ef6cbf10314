"""Local authorization lists: what charge points may accept by themselves, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import SiteId, Text
from csms.api.orders import ERRORS
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Route, get
from csms.errors import NotConnectedError
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.local_list.choosing import ListStanding, ListState
from csms.services.local_list.exchange import Synchronisation
from csms.services.local_list.service import LocalListServices
from csms.services.local_list.words import ListEntry
from csms.store.admin import local_lists as store
from csms.store.admin.window import Row

TAG: Final = "Local lists"

Change: TypeAlias = Literal["add", "change", "remove", "none"]


class LocalListPolicy(Struct, forbid_unknown_fields=True):
    """`automatic` null: as the site says; if it says nothing, no."""

    automatic: bool | None


class ListLimitsView(Struct):
    """What the charge point told that it takes; null where it told nothing."""

    entries: int | None
    items_per_message: int | None
    bytes_per_message: int | None


class LocalListView(Struct, kw_only=True):
    """`wanted` and `held` count entries; `held` is null where nobody knows.

    `state`: in_sync; outdated; failed (outdated, and `reason` says why); not_supported; unknown.
    `version` is the one it took from us, `told_version` the one it last told (0: it has no list).
    `not_in_version` tokens can't be in a list of its OCPP version, for `no_room` (counted up
    to 1000) it is too short.
    """

    charge_point_id: str
    automatic: bool
    automatic_by: Literal["charge point", "site", "default"]
    state: ListState
    reason: str | None
    version: int | None
    told_version: int | None
    told_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None
    wanted: int
    held: int | None
    to_add: int
    to_change: int
    to_remove: int
    not_in_version: int
    no_room: int
    limits: ListLimitsView


class ListEntryView(Struct, kw_only=True):
    """`change`: what the next synchronisation does with it."""

    id_token: str
    type: str
    change: Change
    status: str
    expires_at: datetime | None
    group_id: str | None


class ListLine(Struct, kw_only=True):
    """`state` is how the last synchronisation ended, `unknown` if there was none."""

    charge_point_id: str
    site_id: str | None
    automatic: bool
    state: str
    reason: str | None
    version: int | None
    held: int | None
    told_version: int | None
    told_at: datetime | None
    sent_at: datetime | None
    settled_at: datetime | None


class LocalListSyncBody(Struct, forbid_unknown_fields=True):
    """`full`: send the whole list even where less would do."""

    full: bool = False


class SyncStepView(Struct):
    action: str
    status: str
    version: int | None
    update_type: str | None
    put: int
    removed: int


class LocalListAnswer(Struct):
    """`steps` are the messages in their order, each with what the charge point said."""

    accepted: bool
    outcome: Literal["in_sync", "failed", "not_supported"]
    reason: str | None
    steps: list[SyncStepView]
    local_list: LocalListView


class ListsQuery(PageQuery, kw_only=True):
    site_id: SiteId | UnsetType = UNSET
    state: Literal["in_sync", "failed", "not_supported"] | UnsetType = UNSET


class EntriesQuery(PageQuery, kw_only=True):
    change: Change | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class _Owner:
    key: int
    id: str
    site_id: str | None
    ocpp_version: OcppVersion


class LocalLists:
    def __init__(self, context: Context, lists: LocalListServices) -> None:
        self._context = context
        self._lists = lists
        self._pager: Pager[ListLine] = Pager(tuple[Text], "identity")
        self._entry_pager: Pager[ListEntryView] = Pager(tuple[Text], "id_token")

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/charge-points/{charge_point_id}/local-list"
        of_site = "/api/v1/sites/{site_id}/local-list"
        return [
            get(
                "/api/v1/local-lists",
                self.list_all,
                "List the charge points that have one",
                tag=TAG,
                query=ListsQuery,
                answer=Page[ListLine],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=LocalListView),
            get(
                one + "/entries",
                self.entries,
                "List what one holds and should hold",
                tag=TAG,
                query=EntriesQuery,
                answer=Page[ListEntryView],
            ),
            Route(
                method="PUT",
                path=one,
                handler=self.set_policy,
                summary="Keep it up to date automatically, or not",
                tag=TAG,
                query=Nothing,
                body=LocalListPolicy,
                answers={200: LocalListView},
                problems=(404,),
            ),
            self._work(
                one + "/sync", "POST", LocalListSyncBody, self.sync, "Bring it up to date now"
            ),
            self._work(one + "/check", "POST", Nothing, self.check, "Ask for its version"),
            self._work(one, "DELETE", Nothing, self.clear, "Empty it; it is not kept any more"),
            get(
                of_site,
                self.read_site,
                "Whether a site's lists are kept automatically",
                tag=TAG,
                query=Nothing,
                answer=LocalListPolicy,
                problems=(404,),
            ),
            Route(
                method="PUT",
                path=of_site,
                handler=self.set_site_policy,
                summary="Keep a site's lists up to date automatically, or not",
                tag=TAG,
                query=Nothing,
                body=LocalListPolicy,
                answers={200: LocalListPolicy},
                problems=(404,),
            ),
        ]

    async def list_all(self, asked: Asked[ListsQuery, Nothing]) -> Page[ListLine]:
        query = asked.query
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                self._pager.window(query),
                site_id=query.site_id or None,
                state=query.state or None,
            )
        return self._pager.page(rows, query, lambda row: view(ListLine, row))

    async def read(self, asked: Asked[Nothing, Nothing]) -> LocalListView:
        return await self._view(asked.charge_point_id)

    async def entries(self, asked: Asked[EntriesQuery, Nothing]) -> Page[ListEntryView]:
        query = asked.query
        window = self._entry_pager.window(query)
        standing = await self._lists.chooser.standing(_owner(await self._policy(asked)))
        rows = sorted(_entries(standing), key=lambda row: str(row["id_token"]))
        if query.change:
            rows = [row for row in rows if row["change"] == query.change]
        if window.after is not None:
            rows = [row for row in rows if row["id_token"] > window.after[0]]
        return self._entry_pager.page(
            rows[: window.limit], query, lambda row: view(ListEntryView, row)
        )

    async def set_policy(self, asked: Asked[Nothing, LocalListPolicy]) -> LocalListView:
        policy = await self._policy(asked)
        await self._set(asked, policy["key"], asked.body.automatic)
        self._lists.keeper.enqueue([policy["id"]])
        return await self._view(asked.charge_point_id)

    async def sync(self, asked: Asked[Nothing, LocalListSyncBody]) -> LocalListAnswer:
        charge_point = await self._connected(asked, "sync-local-list")
        done = await self._lists.synchroniser.synchronise(charge_point, full=asked.body.full)
        return await self._answer(asked, done)

    async def check(self, asked: Asked[Nothing, Nothing]) -> LocalListAnswer:
        charge_point = await self._connected(asked, "check-local-list")
        done = await self._lists.synchroniser.check(charge_point)
        return await self._answer(asked, done)

    async def clear(self, asked: Asked[Nothing, Nothing]) -> LocalListAnswer:
        charge_point = await self._connected(asked, "clear-local-list")
        await self._set(asked, charge_point.key, automatic=False)
        done = await self._lists.synchroniser.clear(charge_point)
        return await self._answer(asked, done)

    async def read_site(self, asked: Asked[Nothing, Nothing]) -> LocalListPolicy:
        async with self._context.database.begin() as connection:
            return LocalListPolicy(await store.site_policy(connection, asked.path["site_id"]))

    async def set_site_policy(self, asked: Asked[Nothing, LocalListPolicy]) -> LocalListPolicy:
        site_id, body = asked.path["site_id"], asked.body
        async with self._context.change(
            asked.actor.name, "set-local-list", f"sites/{site_id}", {"automatic": body.automatic}
        ) as connection:
            await store.set_site_policy(connection, site_id, body.automatic)
        connected = self._context.services.charge_points.connected_ones()
        self._lists.keeper.enqueue([each.id for each in connected if each.site_id == site_id])
        return body

    def _work(
        self, path: str, method: str, body: type[Any], handler: Any, summary: str
    ) -> Route[Any, Any]:
        return Route(
            method=method,
            path=path,
            handler=handler,
            summary=summary,
            tag=TAG,
            query=Nothing,
            body=body,
            answers={200: LocalListAnswer},
            problems=ERRORS,
        )

    async def _policy(self, asked: Asked[Any, Any]) -> Row:
        async with self._context.database.begin() as connection:
            return await store.policy(connection, asked.charge_point_id)

    async def _set(
        self, asked: Asked[Any, Any], charge_point_key: int, automatic: bool | None
    ) -> None:
        target = f"charge-points/{asked.charge_point_id}"
        async with self._context.change(
            asked.actor.name, "set-local-list", target, {"automatic": automatic}
        ) as connection:
            await store.set_policy(connection, charge_point_key, automatic)

    async def _connected(self, asked: Asked[Any, Any], action: str) -> ChargePoint:
        """Return a charge point that can be spoken to; raises NotConnectedError."""
        policy = await self._policy(asked)
        link = self._context.links.get(policy["id"])
        if link is None:
            raise NotConnectedError(policy["id"])
        target = f"charge-points/{policy['id']}"
        async with self._context.change(asked.actor.name, action, target, {}):
            return link.charge_point

    async def _answer(self, asked: Asked[Any, Any], done: Synchronisation) -> LocalListAnswer:
        steps = [
            SyncStepView(
                step.action, step.status, step.version, step.update_type, step.put, step.removed
            )
            for step in done.steps
        ]
        accepted = done.outcome.value == "in_sync"
        shown = await self._view(asked.charge_point_id)
        return LocalListAnswer(accepted, done.outcome.value, done.reason, steps, shown)

    async def _view(self, charge_point_id: str) -> LocalListView:
        async with self._context.database.begin() as connection:
            policy = await store.policy(connection, charge_point_id)
        standing = await self._lists.chooser.standing(_owner(policy))
        return _shown(policy, standing)


def _owner(policy: Row) -> _Owner:
    version = OcppVersion(policy["ocpp_version"] or OcppVersion.V16)
    return _Owner(policy["key"], policy["id"], policy["site_id"], version)


def _shown(policy: Row, standing: ListStanding) -> LocalListView:
    own, of_site = policy["own"], policy["of_site"]
    known, changes, limits = standing.known, standing.changes, standing.limits
    return LocalListView(
        charge_point_id=policy["id"],
        automatic=bool(of_site if own is None else own),
        automatic_by=_by(own, of_site),
        state=standing.state,
        reason=known.reason,
        version=known.version,
        told_version=known.told_version,
        told_at=known.told_at,
        sent_at=known.sent_at,
        settled_at=known.settled_at,
        wanted=len(standing.wanted.entries),
        held=None if known.entries is None else len(known.entries),
        to_add=len(changes.added),
        to_change=len(changes.changed),
        to_remove=len(changes.removed),
        not_in_version=standing.wanted.not_in_version,
        no_room=standing.wanted.no_room,
        limits=ListLimitsView(limits.entries, limits.items_per_message, limits.bytes_per_message),
    )


def _by(own: bool | None, of_site: bool | None) -> Literal["charge point", "site", "default"]:
    if own is not None:
        return "charge point"
    return "default" if of_site is None else "site"


def _entries(standing: ListStanding) -> list[Row]:
    changes = standing.changes
    named: dict[str, Change] = {entry.id_token: "add" for entry in changes.added}
    named |= {entry.id_token: "change" for entry in changes.changed}
    named |= {entry.id_token: "remove" for entry in changes.removed}
    entries = {**(standing.known.entries or {}), **standing.wanted.entries}
    return [_row(entry, named.get(entry.id_token, "none")) for entry in entries.values()]


def _row(entry: ListEntry, change: Change) -> Row:
    told = entry.authorization
    return {
        "id_token": entry.id_token,
        "type": entry.type,
        "change": change,
        "status": told.status.value,
        "expires_at": told.expires_at,
        "group_id": told.group_id,
    }
