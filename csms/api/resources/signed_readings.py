"""Signed readings of transactions, and the public keys they are checked with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import Number, plain
from csms.api.paging import view
from csms.api.problems import field_error, invalid
from csms.api.resources.transactions import TAG
from csms.api.route import Asked, Nothing, Route, delete, get
from csms.services.signature_checks import SignatureCheck, SignatureChecks
from csms.signed_readings.errors import UnreadableError
from csms.signed_readings.keys import read_public_key, write_public_key
from csms.signed_readings.verdict import CheckedSample
from csms.store.admin import charge_points, transactions
from csms.store.admin import meter_keys as store
from csms.store.signatures import Signatures

KEYS: Final = "Keys of meters"


class RecordView(Struct):
    """One record as the meter signed it."""

    encoding: str
    verdict: str
    reason: str
    meter_serial: str
    pagination: str
    text: str


class SignedReadingsView(Struct):
    """`verdict`: valid, invalid, differs (the transaction has another energy), unverifiable, or
    none (nothing is signed). Registers are in Wh."""

    verdict: str
    reason: str
    public_key: str | None
    key_source: str | None
    begin_wh: Number | None
    end_wh: Number | None
    records: list[RecordView]


class KeyBody(Struct, forbid_unknown_fields=True):
    """An ECDSA key as PEM, or DER in hexadecimal or base64."""

    public_key: Annotated[str, Meta(min_length=1, max_length=5000)]


class KeyView(Struct):
    """`source`: operator, or charge_point for one that came with the first signed reading."""

    evse_id: int
    public_key: str
    source: str
    since: datetime


class MeterKeys(Struct):
    items: list[KeyView]


class SignedReadings:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._checks = SignatureChecks(Signatures(context.database), context.clock)

    def routes(self) -> Sequence[Route[Any, Any]]:
        keys = "/api/v1/charge-points/{charge_point_id}/meter-keys"
        one = keys + "/{place_id}"
        return [
            Route(
                method="POST",
                path="/api/v1/transactions/{transaction_id}/check-signatures",
                handler=self.check,
                summary="Check its signed readings, again if they were",
                tag=TAG,
                query=Nothing,
                body=Nothing,
                answers={200: SignedReadingsView},
                problems=(404,),
            ),
            get(
                keys,
                self.list_keys,
                "List the public keys of meters that sign",
                tag=KEYS,
                query=Nothing,
                answer=MeterKeys,
                problems=(404,),
            ),
            Route(
                method="PUT",
                path=one,
                handler=self.enter,
                summary="Enter the public key of an EVSE's meter; 0 for all without one",
                tag=KEYS,
                query=Nothing,
                body=KeyBody,
                answers={200: KeyView},
                problems=(404, 422),
            ),
            delete(one, self.remove, "Forget a meter's public key", tag=KEYS),
        ]

    async def check(self, asked: Asked[Nothing, Nothing]) -> SignedReadingsView:
        number = int(asked.path["transaction_id"])
        async with self._context.database.begin() as connection:
            await transactions.find(connection, number)
        return _shown(await self._checks.check(number))

    async def list_keys(self, asked: Asked[Nothing, Nothing]) -> MeterKeys:
        async with self._context.database.begin() as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            return MeterKeys([view(KeyView, row) for row in await store.list_keys(connection, key)])

    async def enter(self, asked: Asked[Nothing, KeyBody]) -> KeyView:
        evse_id, text = int(asked.path["place_id"]), asked.body.public_key
        try:
            public_key = write_public_key(read_public_key(text))
        except UnreadableError as error:
            allowed = f"an ECDSA key as PEM, or DER in hexadecimal or base64 ({error})"
            raise invalid([field_error("public_key", text[:100], allowed)]) from error
        target = f"charge-points/{asked.charge_point_id}/meter-keys/{evse_id}"
        change = self._context.change(asked.actor.name, "enter", target, {"public_key": public_key})
        async with change as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            return view(KeyView, await store.enter(connection, key, evse_id, public_key))

    async def remove(self, asked: Asked[Nothing, Nothing]) -> None:
        evse_id = int(asked.path["place_id"])
        target = f"charge-points/{asked.charge_point_id}/meter-keys/{evse_id}"
        async with self._context.change(asked.actor.name, "delete", target, {}) as connection:
            key = await charge_points.key_of(connection, asked.charge_point_id)
            await store.remove(connection, key, evse_id)


def _shown(check: SignatureCheck | None) -> SignedReadingsView:
    if check is None:
        return SignedReadingsView("none", "nothing in it is signed", None, None, None, None, [])
    judgement = check.judgement
    return SignedReadingsView(
        judgement.verdict.value,
        judgement.reason,
        judgement.public_key,
        check.key_source,
        plain(judgement.begin_wh),
        plain(judgement.end_wh),
        [_record(each) for each in judgement.samples],
    )


def _record(checked: CheckedSample) -> RecordView:
    record = checked.record
    return RecordView(
        checked.sample.encoding,
        checked.verdict.value,
        checked.reason,
        record.meter_serial if record else "",
        record.pagination if record else "",
        checked.sample.text,
    )
