"""How a site is steered at a moment, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from csms.smart_charging.instructions import CircuitStatus, EvseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """A whole site at a moment: every limit, what it leaves, and to whom."""

    site_id: str
    at: datetime
    circuits: Sequence[CircuitStatus]
    evses: Sequence[EvseStatus]
