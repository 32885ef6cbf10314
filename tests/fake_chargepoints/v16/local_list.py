"""The local authorisation list and the cache on the wire of 1.6."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..frames import Payload
from ..tokens import TokenInfo
from .idtags import info_from

if TYPE_CHECKING:
    from .station import ChargePoint16


async def send(station: ChargePoint16, payload: Payload) -> Payload:
    """Full replaces, Differential changes; an entry without idTagInfo removes."""
    if not station.flag("LocalAuthListEnabled"):
        return {"status": "NotSupported"}
    entries: dict[str, TokenInfo | None] = {
        entry["idTag"].upper(): info_from(entry["idTagInfo"]) if "idTagInfo" in entry else None
        for entry in payload.get("localAuthorizationList", [])
    }
    version = payload["listVersion"]
    if payload["updateType"] == "Full":
        kept = {key: info for key, info in entries.items() if info is not None}
        station.tokens.replace(version, kept)
        return {"status": "Accepted"}
    newer = station.tokens.update(version, entries)
    return {"status": "Accepted" if newer else "VersionMismatch"}


async def get_version(station: ChargePoint16, payload: Payload) -> Payload:
    enabled = station.flag("LocalAuthListEnabled")
    return {"listVersion": station.tokens.version if enabled else -1}


async def clear_cache(station: ChargePoint16, payload: Payload) -> Payload:
    if not station.flag("AuthorizationCacheEnabled"):
        return {"status": "Rejected"}
    station.tokens.cached.clear()
    return {"status": "Accepted"}
