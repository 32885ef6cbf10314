"""The one door to the files: libraries and fonts are loaded when the first one is asked for."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from csms.statements.document import Document, Kind


class FileFormat(StrEnum):
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"


CONTENT_TYPES: Final = {
    FileFormat.PDF: "application/pdf",
    FileFormat.CSV: "text/csv",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def rendered(document: Document, file_format: FileFormat) -> bytes:
    """Return a document as a file; the same document gives the same bytes."""
    if file_format is FileFormat.PDF:
        from csms.statements.files.pdf import pdf

        return pdf(document)
    if file_format is FileFormat.XLSX:
        from csms.statements.files.xlsx import xlsx

        return xlsx(document)
    from csms.statements.files.csv import csv

    return csv(document)


def file_name(document: Document, file_format: FileFormat) -> str:
    """Return a name for the file: its number, or what the draft is about."""
    month = f"{document.month.year}-{document.month.month:02}"
    subject = document.site_id if document.kind is Kind.SITE else document.subject_id
    name = document.number or f"draft-{month}-{subject}"
    safe = "".join(
        char if char.isascii() and (char.isalnum() or char in "-._") else "_" for char in name
    )
    return f"{safe}.{file_format.value}"
