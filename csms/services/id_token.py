"""An id token as the operator keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from csms.model import AuthorizationStatus
from csms.services.accounts.model import Payer


@dataclass(frozen=True, slots=True)
class IdTokenRecord:
    id_token: str
    type: str
    status: AuthorizationStatus
    expires_at: datetime | None = None
    group_id: str | None = None
    master_pass: bool = False
    """Whether its group may stop any transaction (2.0.1 C16)."""
    max_concurrent_transactions: int | None = None
    allowed_charge_points: tuple[str, ...] | None = None
    allowed_sites: tuple[str, ...] | None = None
    payer: Payer | None = None
    """Whose credit or limits its transactions have to keep to; None: nobody's."""
