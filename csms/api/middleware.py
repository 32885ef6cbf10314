"""What every request passes: counting, safe headers, errors as problems, the door."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Middleware

from csms.api.auth import Authenticator
from csms.api.problems import Problem, problem_of
from csms.errors import CsmsError
from csms.metrics import Metrics

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SAFE_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "csms",
    "X-Content-Type-Options": "nosniff",
}


def counting(metrics: Metrics) -> Middleware:
    """Count requests by route, never by path."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        status = "499"  # the client went away
        try:
            response = await handler(request)
            status = str(response.status)
        finally:
            method = request.method if request.method in _METHODS else "other"
            metrics.api_requests.labels(method, route_label(request), status).inc()
        return response

    return middleware


@web.middleware
async def safe_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let no answer be cached, framed or guessed at, unless it says so itself."""
    response = await handler(request)
    if not response.prepared:
        for name, value in _SAFE_HEADERS.items():
            response.headers.setdefault(name, value)
    return response


@web.middleware
async def errors_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as RFC 9457 says; what nobody expected is logged and says nothing."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except CsmsError as error:
        return problem_of(error).response()
    except web.HTTPException as error:
        return _of_http(error, request).response()
    except Exception:  # the boundary: a bug must not end the server or show itself to strangers
        log.exception("a request failed", extra={"route": route_label(request)})
        return Problem(500, "something went wrong in the server; its log says what").response()


def door(authenticator: Authenticator, public: frozenset[str]) -> Middleware:
    """Let nobody in without a key, also not to learn what exists."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if route_label(request) not in public:
            await authenticator.admit(request)
        return await handler(request)

    return middleware


def route_label(request: web.Request) -> str:
    """Return the template of the path."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def _of_http(error: web.HTTPException, request: web.Request) -> Problem:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{request.path} allows {allowed}"
        return Problem(405, detail, headers={"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem(413, error.text or "the body is too large")
    if isinstance(error, web.HTTPNotFound):
        return Problem(404, f"there is nothing at {request.path}")
    return Problem(error.status, error.text or error.reason)
