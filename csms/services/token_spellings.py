"""How else a reader may write the number of a card."""

from __future__ import annotations

import re
from typing import Final

_BYTES: Final = re.compile(r"[0-9A-F]{2}(?:[-: ]?[0-9A-F]{2}){3,9}")
"""4 to 10 bytes in hexadecimal: the serial numbers of RFID cards."""
_HEXADECIMAL: Final = re.compile(r"[0-9A-F]{8,20}")
_DECIMAL: Final = re.compile(r"[0-9]{6,24}")
_SHORTEST_BYTES: Final = 4
_SEPARATORS: Final = ("", ":", "-", " ")


def other_spellings(id_token: str) -> list[str]:
    """Return what a card's number would be with other marks between its bytes."""
    if _BYTES.fullmatch(id_token) is None:
        return []
    digits = re.sub("[-: ]", "", id_token)
    if len(digits) % 2:
        return []
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return [other for mark in _SEPARATORS if (other := mark.join(pairs)) != id_token]


def readings(id_token: str) -> frozenset[str]:
    """Return what other readers may make of the same card.

    Some leave out the first byte (a family) or the last one (a checksum), turn the bytes around, or
    write the number in decimal digits.
    """
    found: set[str] = set()
    digits = re.sub("[-: ]", "", id_token)
    if _HEXADECIMAL.fullmatch(digits) and len(digits) % 2 == 0:
        pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        found |= {digits, "".join(reversed(pairs)), str(int(digits, 16))}
        found.add(str(int("".join(reversed(pairs)), 16)))
        if len(pairs) > _SHORTEST_BYTES:
            found |= {"".join(pairs[1:]), "".join(pairs[:-1])}
    if _DECIMAL.fullmatch(digits):
        written = f"{int(digits):X}"
        written = written.rjust(max(2 * _SHORTEST_BYTES, len(written) + len(written) % 2), "0")
        found |= {written, "".join(reversed(re.findall("..", written)))}
    found |= {other for each in found for other in other_spellings(each)}
    found.discard(id_token)
    return frozenset(found)


def behind(id_token: str, mark: str | None) -> str:
    """Return what stands behind the last `mark`, the whole token if it has none."""
    if mark is None:
        return id_token
    return id_token.rpartition(mark)[2].strip() or id_token
