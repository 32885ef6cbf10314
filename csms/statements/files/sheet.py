"""Pages of A4: text, rules and tables whose headings are repeated on every page.

What goes where is noted first and drawn at the end, when the number of pages is known.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.textobject import PDFTextObject

from csms.statements.files.fonts import BOLD, REGULAR, prepare, runs, width

PAGE_WIDTH, PAGE_HEIGHT = A4
MARGIN: Final = 48.0
LEFT: Final = MARGIN
RIGHT: Final = PAGE_WIDTH - MARGIN
TOP: Final = PAGE_HEIGHT - MARGIN
BOTTOM: Final = MARGIN + 20
WIDTH: Final = RIGHT - LEFT
SIZE: Final = 8.5
LEADING: Final = 1.35
GAP: Final = 6.0
"""Between two columns."""
BLACK: Final = 0.0
GREY: Final = 0.42
_RULE_GREY: Final = 0.75


class _Word(NamedTuple):
    x: float
    y: float
    text: str
    font: str
    size: float
    grey: float


class _Rule(NamedTuple):
    y: float
    grey: float


@dataclass(slots=True)
class _Page:
    words: list[_Word] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; `width` is its part of the whole."""

    title: str
    width: float
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: Sequence[str]
    bold: bool = False
    grey: float = BLACK
    ruled: bool = False
    """With a rule above it."""
    heads: bool = False
    """Not the last on a page: it is about the row after it, which has one line."""


class Sheet:
    """Pages that fill from top to bottom."""

    def __init__(self, footer: str, page_words: tuple[str, str], title: str, author: str) -> None:
        prepare()
        self._footer = footer
        self._page_words = page_words
        self._title = title
        self._author = author
        self._pages = [_Page()]
        self.y = TOP

    def page(self) -> None:
        """Begin a new page."""
        self._pages.append(_Page())
        self.y = TOP

    def room(self, height: float) -> None:
        """Begin a new page unless so much of this one is left."""
        if self.y - height < BOTTOM:
            self.page()

    def space(self, height: float) -> None:
        self.y -= height

    def words(
        self,
        text: str,
        *,
        x: float = LEFT,
        wide: float = WIDTH,
        size: float = SIZE,
        bold: bool = False,
        grey: float = BLACK,
        right: bool = False,
    ) -> None:
        """Write lines below what there is, broken where they are too long."""
        font = BOLD if bold else REGULAR
        for line in _broken(text, font, size, wide):
            self.room(size * LEADING)
            self.y -= size * LEADING
            self._word(line, font, x, wide, size=size, grey=grey, right=right)

    def heading(self, text: str, *, keep: float = 60.0) -> None:
        """Write a heading that stays with what follows it."""
        self.room(keep)
        self.space(10)
        self.words(text, size=11, bold=True)
        self.space(3)

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """Write a table; its headings come again on each page."""
        places = _places(columns)
        self.room(4 * SIZE * LEADING)
        self._headings(columns, places)
        for number, row in enumerate(rows):
            font = BOLD if row.bold else REGULAR
            cells = [
                _broken(cell, font, SIZE, place.width)
                for cell, place in zip(row.cells, places, strict=True)
            ]
            height = max(len(lines) for lines in cells) * SIZE * LEADING
            needed = height + 4 + SIZE * LEADING if row.heads else height
            if self.y - needed - 4 < BOTTOM:
                self.page()
                self._headings(columns, places)
            if row.ruled and number:
                self._rule(self.y - 3.5)
                self.space(4)
            top = self.y
            for lines, place in zip(cells, places, strict=True):
                self.y = top
                for line in lines:
                    self.y -= SIZE * LEADING
                    self._word(line, font, place.x, place.width, grey=row.grey, right=place.right)
            self.y = top - height

    def finish(self) -> bytes:
        """Draw everything; the same pages always give the same bytes."""
        buffer = io.BytesIO()
        canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
        canvas.setTitle(self._title)
        canvas.setAuthor(self._author)
        canvas.setCreator("csms")
        for number, page in enumerate(self._pages, start=1):
            self._sign(page, number)
            _draw(canvas, page)
            canvas.showPage()
        canvas.save()
        return buffer.getvalue()

    def _sign(self, page: _Page, number: int) -> None:
        first, between = self._page_words
        counted = f"{first} {number} {between} {len(self._pages)}"
        y, size = MARGIN - 8, 7.5
        page.rules.append(_Rule(y + 11, _RULE_GREY))
        footer = _broken(self._footer, REGULAR, size, WIDTH - 90)[0]
        page.words.append(_Word(LEFT, y, footer, REGULAR, size, GREY))
        at = RIGHT - width(counted, REGULAR, size)
        page.words.append(_Word(at, y, counted, REGULAR, size, GREY))

    def _headings(self, columns: Sequence[Column], places: Sequence[_Place]) -> None:
        titles = [
            _broken(column.title, BOLD, SIZE, place.width)
            for column, place in zip(columns, places, strict=True)
        ]
        top = self.y
        for lines, place in zip(titles, places, strict=True):
            self.y = top
            for line in lines:
                self.y -= SIZE * LEADING
                self._word(line, BOLD, place.x, place.width, right=place.right)
        self.y = top - max(len(lines) for lines in titles) * SIZE * LEADING
        self.space(3)
        self._rule(self.y)
        self.space(1)

    def _word(
        self,
        text: str,
        font: str,
        x: float,
        wide: float,
        *,
        size: float = SIZE,
        grey: float = BLACK,
        right: bool = False,
    ) -> None:
        if text:
            at = x + wide - width(text, font, size) if right else x
            self._pages[-1].words.append(_Word(at, self.y, text, font, size, grey))

    def _rule(self, y: float) -> None:
        self._pages[-1].rules.append(_Rule(y, _RULE_GREY))


