"""A charge point's identity: the last segment of the address it connects to."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

MAX_LENGTH: Final = 48
"""OCPP 2.0.1's identifierString (part 4, 3.1.1); 1.6 chargers use 20 to 25."""

_ALLOWED: Final = re.compile(r"[\w \-*.:+|@#&'(),;=!$~]+")

_NO_NAMES: Final = frozenset({".", ".."})
"""No URL of the admin API could name these."""


class BadIdentityError(ValueError):
    """The address names no usable identity; the message says what is wrong."""


def identity_of(path: str) -> str | None:
    """Return the identity in a request path, None if it ends in no segment at all.

    Any prefix is fine, doubled and trailing slashes are ignored, percent-encoding is undone (of
    UTF-8, or else of Latin-1).
    Raises BadIdentityError.
    """
    route = path.partition("?")[0].partition("#")[0]
    segments = [segment for segment in route.split("/") if segment]
    if not segments:
        return None
    try:
        return checked(unquote(segments[-1], errors="strict"))
    except UnicodeDecodeError:
        return checked(unquote(segments[-1], encoding="latin-1"))


def checked(text: str) -> str:
    """Return an identity without surrounding space.

    Raises BadIdentityError if it is empty, too long or holds characters that no identity has.
    """
    identity = text.strip()
    if not identity:
        raise BadIdentityError("the identity is empty")
    if identity in _NO_NAMES:
        raise BadIdentityError("the identity is a step of a path, and no name")
    if len(identity) > MAX_LENGTH:
        raise BadIdentityError(
            f"the identity has {len(identity)} characters, at most {MAX_LENGTH} are allowed"
        )
    if not _ALLOWED.fullmatch(identity):
        raise BadIdentityError("the identity holds characters that are not allowed")
    return identity
