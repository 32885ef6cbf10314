"""Statements as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from csms.api.fields import Currency, MonthText, Name, SiteId, SubjectId
from csms.api.money import SignedAmount, exact
from csms.api.resources.statement_issuers import Language
from csms.errors import InvalidValueError
from csms.services.statements.model import Order, Wanted
from csms.statements.cost_split import CostSplit, Sharing, SupplierBill, SupplierLine
from csms.statements.document import (
    Charge,
    Correction,
    Document,
    Entry,
    Issuer,
    Kind,
    Part,
    Pending,
    Prepaid,
    Recipient,
)
from csms.tariff.months import Month

Kwh: TypeAlias = Annotated[float, Meta(ge=0, le=1_000_000_000)]


class SupplierLineSetting(Struct, forbid_unknown_fields=True, kw_only=True):
    """A line of the supplier's bill."""

    name: Name
    amount: SignedAmount
    sharing: Sharing = Sharing.BY_ENERGY
    energy_kwh: Kwh | None = None


class SupplierBillSetting(Struct, forbid_unknown_fields=True, kw_only=True):
    """What the site's supplier asks for the month: its lines, or one amount."""

    energy_kwh: Annotated[Kwh, Meta(description="What the supplier's meter counted.")]
    currency: Currency
    amount: SignedAmount | None = None
    lines: Annotated[list[SupplierLineSetting], Meta(max_length=100)] = []


class StatementOrder(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which statement; without a language it is in the issuer's."""

    kind: Kind
    subject_id: SubjectId | UnsetType = UNSET
    site_id: SiteId
    month: MonthText
    language: Language | None = None
    allow_unpriced: Annotated[
        bool, Meta(description="Also while something runs or has no price; it can be corrected.")
    ] = False
    supplier_bill: SupplierBillSetting | None = None


class CorrectionOrder(Struct, forbid_unknown_fields=True, kw_only=True):
    """Why a statement is issued anew; without a supplier's bill the one before is kept."""

    reason: Name
    allow_unpriced: bool = False
    supplier_bill: SupplierBillSetting | None = None


class TotalView(Struct):
    currency: str
    net: Decimal
    vat: Decimal
    gross: Decimal


class StatementView(Struct, kw_only=True):
    """An issued statement; `corrected_by` is the statement that takes its place."""

    id: int
    number: str
    kind: Kind
    subject_id: str
    subject_name: str
    site_id: str
    month: str
    complete: bool
    totals: list[TotalView]
    corrects_id: int | None
    corrected_by: int | None
    issued_at: datetime
    issued_by: str


class DocumentView(Struct, kw_only=True):
    """All that a statement says; a draft has neither number nor date."""

    number: str | None
    issued_at: datetime | None
    kind: Kind
    subject_id: str
    subject_name: str
    site_id: str
    site_name: str
    time_zone: str
    month: str
    language: str
    complete: bool
    issuer: Issuer
    recipient: Recipient | None
    energy_kwh: Decimal
    unpriced_kwh: Decimal
    totals: list[TotalView]
    prepaid: Sequence[Prepaid]
    charges: Sequence[Charge]
    entries: Sequence[Entry]
    pending: Sequence[Pending]
    users: Sequence[Part]
    charge_points: Sequence[Part]
    cost_split: CostSplit | None
    corrects: Correction | None


class WholeStatement(StatementView, kw_only=True):
    document: DocumentView


def order_of(body: StatementOrder) -> Order:
    """Return what was asked for; raises InvalidValueError."""
    subject_id = body.subject_id
    if isinstance(subject_id, UnsetType):
        if body.kind is not Kind.SITE:
            raise InvalidValueError("subject_id", None, f"the {body.kind.value}'s id")
        subject_id = body.site_id
    wanted = Wanted(body.kind, subject_id, body.site_id, month_of(body.month))
    bill = None if body.supplier_bill is None else bill_of(body.supplier_bill)
    return Order(wanted, body.language, body.allow_unpriced, bill)


def bill_of(body: SupplierBillSetting) -> SupplierBill:
    """Return a supplier's bill; raises InvalidValueError."""
    if (body.amount is None) == (not body.lines):
        raise InvalidValueError("supplier_bill.amount", body.amount, "an amount or lines, not both")
    lines = [
        SupplierLine(
            line.name,
            exact(f"supplier_bill.lines.{number}.amount", line.amount),
            line.sharing,
            None if line.energy_kwh is None else Decimal(str(line.energy_kwh)),
        )
        for number, line in enumerate(body.lines)
    ]
    if body.amount is not None:
        lines = [SupplierLine("", exact("supplier_bill.amount", body.amount))]
    return SupplierBill(Decimal(str(body.energy_kwh)), body.currency, tuple(lines))


def month_of(text: str) -> Month:
    """Return the month that is written as 2026-06."""
    year, _, month = text.partition("-")
    return Month(int(year), int(month))


def month_text(year: int, month: int) -> str:
    return f"{year:04}-{month:02}"


def statement_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what StatementView shows of a row."""
    names = ("id", "number", "subject_id", "subject_name", "site_id", "complete")
    return {
        **{name: row[name] for name in names},
        "kind": Kind(row["kind"]),
        "month": month_text(row["month"].year, row["month"].month),
        "totals": [
            _total(each["currency"], Decimal(each["net"]), Decimal(each["vat"]))
            for each in row["totals"]
        ],
        "corrects_id": row["corrects_id"],
        "corrected_by": row["corrected_by"],
        "issued_at": row["issued_at"],
        "issued_by": row["issued_by"],
    }


def document_view(document: Document) -> DocumentView:
    """Return a document as the API shows it."""
    names = set(DocumentView.__struct_fields__) - {"month", "totals"}
    return DocumentView(
        **{name: getattr(document, name) for name in names},
        month=month_text(*document.month),
        totals=[_total(each.currency, each.net, each.vat) for each in document.totals],
    )


def _total(currency: str, net: Decimal, vat: Decimal) -> TotalView:
    return TotalView(currency, net, vat, net + vat)