class _Place(NamedTuple):
    x: float
    width: float
    right: bool


def _places(columns: Sequence[Column]) -> list[_Place]:
    whole = sum(column.width for column in columns)
    scale = (WIDTH - GAP * (len(columns) - 1)) / whole
    places, x = [], LEFT
    for column in columns:
        places.append(_Place(x, column.width * scale, column.right))
        x += column.width * scale + GAP
    return places


def _broken(text: str, font: str, size: float, wide: float) -> list[str]:
    """Break a text into lines that fit; a word that is too long is broken anywhere."""
    if "\n" not in text and width(text, font, size) <= wide:
        return [text]
    return [line for part in text.splitlines() or [""] for line in _filled(part, font, size, wide)]


def _filled(text: str, font: str, size: float, wide: float) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer, font, size) <= wide:
            line = longer
            continue
        if line:
            yield line
        while width(word, font, size) > wide and len(word) > 1:
            fitting = _fitting(word, font, size, wide)
            yield word[:fitting]
            word = word[fitting:]
        line = word
    yield line


def _fitting(word: str, font: str, size: float, wide: float) -> int:
    """Return how many letters of a word fit; at least one."""
    used = 0.0
    for count, letter in enumerate(word):
        used += width(letter, font, size)
        if used > wide:
            return max(count, 1)
    return len(word)


def _draw(canvas: Canvas, page: _Page) -> None:
    for rule in page.rules:
        canvas.setStrokeGray(rule.grey)
        canvas.setLineWidth(0.5)
        canvas.line(LEFT, rule.y, RIGHT, rule.y)
    text = canvas.beginText()
    pen = _Pen(text)
    for word in page.words:
        pen.write(word)
    canvas.drawText(text)


class _Pen:
    """Writes words into one text object, changing font and colour only when they differ."""

    def __init__(self, text: PDFTextObject) -> None:
        self._text = text
        self._font = ("", 0.0)
        self._grey = -1.0

    def write(self, word: _Word) -> None:
        if word.grey != self._grey:
            self._text.setFillGray(word.grey)
            self._grey = word.grey
        self._text.setTextOrigin(word.x, word.y)
        for run in runs(word.text, word.font):
            if (run.font, word.size) != self._font:
                self._text.setFont(run.font, word.size)
                self._font = (run.font, word.size)
            self._text.textOut(run.text)
