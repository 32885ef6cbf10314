"""The statement of one charger's June, and small worlds of priced transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from unit.tariff.june_transactions import june_transactions
from unit.tariff.tariffs import FOUR_PERIODS, LISBON

from csms.statements.composing import Heading, Material, Priced, compose
from csms.statements.document import Document, Issuer, Kind, Recipient
from csms.tariff.model import Tariff
from csms.tariff.months import Month
from csms.tariff.pricing import PricedTransaction, Pricer
from csms.tariff.usage import Usage

JUNE: Final = Month(2025, 6)
ISSUER: Final = Issuer(
    "Garagem Central, Lda.",
    "Rua da Fonte 12\n1200-101 Lisboa",
    "PT501234567",
    "PT50 0002 0123 1234 5678 9015 4",
    "Thank you.",
)
ISSUED_AT: Final = datetime(2025, 7, 1, 8, 30, tzinfo=UTC)


def kept(
    priced: PricedTransaction,
    *,
    user_id: str | None = "flat-7",
    charge_point_id: str = "CP-1",
) -> Priced:
    """A priced transaction as it comes back out of the store."""
    return Priced(
        transaction_id=priced.usage.transaction_id,
        revision=1,
        charge_point_id=charge_point_id,
        user_id=user_id,
        id_token="04A1",
        started_at=priced.usage.started_at,
        ended_at=priced.usage.ended_at,
        energy_wh=priced.usage.energy_wh,
        tariff_id=priced.tariff_id,
        currency=priced.bill.currency,
        net=priced.bill.net,
        gross=priced.bill.gross,
        lines=priced.lines,
        bill_lines=priced.bill.lines,
        flags=tuple(sorted(priced.flags)),
        reason=next((line.reason for line in priced.lines if line.reason), ""),
    )


def priced_by(tariff: Tariff, usages: Iterable[Usage], **who: Any) -> list[Priced]:
    pricer = Pricer(tariff, LISBON)
    return [kept(pricer.price(usage), **who) for usage in usages]


def june(**who: Any) -> list[Priced]:
    return priced_by(FOUR_PERIODS, june_transactions(), **who)


def heading(kind: Kind = Kind.USER, **changed: Any) -> Heading:
    subjects = {
        Kind.USER: ("flat-7", "Flat 7"),
        Kind.CHARGE_POINT: ("CP-1", "Place 7"),
        Kind.SITE: ("garage", "Garage"),
    }
    subject_id, name = subjects[kind]
    made = Heading(
        kind=kind,
        subject_id=subject_id,
        subject_name=name,
        site_id="garage",
        site_name="Garage",
        time_zone="Europe/Lisbon",
        month=JUNE,
        language="en",
        issuer=ISSUER,
        recipient=Recipient("Flat 7", "Rua da Fonte 12, 3.º Esq.") if kind is Kind.USER else None,
    )
    return replace(made, **changed)


def material(priced: Sequence[Priced], *tariffs: Tariff, **more: Any) -> Material:
    known = {tariff.id: tariff for tariff in (FOUR_PERIODS, *tariffs)}
    given: dict[str, Any] = {
        "fees": {},
        "pending": (),
        "user_names": {"flat-7": "Flat 7", "flat-8": "Flat 8"},
        "charge_point_names": {},
    }
    return Material(priced=priced, tariffs=known, **(given | more))


def issued(document: Document, number: str = "GARAGE-2025-00001") -> Document:
    return replace(document, number=number, issued_at=ISSUED_AT)


def june_document(**changed: Any) -> Document:
    """The user's statement for June, issued."""
    return issued(compose(heading(**changed), material(june())))


JUNE_TOTAL: Final = Decimal("80.38")
