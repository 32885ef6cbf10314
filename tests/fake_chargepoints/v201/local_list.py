"""The local authorisation list and the cache on the wire of 2.0.1 (D, C11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..frames import Payload
from ..tokens import TokenInfo
from .idtokens import info_from

if TYPE_CHECKING:
    from .station import ChargePoint201


async def send(station: ChargePoint201, payload: Payload) -> Payload:
    """D01: Full replaces, Differential changes; an entry without idTokenInfo removes."""
    if not station.flag("LocalAuthListEnabled"):
        return {"status": "Failed"}
    entries: dict[str, TokenInfo | None] = {
        entry["idToken"]["idToken"].upper(): info_from(entry["idTokenInfo"])
        if "idTokenInfo" in entry
        else None
        for entry in payload.get("localAuthorizationList", [])
    }
    version = payload["versionNumber"]
    if payload["updateType"] == "Full":
        kept = {key: info for key, info in entries.items() if info is not None}
        station.tokens.replace(version, kept)
    elif not station.tokens.update(version, entries):
        return {"status": "VersionMismatch"}
    station.device_model.put("LocalAuthListCtrlr", "Entries", str(len(station.tokens.listed)))
    return {"status": "Accepted"}


async def get_version(station: ChargePoint201, payload: Payload) -> Payload:
    """D02: 0 when there is no list."""
    return {"versionNumber": station.tokens.version if station.tokens.listed else 0}


async def clear_cache(station: ChargePoint201, payload: Payload) -> Payload:
    if not station.flag("AuthorizationCacheEnabled"):
        return {"status": "Rejected"}
    station.tokens.cached.clear()
    return {"status": "Accepted"}
