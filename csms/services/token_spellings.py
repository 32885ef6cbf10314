"""How else a reader may write the number of a card."""

from __future__ import annotations

import re
from typing import Final

_BYTES: Final = re.compile(r"[0-9A-F]{2}(?:[-: ]?[0-9A-F]{2}){3,9}")
"""4 to 10 bytes in hexadecimal: the serial numbers of RFID cards."""
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


def behind(id_token: str, mark: str | None) -> str:
    """Return what stands behind the last `mark`, the whole token if it has none."""
    if mark is None:
        return id_token
    return id_token.rpartition(mark)[2].strip() or id_token
