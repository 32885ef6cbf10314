"""/statement-runs: the statements of all users of a site's month, issued in the background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import Struct

from csms.api.context import Context
from csms.api.fields import Int64, MonthText, SiteId
from csms.api.paging import Page, PageQuery, Pager
from csms.api.resources.statement_issuers import Language
from csms.api.route import Asked, Nothing, Route, get
from csms.api.statement_shapes import month_of, month_text
from csms.store import statement_runs as store
from csms.store.admin import sites, statement_issuers

TAG: Final = "Statements"


class RunOrder(Struct, forbid_unknown_fields=True, kw_only=True):
    """Whoever has a statement for the month already is passed over."""

    site_id: SiteId
    month: MonthText
    language: Language | None = None
    allow_unpriced: bool = False


class RefusalView(Struct):
    """A user whose statement was not issued, and why; without one why the run itself failed."""

    user_id: str
    reason: str


class RunView(Struct, kw_only=True):
    """`total` is known once it runs; `done` counts issued and refused ones."""

    id: int
    site_id: str
    month: str
    language: str | None
    allow_unpriced: bool
    state: Literal["waiting", "running", "done", "failed"]
    total: int | None
    done: int
    issued: int
    refusals: list[RefusalView]
    created_by: str
    created_at: datetime
    ended_at: datetime | None


class StatementRuns:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[RunView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/statement-runs"
        return [
            get(
                path,
                self.list_all,
                "List runs, the newest first",
                tag=TAG,
                query=PageQuery,
                answer=Page[RunView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Issue the statements of all users of a site's month",
                tag=TAG,
                query=Nothing,
                body=RunOrder,
                answers={202: RunView},
                problems=(404,),
            ),
            get(
                path + "/{run_id}",
                self.read,
                "Show how far a run is",
                tag=TAG,
                query=Nothing,
                answer=RunView,
            ),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[RunView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._pager.page(rows, asked.query, _view)

    async def create(self, asked: Asked[Nothing, RunOrder]) -> RunView:
        body = asked.body
        values = {
            "site_id": body.site_id,
            "month": month_of(body.month).first,
            "language": body.language,
            "allow_unpriced": body.allow_unpriced,
        }
        async with self._context.change(
            asked.actor.name,
            "create",
            f"statement-runs/{body.site_id}",
            values | {"month": body.month},
        ) as connection:
            await sites.find(connection, body.site_id)
            await statement_issuers.find(connection, body.site_id)
            row = await store.create(connection, values | {"created_by": asked.actor.name})
        self._context.run_ordered()
        return _view(row)

    async def read(self, asked: Asked[Nothing, Nothing]) -> RunView:
        async with self._context.database.begin() as connection:
            return _view(await store.find(connection, asked.path["run_id"]))


def _view(row: Mapping[str, Any]) -> RunView:
    names = set(RunView.__struct_fields__) - {"month", "refusals"}
    return RunView(
        **{name: row[name] for name in names},
        month=month_text(row["month"].year, row["month"].month),
        refusals=[RefusalView(**each) for each in row["refusals"]],
    )
