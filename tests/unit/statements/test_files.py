"""Statements as files: what is printed is what is owed, in the reader's language."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader
from unit.statements.june import (
    ISSUED_AT,
    JUNE_TOTAL,
    heading,
    issued,
    june,
    june_document,
    kept,
    material,
    priced_by,
)
from unit.statements.test_composing import EXPECTED, halves
from unit.tariff.june_transactions import june_transactions
from unit.tariff.tariffs import FOUR_PERIODS, LISBON, always, energy, tariff, version
from unit.tariff.usages import local, steady

from csms.statements.composing import compose
from csms.statements.cost_split import SupplierBill, SupplierLine
from csms.statements.document import Correction, Document, Kind, Pending, PendingState, Total
from csms.statements.files.rendering import FileFormat, file_name, rendered
from csms.statements.files.wording import LANGUAGES
from csms.tariff.pricing import unpriced

_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def pages(document: Document) -> list[str]:
    """The text of each page, with one space between words."""
    reader = PdfReader(io.BytesIO(rendered(document, FileFormat.PDF)))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def printed(document: Document) -> str:
    return " ".join(pages(document))


def csv_rows(document: Document) -> list[dict[str, str]]:
    text = rendered(document, FileFormat.CSV).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def sheets(document: Document) -> dict[str, list[list[Any]]]:
    """The cells of each sheet of a workbook: text and numbers."""
    with zipfile.ZipFile(io.BytesIO(rendered(document, FileFormat.XLSX))) as book:
        names = [each.attrib["name"] for each in _elements(book, "xl/workbook.xml", "sheet")]
        texts = [
            "".join(part.text or "" for part in each.iter(f"{_NAMESPACE}t"))
            for each in _elements(book, "xl/sharedStrings.xml", "si")
        ]
        return {
            name: [
                _filled({cell.attrib["r"]: _cell(cell, texts) for cell in row})
                for row in _elements(book, f"xl/worksheets/sheet{number}.xml", "row")
            ]
            for number, name in enumerate(names, start=1)
        }


def _filled(cells: dict[str, Any]) -> list[Any]:
    """A row's cells in their columns; empty ones are not in the file."""
    by_column = {ord(place[0]) - ord("A"): value for place, value in cells.items()}
    return [by_column.get(column) for column in range(max(by_column) + 1)]


def _elements(book: zipfile.ZipFile, file: str, tag: str) -> Iterator[ElementTree.Element]:
    return ElementTree.fromstring(book.read(file)).iter(f"{_NAMESPACE}{tag}")


def _cell(cell: ElementTree.Element, texts: list[str]) -> Any:
    value = cell.findtext(f"{_NAMESPACE}v")
    if value is None:
        return None
    return texts[int(value)] if cell.attrib.get("t") == "s" else Decimal(value)


def test_the_pdf_of_june_has_every_line_and_the_total() -> None:
    text = printed(june_document())

    for (section, period), (kwh, amount) in EXPECTED.items():
        assert re.search(rf"{section} {period} {kwh} kWh 0\.\d{{6}} {amount}", text), period
    assert "Total 360.018 kWh 80.38" in text
    assert "€80.38" in text


def test_every_transaction_of_june_is_printed_with_its_times_by_the_sites_clock() -> None:
    text = printed(june_document())

    assert len(re.findall(r"\d\d/06/2025 \d\d:\d\d \d\d/\d\d/2025 \d\d:\d\d CP-1", text)) == 19
    assert "04/06/2025 21:50 05/06/2025 02:18 CP-1 17.588 kWh €3.84" in text


def test_a_long_statement_repeats_its_headings_and_counts_its_pages() -> None:
    found = pages(june_document())

    assert len(found) > 1
    for number, text in enumerate(found, start=1):
        assert "Start End Charge point Quantity Unit price Amount" in text
        assert f"Page {number} of {len(found)}" in text


