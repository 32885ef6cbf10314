"""The OpenAPI 3.1 document, made of the routes that also serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec

from csms import __version__
from csms.api.endpoint import path_names
from csms.api.problems import PROBLEM_JSON, ProblemDetails
from csms.api.route import PATH_FIELDS, Route
from csms.api.shapes import shape_of, with_numbers

Document: TypeAlias = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_ALWAYS: Final = (400, 401, 403, 503)
_WITH_BODY: Final = (408, 413, 415, 422)


def document(routes: Sequence[Route[Any, Any]]) -> Document:
    """Describe the routes."""
    types: list[Any] = [ProblemDetails]
    for route in routes:
        types += [kind for kind in route.answers.values() if kind is not None]
        types.append(route.body)
    schemas, components = with_numbers(
        list(msgspec.json.schema_components(types, ref_template=_REF))
    )
    schema_of = dict(zip(map(_key, types), schemas, strict=True))
    paths: dict[str, Document] = {}
    for route in routes:
        item = paths.setdefault(route.path, {})
        item[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Charging station management system",
            "version": __version__,
            "description": "Manage charge points, id tokens and transactions, and send commands.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(route: Route[Any, Any], schema_of: Mapping[str, Any]) -> Document:
    operation: Document = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, schema_of),
    }
    if route.has_body:
        operation["requestBody"] = {
            "required": _must_have_body(route),
            "content": {"application/json": {"schema": schema_of[_key(route.body)]}},
        }
    if route.takes_file:
        content = {"schema": {"type": "string", "format": "binary"}}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": content},
        }
    if route.public:
        operation["security"] = []
    return operation


def _operation_id(route: Route[Any, Any]) -> str:
    parts = [part.strip("{}") for part in route.path.split("/")[3:]]
    return "-".join([route.method.lower(), *parts]).replace(".", "-")


def _must_have_body(route: Route[Any, Any]) -> bool:
    return any(f.required for f in msgspec.structs.fields(route.body))


def _path_parameters(route: Route[Any, Any]) -> Iterable[Document]:
    for name in path_names(route.path):
        schema = msgspec.json.schema(PATH_FIELDS[name])
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route[Any, Any]) -> Iterable[Document]:
    for name, schema in shape_of(route.query).inlined().items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _responses(route: Route[Any, Any], schema_of: Mapping[str, Any]) -> Document:
    found: Document = {}
    for status, kind in route.answers.items():
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if kind is not None:
            content = {route.media_type: {"schema": schema_of[_key(kind)]}}
            found[str(status)]["content"] = content
    problem = {PROBLEM_JSON: {"schema": schema_of[_key(ProblemDetails)]}}
    statuses = {*_ALWAYS, *route.problems, *(_WITH_BODY if route.has_body else ())}
    if path_names(route.path):
        statuses |= {422 if route.method == "PUT" else 404}
    for status in sorted(statuses if not route.public else route.problems):
        found[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
    return found


def _key(kind: Any) -> str:
    return str(kind)
