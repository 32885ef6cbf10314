"""No order leads a charge point below its security profile (A05.FR.07)."""

from __future__ import annotations

from csms.errors import ConflictError
from csms.services.charge_point import ChargePoint


def check_security(charge_point: ChargePoint, profile: int) -> None:
    """Raises ConflictError for less security than the charge point has to connect with."""
    if profile < charge_point.security_profile:
        raise ConflictError(
            f"{charge_point.id} has to connect with security profile "
            f"{charge_point.security_profile} at least; lower that first"
        )
