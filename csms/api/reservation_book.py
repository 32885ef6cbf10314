"""Keeps the book on reservations: every ReserveNow and CancelReservation that goes out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from csms.api.fields import Int32, Text
from csms.errors import CommandTimeoutError, ConnectionLostError, CsmsError
from csms.model import normalise_id_token
from csms.services.clocks import parse_time
from csms.store.admin import charge_points, reservations
from csms.store.database import Database


class _Reserve16(Struct, rename="camel"):
    """ReserveNow of OCPP 1.6."""

    connector_id: Int32
    expiry_date: str
    id_tag: Text
    reservation_id: Int32
    parent_id_tag: Text | None = None


class _Token201(Struct, rename="camel"):
    id_token: Text


class _Reserve201(Struct, rename="camel"):
    """ReserveNow of OCPP 2.0.1."""

    id: Int32
    expiry_date_time: str
    id_token: _Token201
    evse_id: Int32 | None = None
    connector_type: Text | None = None
    group_id_token: _Token201 | None = None


class _Cancel(Struct, rename="camel"):
    """CancelReservation of both versions."""

    reservation_id: Int32


_Order: TypeAlias = tuple[int, dict[str, Any]]

ACCEPTED: Final = "Accepted"
REJECTED: Final = "Rejected"


class Watch:
    """One command on its way."""

    def __init__(self) -> None:
        self.response: Mapping[str, Any] | None = None

    def answered(self, response: Mapping[str, Any]) -> None:
        self.response = response

    @property
    def status(self) -> object:
        return None if self.response is None else self.response.get("status")

    @property
    def accepted(self) -> bool:
        return self.status == ACCEPTED


class ReservationBook:
    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def watching(
        self, charge_point_id: str, action: str, payload: Mapping[str, Any]
    ) -> AsyncIterator[Watch]:
        """Note what a command does to reservations; other commands pass untouched.

        A reservation is written down before it is ordered, because the charge point may use it
        before its answer is read.
        """
        watch = Watch()
        if action == "ReserveNow" and (order := _order(payload)) is not None:
            async with self._reserving(charge_point_id, order, watch):
                yield watch
        elif action == "CancelReservation":
            yield watch
            if watch.status in (ACCEPTED, REJECTED):
                await self._cancel(charge_point_id, payload, is_done=watch.accepted)
        else:
            yield watch

    @asynccontextmanager
    async def _reserving(
        self, charge_point_id: str, order: _Order, watch: Watch
    ) -> AsyncIterator[None]:
        reservation_id, values = order
        async with self._database.begin() as connection:
            key = await charge_points.key_of(connection, charge_point_id)
            await reservations.order(connection, key, reservation_id, values)
        try:
            yield
        except (CommandTimeoutError, ConnectionLostError):
            raise  # nobody knows whether it was accepted: it stays ordered
        except CsmsError:
            async with self._database.begin() as connection:
                await reservations.refuse(connection, key, reservation_id)
            raise
        async with self._database.begin() as connection:
            if watch.accepted:
                await reservations.confirm(connection, key, reservation_id, values)
            else:
                await reservations.refuse(connection, key, reservation_id)

    async def _cancel(
        self, charge_point_id: str, payload: Mapping[str, Any], *, is_done: bool
    ) -> None:
        try:
            cancelled = msgspec.convert(payload, _Cancel)
        except msgspec.ValidationError:
            return
        async with self._database.begin() as connection:
            key = await charge_points.key_of(connection, charge_point_id)
            settle = reservations.cancel if is_done else reservations.drop
            await settle(connection, key, cancelled.reservation_id)


def _order(payload: Mapping[str, Any]) -> _Order | None:
    """Read either version's ReserveNow; None if it can't be written down."""
    try:
        if "idTag" in payload:
            return _order_16(msgspec.convert(payload, _Reserve16))
        return _order_201(msgspec.convert(payload, _Reserve201))
    except msgspec.ValidationError:
        return None


def _order_16(reserve: _Reserve16) -> _Order | None:
    expires_at = parse_time(reserve.expiry_date)
    if expires_at is None:
        return None
    return reserve.reservation_id, _values(
        expires_at,
        id_token=reserve.id_tag,
        evse_id=reserve.connector_id or None,  # connector 0: any
        group_id=reserve.parent_id_tag,
    )


def _order_201(reserve: _Reserve201) -> _Order | None:
    expires_at = parse_time(reserve.expiry_date_time)
    if expires_at is None:
        return None
    group = reserve.group_id_token
    return reserve.id, _values(
        expires_at,
        id_token=reserve.id_token.id_token,
        evse_id=reserve.evse_id,
        group_id=group.id_token if group is not None else None,
        connector_type=reserve.connector_type,
    )


def _values(
    expires_at: datetime,
    *,
    id_token: str,
    evse_id: int | None,
    group_id: str | None,
    connector_type: str | None = None,
) -> dict[str, Any]:
    return {
        "evse_id": evse_id,
        "connector_id": None if evse_id is None else 1,
        "connector_type": connector_type,
        "id_token": normalise_id_token(id_token),
        "group_id": group_id,
        "expires_at": expires_at,
    }
