"""Why a signed reading can't be checked."""

from __future__ import annotations


class UnreadableError(ValueError):
    """A record, a key or a signature that is not what it should be; the text says why."""
