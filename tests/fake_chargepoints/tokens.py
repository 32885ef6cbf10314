"""Id tokens and what a charge point knows of them by itself: local list and cache."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IdToken:
    """An RFID card or another identification; `type` is only spoken of in 2.0.1."""

    value: str
    type: str = "ISO14443"

    @property
    def key(self) -> str:
        """How tokens are compared: without regard to case."""
        return self.value.upper()


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What the central system said about a token."""

    status: str
    expires_at: datetime | None = None
    group: str | None = None

    def status_at(self, at: datetime) -> str:
        """The status now: an accepted token may have expired meanwhile."""
        if self.status == "Accepted" and self.expires_at is not None and at >= self.expires_at:
            return "Expired"
        return self.status


class LocalTokens:
    """The local authorisation list (with its version) and the authorisation cache."""

    def __init__(self) -> None:
        self.version = 0
        self.listed: dict[str, TokenInfo] = {}
        self.cached: dict[str, TokenInfo] = {}

    def replace(self, version: int, entries: dict[str, TokenInfo]) -> None:
        """A full update."""
        self.version = version
        self.listed = dict(entries)

    def update(self, version: int, entries: dict[str, TokenInfo | None]) -> bool:
        """A differential update; None removes. False (nothing done) if it is not newer."""
        if version <= self.version:
            return False
        self.version = version
        for key, info in entries.items():
            if info is None:
                self.listed.pop(key, None)
            else:
                self.listed[key] = info
        return True

    def remember(self, token: IdToken, info: TokenInfo) -> None:
        """Put the central system's word into the cache."""
        self.cached[token.key] = info

    def known(self, token: IdToken) -> TokenInfo | None:
        """The local list rules; the cache is asked for what it does not name."""
        return self.listed.get(token.key) or self.cached.get(token.key)
