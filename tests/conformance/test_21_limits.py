"""OCPP 2.1: prepaid cards, and limits that a station keeps to by itself (C17, E16)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from acceptance.pricing.bodies import flat_rate
from conformance.stations import Session, now, reading, station_21, token
from fake_chargepoints.script import ScriptedChargePoint
from running import Running

ALL_LIMITS = "maxCost,maxEnergy,maxTime,maxSoC"
SHOWN = token("CARD-1")
PERIODIC = "MeterValuePeriodic"


async def open_account(server: Running, credit: float = 0) -> None:
    await server.add_token("CARD-1")
    await server.post("/tariffs", flat_rate(0.30), status=201)
    assigned = {"tariff_id": "flat", "scope": "id_token", "subject_id": "CARD-1"}
    await server.post("/tariff-assignments", assigned, status=201)
    await server.put("/accounts/acme", {"currency": "EUR"})
    await server.put("/accounts/acme/id-tokens/CARD-1", None)
    if credit:
        await top_up(server, credit, "first")


async def top_up(server: Running, amount: float, key: str) -> None:
    body = {"amount": amount, "idempotency_key": key}
    await server.post("/accounts/acme/top-ups", body, status=201)


async def limit_energy(server: Running, at_most: float) -> None:
    limit = {"scope": "id_token", "subject_id": "CARD-1", "period": "transaction"}
    await server.put("/spending-limits", {**limit, "measure": "energy", "at_most": at_most})


async def announce(station: ScriptedChargePoint, limits: str) -> None:
    """Let a station tell which limits it keeps to."""
    variable = {
        "component": {"name": "TxCtrlr"},
        "variable": {"name": "SupportedLimits"},
        "variableAttribute": [{"value": limits}],
    }
    report = {"requestId": 1, "generatedAt": now(), "seqNo": 0, "reportData": [variable]}
    await station.send("NotifyReport", report, reply={})


@asynccontextmanager
async def prepaid_station(
    server: Running, limits: str = ALL_LIMITS
) -> AsyncIterator[tuple[ScriptedChargePoint, Session]]:
    async with station_21(server) as station:
        await announce(station, limits)
        yield station, Session(station)


async def begin(session: Session, **info: Any) -> dict[str, Any]:
    """Start a transaction with the card; returns the limit in the answer."""
    answer = await session.tell("Started", "Authorized", idToken=SHOWN, info=info)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    limit: dict[str, Any] = answer.get("transactionLimit", {})
    return limit


async def limit_after(session: Session, wh: float, **info: Any) -> dict[str, Any] | None:
    answer = await session.tell("Updated", PERIODIC, meterValue=[reading(wh)], info=info)
    limit: dict[str, Any] | None = answer.get("transactionLimit")
    return limit


async def limit_in_time(session: Session, wh: float) -> dict[str, Any]:
    """Tell readings until an answer has a limit: what changed is learned with a reading."""
    for _ in range(100):
        limit = await limit_after(session, wh)
        if limit is not None:
            return limit
    raise AssertionError("no answer had a limit")


@pytest.mark.parametrize(("credit", "status"), [(20, "Accepted"), (0, "NoCredit")])
async def test_what_is_said_of_a_prepaid_card_counts_for_now_alone(
    server: Running, credit: float, status: str
) -> None:
    await open_account(server, credit)
    async with station_21(server) as station:
        answer = await station.send("Authorize", {"idToken": SHOWN})
    info = answer["idTokenInfo"]
    assert info["status"] == status
    expires_at = datetime.fromisoformat(info["cacheExpiryDateTime"])
    assert abs((datetime.now(UTC) - expires_at).total_seconds()) < 60


async def test_a_station_is_told_once_what_a_prepaid_card_may_spend(server: Running) -> None:
    await open_account(server, 20)
    async with prepaid_station(server) as (_, session):
        assert await begin(session) == {"maxCost": 20}
        confirmed = {"transactionLimit": {"maxCost": 20}}
        answer = await session.tell("Updated", "LimitSet", info=confirmed)
        assert "transactionLimit" not in answer


async def test_a_card_that_comes_after_the_cable_is_limited_with_its_event(server: Running) -> None:
    await open_account(server, 20)
    async with prepaid_station(server) as (_, session):
        await session.plug_in()
        answer = await session.tell("Updated", "Authorized", idToken=SHOWN)
    assert answer["transactionLimit"] == {"maxCost": 20}


async def test_money_paid_in_meanwhile_raises_the_limit_of_what_runs(server: Running) -> None:
    await open_account(server, 20)
    async with prepaid_station(server) as (_, session):
        await begin(session)
        await top_up(server, 10, "second")
        assert await limit_in_time(session, 1000) == {"maxCost": 30}


async def test_a_limit_that_an_operator_took_back_is_lifted(server: Running) -> None:
    await open_account(server, 20)
    await limit_energy(server, 5000)
    async with prepaid_station(server) as (_, session):
        assert await begin(session) == {"maxCost": 20, "maxEnergy": 5000}
        (limit,) = (await server.get("/spending-limits"))["items"]
        await server.api("DELETE", f"/spending-limits/{limit['id']}")
        assert await limit_in_time(session, 1000) == {"maxEnergy": 1e9}


async def test_a_drivers_own_lower_limit_stays(server: Running) -> None:
    await server.add_token("CARD-1")
    await limit_energy(server, 5000)
    async with prepaid_station(server) as (_, session):
        assert await begin(session, transactionLimit={"maxEnergy": 4000}) == {}


async def test_a_drivers_own_higher_limit_is_overruled(server: Running) -> None:
    await server.add_token("CARD-1")
    await limit_energy(server, 5000)
    async with prepaid_station(server) as (_, session):
        limit = await begin(session, transactionLimit={"maxEnergy": 6000})
    assert limit == {"maxEnergy": 5000}


@pytest.mark.parametrize("limits", ["", "maxTime"])
async def test_a_station_is_told_no_limit_that_it_does_not_know(
    server: Running, limits: str
) -> None:
    await open_account(server, 20)
    async with prepaid_station(server, limits) as (_, session):
        assert await begin(session) == {}


async def test_a_station_that_has_to_keep_to_a_cost_is_told_the_cost(server: Running) -> None:
    await open_account(server, 20)
    async with prepaid_station(server) as (_, session):
        await begin(session)
        await limit_after(session, 1000)
        (running,) = await server.transactions(active="true")
        await server.eventually(
            f"/transactions/{running['id']}", lambda shown: shown["cost"]["gross"] is not None
        )
        answer = await session.tell("Updated", PERIODIC, meterValue=[reading(3000)])
    assert answer["totalCost"] == 0.6


async def test_an_operator_limits_how_long_and_how_full_a_transaction_charges(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with prepaid_station(server) as (station, session):
        await begin(session)
        (running,) = await server.transactions(active="true")
        wanted = {"transaction_id": running["id"], "max_time_s": 3600, "max_soc_percent": 80}
        asked = station.expect("TriggerMessage", check={"requestedMessage": "TransactionEvent"})
        answer = await server.post("/charge-points/CS-1/transaction-limit", wanted)
        assert answer["accepted"] is True
        await asked.happened()
        limit = {"transactionLimit": {"maxTime": 3600, "maxSoC": 80}}
        assert await session.tell("Updated", "Trigger") == limit
        assert await session.tell("Updated", "LimitSet", info=limit) == {}


async def test_an_operator_can_not_raise_what_a_prepaid_card_may_spend(server: Running) -> None:
    await open_account(server, 20)
    async with prepaid_station(server) as (station, session):
        await begin(session)
        (running,) = await server.transactions(active="true")
        station.tolerate("TriggerMessage", {"status": "Accepted"})
        for cost, told in ((50, {}), (5, {"transactionLimit": {"maxCost": 5}})):
            wanted = {"transaction_id": running["id"], "max_cost": cost}
            await server.post("/charge-points/CS-1/transaction-limit", wanted)
            assert await session.tell("Updated", "Trigger") == told


async def test_a_limit_that_a_station_does_not_know_is_refused(server: Running) -> None:
    await server.add_token("CARD-1")
    async with prepaid_station(server, "maxEnergy") as (_, session):
        await begin(session)
        (running,) = await server.transactions(active="true")
        wanted = {"transaction_id": running["id"], "max_soc_percent": 80}
        problem = await server.post("/charge-points/CS-1/transaction-limit", wanted, status=409)
    assert "maxSoC" in problem["detail"]


async def test_a_transaction_that_is_started_from_afar_has_its_limit_from_the_first_answer(
    server: Running,
) -> None:
    await server.add_token("CARD-1")
    async with prepaid_station(server) as (station, session):
        asked = station.expect("RequestStartTransaction")
        order = {"id_token": "CARD-1", "evse_id": 1, "limit": {"max_energy_wh": 7000}}
        await server.post("/charge-points/CS-1/remote-start", order)
        begun = {"remoteStartId": (await asked.happened())["remoteStartId"]}
        assert await begin(session, **begun) == {"maxEnergy": 7000}
        assert await limit_after(session, 1000, **begun) is None


async def test_no_transaction_is_started_with_a_limit_that_nobody_would_keep(
    server: Running,
) -> None:
    async with prepaid_station(server, "maxEnergy"):
        order = {"id_token": "CARD-1", "evse_id": 1, "limit": {"max_cost": 5}}
        await server.post("/charge-points/CS-1/remote-start", order, status=409)