def test_no_page_ends_with_a_transaction_whose_lines_are_on_the_next() -> None:
    entry = june_document().entries[0]
    for lines in range(1, 5):
        first = replace(entry, lines=entry.lines[:1] * lines)
        others = (replace(entry, lines=entry.lines[:1]),) * 30
        found = pages(replace(june_document(), entries=(first, *others)))
        assert len(found) > 1
        for page in found[1:]:
            rows = page.partition("Unit price Amount ")[2]
            assert re.match(r"\d\d/\d\d/\d{4}", rows), rows[:60]


@pytest.mark.parametrize(
    ("language", "total", "month", "day"),
    [
        ("en", "€80.38", "June 2025", "01/07/2025"),
        ("pt", "80,38 €", "junho de 2025", "01/07/2025"),
        ("de", "80,38 €", "Juni 2025", "01.07.2025"),
        ("es", "80,38 €", "junio de 2025", "01/07/2025"),
        ("fr", "80,38 €", "juin 2025", "01/07/2025"),
    ],
)
def test_a_statement_is_in_its_own_language(
    language: str, total: str, month: str, day: str
) -> None:
    text = printed(june_document(language=language))

    assert total in text.replace("\u00a0", " ")
    assert month in text
    assert day in text


@pytest.mark.parametrize(
    "name",
    [
        "João Çelik-Ørsted",
        "Nguyễn Thị Ánh",
        "Ελένη Παπαδοπούλου",
        "Олена Ковальчук",
        "ნინო",
        "山田太郎",
        "ひらがな",
        "김민준",
    ],
)
def test_any_name_is_printed(name: str) -> None:
    assert name in printed(june_document(subject_name=name))


def test_a_letter_that_no_font_has_is_printed_by_its_code_point() -> None:
    assert "[U+1F697] Flat" in printed(june_document(subject_name="🚗 Flat"))


def test_the_same_document_gives_the_same_bytes() -> None:
    for file_format in FileFormat:
        assert rendered(june_document(), file_format) == rendered(june_document(), file_format)


def test_a_draft_says_so_and_has_no_number() -> None:
    draft = compose(heading(), material(june()))

    assert "Statement (Draft)" in printed(draft)
    assert "Number:" not in printed(draft)
    assert file_name(draft, FileFormat.PDF) == "draft-2025-06-flat-7.pdf"


def test_what_has_no_price_is_printed_as_unpriced_on_the_first_page() -> None:
    nowhere = kept(unpriced(june_transactions()[0], "no tariff is assigned"))
    running = Pending(99, "CP-1", ISSUED_AT, PendingState.RUNNING)
    text = pages(compose(heading(), material([nowhere, *june()[1:]], pending=[running])))[0]

    assert "Not everything has a price yet" in text
    assert "unpriced: 30.209 kWh" in text
    assert "Not in this statement: still runs" in text


def test_a_correction_names_what_it_replaces_and_what_is_still_owed() -> None:
    before = (Total("EUR", Decimal("90.00"), Decimal("0.00")),)
    corrects = Correction("GARAGE-2025-00001", ISSUED_AT, "a reading came late", before)
    text = printed(
        issued(compose(heading(corrects=corrects), material(june())), "GARAGE-2025-00002")
    )

    assert "Correction" in text
    assert "Takes the place of GARAGE-2025-00001 (01/07/2025)" in text
    assert "Reason: a reading came late" in text
    assert "Difference -€9.62" in text


def test_an_installations_statement_has_totals_each_users_page_and_the_suppliers_bill() -> None:
    bill = SupplierBill(Decimal(400), "EUR", (SupplierLine("Energy and network", Decimal(85)),))
    found = pages(issued(compose(heading(Kind.SITE), material(halves()), bill)))

    assert "Supplier's bill, shared" in found[0]
    assert "Losses and common use 39.982 kWh 10.00 % €8.50" in " ".join(found)
    assert [text.startswith("Flat 7") for text in found].count(True) == 1
    assert [text.startswith("Flat 8") for text in found].count(True) == 1


