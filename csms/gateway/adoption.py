"""Who a charger is that dials without an identity: its BootNotification has a serial number.

Some firmware has no field for an identity and connects to `/`. The operator enters, or accepts,
the charge point under its serial number.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple

from csms.gateway import frames
from csms.gateway.frames import Json
from csms.gateway.identity import BadIdentityError, checked
from csms.gateway.sockets import Inbox

PATIENCE_S: Final = 60.0
"""How long a charger may take to boot."""
_MOST_BEFORE: Final = 8
"""Messages that may come before the BootNotification."""

_SERIALS: Final = ("chargePointSerialNumber", "chargeBoxSerialNumber")


class Introduction(NamedTuple):
    """What a charger said first: its identity, None if it told none, and all its messages."""

    identity: str | None
    messages: list[bytes]


async def introduction(inbox: Inbox, max_depth: int) -> Introduction:
    """Wait until a charger says who it is, or can no longer be expected to."""
    messages: list[bytes] = []
    try:
        async with asyncio.timeout(PATIENCE_S):
            while len(messages) < _MOST_BEFORE and (text := await inbox.next()) is not None:
                messages.append(text)
                identity = told_identity(text, max_depth)
                if identity is not None:
                    return Introduction(identity, messages)
    except TimeoutError:
        pass
    return Introduction(None, messages)


def told_identity(text: bytes, max_depth: int) -> str | None:
    """Return the serial number in a BootNotification, None if this is none or has none."""
    try:
        frame = frames.parse(text, max_depth)
    except frames.UnreadableFrameError:
        return None
    match frame:
        case [frames.CALL, _, "BootNotification", dict(payload), *_]:
            return next(filter(None, map(_usable, _serials(payload))), None)
    return None


def _serials(payload: dict[str, Any]) -> list[Json]:
    station = payload.get("chargingStation")
    newer = [station.get("serialNumber")] if isinstance(station, dict) else []
    return [*(payload.get(name) for name in _SERIALS), *newer]


def _usable(serial: Json) -> str | None:
    if not isinstance(serial, str | int) or isinstance(serial, bool):
        return None
    try:
        return checked(str(serial))
    except BadIdentityError:
        return None
