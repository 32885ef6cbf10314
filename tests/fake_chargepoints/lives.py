"""The lives of simple stations, as generators: no task and no timer for any of them.

A life yields what it does next, a `Say` (a call; the answer comes back, None if it was refused)
or a `Pause` (seconds; comes back early when the fleet is to end).
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from .frames import Payload
from .readings import read_meter, sampled_v16, sampled_v201, timestamp
from .vehicle import Vehicle, catalogue
from .wallbox import Offer, Wallbox, WallboxModel


class Say(NamedTuple):
    """A call to send."""

    action: str
    payload: Payload


class Pause(NamedTuple):
    """Time to pass."""

    seconds: float


Life = Generator[Say | Pause, Payload | None, None]


@dataclass(frozen=True, slots=True)
class Habits:
    """How a simple station lives: all in seconds. `heartbeat_s` None obeys the boot's answer."""

    meter_interval_s: float = 10.0
    transaction_s: float = 300.0
    idle_s: float = 60.0
    heartbeat_s: float | None = None


@dataclass(slots=True)
class Simulated:
    """What one simple station knows of itself."""

    identity: str
    id_token: str
    habits: Habits
    chance: random.Random
    is_ending: Callable[[], bool]
    on_start: Callable[[], None]
    on_end: Callable[[], None]
    register_wh: float = 0.0
    heartbeat_s: float = 300.0


def now() -> str:
    """The time, as chargers write it."""
    return timestamp(datetime.now(UTC))


def rest(me: Simulated) -> Life:
    """Be idle for about `idle_s`, with heartbeats."""
    left_s = me.habits.idle_s * (0.5 + me.chance.random())
    while left_s > 0 and not me.is_ending():
        nap_s = min(left_s, me.heartbeat_s) if me.heartbeat_s > 0 else left_s
        yield Pause(nap_s)
        left_s -= nap_s
        if left_s > 0:
            yield Say("Heartbeat", {})


def boot(me: Simulated, payload: Payload) -> Life:
    """Boot until accepted."""
    while not me.is_ending():
        answer = yield Say("BootNotification", payload)
        interval_s = float((answer or {}).get("interval") or 30)
        if answer is not None and answer["status"] == "Accepted":
            habit_s = me.habits.heartbeat_s
            me.heartbeat_s = interval_s if habit_s is None else habit_s
            return
        yield Pause(interval_s)


def parked_car(me: Simulated) -> Vehicle:
    """Some car with room in its battery."""
    return Vehicle.at(me.chance.choice(catalogue), 0.1 + 0.5 * me.chance.random())


def life_v16(me: Simulated) -> Life:
    """Boots, then charges one car after the other, in OCPP 1.6."""
    yield from boot(me, {"chargePointVendor": "Fake", "chargePointModel": "Simulated"})
    yield _status_v16("Available")
    while not me.is_ending():
        yield from rest(me)
        if not me.is_ending():
            yield from _charge_v16(me)


