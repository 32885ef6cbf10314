"""A statement's lines as CSV: for programs, so figures are plain (a point, no grouping).

First the month's lines, one for each period of each tariff, as they are owed; then every line of
every transaction. The first column tells them apart.
"""

from __future__ import annotations

import csv as rfc4180
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from csms.statements.document import Charge, Document, Entry
from csms.statements.files.figures import shortened
from csms.statements.files.spreadsheet import Cell
from csms.tariff.billing import BillLine

HEADINGS: Final = (
    "row", "statement", "month", "user_id", "charge_point_id", "transaction_id", "started_at",
    "ended_at", "tariff_id", "kind", "section", "period", "quantity", "unit", "unit_price",
    "vat_percent", "amount", "currency", "reason",
)  # fmt: skip
_MEASURED_DECIMALS: Final = 3
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv(document: Document) -> bytes:
    """Return a document's lines as CSV (RFC 4180, UTF-8); `amount` is empty if it has no price."""
    text = io.StringIO()
    writer = rfc4180.writer(text)
    writer.writerow(HEADINGS)
    for row in _rows(document):
        writer.writerow([_written(cell) for cell in row])
    return text.getvalue().encode()


def _rows(document: Document) -> Iterator[Sequence[Cell]]:
    month = f"{document.month.year}-{document.month.month:02}"
    start: list[Cell] = [document.number or "", month]
    whom: list[Cell] = [
        document.subject_id if document.kind == "user" else None,
        document.subject_id if document.kind == "charge_point" else None,
    ]
    for charge in document.charges:
        for line in charge.lines:
            known = ["total", *start, *whom, None, None, None, charge.tariff_id]
            yield [*known, *_line(line), charge.currency, line.reason]
    for part in document.users:
        for charge in part.charges:
            yield from _user_rows([*start, part.id], charge)
    for entry in document.entries:
        yield from _entry_rows(start, entry)


def _user_rows(start: list[Cell], charge: Charge) -> Iterator[Sequence[Cell]]:
    for line in charge.lines:
        known = ["user", *start, None, None, None, None, charge.tariff_id]
        yield [*known, *_line(line), charge.currency, line.reason]


def _entry_rows(start: list[Cell], entry: Entry) -> Iterator[Sequence[Cell]]:
    known = [
        "transaction",
        *start,
        entry.user_id,
        entry.charge_point_id,
        entry.transaction_id,
        entry.started_at,
        entry.ended_at,
        entry.tariff_id,
    ]
    for line in entry.lines:
        yield [*known, *_line(line), entry.currency, line.reason]


def _line(line: BillLine) -> list[Cell]:
    named = [line.kind.value, line.section, line.name]
    quantity = shortened(line.quantity, _MEASURED_DECIMALS)
    measured = [quantity, line.unit.value, line.unit_price, line.vat_percent, line.amount]
    return [*named, *measured]


def _written(cell: Cell) -> str:
    """A cell as text; what a spreadsheet would take for a formula is only ever text."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
