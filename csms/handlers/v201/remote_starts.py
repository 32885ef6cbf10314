"""Reading back whom a RequestStartTransaction is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.handlers.v201.fields import integer
from csms.handlers.v201.id_token import read_id_token
from csms.model import IdToken


def read_remote_start(action: str, payload: Mapping[str, Any]) -> tuple[int, IdToken] | None:
    """See `csms.services.transactions.remote_starts.RemoteStartReader`."""
    if action != "RequestStartTransaction":
        return None
    number, id_token = integer(payload, "remoteStartId"), read_id_token(payload.get("idToken"))
    return None if number is None or id_token is None else (number, id_token)
