"""Passwords that commands give to charge points: the next login comes with the new one (A01).

OCPP says what an answer means: Accepted ends the old password (A01.FR.03), anything else keeps it
(A01.FR.04). It is silent about no answer at all, after which nobody but the charge point knows
which of the two it will log in with. So a password is let in from before it is sent, durably, and
the old one until the charge point has answered, or come back with the new one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from csms.errors import (
    CommandRefusedError,
    CommandTimeoutError,
    ConflictError,
    ConnectionLostError,
    CsmsError,
)
from csms.model import OcppVersion
from csms.services.passwords import hash_password
from csms.services.ports import Link, PasswordKeeper

logger = logging.getLogger(__name__)

Verdict: TypeAlias = bool | None
"""Whether a charge point has taken a password; None if its answer leaves that open."""

_OPEN: Final = "RebootRequired"
"""Until the reboot it logs in with the old password, and then with the new one."""
_NOT_BEGUN: Final = frozenset({"NotImplemented", "NotSupported"})
"""CALLERRORs that say it; after any other, who knows how far the charge point got."""


@dataclass(frozen=True, slots=True)
class PasswordWords:
    """How one version of OCPP says it."""

    read_sent: Callable[[str, Mapping[str, Any]], str | None]
    """Returns the password in a request of this action, which may hold anything; None without."""
    read_verdict: Callable[[Mapping[str, Any]], Verdict]
    """Reads the answer to such a request."""


def verdict_of(statuses: Sequence[object]) -> Verdict:
    """Tell what the words mean that a charge point has for a password; usually it is one."""
    words = [each for each in statuses if isinstance(each, str)]
    if "Accepted" in words:
        return True
    return None if _OPEN in words or not words else False


def may_have_taken(error: CsmsError) -> bool:
    """Whether a charge point may have a password although sending it failed like this."""
    if isinstance(error, CommandRefusedError):
        return error.code not in _NOT_BEGUN
    return isinstance(error, CommandTimeoutError | ConnectionLostError)


class PasswordChanges:
    """Knows a password before the charge point does, whatever way it is sent.

    Implements `csms.services.commanding.Carrier`.
    """

    def __init__(self, keeper: PasswordKeeper, words: Mapping[OcppVersion, PasswordWords]) -> None:
        self._keeper = keeper
        self._words = words
        self._under_way: set[str] = set()

    async def carry(
        self,
        link: Link,
        action: str,
        payload: Mapping[str, Any],
        send: Callable[[], Awaitable[dict[str, Any]]],
    ) -> dict[str, Any]:
        """Send a request; if it holds a password, settle which ones are let in.

        Raises what `send` raises, and ConflictError while another password is under way.
        """
        words = self._words[link.version]
        password = words.read_sent(action, payload)
        if password is None:
            return await send()
        with self._alone(link.charge_point.id):
            password_hash = await asyncio.to_thread(hash_password, password)
            await self._keeper.password_sent(link.charge_point.id, password_hash)
            answer = await self._exchanged(link, password_hash, send)
            await self._settle(link, password_hash, words.read_verdict(answer))
        return answer

    @contextmanager
    def _alone(self, charge_point_id: str) -> Iterator[None]:
        """One at a time: which of two was the later must be the same here and there."""
        identity = charge_point_id.casefold()
        if identity in self._under_way:
            raise ConflictError(f"{charge_point_id} has yet to answer to another password")
        self._under_way.add(identity)
        try:
            yield
        finally:
            self._under_way.remove(identity)

    async def _exchanged(
        self, link: Link, password_hash: str, send: Callable[[], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        identity = link.charge_point.id
        try:
            return await send()
        except CsmsError as error:
            if may_have_taken(error):
                logger.warning(
                    "%s was sent a password, and may have taken it: both count", identity
                )
            else:
                await self._keeper.password_refused(identity, password_hash)
            raise

    async def _settle(self, link: Link, password_hash: str, verdict: Verdict) -> None:
        charge_point = link.charge_point
        if verdict is False:
            await self._keeper.password_refused(charge_point.id, password_hash)
            return
        if verdict and not await self._keeper.password_taken(charge_point.id, password_hash):
            return  # an operator has set another one meanwhile
        charge_point.knows_password = True
        if verdict:
            logger.info("%s has taken a new password", charge_point.id)
        else:
            logger.info("%s was given a new password; until it uses it both count", charge_point.id)
