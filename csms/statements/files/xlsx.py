"""A statement as a workbook: numbers are numbers, times are times, a sheet for each subject."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from csms.statements.document import Document
from csms.statements.files.spreadsheet import Cell, Grid, grids

_NAME_CHARS: Final = 31
_WIDEST: Final = 40
_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def xlsx(document: Document) -> bytes:
    """Return a document as a workbook; the same document gives the same bytes."""
    buffer = io.BytesIO()
    book = Workbook(buffer, _OPTIONS)
    made_at = document.issued_at or datetime(*document.month, 1, tzinfo=UTC)
    book.set_properties(
        {
            "title": document.number or "",
            "author": document.issuer.name,
            "created": made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        }
    )
    styles = _Styles(book)
    for grid in grids(document):
        _fill(book.add_worksheet(grid.title[:_NAME_CHARS]), grid, styles)
    book.close()
    return buffer.getvalue()


class _Styles:
    def __init__(self, book: Workbook) -> None:
        self.heading: Format = book.add_format({"bold": True, "bottom": 1})
        self.moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        self.number: Format = book.add_format({"num_format": "#,##0.00####"})


def _fill(sheet: Worksheet, grid: Grid, styles: _Styles) -> None:
    for column, heading in enumerate(grid.headings):
        sheet.write_string(0, column, heading, styles.heading)
        sheet.set_column(column, column, _width(grid.rows, column, heading))
    for number, row in enumerate(grid.rows, start=1):
        for column, cell in enumerate(row):
            _write(sheet, number, column, cell, styles)
    sheet.freeze_panes(1, 0)


def _write(sheet: Worksheet, row: int, column: int, cell: Cell, styles: _Styles) -> None:
    if isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell, styles.moment)
    elif isinstance(cell, Decimal):
        sheet.write_number(row, column, cell, styles.number)
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif cell is not None:
        sheet.write_string(row, column, cell)


def _width(rows: Sequence[Sequence[Cell]], column: int, heading: str) -> int:
    longest = max((len(str(row[column] or "")) for row in rows[:200]), default=0)
    return min(max(longest, len(heading)) + 2, _WIDEST)
