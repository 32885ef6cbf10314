"""ChangeAvailability: what an order that was sent is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.handlers.v16.fields import integer
from csms.services.provisioning.availability import ToldAvailability


def read_order(payload: Mapping[str, Any]) -> ToldAvailability | None:
    """Read an order; 1.6 knows no connectors of an EVSE."""
    evse_id = integer(payload, "connectorId")
    if evse_id is None:
        return None
    return ToldAvailability(evse_id, 0, payload["type"] == "Operative")
