"""/cdrs: what transactions cost, as OCPI 2.2.1's CDRs; and the webhooks they are sent to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from csms.api.context import Context
from csms.api.fields import Int64, Moment, SiteId
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import NotFoundError
from csms.services.cdrs.webhooks import MAX_URL_CHARS, check_url, new_secret
from csms.services.destinations import Destinations
from csms.statements.cdr import cdr
from csms.store.admin import cdr_webhooks as store
from csms.store.admin import cdrs, sites
from csms.store.admin.window import AdminConnection

TAG: Final = "CDRs"


class CdrQuery(PageQuery, kw_only=True):
    since: Annotated[Moment, Meta(description="Ended at or after.")] | UnsetType = field(
        default=UNSET, name="from"
    )
    until: Annotated[Moment, Meta(description="Ended before.")] | UnsetType = field(
        default=UNSET, name="to"
    )


class NewWebhook(Struct, forbid_unknown_fields=True, kw_only=True):
    """All there is to set; what is left out gets its default."""

    url: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=MAX_URL_CHARS,
            description="https://; http:// only for this machine itself, if the settings allow it.",
        ),
    ]
    site_id: SiteId | None = None
    enabled: bool = True


class WebhookView(Struct, kw_only=True):
    """Without a site it gets the CDRs of all."""

    id: int
    url: str
    site_id: str | None
    enabled: bool
    created_at: datetime
    updated_at: datetime


class CreatedWebhook(WebhookView, kw_only=True):
    """`secret` signs what is sent; it is shown only here."""

    secret: str


class DeliveryQuery(PageQuery, kw_only=True):
    state: Literal["waiting", "delivered", "failed"] | UnsetType = UNSET


class DeliveryView(Struct, kw_only=True):
    """`status` and `error` are those of the last attempt."""

    id: int
    transaction_id: int
    revision: int
    state: str
    attempts: int
    due_at: datetime
    attempted_at: datetime | None
    status: int | None
    error: str | None
    delivered_at: datetime | None
    created_at: datetime


class Retried(Struct):
    """How many deliveries are tried again."""

    count: int


class Cdrs:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._cdrs: Pager[dict[str, Any]] = Pager(
            tuple[Moment, Int64], "ended_at", "transaction_id"
        )
        self._webhooks: Pager[WebhookView] = Pager(tuple[Int64], "id")
        self._deliveries: Pager[DeliveryView] = Pager(tuple[Int64], "id")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/cdr-webhooks"
        one = path + "/{webhook_id}"
        return [
            get(
                "/api/v1/sites/{site_id}/cdrs",
                self.export,
                "Export a site's CDRs in the order in which transactions ended",
                tag=TAG,
                query=CdrQuery,
                answer=Page[dict[str, Any]],
                problems=(404, 409),
            ),
            get(
                path,
                self.list_all,
                "List webhooks",
                tag=TAG,
                query=PageQuery,
                answer=Page[WebhookView],
            ),
            Route(
                method="POST",
                path=path,
                handler=self.create,
                summary="Send CDRs to an address from now on",
                tag=TAG,
                query=Nothing,
                body=NewWebhook,
                answers={201: CreatedWebhook},
                problems=(404,),
            ),
            get(one, self.read, "Show a webhook", tag=TAG, query=Nothing, answer=WebhookView),
            Route(
                method="PUT",
                path=one,
                handler=self.replace,
                summary="Change a webhook; its secret stays",
                tag=TAG,
                query=Nothing,
                body=NewWebhook,
                answers={200: WebhookView},
                problems=(404,),
            ),
            delete(one, self.remove, "Delete a webhook and its deliveries", tag=TAG),
            get(
                one + "/deliveries",
                self.deliveries,
                "List what was sent to a webhook, the newest first",
                tag=TAG,
                query=DeliveryQuery,
                answer=Page[DeliveryView],
            ),
            Route(
                method="POST",
                path=one + "/retry",
                handler=self.retry,
                summary="Try at once all that failed or waits",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: Retried},
                problems=(404,),
            ),
        ]

    async def export(self, asked: Asked[CdrQuery, Nothing]) -> Reply:
        query, site_id = asked.query, asked.path["site_id"]
        async with self._context.database.begin() as connection:
            await sites.find(connection, site_id)
            rows, facts = await cdrs.list_page(
                connection,
                site_id,
                self._cdrs.window(query),
                since=query.since or None,
                until=query.until or None,
            )
        made = {each.transaction_id: cdr(each) for each in facts}
        page = self._cdrs.page(rows, query, lambda row: made[row["transaction_id"]])
        headers = {"Content-Disposition": f'attachment; filename="cdrs-{site_id}.json"'}
        return Reply(page, headers=headers)

    def _values(self, body: NewWebhook) -> dict[str, Any]:
        check_url("url", body.url)
        Destinations(self._context.settings.private_networks).check("url", body.url)
        return {"url": body.url, "site_id": body.site_id, "enabled": body.enabled}

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[WebhookView]:
        window = self._webhooks.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, window)
        return self._webhooks.page(rows, asked.query, lambda row: view(WebhookView, row))

    async def create(self, asked: Asked[Nothing, NewWebhook]) -> CreatedWebhook:
        values = self._values(asked.body)
        async with self._context.change(
            asked.actor.name, "create", "cdr-webhooks", values
        ) as connection:
            await self._check_site(connection, asked.body)
            row = await store.create(connection, values | {"secret": new_secret()})
        return view(CreatedWebhook, row)

    async def read(self, asked: Asked[Nothing, Nothing]) -> WebhookView:
        async with self._context.database.begin() as connection:
            return view(WebhookView, await store.find(connection, asked.path["webhook_id"]))

    async def replace(self, asked: Asked[Nothing, NewWebhook]) -> WebhookView:
        webhook_id, values = asked.path["webhook_id"], self._values(asked.body)
        async with self._context.change(
            asked.actor.name, "replace", f"cdr-webhooks/{webhook_id}", values
        ) as connection:
            await self._check_site(connection, asked.body)
            row = await store.change(connection, webhook_id, values)
        self._context.delivery_ordered()
        return view(WebhookView, row)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        webhook_id = asked.path["webhook_id"]
        async with self._context.change(
            asked.actor.name, "delete", f"cdr-webhooks/{webhook_id}", {}
        ) as connection:
            await store.remove(connection, webhook_id)

    async def deliveries(self, asked: Asked[DeliveryQuery, Nothing]) -> Page[DeliveryView]:
        query = asked.query
        async with self._context.database.begin() as connection:
            rows = await store.deliveries(
                connection,
                asked.path["webhook_id"],
                self._deliveries.window(query),
                query.state or None,
            )
        return self._deliveries.page(rows, query, lambda row: view(DeliveryView, row))

    async def retry(self, asked: Asked[Nothing, Nothing]) -> Retried:
        webhook_id = asked.path["webhook_id"]
        async with self._context.change(
            asked.actor.name, "retry", f"cdr-webhooks/{webhook_id}", {}
        ) as connection:
            retried = Retried(await store.retry(connection, webhook_id))
        self._context.delivery_ordered()
        return retried

    async def _check_site(self, connection: AdminConnection, body: NewWebhook) -> None:
        if body.site_id is not None and not await sites.exists(connection, body.site_id):
            raise NotFoundError("site", body.site_id)
