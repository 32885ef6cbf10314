"""The head of a charger's HTTP request, straightened before it is parsed.

Some firmware writes spaces or letters beyond ASCII into the address, ends lines by a line feed
alone, or has its own idea of header lines. What is well-formed passes untouched.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_WELL_FORMED: Final = re.compile(rb"GET [!-~]+ HTTP/1\.1\r\n(?:[!-9;-~]+:[^\r\n]*\r\n)*\r\n")
_END: Final = re.compile(rb"\r?\n\r?\n")
_LINE: Final = re.compile(rb"\r?\n")
_REQUEST: Final = re.compile(rb"\s*GET[ \t]+(?P<path>[^\r\n]*?)[ \t]+(?P<protocol>HTTP/1\.[01])\s*")
_HEADER: Final = re.compile(
    rb"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(?P<value>.*)", re.DOTALL
)
_PLAIN: Final = "".join(chr(code) for code in range(0x21, 0x7F))


def straightened(data: bytes) -> bytes:
    """Return the first bytes of a connection, a whole but odd request head among them mended."""
    if _WELL_FORMED.match(data):
        return data
    begun = data.lstrip(b"\r\n")
    end = _END.search(begun)
    if end is None:
        return data
    first, *lines = _LINE.split(begun[: end.start()])
    request = _REQUEST.fullmatch(first)
    if request is None:
        return data
    path = quote(request["path"], safe=_PLAIN).encode() or b"/"
    headers = [b"%s:%s" % (found["name"], found["value"]) for found in _headers(lines)]
    head = b"\r\n".join([b"GET %s %s" % (path, request["protocol"]), *headers])
    return head + b"\r\n\r\n" + begun[end.end() :]


def _headers(lines: list[bytes]) -> list[re.Match[bytes]]:
    """Read header lines; one that goes on in the next is joined, what is none is left out."""
    joined: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and joined:
            joined[-1] += b" " + line.strip()
        else:
            joined.append(line)
    return [found for line in joined if (found := _HEADER.fullmatch(line)) is not None]
