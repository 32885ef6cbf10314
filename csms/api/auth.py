"""Who may do what: API keys as bearer tokens; without one nothing opens."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web

from csms.api.problems import Problem
from csms.api.route import Actor
from csms.clock import Clock
from csms.store import api_keys
from csms.store.api_keys import KEY_PREFIX, ApiKey, hash_key
from csms.store.database import Database

CACHE_SIZE: Final = 1000
CACHE_TTL_S: Final = 2.0
"""A key that was revoked elsewhere (the command line, another node) opens nothing after this."""
MARK_USED_EVERY: Final = timedelta(minutes=1)
MAX_KEY_CHARS: Final = 256
READING: Final = frozenset({"GET", "HEAD"})

_ACTOR: Final = web.RequestKey("actor", Actor)


class Authenticator:
    """Knows keys by their hash; remembers the latest for a moment."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()

    async def admit(self, request: web.Request) -> None:
        """Note on the request who asks.

        Raises Problem 401 without a valid key, 403 if its role doesn't go so far.
        """
        key = await self._key(_bearer(request))
        if key is None or not key.is_valid(self._clock.now()):
            raise _unauthorized("the API key is not valid", error="invalid_token")
        if request.method not in READING and key.role != "admin":
            raise Problem(403, f"the API key {key.name!r} may only read")
        request[_ACTOR] = Actor(key.name, key.role)

    def forget(self) -> None:
        """Look at every key anew: one was revoked."""
        self._known.clear()

    async def _key(self, secret: str) -> ApiKey | None:
        if not secret.startswith(KEY_PREFIX) or len(secret) > MAX_KEY_CHARS:
            return None
        key_hash = hash_key(secret)
        now = self._clock.monotonic()
        known = self._known.get(key_hash)
        if known is not None and known[0] > now:
            return known[1]
        async with self._database.begin() as connection:
            found = await api_keys.find_by_hash(connection, key_hash)
            if found is not None and _used_long_ago(found, self._clock.now()):
                await api_keys.mark_used(connection, found.id, self._clock.now())
        if found is not None:
            self._known[key_hash] = (now + CACHE_TTL_S, found)
            self._known.move_to_end(key_hash)
            if len(self._known) > CACHE_SIZE:
                self._known.popitem(last=False)
        return found


def actor_of(request: web.Request) -> Actor:
    """Return who asks; for public routes nobody."""
    actor: Actor | None = request.get(_ACTOR)
    return actor if actor is not None else Actor("", "read-only")


def _bearer(request: web.Request) -> str:
    header = request.headers.get("Authorization", "")
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _unauthorized("an API key is needed: Authorization: Bearer KEY")
    return secret.strip()


def _unauthorized(detail: str, error: str | None = None) -> Problem:
    challenge = 'Bearer realm="csms"' + (f', error="{error}"' if error else "")
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})


def _used_long_ago(key: ApiKey, now: datetime) -> bool:
    return key.last_used_at is None or now - key.last_used_at > MARK_USED_EVERY
