"""Firmware for many charge points: some at a time, and no further than failures allow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from csms.clock import Clock
from csms.errors import (
    CommandError,
    ConflictError,
    CsmsError,
    InvalidValueError,
    NotAcceptedError,
    NotConnectedError,
)
from csms.events import ChargePointConnected, Events, OperationChanged, TransactionEnded
from csms.metrics import Metrics
from csms.services.charge_point import ChargePoint
from csms.services.operations.desk import FirmwareFile, FirmwareOrder, OperationDesk, Transfer
from csms.services.operations.model import State
from csms.services.ports import Links
from csms.services.rounds import Rounds

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 15.0
SETTLE_S: Final = 0.5
"""What happens at once is looked at once."""


class CampaignState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    """Too many updates failed; an operator may resume it."""
    CANCELLED = "cancelled"
    FINISHED = "finished"


class TargetState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


TARGET_AFTER: Final = {
    State.REJECTED: TargetState.FAILED,
    State.UNDELIVERED: TargetState.FAILED,
    State.SUCCEEDED: TargetState.SUCCEEDED,
    State.FAILED: TargetState.FAILED,
    State.CANCELLED: TargetState.FAILED,
    State.TIMED_OUT: TargetState.FAILED,
}
"""What an ended operation means for its target; one that is open goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    id: int
    firmware: FirmwareFile
    only_idle: bool
    signed: bool
    transfer: Transfer
    created_by: str


@dataclass(frozen=True, slots=True)
class Target:
    campaign_id: int
    charge_point_key: int
    charge_point_id: str


class CampaignStore(Protocol):
    """Durable on return; several nodes may ask at the same time."""

    async def settle(self, now: datetime) -> None:
        """Take over what became of the operations, and end campaigns that are through.

        A campaign with more failures than it may have is stopped; one that is over (`ends_at`)
        begins no more. Targets that were begun by a server that died wait again.
        """
        ...

    async def running(self, now: datetime) -> Sequence[Campaign]:
        """Return the campaigns that may begin updates now."""
        ...

    async def waiting(self, campaign_id: int) -> Sequence[Target]:
        """Return the targets that wait, in the order of their charge points."""
        ...

    async def claim(self, campaign_id: int, charge_point_key: int, now: datetime) -> bool:
        """Begin with a target, unless as many are running as may; False if not."""
        ...

    async def begun(self, target: Target, operation_id: int, now: datetime) -> None: ...

    async def failed(self, target: Target, reason: str, now: datetime) -> None: ...

    async def wait_again(self, target: Target, now: datetime) -> None: ...


class CampaignRunner:
    """One task: looks when something happened that may matter, and now and then."""

    def __init__(
        self,
        store: CampaignStore,
        desk: OperationDesk,
        links: Links,
        events: Events,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._desk = desk
        self._links = links
        self._clock = clock
        self._has_work = False
        self._rounds = Rounds(
            "firmware campaigns", self.look, metrics, every_s=LOOK_EVERY_S, settle_s=SETTLE_S
        )
        events.hang_bell(
            self.wake,
            OperationChanged,
            ChargePointConnected,
            TransactionEnded,
            when=lambda _: self._has_work,
        )

    def start(self) -> None:
        self._rounds.start()

    async def stop(self) -> None:
        await self._rounds.stop()

    def wake(self) -> None:
        """Look soon: a campaign was made or changed."""
        self._rounds.ring()

    async def look(self) -> None:
        """Settle what ended, and begin what may begin. Raises DatabaseUnavailableError."""
        await self._store.settle(self._clock.now())
        campaigns = await self._store.running(self._clock.now())
        self._has_work = bool(campaigns)
        for campaign in campaigns:
            await self._begin_some(campaign)

    async def _begin_some(self, campaign: Campaign) -> None:
        begun: list[tuple[Target, ChargePoint]] = []
        for target in await self._store.waiting(campaign.id):
            charge_point = self._ready(target, only_idle=campaign.only_idle)
            if charge_point is None:
                continue
            now = self._clock.now()
            if not await self._store.claim(campaign.id, target.charge_point_key, now):
                break
            begun.append((target, charge_point))
        await asyncio.gather(*(self._begin(campaign, *each) for each in begun))

    def _ready(self, target: Target, *, only_idle: bool) -> ChargePoint | None:
        """Return the charge point if it is connected here, accepted and, if need be, idle."""
        link = self._links.get(target.charge_point_id)
        if link is None or not link.charge_point.accepted:
            return None
        charge_point = link.charge_point
        return None if only_idle and charge_point.open_transactions else charge_point

    async def _begin(self, campaign: Campaign, target: Target, charge_point: ChargePoint) -> None:
        """Order the update; whatever comes of it, the target knows."""
        firmware = campaign.firmware
        order = FirmwareOrder(
            firmware=firmware,
            signing_certificate=firmware.signing_certificate if campaign.signed else None,
            signature=firmware.signature if campaign.signed else None,
            transfer=campaign.transfer,
        )

        async def begun(operation_id: int) -> None:
            await self._store.begun(target, operation_id, self._clock.now())

        try:
            await self._desk.update_firmware(
                charge_point, order, campaign.created_by, campaign_id=campaign.id, begun=begun
            )
        except (NotConnectedError, NotAcceptedError):
            await self._store.wait_again(target, self._clock.now())
        except CommandError as error:
            logger.info("%s did not take its firmware: %s", charge_point.id, error)
        except (ConflictError, InvalidValueError) as error:
            await self._store.failed(target, str(error), self._clock.now())
        except CsmsError as error:
            logger.warning("the update of %s has to wait: %s", charge_point.id, error)
            await self._store.wait_again(target, self._clock.now())
