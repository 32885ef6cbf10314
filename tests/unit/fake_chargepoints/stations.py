"""Stations on a desk: a charge point, a central system that says yes, and a clock to turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Generic, TypeVar

from fake_chargepoints.chargepoint import ChargePoint, StationOptions
from fake_chargepoints.clock import SteppedClock
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.tokens import IdToken
from fake_chargepoints.uplink import Backoff
from fake_chargepoints.v16 import ChargePoint16
from fake_chargepoints.v21 import ChargePoint21
from fake_chargepoints.v201 import ChargePoint201
from fake_chargepoints.vehicle import Vehicle, VehicleModel, family_car
from fake_chargepoints.wallbox import WallboxModel

from .central_system import Answer, CentralSystem, Payload, central_system

noon = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
card = IdToken("04A1B2C3")
StationT = TypeVar("StationT", bound=ChargePoint)


def answers_v16() -> dict[str, Answer]:
    """A central system that accepts everything, with transaction numbers from 1."""
    numbers = count(1)
    return {
        "BootNotification": {"status": "Accepted", "interval": 300, "currentTime": "now"},
        "Heartbeat": {"currentTime": "now"},
        "Authorize": {"idTagInfo": {"status": "Accepted"}},
        "StartTransaction": lambda _: {
            "transactionId": next(numbers),
            "idTagInfo": {"status": "Accepted"},
        },
    }


def answers_v201() -> dict[str, Answer]:
    """A central system that accepts everything."""
    return {
        "BootNotification": {"status": "Accepted", "interval": 300, "currentTime": "now"},
        "Heartbeat": {"currentTime": "now"},
        "Authorize": {"idTokenInfo": {"status": "Accepted"}},
    }


def answers_both() -> dict[str, Answer]:
    """A central system that accepts everything of both versions."""

    def authorize(payload: Payload) -> Payload:
        return {"idTokenInfo" if "idToken" in payload else "idTagInfo": {"status": "Accepted"}}

    return answers_v16() | {"Authorize": authorize}


@dataclass(slots=True)
class Desk(Generic[StationT]):
    """One station, ready, with the central system it talks to and the clock it lives by."""

    station: StationT
    server: CentralSystem
    clock: SteppedClock

    async def pass_time(self, seconds: float) -> None:
        """Let time pass for the station and everything be delivered."""
        self.clock.advance(seconds)
        await self.station.tick()
        await self.station.flush()


def car(soc: float = 0.2, model: VehicleModel = family_car) -> Vehicle:
    return Vehicle.at(model, soc)


def options_for(url: str, evses: int = 2) -> StationOptions:
    return StationOptions(
        LinkOptions(url, "CP1", call_timeout_s=5),
        evses=(WallboxModel(initial_register_wh=1000.0),) * evses,
        backoff=Backoff(0.01, 0.05),
        reboot_s=0.01,
        transfer_s=0.0,
    )


@asynccontextmanager
async def desk_v16(changes: dict[str, Answer] | None = None) -> AsyncIterator[Desk[ChargePoint16]]:
    async with central_system(answers_v16() | (changes or {})) as server:
        clock = SteppedClock(noon)
        async with ChargePoint16(options_for(server.url), clock) as station:
            await station.until_ready()
            await station.flush()
            yield Desk(station, server, clock)


@asynccontextmanager
async def desk_v201(
    changes: dict[str, Answer] | None = None,
) -> AsyncIterator[Desk[ChargePoint201]]:
    async with central_system(answers_v201() | (changes or {})) as server:
        clock = SteppedClock(noon)
        async with ChargePoint201(options_for(server.url), clock) as station:
            await station.until_ready()
            await station.flush()
            yield Desk(station, server, clock)


@asynccontextmanager
async def desk_v21() -> AsyncIterator[Desk[ChargePoint21]]:
    async with central_system(answers_v201() | {"ReportDERControl": {}}) as server:
        clock = SteppedClock(noon)
        async with ChargePoint21(options_for(server.url), clock) as station:
            await station.until_ready()
            await station.flush()
            yield Desk(station, server, clock)