def test_a_supplier_who_counted_less_than_the_chargers_is_warned_about() -> None:
    def said(bill_kwh: str) -> str:
        line = SupplierLine("Energy", Decimal("70.00"))
        bill = SupplierBill(Decimal(bill_kwh), "EUR", (line,))
        return printed(compose(heading(Kind.SITE), material(june()), bill))

    warning = "The chargers counted more than the supplier's meter"
    assert f"{warning}: check the bill and the meters (10.018 kWh)." in said("350")
    assert warning not in said("361")


def test_printed_quantities_that_do_not_add_up_say_that_they_are_rounded() -> None:
    """Half of 1.001 kWh is printed as 0.501 twice."""
    usage = steady(local("2025-06-11 06:30", LISBON), 60, "1.001")
    document = compose(heading(), material(priced_by(FOUR_PERIODS, [usage])))
    note = "Quantities are printed rounded to 0.001; sums and amounts are of the exact ones (CSV)."

    text = printed(document)
    assert ("0.501 kWh" in text, "Total 1.001 kWh" in text) == (True, True)
    assert text.count(note) == 2
    assert note not in printed(june_document())
    assert note not in printed(replace(document, layout=1))


def test_vat_is_printed_by_rate() -> None:
    taxed = tariff(version(always(energy("0.30", "23"))))
    usage = steady(local("2025-06-10 10:00", LISBON), 60, "10")
    document = issued(compose(heading(), material(priced_by(taxed, [usage]), taxed)))

    assert "23 % 3.00 0.69 3.69" in printed(document)


def test_the_csv_of_june_adds_up() -> None:
    rows = csv_rows(june_document())

    totals = [row for row in rows if row["row"] == "total"]
    found = {(row["section"], row["period"]): (row["quantity"], row["amount"]) for row in totals}
    assert found == EXPECTED
    assert sum(Decimal(row["amount"]) for row in totals) == JUNE_TOTAL
    transactions = [row for row in rows if row["row"] == "transaction"]
    assert sum(Decimal(row["quantity"]) for row in transactions) == Decimal("360.018")
    assert transactions[0]["started_at"] == "2025-06-02T17:37:00Z"


def test_an_unpriced_line_has_no_amount_in_the_csv() -> None:
    nowhere = kept(unpriced(june_transactions()[0], "no tariff is assigned"))
    (row, _) = csv_rows(compose(heading(), material([nowhere])))

    assert (row["quantity"], row["amount"], row["reason"]) == (
        "30.209",
        "",
        "no tariff is assigned",
    )


def test_a_name_that_looks_like_a_formula_stays_text() -> None:
    priced = [replace(june()[0], charge_point_id="=2+5")]
    document = issued(compose(heading(), material(priced)))

    assert csv_rows(document)[-1]["charge_point_id"] == "'=2+5"
    assert sheets(document)["Transactions"][1][3] == "=2+5"


def test_the_workbook_of_june_has_numbers_and_times() -> None:
    found = sheets(june_document())

    periods = found["Period"]
    amount = periods[0].index("Amount")
    assert sum(row[amount] for row in periods[1:]) == JUNE_TOTAL
    first = found["Transactions"][1]
    started = datetime(2025, 6, 2, 18, 37) - datetime(1899, 12, 30)  # noqa: DTZ001 - wall time
    assert abs(float(first[1]) - started.total_seconds() / 86400) < 1e-6


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_statement_can_be_written_in_every_language(language: str) -> None:
    bill = SupplierBill(Decimal(400), "EUR", (SupplierLine("Energy", Decimal(85)),))
    corrects = Correction("G-1", ISSUED_AT, "late", (Total("EUR", Decimal(1), Decimal(0)),))
    whole = compose(
        heading(Kind.SITE, language=language, corrects=corrects), material(halves()), bill
    )

    assert len(pages(issued(whole))) >= 3
    assert len(sheets(issued(whole))) >= 6
