"""ChangeAvailability: what an order that was sent is about (G03, G04)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.handlers.v201.fields import group, place, text
from csms.services.provisioning.availability import ToldAvailability


def read_order(payload: Mapping[str, Any]) -> ToldAvailability | None:
    evse_id, connector_id = place(payload)
    told = group(payload, "evse")
    if (told and evse_id is None) or ("connectorId" in told and connector_id is None):
        return None
    operative = text(payload, "operationalStatus") == "Operative"
    return ToldAvailability(evse_id or 0, connector_id or 0, operative)
