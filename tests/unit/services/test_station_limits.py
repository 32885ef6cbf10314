"""What a station hears of limits: each change once, and never against a driver's own lower one."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from unit.world import FakeClock

from csms.errors import DatabaseUnavailableError
from csms.model import Allowance, OcppVersion, RegistrationStatus
from csms.services.charge_point import ChargePoint
from csms.services.stations.abilities import Abilities, KnownAbilities
from csms.services.stations.limits import StationLimits

NUMBER = 7


class Announced:
    """A station that keeps to costs, and what it told before."""

    def __init__(self, told: Mapping[str, Decimal] | None = None) -> None:
        self.told = told or {}
        self.is_away = False

    async def abilities(self, charge_point_key: int) -> Abilities:
        return Abilities(limits=frozenset({"maxcost"}))

    async def told_limits(
        self, charge_point_key: int, ocpp_transaction_id: str
    ) -> Mapping[str, Decimal]:
        if self.is_away:
            raise DatabaseUnavailableError("away")
        return self.told


class Station:
    """Tells events of one transaction, and hears the limits in their answers."""

    def __init__(self, announced: Announced) -> None:
        self.seq_no = 0
        self.limits = StationLimits(KnownAbilities(announced, FakeClock()), announced)
        self.charge_point = ChargePoint(
            1, "CS-1", RegistrationStatus.ACCEPTED, ocpp_version=OcppVersion.V21
        )

    def allow(self, cost: str | None) -> None:
        self.limits.allow(NUMBER, Allowance(None if cost is None else Decimal(cost)))

    async def hears(self, said: str | None = None, *, again: bool = False) -> str | None:
        """Tell the next event, or the last one again; returns the limit in the answer."""
        self.seq_no += not again
        told = {} if said is None else {"maxCost": Decimal(said)}
        due = await self.limits.to_tell(self.charge_point, NUMBER, "tx-1", told, self.seq_no)
        return str(due["maxCost"]) if due else None


@pytest.mark.parametrize(
    ("steps", "heard"),
    [
        ([("20", None), ("20", None)], ["20.00", None]),
        ([("20", None), ("20.001", None)], ["20.00", None]),
        ([("20", None), ("20", "20"), ("30", None)], ["20.00", None, "30.00"]),
        ([("20", None), ("18", "20"), ("19.5", None)], ["20.00", "18.00", "19.50"]),
        ([("20", "5"), ("4", None), ("6", "4")], [None, "4.00", "6.00"]),
        ([("20", "25"), ("20", None)], ["20.00", None]),
        ([("20", None), (None, None)], ["20.00", "1000000000"]),
    ],
)
async def test_a_station_hears_each_change_once(
    steps: list[tuple[str | None, str | None]], heard: list[str | None]
) -> None:
    station = Station(Announced())
    answers = []
    for cost, said in steps:
        station.allow(cost)
        answers.append(await station.hears(said))
    assert answers == heard


async def test_a_station_that_lost_an_answer_hears_the_limit_again() -> None:
    station = Station(Announced())
    station.allow("20")
    assert await station.hears() == "20.00"
    assert await station.hears(again=True) == "20.00"
    assert await station.hears() is None


async def test_a_drivers_own_limit_outlives_a_restart_of_the_server() -> None:
    station = Station(Announced({"maxCost": Decimal(5)}))
    station.allow("20")
    assert await station.hears() is None


async def test_without_the_database_a_limit_is_told_with_a_later_event() -> None:
    announced = Announced()
    station = Station(announced)
    station.allow("20")
    announced.is_away = True
    assert await station.hears() is None
    announced.is_away = False
    assert await station.hears() == "20.00"
