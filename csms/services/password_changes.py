"""Passwords that commands give to charge points: the next login comes with the new one (A01)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from csms.model import OcppVersion
from csms.services.passwords import hash_password
from csms.services.ports import Link, PasswordKeeper

logger = logging.getLogger(__name__)


class PasswordReader(Protocol):
    """Returns the password that a charge point took with this command, None if it took none."""

    def __call__(
        self, action: str, payload: Mapping[str, Any], answer: dict[str, Any], /
    ) -> str | None: ...


class PasswordChanges:
    """Learns a password the moment a charge point has taken it, whatever way it was sent."""

    def __init__(
        self, keeper: PasswordKeeper, readers: Mapping[OcppVersion, PasswordReader]
    ) -> None:
        self._keeper = keeper
        self._readers = readers

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Store the password, if this command set one, in place of the old."""
        password = self._readers[link.version](action, payload, answer)
        if password is None:
            return
        password_hash = await asyncio.to_thread(hash_password, password)
        await self._keeper.keep_password_hash(link.charge_point.id, password_hash)
        link.charge_point.knows_password = True
        logger.info("%s has taken a new password", link.charge_point.id)
