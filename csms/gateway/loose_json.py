"""JSON with the slips of hand-written firmware: commas too many, single quotes, odd numbers.

Only slips whose meaning is clear are mended; a bare word where a value belongs is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

MAX_DOCUMENTS: Final = 64
"""In one message; what comes behind belongs to nobody."""

_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")
    |'(?P<single>(?:[^'\\]|\\.)*)'
    |(?P<mark>[\[\]{},:])
    |(?P<word>[^\s\[\]{},:"']+)
    |(?P<space>\s+)
    |(?P<wrong>.)""",
    re.VERBOSE | re.DOTALL,
)
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEXADECIMAL: Final = re.compile(r"0[xX][0-9A-Fa-f]{1,15}")
_DIGITS: Final = re.compile(r"\d+", re.ASCII)
_WORDS: Final = {
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "undefined": "null",
    "nan": "NaN",
    "inf": "Infinity",
    "-inf": "-Infinity",
    "infinity": "Infinity",
}


class _SlipError(ValueError):
    """Something whose meaning is not clear."""


def tidied(text: str) -> str | None:
    """Return the JSON that was meant, None if that isn't clear."""
    try:
        words = _without_spare_commas(_with_points(list(_words(text))))
    except _SlipError:
        return None
    return "".join(map(_word, words))


def documents(text: str) -> list[str]:
    """Return the lists that one text holds side by side; one item if there is nothing to split."""
    found: list[str] = []
    level = start = 0
    for match in _TOKEN.finditer(text):
        if match["wrong"]:
            break
        mark = match["mark"]
        if mark == "[" or mark == "{":
            if level == 0:
                start = match.start()
            level += 1
        elif mark == "]" or mark == "}":
            level -= 1
            if level == 0:
                found.append(text[start : match.end()])
            if level < 0 or len(found) == MAX_DOCUMENTS:
                break
    if level > 0:
        found.append(text[start:])
    return found if len(found) > 1 else [text]


def _words(text: str) -> Iterator[str]:
    """The tokens without space, texts in double quotes. Raises _SlipError."""
    for match in _TOKEN.finditer(text):
        if match["wrong"]:
            raise _SlipError
        if match["single"] is not None:
            yield json.dumps(match["single"].replace("\\'", "'"), ensure_ascii=False)
        elif match["space"] is None:
            yield match[0]


def _word(word: str) -> str:
    """Return a token as JSON writes it."""
    known = _WORDS.get(word.casefold())
    if known is not None:
        return known
    if _HEXADECIMAL.fullmatch(word):
        return str(int(word, 16))
    if not _NUMBER.fullmatch(word):
        return word
    sign = "-" if word.startswith("-") else ""
    digits = word.lstrip("+-").lstrip("0")
    if not digits or not digits[0].isdigit():
        digits = f"0{digits}"
    return sign + re.sub(r"\.(?!\d)", "", digits)


def _with_points(words: list[str]) -> list[str]:
    """Join `12,5` where a key would have to follow the comma; put names of keys into quotes."""
    result: list[str] = []
    inside: list[str] = []
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        if word in ("[", "{"):
            inside.append(word)
        elif word in ("]", "}") and inside:
            inside.pop()
        elif inside and inside[-1] == "{" and following == ":" and _NAME.fullmatch(word):
            word = f'"{word}"'
        elif (
            inside[-1:] == ["{"]
            and following != ":"
            and _DIGITS.fullmatch(word)
            and result[-1:] == [","]
            and len(result) > 1
            and re.fullmatch(r"-?\d+", result[-2])
        ):
            result.pop()
            result[-1] = f"{result[-1]}.{word}"
            continue
        result.append(word)
    return result


def _without_spare_commas(words: list[str]) -> list[str]:
    result: list[str] = []
    level = 0
    for word in words:
        if word in ("]", "}") and result[-1:] == [","]:
            result.pop()
        if word == "," and (level == 0 or result[-1:] in ([","], ["["], ["{"])):
            continue
        level += (word in ("[", "{")) - (word in ("]", "}"))
        result.append(word)
    return result
