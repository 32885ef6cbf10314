"""Where CDRs are sent, and how: signed, once for each price, again until they arrive.

Requests follow the conventions of Standard Webhooks: `webhook-id` stays the same over all attempts,
`webhook-signature` is an HMAC-SHA256 over id, time and body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from csms.errors import InvalidValueError

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 -- what secrets begin with
SECRET_BYTES: Final = 32
MAX_URL_CHARS: Final = 512
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400, 86_400, 86_400)
)
"""Before the second attempt, the third, ...; after the last one a delivery has failed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A CDR to send to a webhook."""

    id: int
    webhook_id: int
    url: str
    secret: str
    transaction_id: int
    revision: int
    attempts: int
    """Made before."""


def new_secret() -> str:
    """Return a secret for a new webhook."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def check_url(field: str, url: str) -> None:
    """Refuse what nobody should be sent bills to; raises InvalidValueError.

    HTTPS, or plain HTTP to a program on this very machine; no user name, no fragment.
    """
    allowed = "an https:// address, or an http:// one of this machine (localhost)"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidValueError(field, url, allowed) from None
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    odd = "@" in parts.netloc or bool(parts.fragment) or not url.isascii() or " " in url
    if not secure or not host or odd:
        raise InvalidValueError(field, url, allowed)


def headers(delivery: Delivery, body: bytes, now: datetime) -> Mapping[str, str]:
    """Return a request's headers, its signature among them."""
    message_id, at = f"cdr-{delivery.id}", str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "csms",
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{signature(delivery.secret, message_id, at, body)}",
    }


def signature(secret: str, message_id: str, at: str, body: bytes) -> str:
    """Return the HMAC that a receiver compares with."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = b".".join((message_id.encode(), at.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after so many attempts; None: it has failed for good."""
    return now + PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
