"""Statements as operators order them: a draft at any time, an issued one once for each month."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from csms.clock import Clock
from csms.errors import ConflictError, InvalidValueError
from csms.services.statements.model import Gathered, IssuerSettings, Kept, Order, Wanted
from csms.services.statements.ports import StatementStore
from csms.statements.composing import Heading, compose
from csms.statements.cost_split import SupplierBill
from csms.statements.document import LAYOUT, Correction, Document, Issuer, Kind, PendingState

DEFAULT_LANGUAGE: Final = "en"


class NothingToStateError(ConflictError):
    """A month in which somebody owes nothing."""


class StatementService:
    """Drafts, issues and corrects statements."""

    def __init__(self, store: StatementStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def draft(self, order: Order) -> Document:
        """Return what a statement would say now; nothing is kept. Raises NotFoundError."""
        return await _composed(order, await self._store.gather(order.wanted))

    async def issue(self, order: Order, actor: str) -> Kept:
        """Issue a statement, for good.

        Raises NotFoundError; ConflictError if the month is not over, if the site has no issuer, if
        there is nothing to state, if there is one already, or if something has no price yet and
        the order doesn't allow that.
        """
        return await self._issued(order, await self._store.gather(order.wanted), actor)

    async def issue_many(self, orders: Sequence[Order], actor: str) -> list[Kept | ConflictError]:
        """Issue statements of users of one site's month, each for itself.

        Returns for each order the statement, or why there is none.
        """
        first = orders[0].wanted
        user_ids = [order.wanted.subject_id for order in orders]
        gathered = await self._store.gather_users(first.site_id, first.month, user_ids)
        made: list[Kept | ConflictError] = []
        for order in orders:
            known = gathered.get(order.wanted.subject_id)
            if known is None:
                made.append(ConflictError("there is no such user any more"))
                continue
            try:
                made.append(await self._issued(order, known, actor))
            except ConflictError as error:
                made.append(error)
        return made

    async def _issued(self, order: Order, gathered: Gathered, actor: str) -> Kept:
        now = self._clock.now()
        settings = _checked(gathered, now)
        document = await _composed(order, gathered)
        _refuse_empty(document)
        _refuse_incomplete(document, allow_unpriced=order.allow_unpriced)
        return await self._store.issue(document, settings.series, actor, now)

    async def correct(
        self,
        statement_id: int,
        reason: str,
        actor: str,
        *,
        allow_unpriced: bool = False,
        supplier_bill: SupplierBill | None = None,
    ) -> Kept:
        """Issue a statement in the place of one, by what is known now.

        Raises NotFoundError; ConflictError as `issue` does, and if nothing is different.
        """
        now = self._clock.now()
        before = await self._store.find(statement_id)
        if before.corrected_by is not None:
            raise ConflictError(
                f"statement {before.number} was corrected by statement {before.corrected_by}: "
                "correct that one"
            )
        order = _again(before.document, supplier_bill)
        gathered = await self._store.gather(order.wanted)
        settings = _checked(gathered, now)
        corrects = Correction(before.number, before.issued_at, reason, before.document.totals)
        document = await _composed(order, gathered, corrects)
        if _content(document) == _content(before.document):
            raise ConflictError(f"a correction of {before.number} would say the same")
        _refuse_incomplete(document, allow_unpriced=allow_unpriced)
        return await self._store.issue(document, settings.series, actor, now, statement_id)


async def _composed(
    order: Order, gathered: Gathered, corrects: Correction | None = None
) -> Document:
    """Make the document, beside the loop: a big site's takes seconds."""
    if order.supplier_bill is not None and gathered.wanted.kind is not Kind.SITE:
        raise InvalidValueError("supplier_bill", "given", "null: only a site's statement has one")
    settings = gathered.issuer or IssuerSettings(Issuer(gathered.site_name), "", DEFAULT_LANGUAGE)
    heading = Heading(
        kind=gathered.wanted.kind,
        subject_id=gathered.wanted.subject_id,
        subject_name=gathered.subject_name,
        site_id=gathered.wanted.site_id,
        site_name=gathered.site_name,
        time_zone=gathered.time_zone,
        month=gathered.wanted.month,
        language=order.language or settings.language,
        issuer=settings.issuer,
        recipient=gathered.recipient,
        corrects=corrects,
    )
    try:
        return await asyncio.to_thread(compose, heading, gathered.material, order.supplier_bill)
    except KeyError as error:
        raise ConflictError(
            f"tariff {error.args[0]!r} was deleted and transactions still name it: "
            "price them again (POST /api/v1/pricing-requests)"
        ) from error


def _checked(gathered: Gathered, now: datetime) -> IssuerSettings:
    site_id, month = gathered.wanted.site_id, gathered.wanted.month
    _, end = month.bounds(ZoneInfo(gathered.time_zone))
    if now < end:
        raise ConflictError(f"{month.year}-{month.month:02} is not over at site {site_id!r}")
    if gathered.issuer is None:
        raise ConflictError(
            f"nobody issues statements for site {site_id!r}: "
            f"PUT /api/v1/sites/{site_id}/statement-issuer says who"
        )
    return gathered.issuer


def _refuse_empty(document: Document) -> None:
    if not document.entries and not document.charges and not document.pending:
        raise NothingToStateError(
            "there is nothing to state: no transaction and no fee in this month"
        )


def _refuse_incomplete(document: Document, *, allow_unpriced: bool) -> None:
    if document.complete or allow_unpriced:
        return
    counts = {
        "are not completely priced": len(document.unpriced),
        "still run": _count(document, PendingState.RUNNING),
        "are not priced yet": _count(document, PendingState.NOT_PRICED),
    }
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    ids = [entry.transaction_id for entry in document.unpriced]
    ids += [pending.transaction_id for pending in document.pending]
    raise ConflictError(
        f"of the month's transactions {told} (such as {ids[0]}); "
        "allow_unpriced issues the statement all the same"
    )


def _count(document: Document, state: PendingState) -> int:
    return sum(pending.state is state for pending in document.pending)


def _again(document: Document, supplier_bill: SupplierBill | None) -> Order:
    """Return the order by which a statement was made."""
    kept = None if document.cost_split is None else document.cost_split.bill
    return Order(
        Wanted(document.kind, document.subject_id, document.site_id, document.month),
        document.language,
        supplier_bill=supplier_bill or kept,
    )


def _content(document: Document) -> Document:
    """Return what a document says of the month, without its number and its form."""
    split = document.cost_split
    return replace(
        document,
        number=None,
        issued_at=None,
        corrects=None,
        layout=LAYOUT,
        cost_split=None if split is None else replace(split, exceeded_kwh=Decimal(0)),
    )
