"""From an HTTP request to a handler and back: everything is checked before a handler sees it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError
from msgspec import defstruct

from csms.api.auth import actor_of
from csms.api.problems import FieldError, Problem, field_error, invalid
from csms.api.route import PATH_FIELDS, Asked, Reply, Route
from csms.api.shapes import MAX_ERRORS, Shape, shape_of

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_TIMEOUT_S: Final = 30.0
_JSON: Final = "application/json"
_INTEGERS: Final = range(-(2**63), 2**64)
"""Those that can be written again, wherever they are kept."""
_VAST: Final = re.compile(rb"\d{19}")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class Endpoint:
    """A route as aiohttp calls it, with its shapes compiled."""

    def __init__(self, route: Route[Any, Any], *, max_json_depth: int) -> None:
        self.route = route
        self._max_depth = max_json_depth
        self._query = shape_of(route.query)
        self._body = shape_of(route.body)
        self._path = {name: _path_shape(name) for name in path_names(route.path)}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = self._read_path(request)
        query = self._query.read_query(request.query)
        payload = await self._read_body(request) if self.route.has_body else {}
        body = self._body.read(payload)
        free = payload if self.route.free_body and isinstance(payload, dict) else {}
        asked = Asked(request, actor_of(request), path, query, body, free)
        return self._response(await self.route.handler(asked))

    def _read_path(self, request: web.Request) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, shape in self._path.items():
            text = request.match_info[name]
            try:
                values[name] = getattr(shape.read_path(name, text), name)
            except Problem as problem:
                status = 422 if request.method == "PUT" else 404
                raise invalid(problem.errors, status) from problem
        return values

    async def _read_body(self, request: web.Request) -> object:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                raw = await request.read()
        except TimeoutError as error:
            raise Problem(408, f"the body did not arrive within {BODY_TIMEOUT_S:g} s") from error
        except RequestPayloadError as error:
            raise Problem(400, "the body is not in the Content-Encoding it claims") from error
        if not raw.strip():
            return {}
        if request.content_type != _JSON:
            detail = f"the body is {request.content_type}; expected Content-Type: {_JSON}"
            raise Problem(415, detail, headers={"Accept-Post": _JSON})
        try:
            value: object = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(400, f"the body is not JSON: {error}") from error
        except RecursionError:
            raise self._too_deep() from None
        if _deeper_than(value, self._max_depth):
            raise self._too_deep()
        if _VAST.search(raw) and (vast := list(_vast_integers(value))[:MAX_ERRORS]):
            raise invalid(vast)
        return value

    def _too_deep(self) -> Problem:
        return invalid(
            [FieldError("body", None, f"JSON nested at most {self._max_depth} deep")], 400
        )

    def _response(self, answer: Any) -> web.StreamResponse:
        if isinstance(answer, web.StreamResponse):
            return answer
        status = next(iter(self.route.answers))
        reply = answer if isinstance(answer, Reply) else Reply(answer, status)
        if reply.status == 204:
            return web.Response(status=204, headers=reply.headers)
        return web.Response(
            body=_ENCODER.encode(reply.body),
            status=reply.status,
            content_type=_JSON,
            headers=reply.headers,
        )


@cache
def _path_shape(name: str) -> Shape[Any]:
    return Shape(defstruct("Path", [(name, PATH_FIELDS[name])]))


def path_names(path: str) -> list[str]:
    """Return the names of the variable parts of a path."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for held in level
            for inner in (held.values() if isinstance(held, dict) else _items(held))
        ]
        if not level:
            return False
    return True


def _vast_integers(value: object, name: str = "") -> Iterator[FieldError]:
    if isinstance(value, int) and value not in _INTEGERS:
        yield field_error(name or "body", value, "an integer of 64 bits")
    inner = value.items() if isinstance(value, dict) else enumerate(_items(value))
    for step, held in inner:
        yield from _vast_integers(held, f"{name}.{step}" if name else str(step))


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
