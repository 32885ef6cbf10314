"""/healthz, /readyz and /metrics: for the machines that watch over this one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from aiohttp import web
from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from csms.api.context import Context
from csms.api.route import Asked, Nothing, Reply, Route
from csms.errors import DatabaseUnavailableError

TAG: Final = "Health"
PING_TIMEOUT_S: Final = 2.0

Readiness = Callable[[], str | None]
"""Says why the server is not ready, or None."""


class Health(Struct):
    status: Literal["ok", "unavailable"]
    reasons: list[str] = []


class HealthChecks:
    def __init__(self, context: Context, readiness: Sequence[Readiness]) -> None:
        self._context = context
        self._readiness = readiness

    def routes(self) -> Sequence[Route[Any, Any]]:
        metrics_public = self._context.settings.metrics_public
        return [
            _watch("/healthz", self.alive, "Whether the process lives", {200: Health}),
            _watch("/readyz", self.ready, "Whether it can serve", {200: Health, 503: Health}),
            _watch(
                "/metrics",
                self.metrics,
                "Prometheus metrics",
                {200: str},
                public=metrics_public,
                media_type="text/plain",
            ),
        ]

    async def alive(self, asked: Asked[Nothing, Nothing]) -> Health:  # noqa: ARG002 - a handler
        return Health("ok")

    async def ready(self, asked: Asked[Nothing, Nothing]) -> Reply:  # noqa: ARG002 - a handler
        reasons = [reason for check in self._readiness if (reason := check()) is not None]
        try:
            async with asyncio.timeout(PING_TIMEOUT_S):
                await self._context.database.ping()
        except DatabaseUnavailableError as error:
            reasons.append(str(error))
        except TimeoutError:
            reasons.append(f"the database did not answer within {PING_TIMEOUT_S:g} s")
        if reasons:
            return Reply(Health("unavailable", reasons), 503)
        return Reply(Health("ok"))

    async def metrics(self, asked: Asked[Nothing, Nothing]) -> web.Response:  # noqa: ARG002
        body = generate_latest(self._context.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _watch(
    path: str,
    handler: Callable[[Asked[Nothing, Nothing]], Any],
    summary: str,
    answers: dict[int, Any],
    *,
    public: bool = True,
    media_type: str = "application/json",
) -> Route[Nothing, Nothing]:
    return Route(
        method="GET",
        path=path,
        handler=handler,
        summary=summary,
        tag=TAG,
        query=Nothing,
        body=Nothing,
        answers=answers,
        public=public,
        media_type=media_type,
        probed=True,
    )
