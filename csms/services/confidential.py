"""What nobody may read in a log or a table."""

from __future__ import annotations

import re
from typing import Final

_SECRET: Final = re.compile(
    r"authorizationkey|passw|secret|private|simpin|\bpin\b|apn|://[^/\s\"]*@", re.IGNORECASE
)
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_QUERY: Final = re.compile(r"(://[^\s?#]*\?)[^\s#]+")
"""Links of cloud stores have their signature there."""


def address_shown(text: str) -> str:
    """Return a text without the logins and queries of the addresses in it."""
    return _QUERY.sub(r"\1***", _LOGIN.sub("***", text))


def may_hold_secret(text: str) -> bool:
    """Whether a text names or holds a password, key or PIN, or a URL with a user in it."""
    return _SECRET.search(text) is not None
