"""Basic authentication of charge points (security profiles 1 and 2)."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
import os
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from csms.services.passwords import PasswordHashes, which_password
from csms.services.ports import PasswordStore

logger = logging.getLogger(__name__)

CACHE_SIZE: Final = 50_000
MAX_WAITING: Final = 10_000
_URL_ALPHABET: Final = str.maketrans("-_", "+/")
_THREADS: Final = max(1, (os.cpu_count() or 1) // 2)
"""Half of the machine at most: guessing passwords must not stop those who are in."""


class BusyError(Exception):
    """Too many chargers wait for their password to be checked."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a charger presented; the password may be any bytes."""

    user: str
    password: bytes = field(repr=False)

    def read_for(self, identity: str) -> Credentials:
        """Return the same read for this identity: Basic ends a user name at the first colon.

        A00.FR.204 therefore forbids colons in identities; those made of MAC addresses have some.
        """
        *more, password = self.password.split(b":", identity.count(":"))
        user = ":".join([self.user, *(part.decode("utf-8", "replace") for part in more)])
        named = user.strip().casefold() == identity.casefold()
        return Credentials(user, password) if named else self


def parse_basic(header: str | None) -> Credentials | None:
    """Read an Authorization header; None if it is missing or no Basic authentication.

    Also without the scheme, or with user name and password as plain text: what counts is whether
    the password is right.
    """
    if header is None:
        return None
    scheme, _, encoded = header.strip().partition(" ")
    if not encoded and scheme.casefold() != "basic":
        encoded = scheme
    elif scheme.casefold() != "basic":
        return None
    decoded = _decoded(encoded)
    if decoded is None:
        return None
    user, colon, password = decoded.partition(b":")
    return Credentials(user.decode("utf-8", "replace"), password) if colon else None


def _decoded(text: str) -> bytes | None:
    """Undo Base64, also of the URL's alphabet, without padding or in lines."""
    if ":" in text:
        return text.strip().encode()
    letters = "".join(text.split()).translate(_URL_ALPHABET).rstrip("=")
    try:
        return base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except binascii.Error:
        return None


class PasswordCheck:
    """Checks passwords; those that were right are remembered, so reconnecting is cheap.

    What is remembered is a digest under a key that only this process knows, bound to the stored
    hash: a changed password is checked anew.
    """

    def __init__(self, store: PasswordStore) -> None:
        self._store = store
        self._secret = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="password")
        self._waiting = 0

    async def is_right(self, charge_point_id: str, presented: bytes) -> bool:
        """Whether this is the charge point's password; False if it has none.

        Who logs in with one that it was sent has taken it, and the older ones end (A01.FR.03).
        Who logs in with an older one ends nothing: only an answer tells that a newer one was not
        taken (A01.FR.04), and until it restarts a charge point may go on with what it had.
        Raises BusyError when too many wait already.
        """
        stored = await self._store.password_hashes(charge_point_id)
        right = await self._which(stored, presented)
        if right is None:
            return False
        if right in stored.sent and await self._store.password_taken(charge_point_id, right):
            logger.info("%s logged in with the password it was sent", charge_point_id)
        return True

    async def _which(self, stored: PasswordHashes, presented: bytes) -> str | None:
        """Return the hash that fits; a password is only tried that was not right before."""
        hashes = [*stored.sent, *([] if stored.present is None else [stored.present])]
        remembered = (each for each in hashes if self._digest(each, presented) in self._right)
        right = next(remembered, None)
        if right is None and hashes:
            right = await self._verify(hashes, presented)
        if right is not None:
            self._remember(self._digest(right, presented))
        return right

    def _digest(self, stored: str, presented: bytes) -> bytes:
        return hmac.digest(self._secret, stored.encode() + b"\0" + presented, hashlib.sha256)

    def _remember(self, digest: bytes) -> None:
        self._right[digest] = None
        self._right.move_to_end(digest)
        if len(self._right) > CACHE_SIZE:
            self._right.popitem(last=False)

    async def _verify(self, hashes: Sequence[str], presented: bytes) -> str | None:
        if self._waiting >= MAX_WAITING:
            raise BusyError
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, which_password, hashes, presented)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
