"""ChangeAvailability: what an order that was sent is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csms.services.provisioning.availability import ToldAvailability


def read_order(payload: Mapping[str, Any]) -> ToldAvailability:
    """Read an order; 1.6 knows no connectors of an EVSE."""
    return ToldAvailability(int(payload["connectorId"]), 0, payload["type"] == "Operative")
