"""/statements: what a user, a charge point or a whole site owes for a month."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web
from msgspec import UNSET, UnsetType

from csms.api.context import Context
from csms.api.fields import Int64, MonthText, SiteId, Text
from csms.api.paging import Page, PageQuery, Pager
from csms.api.route import Asked, Nothing, Route, get
from csms.api.statement_shapes import (
    CorrectionOrder,
    DocumentView,
    StatementOrder,
    StatementView,
    WholeStatement,
    bill_of,
    document_view,
    month_of,
    order_of,
    statement_fields,
)
from csms.services.statements.service import StatementService
from csms.statements.document import Document, Kind
from csms.statements.files.rendering import CONTENT_TYPES, FileFormat, file_name, rendered
from csms.store import issued_statements as store
from csms.store.issued_statements import IssuedStatements, kept

TAG: Final = "Statements"


class StatementQuery(PageQuery, kw_only=True):
    kind: Kind | UnsetType = UNSET
    subject_id: Text | UnsetType = UNSET
    site_id: SiteId | UnsetType = UNSET
    month: MonthText | UnsetType = UNSET
    outdated: bool | UnsetType = UNSET


class Statements:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._service = StatementService(IssuedStatements(context.database), context.clock)
        self._pager: Pager[StatementView] = Pager(tuple[Int64], "id")
        self._rendering = asyncio.Semaphore(1)

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/statements"
        one = path + "/{statement_id}"
        return [
            get(
                path,
                self.list_all,
                "List issued statements, the newest first",
                tag=TAG,
                query=StatementQuery,
                answer=Page[StatementView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.issue,
                summary="Issue a statement, for good",
                tag=TAG,
                query=Nothing,
                body=StatementOrder,
                answers={201: StatementView},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path=path + "/drafts",
                handler=self.draft,
                summary="Show what a statement would say now; nothing is kept",
                tag=TAG,
                query=Nothing,
                body=StatementOrder,
                answers={200: DocumentView},
                problems=(404, 409),
            ),
            Route(
                method="POST",
                path=path + "/drafts/pdf",
                handler=self.draft_pdf,
                summary="Show what a statement would say now, as PDF",
                tag=TAG,
                query=Nothing,
                body=StatementOrder,
                answers={200: str},
                problems=(404, 409),
                media_type=CONTENT_TYPES[FileFormat.PDF],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=WholeStatement),
            *(self._file_route(one, file_format) for file_format in FileFormat),
            Route(
                method="POST",
                path=one + "/corrections",
                handler=self.correct,
                summary="Issue a statement that takes the place of this one",
                tag=TAG,
                query=Nothing,
                body=CorrectionOrder,
                answers={201: StatementView},
                problems=(404, 409),
            ),
        ]

    def _file_route(self, one: str, file_format: FileFormat) -> Route[Nothing, Nothing]:
        async def download(asked: Asked[Nothing, Nothing]) -> web.Response:
            async with self._context.database.begin() as connection:
                row = await store.find(connection, asked.path["statement_id"])
            return await self._download(kept(row).document, file_format)

        return Route(
            method="GET",
            path=f"{one}/{file_format.value}",
            handler=download,
            summary=f"Download one as {file_format.name}: always the same",
            tag=TAG,
            query=Nothing,
            body=Nothing,
            answers={200: str},
            media_type=CONTENT_TYPES[file_format],
        )

    async def list_all(self, asked: Asked[StatementQuery, Nothing]) -> Page[StatementView]:
        query = asked.query
        async with self._context.database.begin() as connection:
            rows = await store.list_page(
                connection,
                self._pager.window(query),
                kind=query.kind.value if query.kind else None,
                subject_id=query.subject_id or None,
                site_id=query.site_id or None,
                month=month_of(query.month) if query.month else None,
                outdated=None if query.outdated is UNSET else query.outdated,
            )
        return self._pager.page(rows, query, lambda row: StatementView(**statement_fields(row)))

    async def issue(self, asked: Asked[Nothing, StatementOrder]) -> StatementView:
        made = await self._service.issue(order_of(asked.body), asked.actor.name)
        return await self._shown(made.id)

    async def correct(self, asked: Asked[Nothing, CorrectionOrder]) -> StatementView:
        body = asked.body
        made = await self._service.correct(
            asked.path["statement_id"],
            body.reason,
            asked.actor.name,
            allow_unpriced=body.allow_unpriced,
            supplier_bill=None if body.supplier_bill is None else bill_of(body.supplier_bill),
        )
        return await self._shown(made.id)

    async def draft(self, asked: Asked[Nothing, StatementOrder]) -> DocumentView:
        return document_view(await self._service.draft(order_of(asked.body)))

    async def draft_pdf(self, asked: Asked[Nothing, StatementOrder]) -> web.Response:
        document = await self._service.draft(order_of(asked.body))
        return await self._download(document, FileFormat.PDF)

    async def read(self, asked: Asked[Nothing, Nothing]) -> WholeStatement:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.path["statement_id"])
        return WholeStatement(**statement_fields(row), document=document_view(kept(row).document))

    async def _shown(self, statement_id: int) -> StatementView:
        async with self._context.database.begin() as connection:
            return StatementView(**statement_fields(await store.find(connection, statement_id)))

    async def _download(self, document: Document, file_format: FileFormat) -> web.Response:
        async with self._rendering:  # it takes a processor: one at a time, beside the loop
            body = await asyncio.to_thread(rendered, document, file_format)
        name = quote(file_name(document, file_format))
        return web.Response(
            body=body,
            content_type=CONTENT_TYPES[file_format],
            charset="utf-8" if file_format is FileFormat.CSV else None,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
