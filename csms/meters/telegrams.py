"""Cutting telegrams out of a P1 stream: they come in pieces, and may begin in the middle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_TELEGRAM_BYTES: Final = 16_384

_END: Final = re.compile(rb"!([0-9A-Fa-f]{4})[\x00\r]{0,2}\n")
"""The line that ends a telegram, with its checksum."""
_CIPHER_START: Final = re.compile(rb"\xdb\x08.{8}\x82([\x00-\x3f].)", re.DOTALL)
"""Tag, a system title of 8 bytes, and the length: below 16 KiB, as no telegram is longer."""
_CIPHER_HEADER_BYTES: Final = 13
_START: Final = re.compile(rb"/[A-Za-z]{3}[0-9]")
"""The maker's mark and the speed, as IEC 62056-21 has them."""


class TelegramCutter:
    """Collects bytes and gives whole telegrams, from "/" to the checksum.

    What never ends is dropped. Whether the checksum fits is the parser's to say.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, piece: bytes) -> Iterator[str]:
        """Add what was received and yield the telegrams that are complete."""
        self._waiting += piece
        while end := _END.search(self._waiting):
            telegram = bytes(self._waiting[: end.end()])
            del self._waiting[: end.end()]
            starts = [start.start() for start in _START.finditer(telegram)]
            if starts:  # the last one: an unfinished telegram may lie before it
                yield telegram[starts[-1] :].decode("latin-1")
        if len(self._waiting) > MAX_TELEGRAM_BYTES:
            self._waiting.clear()


class CiphertextCutter:
    """The same for encrypted telegrams, which carry their own length; yields hexadecimal text.

    A frame is a DLMS general-global-cipher APDU (IEC 62056-5-3): tag, system title with its
    length, then the length of the rest in two bytes.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, piece: bytes) -> Iterator[str]:
        """Add what was received and yield the frames that are complete."""
        self._waiting += piece
        while (start := _CIPHER_START.search(self._waiting)) is not None:
            end = start.end() + int.from_bytes(start[1], "big")
            if len(self._waiting) < end:
                del self._waiting[: start.start()]
                return
            yield self._waiting[start.start() : end].hex()
            del self._waiting[:end]
        del self._waiting[:-_CIPHER_HEADER_BYTES]
