"""/firmware-campaigns: one firmware for many charge points, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import ChargePointId, Moment, Name, RecordId, SiteId
from csms.api.operation_orders import Retries, RetryIntervalS, utc
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.firmware_files import stored_firmware
from csms.api.route import Asked, Nothing, Reply, Route, get
from csms.errors import ConflictError, InvalidValueError
from csms.services.operations.campaigns import CampaignRunner, CampaignState, TargetState
from csms.store.admin import firmware_campaigns as store
from csms.store.admin import firmware_files
from csms.store.admin.window import AdminConnection, Row

TAG: Final = "Firmware"
Target: TypeAlias = Literal["waiting", "running", "succeeded", "failed", "skipped", "cancelled"]
_OVER: Final = frozenset({CampaignState.CANCELLED, CampaignState.FINISHED})


class Selection(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The charge points that match all that is given; at least one has to be."""

    vendor: Name | None = None
    model: Name | None = None
    firmware_version: Name | None = None
    site_id: SiteId | None = None
    charge_point_ids: (
        Annotated[list[ChargePointId], Meta(min_length=1, max_length=10_000)] | None
    ) = None


class CampaignBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """`concurrency`: updates at the same time. `max_failures`: one more stops it.

    `only_idle`: charge points with an open transaction wait. Between `starts_at` and `ends_at`
    updates begin; those that wait afterwards are skipped.
    """

    name: Name
    firmware_id: RecordId
    selection: Selection
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 5
    max_failures: Annotated[int, Meta(ge=0, le=10_000)] | None = 3
    only_idle: bool = True
    signed: bool = True
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    retries: Retries | None = None
    retry_interval_s: RetryIntervalS | None = None


class Progress(Struct):
    """Charge points by state."""

    total: int
    waiting: int
    running: int
    succeeded: int
    failed: int
    skipped: int
    cancelled: int


class CampaignView(Struct):
    """`state`: running, paused, stopped (too many failures), cancelled or finished."""

    id: int
    name: str
    firmware_id: int
    state: str
    reason: str | None
    selection: dict[str, Any]
    concurrency: int
    max_failures: int | None
    only_idle: bool
    signed: bool
    starts_at: datetime | None
    ends_at: datetime | None
    retries: int | None
    retry_interval_s: int | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    progress: Progress


class TargetView(Struct):
    charge_point_id: str
    state: str
    reason: str | None
    operation_id: int | None
    updated_at: datetime


class TargetQuery(PageQuery, kw_only=True):
    state: Target | UnsetType = UNSET


