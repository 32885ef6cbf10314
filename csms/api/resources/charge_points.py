"""/charge-points: which chargers there are, what may connect, and how."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.context import Context
from csms.api.fields import ChargePointId, Name, Password, Text, check_identity
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.route import Asked, Nothing, Reply, Route, delete, get
from csms.errors import ConflictError
from csms.model import OcppVersion, RegistrationStatus
from csms.services.charge_points import OperatorSettings
from csms.services.passwords import hash_password
from csms.store.admin import charge_points as store
from csms.store.admin import evses
from csms.store.admin.charge_points import ChargePointFilter
from csms.store.admin.window import AdminConnection, Row

TAG: Final = "Charge points"

NOT_TOLD: Final = (
    "the password was only stored: the charge point, which is connected, was not told and can't "
    "come back with its old one. Enter the new one there, or send one with POST .../password"
)
NOT_SETTLED: Final = (
    "the charge point was sent a password, and nobody knows whether it has taken it: both are let "
    "in until it logs in with the new one. A PUT of the password that it has ends that at once"
)

SecurityProfile: TypeAlias = Annotated[
    int,
    Meta(
        ge=0,
        le=3,
        description="What it takes to connect at least: 0 nothing, 1 a password (so it is once "
        "one is set), "
        "2 a password over TLS, 3 a client certificate.",
    ),
]
UserName: TypeAlias = Annotated[
    str,
    Meta(
        max_length=255,
        pattern="^[ -9;-~]*$",
        description="What the charge point logs in as, if not as its identity; without a colon.",
    ),
]
PinnedVersion: TypeAlias = Literal["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]


class ConnectorView(Struct):
    evse_id: int
    connector_id: int
    status: str
    error_code: str | None
    info: str | None
    vendor_id: str | None
    vendor_error_code: str | None
    status_at: datetime
    received_at: datetime


class ChargePointView(Struct):
    """A charge point: what the operator set, what it told of itself, and how it is now.

    `password_notice` warns of a password that was set here while the charge point was connected,
    and of one that it was sent and has not answered to.
    """

    id: str
    name: str | None
    site_id: str | None
    registration_status: RegistrationStatus
    security_profile: int
    has_password: bool
    user_name: str | None
    password_notice: str | None
    pinned_version: str | None
    ping: bool
    rated_power_w: int | None
    connected: bool
    ocpp_version: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    iccid: str | None
    imsi: str | None
    meter_type: str | None
    meter_serial_number: str | None
    boot_reason: str | None
    boot_count: int
    connection_count: int
    clock_offset_s: float | None
    last_boot_at: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime
    open_transactions: int
    connectors: list[ConnectorView]


class ChargePointBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What an operator may set; what is left out stays as it is. A null password removes it."""

    id: ChargePointId | UnsetType = UNSET
    name: Name | UnsetType | None = UNSET
    site_id: Name | UnsetType | None = UNSET
    registration_status: RegistrationStatus | UnsetType = UNSET
    security_profile: SecurityProfile | UnsetType = UNSET
    password: Password | UnsetType | None = UNSET
    user_name: UserName | UnsetType | None = UNSET
    pinned_version: PinnedVersion | UnsetType | None = UNSET
    ping: bool | UnsetType = UNSET
    rated_power_w: Annotated[int, Meta(ge=1, le=100000000)] | UnsetType | None = UNSET


class ChargePointQuery(PageQuery, kw_only=True):
    registration_status: RegistrationStatus | UnsetType = UNSET
    connected: bool | UnsetType = UNSET
    site_id: Text | UnsetType = UNSET
    vendor: Text | UnsetType = UNSET
    search: Text | UnsetType = UNSET


