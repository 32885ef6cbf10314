"""A route: what comes in, what goes out. Handlers, validation and OpenAPI all read it from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from msgspec import Struct

from csms.api import fields
from csms.store.api_keys import Role


class Nothing(Struct, forbid_unknown_fields=True):
    """No fields."""


class Payload(Struct):
    """Any JSON object; the charge point's own OCPP version says what is in it."""


Q = TypeVar("Q", bound=Struct)
B = TypeVar("B", bound=Struct)

PATH_FIELDS: Final[Mapping[str, Any]] = {
    "charge_point_id": fields.ChargePointId,
    "id_token": fields.IdTokenText,
    "group_id": fields.GroupId,
    "transaction_id": fields.RecordId,
    "reservation_id": fields.ReservationId,
    "request_id": fields.KeyId,
    "place_id": fields.EvseId,
    "template_id": fields.TemplateId,
    "job_id": fields.RecordId,
    "key_id": fields.KeyId,
    "site_id": fields.SiteId,
    "check_id": fields.RecordId,
    "circuit_id": fields.CircuitId,
    "meter_id": fields.MeterId,
    "evse_id": fields.OutletId,
    "order_id": fields.RecordId,
    "user_id": fields.UserId,
    "user_group_id": fields.GroupId,
    "tariff_id": fields.TariffId,
    "version_number": fields.VersionNumber,
    "assignment_id": fields.RecordId,
    "certificate_id": fields.RecordId,
    "operation_id": fields.RecordId,
    "firmware_id": fields.RecordId,
    "campaign_id": fields.RecordId,
    "vendor_id": fields.VendorId,
    "action": fields.ActionName,
    "region_id": fields.SiteId,
    "vendor": fields.GroupId,
    "account_id": fields.AccountId,
    "limit_id": fields.RecordId,
    "statement_id": fields.RecordId,
    "run_id": fields.RecordId,
    "webhook_id": fields.RecordId,
}
"""What may stand in each variable part of a path."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the name and role of an API key."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """A request that was checked: who, where, and what."""

    http: web.Request
    actor: Actor
    path: Mapping[str, Any]
    query: Q
    body: B
    payload: dict[str, Any] = field(default_factory=dict)
    """The body as it came, for routes whose body is any object."""

    @property
    def charge_point_id(self) -> str:
        return str(self.path["charge_point_id"])


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with a status or headers of its own."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, B]):
    """One operation. Anything but GET needs the role admin.

    `answers` are the successful statuses with the type of their bodies, None for an empty one;
    `problems` are the statuses of errors beyond those that every route may answer with.
    The handler returns the body, a Reply, or a response of its own.
    """

    method: str
    path: str
    handler: Callable[[Asked[Q, B]], Awaitable[Any]]
    summary: str
    tag: str
    query: type[Q]
    body: type[B]
    answers: Mapping[int, Any]
    problems: tuple[int, ...] = ()
    public: bool = False
    media_type: str = "application/json"
    probed: bool = False
    """Load balancers look at it, many by HEAD."""
    takes_file: bool = False
    """The body is a file of any type, which the handler reads by itself."""

    @property
    def has_body(self) -> bool:
        return self.body is not Nothing

    @property
    def free_body(self) -> bool:
        return self.body is Payload


def get(
    path: str,
    handler: Callable[[Asked[Q, Nothing]], Awaitable[Any]],
    summary: str,
    *,
    tag: str,
    query: type[Q],
    answer: Any,
    problems: tuple[int, ...] = (),
) -> Route[Q, Nothing]:
    """Make a route that reads."""
    return Route(
        method="GET",
        path=path,
        handler=handler,
        summary=summary,
        tag=tag,
        query=query,
        body=Nothing,
        answers={200: answer},
        problems=problems,
    )


def delete(
    path: str,
    handler: Callable[[Asked[Nothing, Nothing]], Awaitable[Any]],
    summary: str,
    *,
    tag: str,
    problems: tuple[int, ...] = (404,),
) -> Route[Nothing, Nothing]:
    """Make a route that removes, with an empty answer."""
    return Route(
        method="DELETE",
        path=path,
        handler=handler,
        summary=summary,
        tag=tag,
        query=Nothing,
        body=Nothing,
        answers={204: None},
        problems=problems,
    )
