"""What OCPP 1.6 says about an id tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.model import Authorization, AuthorizationStatus
from csms.services.clocks import format_time, parse_time

ID_TAG_MAX_LENGTH: Final = 20

_STATUSES: Final = {
    AuthorizationStatus.ACCEPTED: "Accepted",
    AuthorizationStatus.BLOCKED: "Blocked",
    AuthorizationStatus.EXPIRED: "Expired",
    AuthorizationStatus.CONCURRENT_TX: "ConcurrentTx",
    AuthorizationStatus.NO_CREDIT: "Blocked",
}


def id_tag_info(authorization: Authorization) -> dict[str, Any]:
    """Say a decision in 1.6: without credit is Blocked, what else it doesn't know is Invalid."""
    info: dict[str, Any] = {}
    if authorization.expires_at is not None:
        info["expiryDate"] = format_time(authorization.expires_at)
    group_id = authorization.group_id
    if group_id is not None and len(group_id) <= ID_TAG_MAX_LENGTH:
        info["parentIdTag"] = group_id
    info["status"] = _STATUSES.get(authorization.status, "Invalid")
    return info


def read_id_tag_info(info: Mapping[str, Any]) -> Authorization:
    """Read an `idTagInfo` as `id_tag_info` writes it."""
    return Authorization(
        AuthorizationStatus(info["status"]),
        parse_time(info.get("expiryDate")),
        info.get("parentIdTag"),
    )
