"""Letters for any name: a font that has most scripts, the reader's own for East Asian ones.

FiraGO (SIL Open Font License, from `pymupdf-fonts`) has Latin, Greek, Cyrillic, Georgian, Hebrew,
Arabic, Devanagari and Thai, and is embedded. Chinese, Japanese and Korean are printed in the fonts
that PDF readers bring for them. What neither has is printed by its code point: nothing is lost.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from threading import Lock
from typing import Final, NamedTuple

from pymupdf_fonts import myfont
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

REGULAR: Final = "FiraGO"
BOLD: Final = "FiraGO-Bold"
_SOURCES: Final = {REGULAR: "figo", BOLD: "figbo"}
_EAST_ASIAN: Final = (
    (re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]"), "HYSMyeongJo-Medium"),
    (re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff65-\uff9f]"), "HeiseiMin-W3"),
    (re.compile(
        "[\u2e80-\u303f\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff64]"
    ), "STSong-Light"),
)  # fmt: skip
_REGISTERING: Final = Lock()


class Run(NamedTuple):
    """Text in one font."""

    font: str
    text: str


@cache
def prepare() -> None:
    """Make the fonts known to the PDF library; done once."""
    with _REGISTERING:
        rl_config.useA85 = 0  # streams as they are: a fifth smaller, and sooner written
        for name, source in _SOURCES.items():
            pdfmetrics.registerFont(TTFont(name, io.BytesIO(myfont(source))))
        for _, name in _EAST_ASIAN:
            pdfmetrics.registerFont(UnicodeCIDFont(name))


@lru_cache(maxsize=4096)
def runs(text: str, font: str) -> tuple[Run, ...]:
    """Part a text into runs that its font or another one has the letters for."""
    known = _letters(font)
    if all(ord(char) in known for char in text):
        return (Run(font, text),)
    found: list[Run] = []
    for run in _by_letter(text, font, known):
        if found and found[-1].font == run.font:
            found[-1] = Run(run.font, found[-1].text + run.text)
        else:
            found.append(run)
    return tuple(found)


@lru_cache(maxsize=4096)
def width(text: str, font: str, size: float) -> float:
    """Return how wide a text is, in points."""
    return sum(pdfmetrics.stringWidth(run.text, run.font, size) for run in runs(text, font))


def _by_letter(text: str, font: str, known: frozenset[int]) -> Iterator[Run]:
    for char in text:
        if ord(char) in known:
            yield Run(font, char)
        elif char.isspace():
            yield Run(font, " ")
        else:
            other = next((name for letters, name in _EAST_ASIAN if letters.match(char)), None)
            yield Run(font, f"[U+{ord(char):04X}]") if other is None else Run(other, char)


@cache
def _letters(font: str) -> frozenset[int]:
    prepare()
    registered = pdfmetrics.getFont(font)
    return frozenset(registered.face.charToGlyph) if isinstance(registered, TTFont) else frozenset()
