"""What a charge point may be asked while the operator has not accepted it."""

from __future__ import annotations

from typing import Final

from csms.errors import NotAcceptedError
from csms.model import RegistrationStatus
from csms.services.charge_point import ChargePoint

NOT_WHILE_PENDING: Final = frozenset(
    {
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "RequestStartTransaction",
        "RequestStopTransaction",
    }
)
"""What has to wait until it is accepted (1.6: 4.2; 2.0.1: B02.FR.05)."""


def check_may_be_asked(charge_point: ChargePoint, action: str) -> None:
    """Raise NotAcceptedError for an action that its registration forbids.

    Who is rejected is asked nothing at all (B03.FR.03; 1.6: 4.2). Who is pending may be asked and
    set up (B02.FR.01), and may not be made to start or stop a transaction.
    """
    status = charge_point.registration_status
    if status is RegistrationStatus.REJECTED or (
        status is RegistrationStatus.PENDING and action in NOT_WHILE_PENDING
    ):
        raise NotAcceptedError(charge_point.id, action, status.value)
