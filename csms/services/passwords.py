"""Charge points' passwords (OCPP security profiles 1 and 2): salted hashes, never text.

What OCPP 1.6 calls AuthorizationKey travels as 40 hexadecimal digits in a configuration key and
as the 20 bytes they stand for in the handshake; chargers mix the two up. Both are one password.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1)
"""Cheaper than for people's passwords: these are long and random, and thousands of chargers
reconnect at once when a server restarts."""

_HEX_KEY: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,20}")


@dataclass(frozen=True, slots=True)
class PasswordHashes:
    """Which passwords let a charge point in, each as `hash_password` made it."""

    present: str | None
    """The one it is known to have; None if it has none."""
    sent: tuple[str, ...] = ()
    """Those it was sent since, newest first, and of which nobody knows whether it took them."""


def hash_password(password: str) -> str:
    """Return the salted hash to store for a password an operator set."""
    return _HASHER.hash(_canonical(password.encode()))


def verify_password(password_hash: str, presented: bytes) -> bool:
    """Whether the bytes a charger presented are the password; slow on purpose."""
    return which_password([password_hash], presented) is not None


def which_password(hashes: Sequence[str], presented: bytes) -> str | None:
    """Return the first hash that what a charger presented fits; slow for each that it doesn't."""
    forms = _forms(presented)
    bare = presented.rstrip(b"\r\n\0")  # what ends a line or a buffer slips in
    if bare != presented:
        forms += _forms(bare)
    fitting = (each for each in hashes if any(_matches(each, form) for form in forms))
    return next(fitting, None)


def _canonical(password: bytes) -> bytes:
    return password.lower() if _HEX_KEY.fullmatch(password) else password


def _forms(presented: bytes) -> list[bytes]:
    """Return what may have been stored for a presented password, likeliest first."""
    if _HEX_KEY.fullmatch(presented):
        return [presented.lower(), bytes.fromhex(presented.decode())]
    if 16 <= len(presented) <= 20:
        hexadecimal = presented.hex().encode()
        if presented.isascii() and presented.decode().isprintable():
            return [presented, hexadecimal]
        return [hexadecimal, presented]
    return [presented]


def _matches(password_hash: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
