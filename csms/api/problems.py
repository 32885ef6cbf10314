"""Errors as people and programs read them: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import msgspec
from aiohttp import web
from msgspec import Struct

from csms.errors import (
    CommandNotSentError,
    CommandRefusedError,
    CommandTimeoutError,
    ConflictError,
    ConnectionLostError,
    CsmsError,
    DatabaseUnavailableError,
    InvalidValueError,
    NotAcceptedError,
    NotConnectedError,
    NotFoundError,
    NotSupportedError,
    TooManyCommandsError,
)

PROBLEM_JSON: Final = "application/problem+json"
SHOWN_CHARS: Final = 200
"""A wrong value is repeated in the answer up to this length."""
SECRET_FIELDS: Final = frozenset({"password"})

SLUGS: Final = {
    400: "malformed",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    409: "conflict",
    413: "too-large",
    415: "wrong-content-type",
    422: "invalid",
    429: "too-many",
    500: "internal",
    502: "refused-by-charge-point",
    503: "unavailable",
    504: "no-answer",
    507: "no-room",
}
"""What the type of a problem ends in, by its status, unless it says another."""


class FieldError(Struct, frozen=True):
    """One field that holds what it may not hold."""

    field: str
    value: Any
    allowed: str


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """RFC 9457; `code`, `description` and `details` repeat a charge point's CALLERROR.

    `password` is a random one that a charge point was sent and may have; it is not shown again.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    code: str | None = None
    description: str | None = None
    details: dict[str, Any] | None = None
    password: str | None = None


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        slug: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        refused: CommandRefusedError | None = None,
        password: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.slug = slug or SLUGS.get(status, "error")
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.refused = refused
        self.password = password

    def response(self) -> web.Response:
        refused = self.refused
        body = ProblemDetails(
            type=f"urn:csms:problem:{self.slug}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=self.errors,
            code=refused.code if refused else None,
            description=refused.description if refused else None,
            details=dict(refused.details) if refused else None,
            password=self.password,
        )
        return web.Response(
            body=msgspec.json.encode(body),
            status=self.status,
            content_type=PROBLEM_JSON,
            headers=self.headers,
        )


def field_error(field: str, value: object, allowed: str) -> FieldError:
    """Say what is wrong with a field, without repeating secrets or very long values."""
    if field.rsplit(".", 1)[-1] in SECRET_FIELDS and value is not None:
        return FieldError(field, "(not shown)", allowed)
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return FieldError(field, value if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS], allowed)


def invalid(
    errors: Sequence[FieldError], status: int = 422, *, told: Sequence[int] = ()
) -> Problem:
    """Make one problem of all that is wrong with a request.

    The values of the errors at the places `told` are sentences that say it themselves.
    """
    detail = "; ".join(
        f"{error.field}: {error.value if place in told else f'expected {error.allowed}'}"
        for place, error in enumerate(errors[:5])
    )
    return Problem(status, detail, errors=errors)


def _not_accepted(error: NotAcceptedError) -> Problem:
    wrong = field_error("registration_status", error.registration_status, "accepted")
    return Problem(409, str(error), slug="not-accepted", errors=[wrong])


_Translation: TypeAlias = Callable[[Any], Problem]

_TRANSLATIONS: Final[tuple[tuple[type[CsmsError], _Translation], ...]] = (
    (InvalidValueError, lambda e: invalid([field_error(e.field, e.value, e.allowed)])),
    (NotFoundError, lambda e: Problem(404, str(e))),
    (ConflictError, lambda e: Problem(409, str(e))),
    (NotConnectedError, lambda e: Problem(409, str(e), slug="not-connected")),
    (NotAcceptedError, _not_accepted),
    (NotSupportedError, lambda e: Problem(409, str(e), slug="not-supported")),
    (CommandTimeoutError, lambda e: Problem(504, str(e))),
    (CommandNotSentError, lambda e: Problem(504, str(e), slug="not-sent")),
    (ConnectionLostError, lambda e: Problem(504, str(e), slug="connection-lost")),
    (TooManyCommandsError, lambda e: Problem(429, str(e), headers={"Retry-After": "1"})),
    (CommandRefusedError, lambda e: Problem(502, str(e), refused=e)),
    (DatabaseUnavailableError, lambda e: Problem(503, str(e), headers={"Retry-After": "2"})),
)


def problem_of(error: CsmsError) -> Problem:
    """Translate an error of the domain into an answer."""
    for kind, translate in _TRANSLATIONS:
        if isinstance(error, kind):
            return translate(error)
    return Problem(500, str(error))
