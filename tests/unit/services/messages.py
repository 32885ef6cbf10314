"""Charging sessions as chargers would tell of them, and the truth about each.

A session is told in messages that can be delivered in any order, twice, or never.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from unit.world import NOON, World

from csms.model import Flag, IdToken, MeterValue
from csms.services.charge_point import ChargePoint
from csms.services.clocks import format_time
from csms.services.transactions.model import (
    MeterReport,
    Start,
    Stop,
    Transaction,
    TransactionEvent,
)

UNKNOWN_ID = -1


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def register(at: datetime, wh: float | Decimal, context: str = "Sample.Periodic") -> MeterValue:
    return MeterValue(at, context, energy_wh=Decimal(str(wh)))


@dataclass(frozen=True)
class Session:
    """What really happened at an EVSE: readings every five minutes, the first at the start."""

    charge_point_id: str
    evse_id: int
    id_token: str
    starts_at: int
    """Minute."""
    registers_wh: tuple[int, ...]
    reason: str = "EVDisconnected"
    answered: bool = True
    """1.6: whether the charger learned the transaction's id."""

    @property
    def energy_wh(self) -> int:
        return self.registers_wh[-1] - self.registers_wh[0]

    @property
    def started_at(self) -> datetime:
        return minute(self.starts_at)

    @property
    def stopped_at(self) -> datetime:
        return minute(self.starts_at + 5 * (len(self.registers_wh) - 1))

    @property
    def readings(self) -> list[MeterValue]:
        return [
            register(minute(self.starts_at + 5 * number), wh)
            for number, wh in enumerate(self.registers_wh)
        ][1:-1]


Content: TypeAlias = Start | Stop | MeterReport | TransactionEvent


@dataclass(frozen=True)
class Message:
    """One message of a session; a stop or report gets the id once it is known."""

    session: Session
    content: Content
    happened_at: datetime

    def __str__(self) -> str:
        """Short enough for the many messages of a failed example."""
        kind = getattr(self.content, "kind", type(self.content).__name__)
        where = f"{self.session.charge_point_id}-{self.session.evse_id}"
        return f"{where}@{self.session.starts_at} {kind} {self.happened_at:%H:%M}"


def messages_16(session: Session) -> list[Message]:
    """Tell of a session in OCPP 1.6."""
    token = IdToken(session.id_token)
    first, last = (Decimal(session.registers_wh[end]) for end in (0, -1))
    start = Start(session.evse_id, 1, token, first, format_time(session.started_at))
    stop = Stop(UNKNOWN_ID, last, format_time(session.stopped_at), token, session.reason)
    return [
        Message(session, start, session.started_at),
        *(
            Message(
                session,
                MeterReport(session.evse_id, 1, (reading,), UNKNOWN_ID),
                reading.sampled_at,
            )
            for reading in session.readings
        ),
        Message(session, stop, session.stopped_at),
    ]


def messages_201(session: Session) -> list[Message]:
    """Tell of a session in OCPP 2.0.1: plugged in first, then authorised, then charging."""
    number = f"{session.charge_point_id}-{session.evse_id}-{session.starts_at}"
    first, last = session.registers_wh[0], session.registers_wh[-1]
    begin = register(session.started_at, first, "Transaction.Begin")
    end = register(session.stopped_at, last, "Transaction.End")
    told: list[tuple[str, datetime, dict[str, Any]]] = [
        ("Started", session.started_at, {"evse_id": session.evse_id, "connector_id": 1}),
        (
            "Updated",
            session.started_at,
            {"id_token": IdToken(session.id_token), "meter_values": (begin,)},
        ),
        *(
            ("Updated", reading.sampled_at, {"meter_values": (reading,)})
            for reading in session.readings
        ),
        (
            "Ended",
            session.stopped_at,
            {"stopped_reason": session.reason, "meter_values": (begin, end)},
        ),
    ]
    return [
        Message(
            session,
            TransactionEvent(kind, number, seq_no, format_time(at), "MeterValuePeriodic", **parts),
            at,
        )
        for seq_no, (kind, at, parts) in enumerate(told)
    ]


class Courier:
    """Brings messages to the services, with the ids that the charger has learned by then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ids: dict[Session, int] = {}
        self.given: list[tuple[Session, int]] = []

    async def deliver(self, charge_point: ChargePoint, message: Message) -> None:
        transactions, now = self._world.services.transactions, self._world.clock.now()
        match message.content:
            case Start() as start:
                answer = await transactions.start(charge_point, start, now)
                self.given.append((message.session, answer.transaction_id))
                if message.session.answered:
                    self._ids[message.session] = answer.transaction_id
            case Stop() as stop:
                known = Stop(
                    self._ids.get(message.session, UNKNOWN_ID),
                    stop.meter_stop_wh,
                    stop.charger_time,
                    stop.id_token,
                    stop.reason,
                )
                await transactions.stop(charge_point, known, now)
            case MeterReport() as report:
                number = self._ids.get(message.session, UNKNOWN_ID)
                await transactions.meter_values(
                    charge_point,
                    MeterReport(report.evse_id, 1, report.meter_values, number),
                    now,
                )
            case TransactionEvent() as event:
                await transactions.event(charge_point, event, now)


ARRIVAL_FLAGS = {
    Flag.OFFLINE,
    Flag.DUPLICATE,
    Flag.OUT_OF_ORDER,
    Flag.UNKNOWN_TRANSACTION_ID,
    Flag.REGISTER_GLITCH,
}
"""Flags that tell how messages came, not what they said."""


def essence(transaction: Transaction) -> tuple[Any, ...]:
    """All of a record that must not depend on how the messages came."""
    return (
        transaction.charge_point_key,
        transaction.evse_id,
        transaction.started_at,
        transaction.stopped_at,
        transaction.open,
        transaction.id_token or "",
        transaction.stop_reason or "",
        transaction.energy_wh,
        transaction.meter_start_wh,
        transaction.meter_stop_wh,
        transaction.authorization_status or "",
        tuple(sorted(transaction.flags - ARRIVAL_FLAGS)),
    )


async def stored(world: World) -> list[Transaction]:
    """Return all transactions as the database has them, running figures included."""
    world.services.transactions.flush()
    await world.recorder.commit()
    return list(world.store.transactions.values())
