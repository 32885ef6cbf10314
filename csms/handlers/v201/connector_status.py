"""Connector statuses as chargers spell them."""

from __future__ import annotations

from typing import Final

from csms.model import ConnectorStatus

_STATUSES: Final = {status.value.casefold(): status for status in ConnectorStatus}


def read_status(raw: object) -> ConnectorStatus | None:
    """Read a connector status in any case; those of OCPP 1.6 are understood too."""
    return _STATUSES.get(raw.strip().casefold()) if isinstance(raw, str) else None
