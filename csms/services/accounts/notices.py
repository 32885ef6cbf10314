"""Somebody has to see why a card that has credit was refused."""

from __future__ import annotations

from datetime import datetime

from csms.services.charge_points import ChargePointService
from csms.services.notifications import NotificationService


class UncoveredNotices:
    """Implements `csms.services.accounts.ports.Notices`, in the charge point's notifications."""

    def __init__(
        self, charge_points: ChargePointService, notifications: NotificationService
    ) -> None:
        self._charge_points = charge_points
        self._notifications = notifications

    async def uncovered(
        self, charge_point_id: str, id_token: str, reason: str, at: datetime
    ) -> None:
        charge_point = self._charge_points.live(charge_point_id)
        if charge_point is not None:
            await self._notifications.record(
                charge_point,
                "no_price",
                f"id token {id_token} is prepaid and was refused: {reason}",
                {"id_token": id_token, "reason": reason},
                at,
                severity="warning",
            )
