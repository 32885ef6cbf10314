"""Batteries that went into swap stations and came out: each event is kept once (S01 to S03)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from csms.services.charge_point import ChargePoint
from csms.services.notifications import NotificationService
from csms.services.records import Recorder
from csms.services.station_records import REPEATED_WITHIN, BatterySwapEvent

REMEMBERED: Final = 10_000
_LEFT_BEHIND: Final = "BatteryOutTimeout"


class BatterySwapService:
    """Knows repeats by their content; what it forgot, or another node heard, the store knows."""

    def __init__(self, recorder: Recorder, notifications: NotificationService) -> None:
        self._recorder = recorder
        self._notifications = notifications
        self._latest: OrderedDict[tuple[int, int], BatterySwapEvent] = OrderedDict()

    async def swapped(
        self, charge_point: ChargePoint, swap: BatterySwapEvent, payload: dict[str, Any]
    ) -> None:
        """Keep an event, and tell of it (durable on return)."""
        about = (swap.charge_point_key, swap.digest)
        before = self._latest.get(about)
        if before is not None and swap.received_at - before.received_at < REPEATED_WITHIN:
            return
        await self._recorder.commit(swap)
        await self._notifications.record(
            charge_point,
            "battery_swap",
            f"{swap.event or 'a battery swap'}: {len(swap.batteries)} batteries",
            payload,
            swap.received_at,
            severity="warning" if swap.event == _LEFT_BEHIND else "info",
        )
        self._latest[about] = swap
        self._latest.move_to_end(about)
        if len(self._latest) > REMEMBERED:
            self._latest.popitem(last=False)
