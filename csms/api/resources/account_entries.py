"""/accounts/{id}/entries and what adds to them: a ledger that is only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from msgspec import Meta, Struct

from csms.api.context import Context
from csms.api.fields import Int64, Name, Note, Number, Text
from csms.api.money import Amount, SignedAmount, exact
from csms.api.paging import Page, PageQuery, Pager, view
from csms.api.resources.accounts import TAG
from csms.api.route import Asked, Nothing, Reply, Route, get
from csms.errors import InvalidValueError
from csms.store.admin import accounts as store
from csms.store.admin import credit_releases

CHARGES: Final = "transaction/"
"""Keys of entries for transactions begin so; nobody else's may."""

Key: TypeAlias = Annotated[
    Name,
    Meta(description="The caller's own number of it: the same one again counts once."),
]


class LedgerEntryView(Struct):
    """`amount` is what the balance changed by, `balance` what it was then."""

    id: int
    account_id: str
    kind: str
    amount: Number
    balance: Number
    idempotency_key: str
    transaction_id: int | None
    note: str
    actor: str
    created_at: datetime


class HeldCreditView(Struct):
    """What an open transaction may use until its next reading; one not begun yet `expires_at`.

    `problem` says why one that ended is not charged, and so holds on to it.
    """

    transaction_id: int | None
    charge_point_id: str
    id_token: str
    currency: str | None
    amount: Number
    energy_wh: Number
    expires_at: datetime | None
    updated_at: datetime
    ended_at: datetime | None
    problem: str | None


class Release(Struct, forbid_unknown_fields=True, kw_only=True):
    """Why an ended transaction shall hold nothing any more."""

    reason: Annotated[Name, Meta(description="It goes into the ledger.")]


class _Entry(Struct, forbid_unknown_fields=True, kw_only=True):
    idempotency_key: Key
    note: Note = ""


class TopUp(_Entry, kw_only=True):
    amount: Amount


class Refund(_Entry, kw_only=True):
    """Credit that is paid back to its owner; `amount` is what leaves the account."""

    amount: Amount


class Correction(_Entry, kw_only=True):
    """Negative takes from the account."""

    amount: SignedAmount
    note: Annotated[Note, Meta(min_length=1, description="Why.")]


class AccountEntries:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._pager: Pager[LedgerEntryView] = Pager(tuple[Int64], "id")
        self._reservations: Pager[HeldCreditView] = Pager(tuple[Text], "key")

    def routes(self) -> Sequence[Route[Any, Any]]:
        one = "/api/v1/accounts/{account_id}"
        return [
            get(
                one + "/entries",
                self.list_all,
                "Show the ledger, the newest entry first",
                tag=TAG,
                query=PageQuery,
                answer=Page[LedgerEntryView],
            ),
            get(
                one + "/reservations",
                self.list_reservations,
                "Show what transactions have reserved, and which can't be charged",
                tag=TAG,
                query=PageQuery,
                answer=Page[HeldCreditView],
            ),
            Route(
                method="POST",
                path=one + "/reservations/{transaction_id}/release",
                handler=self.release,
                summary="Give back what an ended transaction without a price holds",
                tag=TAG,
                query=Nothing,
                body=Release,
                answers={201: LedgerEntryView, 200: LedgerEntryView},
                problems=(404, 409),
            ),
            _adding(one + "/top-ups", self.top_up, "Put money into an account", TopUp),
            _adding(one + "/refunds", self.refund, "Pay credit back to its owner", Refund),
            _adding(one + "/corrections", self.correct, "Put right what was wrong", Correction),
        ]

    async def list_all(self, asked: Asked[PageQuery, Nothing]) -> Page[LedgerEntryView]:
        window = self._pager.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await store.entries(connection, asked.path["account_id"], window)
        return self._pager.page(rows, asked.query, lambda row: view(LedgerEntryView, row))

    async def list_reservations(self, asked: Asked[PageQuery, Nothing]) -> Page[HeldCreditView]:
        window = self._reservations.window(asked.query)
        async with self._context.database.begin() as connection:
            rows = await credit_releases.held(connection, asked.path["account_id"], window)
        return self._reservations.page(rows, asked.query, lambda row: view(HeldCreditView, row))

    async def release(self, asked: Asked[Nothing, Release]) -> Reply:
        account_id, reason = str(asked.path["account_id"]), asked.body.reason
        transaction_id, actor = int(asked.path["transaction_id"]), asked.actor.name
        shown = {"transaction_id": transaction_id, "reason": reason}
        async with self._context.change(
            actor, "release", f"accounts/{account_id}", shown
        ) as connection:
            row, is_new = await credit_releases.release(
                connection, account_id, transaction_id, reason, actor
            )
        return Reply(view(LedgerEntryView, row), 201 if is_new else 200)

    async def top_up(self, asked: Asked[Nothing, TopUp]) -> Reply:
        return await self._add(asked, "top_up", exact("amount", asked.body.amount))

    async def refund(self, asked: Asked[Nothing, Refund]) -> Reply:
        return await self._add(asked, "refund", -exact("amount", asked.body.amount))

    async def correct(self, asked: Asked[Nothing, Correction]) -> Reply:
        amount = exact("amount", asked.body.amount)
        if not amount:
            raise InvalidValueError("amount", asked.body.amount, "an amount other than 0")
        return await self._add(asked, "correction", amount)

    async def _add(self, asked: Asked[Nothing, Any], kind: str, amount: Decimal) -> Reply:
        account_id, body, actor = asked.path["account_id"], asked.body, asked.actor.name
        if body.idempotency_key.startswith(CHARGES):
            allowed = f"text that doesn't begin with {CHARGES!r}"
            raise InvalidValueError("idempotency_key", body.idempotency_key, allowed)
        entry = {
            "kind": kind,
            "amount": amount,
            "idempotency_key": body.idempotency_key,
            "note": body.note,
            "actor": actor,
        }
        shown = {"amount": str(amount), "idempotency_key": body.idempotency_key}
        async with self._context.change(actor, kind, f"accounts/{account_id}", shown) as connection:
            row, is_new = await store.add_entry(connection, account_id, entry)
        return Reply(view(LedgerEntryView, row), 201 if is_new else 200)


def _adding(path: str, handler: Any, summary: str, body: type[_Entry]) -> Route[Any, Any]:
    return Route(
        method="POST",
        path=path,
        handler=handler,
        summary=summary,
        tag=TAG,
        query=Nothing,
        body=body,
        answers={201: LedgerEntryView, 200: LedgerEntryView},
        problems=(404, 409),
    )
