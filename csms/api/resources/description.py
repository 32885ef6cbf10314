"""/api/v1/openapi.json, and the page for people at /."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec
from aiohttp import web

from csms.api.openapi import document
from csms.api.route import Route

OPENAPI_PATH: Final = "/api/v1/openapi.json"
_SCRIPTS: Final = (
    "home",
    "page",
    "charge_points",
    "unknown_cards",
    "settings",
    "load",
    "load_tree",
    "load_orders",
)
_STYLES: Final = ("home", "load")
_PAGES: Final = {
    "/": ("index.html", "text/html"),
    **{f"/static/{name}.js": (f"{name}.js", "text/javascript") for name in _SCRIPTS},
    **{f"/static/{name}.css": (f"{name}.css", "text/css") for name in _STYLES},
}
PUBLIC: Final = frozenset({OPENAPI_PATH, *_PAGES})
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def add_description(application: web.Application, routes: Sequence[Route[Any, Any]]) -> None:
    """Serve the description of the routes, and the page.

    The description takes a while to make: that waits until somebody asks, and disturbs nobody.
    """

    @cache
    def described() -> bytes:
        return msgspec.json.encode(document(routes))

    async def openapi(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(described)
        return web.Response(body=body, content_type="application/json")

    application.router.add_get(OPENAPI_PATH, openapi)
    for path, (name, content_type) in _PAGES.items():
        body = _static(name)
        application.router.add_get(path, _page(body, content_type))


@cache
def _static(name: str) -> bytes:
    return files("csms.api").joinpath("static", name).read_bytes()


def _page(body: bytes, content_type: str) -> Any:
    async def page(_request: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": _CSP, "Cache-Control": "no-cache"}
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)

    return page