def _status_v16(status: str) -> Say:
    return Say(
        "StatusNotification",
        {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": now()},
    )


def _charge_v16(me: Simulated) -> Life:
    yield _status_v16("Preparing")
    answer = yield Say("Authorize", {"idTag": me.id_token})
    if answer is None or answer["idTagInfo"]["status"] != "Accepted":
        yield _status_v16("Available")
        return
    begin = {
        "connectorId": 1,
        "idTag": me.id_token,
        "meterStart": int(me.register_wh),
        "timestamp": now(),
    }
    answer = yield Say("StartTransaction", begin)
    if answer is None:
        return
    me.on_start()
    transaction_id = answer["transactionId"]
    if answer["idTagInfo"]["status"] == "Accepted":
        yield _status_v16("Charging")
        yield from _meter_v16(me, transaction_id)
    end = {
        "idTag": me.id_token,
        "meterStop": int(me.register_wh),
        "timestamp": now(),
        "transactionId": transaction_id,
        "reason": "Local",
    }
    yield Say("StopTransaction", end)
    me.on_end()
    yield _status_v16("Available")


def _meter_v16(me: Simulated, transaction_id: int) -> Life:
    for values in _samples(me):
        if isinstance(values, Pause):
            yield values
            continue
        box, vehicle = values
        sampled = sampled_v16(read_meter(box, vehicle), "Sample.Periodic")
        reading = {"timestamp": now(), "sampledValue": sampled}
        yield Say(
            "MeterValues",
            {"connectorId": 1, "transactionId": transaction_id, "meterValue": [reading]},
        )


def _samples(me: Simulated) -> Generator[Pause | tuple[Wallbox, Vehicle], None, None]:
    """The course of a transaction: pauses and the meter after each."""
    box, vehicle = Wallbox(WallboxModel()), parked_car(me)
    box.register_wh = me.register_wh
    left_s = me.habits.transaction_s * (0.5 + me.chance.random())
    while left_s > 0 and not me.is_ending():
        step_s = min(me.habits.meter_interval_s, left_s)
        yield Pause(step_s)
        vehicle = box.supply(step_s, vehicle, Offer(16.0, 3)) or vehicle
        me.register_wh = box.register_wh
        left_s -= step_s
        yield box, vehicle


def life_v201(me: Simulated) -> Life:
    """Boots, then charges one car after the other, in OCPP 2.0.1."""
    station = {"model": "Simulated", "vendorName": "Fake"}
    yield from boot(me, {"chargingStation": station, "reason": "PowerUp"})
    yield _status_v201("Available")
    while not me.is_ending():
        yield from rest(me)
        if not me.is_ending():
            yield from _charge_v201(me)


def _status_v201(status: str) -> Say:
    return Say(
        "StatusNotification",
        {"timestamp": now(), "connectorStatus": status, "evseId": 1, "connectorId": 1},
    )


def _event(kind: str, trigger: str, seq_no: int, info: Payload, **extra: object) -> Say:
    payload = {
        "eventType": kind,
        "timestamp": now(),
        "triggerReason": trigger,
        "seqNo": seq_no,
        "transactionInfo": info,
        "evse": {"id": 1, "connectorId": 1},
        **extra,
    }
    return Say("TransactionEvent", payload)


def _charge_v201(me: Simulated) -> Life:
    token = {"idToken": me.id_token, "type": "ISO14443"}
    yield _status_v201("Occupied")
    answer = yield Say("Authorize", {"idToken": token})
    if answer is None or answer["idTokenInfo"]["status"] != "Accepted":
        yield _status_v201("Available")
        return
    info: Payload = {
        "transactionId": str(uuid.UUID(int=me.chance.getrandbits(128))),
        "chargingState": "Charging",
    }
    answer = yield _event("Started", "Authorized", 0, info, idToken=token)
    if answer is None:
        return
    me.on_start()
    seq_no = 0
    for values in _samples(me):
        if isinstance(values, Pause):
            yield values
            continue
        seq_no += 1
        sampled = _sampled_v201(*values, "Sample.Periodic")
        yield _event("Updated", "MeterValuePeriodic", seq_no, info, meterValue=sampled)
    box = Wallbox(WallboxModel(), me.register_wh)
    info = {**info, "chargingState": "EVConnected", "stoppedReason": "Local"}
    sampled = _sampled_v201(box, None, "Transaction.End")
    yield _event("Ended", "StopAuthorized", seq_no + 1, info, idToken=token, meterValue=sampled)
    me.on_end()
    yield _status_v201("Available")


def _sampled_v201(box: Wallbox, vehicle: Vehicle | None, context: str) -> list[Payload]:
    wanted = ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage")
    readings = read_meter(box, vehicle, (*wanted, "SoC", "Frequency"))
    return [{"timestamp": now(), "sampledValue": sampled_v201(readings, context)}]