class FirmwareCampaigns:
    def __init__(self, context: Context, runner: CampaignRunner) -> None:
        self._context = context
        self._runner = runner
        self._pager: Pager[CampaignView] = Pager(tuple[int], "id")
        self._targets: Pager[TargetView] = Pager(tuple[ChargePointId], "charge_point_id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/firmware-campaigns"
        one = f"{path}/{{campaign_id}}"
        return [
            get(
                path,
                self.list,
                "List the firmware campaigns",
                tag=TAG,
                query=PageQuery,
                answer=Page[CampaignView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Update the firmware of many charge points",
                tag=TAG,
                query=Nothing,
                body=CampaignBody,
                answers={201: CampaignView},
                problems=(404, 409),
            ),
            get(
                one,
                self.read,
                "Show a campaign and how far it is",
                tag=TAG,
                query=Nothing,
                answer=CampaignView,
            ),
            get(
                f"{one}/targets",
                self.targets,
                "List the charge points of a campaign",
                tag=TAG,
                query=TargetQuery,
                answer=Page[TargetView],
                problems=(404,),
            ),
            self._change("pause", "Begin no more updates; those that run go on"),
            self._change("resume", "Go on after a pause, or after too many failures"),
            self._change("cancel", "Begin no more updates, for good"),
        ]

    def _change(
        self, verb: Literal["pause", "resume", "cancel"], summary: str
    ) -> Route[Nothing, Nothing]:
        states = {
            "pause": CampaignState.PAUSED,
            "resume": CampaignState.RUNNING,
            "cancel": CampaignState.CANCELLED,
        }

        async def handler(asked: Asked[Nothing, Nothing]) -> CampaignView:
            return await self._enter(asked, verb, states[verb])

        return Route(
            method="POST",
            path=f"/api/v1/firmware-campaigns/{{campaign_id}}/{verb}",
            handler=handler,
            summary=summary,
            tag=TAG,
            query=Nothing,
            body=Nothing,
            answers={200: CampaignView},
            problems=(404, 409),
        )

    async def list(self, asked: Asked[PageQuery, Nothing]) -> Page[CampaignView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
            counts = await store.counts(connection, [row["id"] for row in rows])
        return self._pager.page(rows, asked.query, lambda row: _view(row, counts[row["id"]]))

    async def read(self, asked: Asked[Nothing, Nothing]) -> CampaignView:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.path["campaign_id"])
            return await self._shown(connection, row)

    async def targets(self, asked: Asked[TargetQuery, Nothing]) -> Page[TargetView]:
        query, campaign_id = asked.query, asked.path["campaign_id"]
        window = self._targets.window(query)
        async with self._context.database.begin() as connection:
            await store.find(connection, campaign_id)
            rows = await store.list_targets(connection, campaign_id, window, query.state or None)
        return self._targets.page(rows, query, lambda row: view(TargetView, row))

    async def create(self, asked: Asked[Nothing, CampaignBody]) -> Reply:
        body, now = asked.body, self._context.clock.now()
        selection = msgspec.to_builtins(body.selection)
        if not selection:
            raise InvalidValueError("selection", {}, "at least one of its fields")
        if body.ends_at is not None and body.ends_at <= max(now, body.starts_at or now):
            raise InvalidValueError("ends_at", body.ends_at.isoformat(), "later than it begins")
        values = {name: getattr(body, name) for name in body.__struct_fields__} | {
            "selection": selection,
            "starts_at": utc(body.starts_at),
            "ends_at": utc(body.ends_at),
            "state": CampaignState.RUNNING.value,
            "created_by": asked.actor.name,
        }
        async with self._context.change(
            asked.actor.name, "create", "firmware-campaigns", msgspec.to_builtins(body)
        ) as connection:
            firmware = stored_firmware(await firmware_files.find(connection, body.firmware_id))
            row = await store.create(connection, values)
            number = await store.select_targets(
                connection, row["id"], selection, firmware.version, now
            )
            if number == 0:
                raise InvalidValueError("selection", selection, "what some charge point matches")
            shown = await self._shown(connection, row)
        self._runner.wake()
        return Reply(shown, 201, {"Location": f"/api/v1/firmware-campaigns/{shown.id}"})

    async def _enter(
        self, asked: Asked[Nothing, Nothing], verb: str, state: CampaignState
    ) -> CampaignView:
        campaign_id, now = asked.path["campaign_id"], self._context.clock.now()
        async with self._context.change(
            asked.actor.name, verb, f"firmware-campaigns/{campaign_id}", {}
        ) as connection:
            row = await store.find(connection, campaign_id, lock=True)
            if row["state"] in _OVER:
                raise ConflictError(f"firmware campaign {campaign_id} is {row['state']}")
            if state is CampaignState.CANCELLED:
                await store.cancel_waiting(connection, campaign_id, now)
            if state is CampaignState.RUNNING and row["max_failures"] is not None:
                counts = (await store.counts(connection, [campaign_id]))[campaign_id]
                # Those that failed so far are forgiven: one more than may fail stops it again.
                if row["state"] == CampaignState.STOPPED:
                    most = counts.get(TargetState.FAILED, 0) + row["max_failures"]
                    await store.allow_failures(connection, campaign_id, most)
            is_over = state in _OVER
            row = await store.change_state(connection, campaign_id, state, now, is_over=is_over)
            shown = await self._shown(connection, row)
        self._runner.wake()
        return shown

    async def _shown(self, connection: AdminConnection, row: Row) -> CampaignView:
        counts = await store.counts(connection, [row["id"]])
        return _view(row, counts[row["id"]])


def _view(row: Row, counts: Row) -> CampaignView:
    states = {state.value: counts.get(state, 0) for state in TargetState}
    return view(CampaignView, row, progress=Progress(total=sum(states.values()), **states))
