"""Where the API's routes are found: the table that aiohttp looks a request up in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple

from aiohttp import web

from csms.api.endpoint import Endpoint
from csms.api.route import Route


def add_routes(
    application: web.Application, routes: Sequence[Route[Any, Any]], *, max_json_depth: int
) -> None:
    """Have an application serve routes."""
    application[_ENDPOINTS] = _Endpoints(routes, max_json_depth)
    places = tuple(_Place(route.method, route.path, route.probed) for route in routes)
    for resource in _resources(places):
        application.router.register_resource(resource)


class _Endpoints:
    """The endpoints of routes, each made when it is first asked for: few ever are."""

    def __init__(self, routes: Sequence[Route[Any, Any]], max_json_depth: int) -> None:
        self._routes = routes
        self._max_json_depth = max_json_depth
        self._made: dict[int, Endpoint] = {}

    def at(self, number: int) -> Endpoint:
        made = self._made.get(number)
        if made is None:
            made = Endpoint(self._routes[number], max_json_depth=self._max_json_depth)
            self._made[number] = made
        return made


_ENDPOINTS: Final = web.AppKey("endpoints", _Endpoints)


class _Place(NamedTuple):
    """Where a route is found."""

    method: str
    path: str
    probed: bool


@cache
def _resources(places: tuple[_Place, ...]) -> tuple[web.AbstractResource, ...]:
    """Return the table of the routes in these places, each served by its endpoint.

    The same for all servers of a process: to make it is a good part of a start.
    """
    table = web.UrlDispatcher()
    names = _own_names({place.path for place in places})
    for number, place in enumerate(places):
        path, handler = _pattern(place.path, names), partial(_serve, number)
        table.add_route(place.method, path, handler)
        if place.probed:
            table.add_route("HEAD", path, handler)
    return tuple(table.resources())


async def _serve(number: int, request: web.Request) -> web.StreamResponse:
    return await request.app[_ENDPOINTS].at(number).handle(request)


def _own_names(paths: set[str]) -> dict[str, set[str]]:
    """Return what resources are called that share a place with a value: by what is before it."""
    names: dict[str, set[str]] = {path.partition("{")[0]: set() for path in paths if "{" in path}
    for path in paths:
        parts = path.split("/")
        for depth, part in enumerate(parts):
            begin = "/".join(parts[:depth]) + "/"
            if begin in names and not part.startswith("{"):
                names[begin].add(part)
    return names


def _pattern(path: str, names_at: Mapping[str, set[str]]) -> str:
    """Return a path as aiohttp wants it: braces may be in a value, a resource's own name not.

    So `/meters/health` is never taken for a meter of that name.
    """
    begin, variable, rest = path.partition("{")
    if not variable:
        return path
    names = sorted(names_at[begin])
    apart = f"(?!(?:{'|'.join(names)})(?:/|$))" if names else ""
    name, _, rest = rest.partition("}")
    return f"{begin}{{{name}:{apart}[^/]+}}" + rest.replace("}", ":[^/]+}")
