"""Short words for the messages of stories; times are in minutes from now."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from unit.services.messages import stored
from unit.world import World

from csms.model import IdToken, MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.transactions.model import (
    MeterReport,
    Start,
    StartAnswer,
    Stop,
    Transaction,
    TransactionEvent,
    TransactionEventAnswer,
)


def wh(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


async def start(
    world: World,
    charge_point: ChargePoint,
    *,
    evse_id: int = 1,
    token: str = "CARD-1",
    meter: float | None = 1000,
    at: str | None = None,
    minutes: float = 0,
    reservation_id: int | None = None,
) -> StartAnswer:
    told = world.clock.text(minutes * 60) if at is None else at
    return await world.services.transactions.start(
        charge_point,
        Start(evse_id, 1, IdToken.of(token), wh(meter), told, reservation_id),
        world.clock.now(),
    )


async def stop(
    world: World,
    charge_point: ChargePoint,
    transaction_id: int,
    *,
    meter: float | None = 5000,
    at: str | None = None,
    minutes: float = 0,
    token: str | None = None,
    reason: str | None = None,
    values: tuple[MeterValue, ...] = (),
) -> None:
    told = world.clock.text(minutes * 60) if at is None else at
    await world.services.transactions.stop(
        charge_point,
        Stop(
            transaction_id,
            wh(meter),
            told,
            None if token is None else IdToken.of(token),
            reason,
            values,
        ),
        world.clock.now(),
    )


def reading(world: World, energy_wh: float | None, minutes: float = 0) -> MeterValue:
    return MeterValue(world.clock.now() + timedelta(minutes=minutes), energy_wh=wh(energy_wh))


async def report(
    world: World,
    charge_point: ChargePoint,
    energy_wh: float | None,
    transaction_id: int | None = None,
    *,
    evse_id: int = 1,
    minutes: float = 0,
) -> None:
    await world.services.transactions.meter_values(
        charge_point,
        MeterReport(evse_id, 1, (reading(world, energy_wh, minutes),), transaction_id),
        world.clock.now(),
    )


async def event(
    world: World,
    charge_point: ChargePoint,
    kind: str,
    seq_no: int,
    transaction_id: str = "TX",
    *,
    token: str | None = None,
    trigger_reason: str = "Trigger",
    minutes: float = 0,
    at: str | None = None,
    **parts: Any,
) -> TransactionEventAnswer:
    told = world.clock.text(minutes * 60) if at is None else at
    id_token = None if token is None else IdToken.of(token)
    return await world.services.transactions.event(
        charge_point,
        TransactionEvent(
            kind, transaction_id, seq_no, told, trigger_reason, id_token=id_token, **parts
        ),
        world.clock.now(),
    )


async def only(world: World) -> Transaction:
    """Return the only transaction there is, as the database has it."""
    (transaction,) = await stored(world)
    return transaction


async def by_id(world: World, transaction_id: int) -> Transaction:
    return next(t for t in await stored(world) if t.id == transaction_id)
