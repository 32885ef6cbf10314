"""idTagInfo in neutral words."""

from __future__ import annotations

from datetime import datetime

from ..frames import Payload
from ..tokens import TokenInfo


def info_from(id_tag_info: Payload) -> TokenInfo:
    """What an idTagInfo says."""
    expiry = id_tag_info.get("expiryDate")
    return TokenInfo(
        str(id_tag_info["status"]),
        datetime.fromisoformat(expiry) if expiry else None,
        id_tag_info.get("parentIdTag"),
    )
