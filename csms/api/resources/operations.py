"""/operations: what takes a charge point some time, how far it is and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import ChargePointId, RecordId
from csms.api.file_door import UPLOAD
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.problems import Problem
from csms.api.route import Actor, Asked, Nothing, Route, delete, get
from csms.errors import NotFoundError
from csms.services.answers import as_told
from csms.services.operations.desk import Placed
from csms.services.operations.model import Kind, Operation
from csms.store.admin import charge_points
from csms.store.admin import operations as store
from csms.store.admin.window import Row
from csms.store.blobs import Blobs
from csms.store.files import Files

TAG: Final = "Operations"
OperationKind: TypeAlias = Literal[
    "firmware_update",
    "firmware_publication",
    "log",
    "customer_information",
    "display_messages",
]
OperationState: TypeAlias = Literal[
    "requested",
    "undelivered",
    "rejected",
    "accepted",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "timed_out",
]


class StatusView(Struct):
    status: str
    at: datetime


class OperationView(Struct):
    """`status` is the charge point's own last word; `reason` says why it is in its state.

    `request` is what was asked, `result` what came of it, both as the kind has it. Of customer
    information only admins see more than the state.
    """

    id: int
    kind: str
    charge_point_id: str
    request_id: int
    state: str
    status: str | None
    reason: str | None
    request: dict[str, Any]
    result: dict[str, Any]
    statuses: list[StatusView]
    firmware_id: int | None
    campaign_id: int | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    finished_at: datetime | None


class OperationAnswerView(Struct):
    """What the charge point said to the order, and the operation that follows from it."""

    status: str
    accepted: bool
    response: dict[str, Any]
    results: list[dict[str, Any]]
    operation: OperationView


class OperationQuery(PageQuery, kw_only=True):
    charge_point_id: ChargePointId | UnsetType = UNSET
    kind: OperationKind | UnsetType = UNSET
    state: OperationState | UnsetType = UNSET
    campaign_id: RecordId | UnsetType = UNSET


class CustomerInformationView(Struct):
    """`text` is what has come so far, in its order; `is_complete` once nothing is missing."""

    operation_id: int
    charge_point_id: str
    is_complete: bool
    text: str
    parts: Annotated[int, Meta(description="How many have come.")]


def operation_view(row: Row, actor: Actor) -> OperationView:
    shown = view(OperationView, row)
    if row["kind"] == Kind.CUSTOMER_INFORMATION and actor.role != "admin":
        shown.request, shown.result = {}, {}
    return shown


def placed_view(placed: Placed, actor: Actor) -> OperationAnswerView:
    answer = placed.answer
    return OperationAnswerView(
        answer.status,
        answer.accepted,
        as_told(answer.response),
        answer.results,
        operation_view(_row(placed.operation), actor),
    )


class Operations:
    def __init__(self, context: Context, files: Files, blobs: Blobs) -> None:
        self._context = context
        self._files = files
        self._blobs = blobs
        self._pager: Pager[OperationView] = Pager(tuple[int], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/operations/{operation_id}"
        return [
            get(
                "/api/v1/operations",
                self.list,
                "List what was asked of charge points that takes them time",
                tag=TAG,
                query=OperationQuery,
                answer=Page[OperationView],
                problems=(404,),
            ),
            get(
                path,
                self.read,
                "Show an operation",
                tag=TAG,
                query=Nothing,
                answer=OperationView,
            ),
            Route(
                method="GET",
                path=f"{path}/file",
                handler=self.download,
                summary="Download the log that the charge point uploaded",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: str},
                problems=(404,),
                media_type="application/octet-stream",
            ),
            delete(f"{path}/file", self.remove_file, "Delete an uploaded log", tag=TAG),
            get(
                f"{path}/customer-information",
                self.customer_information,
                "Show what a charge point knows of a customer (admins only)",
                tag=TAG,
                query=Nothing,
                answer=CustomerInformationView,
                problems=(404,),
            ),
        ]

    async def list(self, asked: Asked[OperationQuery, Nothing]) -> Page[OperationView]:
        query = asked.query
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            key = None
            if query.charge_point_id:
                key = await charge_points.key_of(connection, query.charge_point_id)
            rows = await store.list_page(
                connection,
                window,
                charge_point_key=key,
                kind=query.kind or None,
                state=query.state or None,
                campaign_id=query.campaign_id or None,
            )
        return self._pager.page(rows, query, lambda row: operation_view(row, asked.actor))

    async def read(self, asked: Asked[Nothing, Nothing]) -> OperationView:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.path["operation_id"])
        return operation_view(row, asked.actor)

    async def download(self, asked: Asked[Nothing, Nothing]) -> web.StreamResponse:
        operation_id = asked.path["operation_id"]
        async with self._context.database.begin() as connection:
            file = await store.uploaded(connection, operation_id)
        path = self._blobs.path(UPLOAD, file["id"])
        if not path.is_file():
            raise NotFoundError("file of operation", operation_id)
        name = str(file["name"]).encode("ascii", "replace").decode().replace("?", "_")
        return web.FileResponse(
            path,
            headers={
                "Content-Type": "application/octet-stream",
                "Content-Disposition": f'attachment; filename="{name}"',
            },
        )

    async def remove_file(self, asked: Asked[Nothing, Nothing]) -> None:
        operation_id = asked.path["operation_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"operations/{operation_id}/file", {}
        ) as connection:
            file = await store.uploaded(connection, operation_id)
        await self._blobs.remove(UPLOAD, file["id"])
        await self._files.forget_upload(file["id"])

    async def customer_information(self, asked: Asked[Nothing, Nothing]) -> CustomerInformationView:
        if asked.actor.role != "admin":
            raise Problem(403, "what is known of customers is for admins alone")
        operation_id = asked.path["operation_id"]
        target = f"operations/{operation_id}/customer-information"
        # Who looked at personal data is in the audit log.
        async with self._context.change(asked.actor.name, "read", target, {}) as connection:
            row = await store.find(connection, operation_id)
            if row["kind"] != Kind.CUSTOMER_INFORMATION:
                raise NotFoundError("customer information", operation_id)
            parts = await store.parts(connection, operation_id)
        return CustomerInformationView(
            operation_id=operation_id,
            charge_point_id=row["charge_point_id"],
            is_complete=row["state"] == "succeeded",
            text="".join(str(part["data"]) for part in parts),
            parts=len(parts),
        )


def _row(operation: Operation) -> Row:
    return {name: getattr(operation, name) for name in OperationView.__struct_fields__}
