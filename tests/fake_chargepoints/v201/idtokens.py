"""Id tokens on the wire of 2.0.1."""

from __future__ import annotations

from datetime import datetime

from ..frames import Payload
from ..tokens import IdToken, TokenInfo


def on_wire(token: IdToken) -> Payload:
    return {"idToken": token.value, "type": token.type}


def token_from(id_token: Payload) -> IdToken:
    return IdToken(id_token["idToken"], id_token["type"])


def info_from(id_token_info: Payload) -> TokenInfo:
    """What an idTokenInfo says."""
    expiry = id_token_info.get("cacheExpiryDateTime")
    group = id_token_info.get("groupIdToken")
    return TokenInfo(
        str(id_token_info["status"]),
        datetime.fromisoformat(expiry) if expiry else None,
        group["idToken"] if group else None,
    )