class ChargePoints:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._service = context.services.charge_points
        self._pager: Pager[ChargePointView] = Pager(tuple[Text], "identity")

    def routes(self) -> Sequence[Route[Any, Any]]:
        path = "/api/v1/charge-points"
        one = path + "/{charge_point_id}"
        return [
            get(
                path,
                self.list_all,
                "List charge points by identity",
                tag=TAG,
                query=ChargePointQuery,
                answer=Page[ChargePointView],
            ),
            get(one, self.read, "Show one", tag=TAG, query=Nothing, answer=ChargePointView),
            Route(
                method="PUT",
                path=one,
                handler=self.put,
                summary="Create a charge point, or change what is given",
                tag=TAG,
                query=Nothing,
                body=ChargePointBody,
                answers={200: ChargePointView, 201: ChargePointView},
                problems=(409,),
            ),
            Route(
                method="PATCH",
                path=one,
                handler=self.patch,
                summary="Change what is given",
                tag=TAG,
                query=Nothing,
                body=ChargePointBody,
                answers={200: ChargePointView},
                problems=(409,),
            ),
            delete(one, self.remove, "Delete one that never charged", tag=TAG, problems=(409,)),
        ]

    async def list_all(self, asked: Asked[ChargePointQuery, Nothing]) -> Page[ChargePointView]:
        query = asked.query
        connected = [link.charge_point.id for link in self._context.links]
        wanted = ChargePointFilter(
            registration_status=query.registration_status or None,
            site_id=query.site_id or None,
            vendor=query.vendor or None,
            search=query.search or None,
            ids=connected if query.connected is True else None,
            not_ids=connected if query.connected is False else None,
        )
        window = self._pager.window(query)
        async with self._context.database.begin() as connection:
            rows = await store.list_page(connection, wanted, window)
            views = await self._views(connection, rows[: query.limit])
        return self._pager.page(rows, query, lambda row: views[row["key"]])

    async def read(self, asked: Asked[Nothing, Nothing]) -> ChargePointView:
        async with self._context.database.begin() as connection:
            row = await store.find(connection, asked.charge_point_id)
            return (await self._views(connection, [row]))[row["key"]]

    async def put(self, asked: Asked[Nothing, ChargePointBody]) -> Reply:
        return await self._save(asked, create=True)

    async def patch(self, asked: Asked[Nothing, ChargePointBody]) -> Reply:
        return await self._save(asked, create=False)

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        charge_point_id = asked.charge_point_id
        if self._context.links.get(charge_point_id) is not None:
            raise ConflictError(f"{charge_point_id} is connected")
        change = self._context.change(
            asked.actor.name, "delete", f"charge-points/{charge_point_id}", {}
        )
        async with change as connection:
            await store.remove(connection, charge_point_id)
        self._service.removed(charge_point_id)

    async def _save(self, asked: Asked[Nothing, ChargePointBody], *, create: bool) -> Reply:
        charge_point_id, body = asked.charge_point_id, asked.body
        if body.id and body.id.casefold() != charge_point_id.casefold():
            raise ConflictError(
                f"the body is about {body.id!r}, the path about {charge_point_id!r}"
            )
        values = await _values(body)
        is_new = False
        async with self._context.change(
            asked.actor.name, "change", f"charge-points/{charge_point_id}", _shown(values)
        ) as connection:
            if create:
                status = body.registration_status or RegistrationStatus.ACCEPTED
                initial = {"registration_status": status.value}
                is_new = await store.create(connection, charge_point_id, initial)
                if is_new:
                    check_identity(charge_point_id)
            before = await store.find(connection, charge_point_id)
            was = None if is_new else RegistrationStatus(before["registration_status"])
            row = await store.change(connection, charge_point_id, values)
            if (
                values.get("password_hash")
                and row["security_profile"] == 0
                and body.security_profile is UNSET
            ):  # who sets a password wants it asked for
                row = await store.change(connection, charge_point_id, {"security_profile": 1})
            if row["security_profile"] in (1, 2) and not row["has_password"]:
                profile = row["security_profile"]
                raise ConflictError(f"security profile {profile} needs a password; set one with it")
            if "site_id" in values:
                await evses.check_site_of(connection, row["key"])
            found = (await self._views(connection, [row]))[row["key"]]
        self._service.configure(row["id"], operator_settings(row), was)
        if values.get("password_hash"):
            self._service.password_set(row["id"])
            found.password_notice = self._password_notice(row)
        return Reply(found, 201 if is_new else 200)

    async def _views(
        self, connection: AdminConnection, rows: Sequence[Row]
    ) -> dict[int, ChargePointView]:
        keys = [row["key"] for row in rows]
        connectors: dict[int, list[ConnectorView]] = {key: [] for key in keys}
        for connector in await store.connectors_of(connection, keys):
            connectors[connector["charge_point_key"]].append(view(ConnectorView, connector))
        open_counts = await store.count_open_transactions(connection, keys)
        return {row["key"]: self._view(row, connectors[row["key"]], open_counts) for row in rows}

    def _password_notice(self, row: Row) -> str | None:
        live = self._service.live(row["id"])
        is_told = live is None or live.knows_password
        if self._service.is_connected(row["id"]) and not is_told:
            return NOT_TOLD
        return NOT_SETTLED if row["was_sent_password"] else None

    def _view(
        self, row: Row, connectors: list[ConnectorView], open_counts: dict[int, int]
    ) -> ChargePointView:
        live = self._service.live(row["id"])
        seen_at = live.last_seen_at if live is not None else None
        return view(
            ChargePointView,
            row,
            connected=self._context.links.get(row["id"]) is not None,
            password_notice=self._password_notice(row),
            last_seen_at=seen_at or row["last_seen_at"],
            open_transactions=open_counts.get(row["key"], 0),
            connectors=connectors,
        )


_HIDDEN: Final = ("password_hash", "sent_password_hashes")
_PLAIN_FIELDS: Final = (
    "name",
    "site_id",
    "security_profile",
    "user_name",
    "pinned_version",
    "ping",
    "rated_power_w",
)


async def _values(body: ChargePointBody) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: held for name in _PLAIN_FIELDS if (held := getattr(body, name)) is not UNSET
    }
    if body.registration_status is not UNSET:
        values["registration_status"] = body.registration_status.value
    if body.password is None:
        values["password_hash"] = None
    elif body.password is not UNSET:
        values["password_hash"] = await asyncio.to_thread(hash_password, body.password)
    if "password_hash" in values:
        values["sent_password_hashes"] = []  # what an operator says now is all that counts
    return values


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    """What the audit log may hold of a change."""
    shown = {name: value for name, value in values.items() if name not in _HIDDEN}
    if "password_hash" in values:
        shown["password"] = "changed" if values["password_hash"] else "removed"
    return shown


def operator_settings(row: Row) -> OperatorSettings:
    pinned = row["pinned_version"]
    return OperatorSettings(
        registration_status=RegistrationStatus(row["registration_status"]),
        security_profile=row["security_profile"],
        pinned_version=OcppVersion(pinned) if pinned else None,
        user_name=row["user_name"],
        ping=row["ping"],
        site_id=row["site_id"],
        rated_power_w=row["rated_power_w"],
    )
