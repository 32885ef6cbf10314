"""Charging on credit: authorised while there is some, reserved while it runs, stopped in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from acceptance.pricing.bodies import flat_rate, version
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, V201_BOOT, Running

from csms.events import TransactionPriced

ACCEPTED = {"status": "Accepted"}
SHOWN = {"idToken": "CARD-1", "type": "ISO14443"}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def open_account(server: Running, credit: float) -> None:
    await server.add_token("CARD-1")
    await server.post("/tariffs", flat_rate(0.30), status=201)
    assigned = {"tariff_id": "flat", "scope": "id_token", "subject_id": "CARD-1"}
    await server.post("/tariff-assignments", assigned, status=201)
    await server.put("/accounts/acme", {"currency": "EUR"})
    await server.put("/accounts/acme/id-tokens/CARD-1", None)
    if credit:
        body = {"amount": credit, "idempotency_key": "first"}
        await server.post("/accounts/acme/top-ups", body, status=201)


@asynccontextmanager
async def charger_16(server: Running) -> AsyncIterator[ScriptedChargePoint]:
    async with server.charge_point() as charger:
        await charger.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        yield charger


async def start(charger: ScriptedChargePoint, status: str = "Accepted") -> int:
    begun = await charger.send(
        "StartTransaction",
        {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": now()},
        reply={"idTagInfo": {"status": status}},
    )
    number: int = begun["transactionId"]
    return number


def tell_cost(server: Running, number: int, gross: str, identity: str = "CP-1") -> None:
    """What pricing tells after a reading."""
    server.app.services.events.publish(
        TransactionPriced(
            at=datetime.now(UTC),
            charge_point_id=identity,
            transaction_id=number,
            id_token="CARD-1",
            running=True,
            currency="EUR",
            net=Decimal(gross),
            gross=Decimal(gross),
            energy_wh=Decimal(1000),
            unit_price=Decimal("0.30"),
        )
    )


def reserved(amount: float) -> Any:
    return lambda account: account["reserved"] == amount


async def test_without_credit_a_1_6_charger_hears_blocked(server: Running) -> None:
    await open_account(server, 0)
    async with charger_16(server) as charger:
        blocked = {"idTagInfo": {"status": "Blocked"}}
        await charger.send("Authorize", {"idTag": "CARD-1"}, reply=blocked)
        await start(charger, "Blocked")
    (recorded,) = await server.transactions()
    assert recorded["id_token"] == "CARD-1"
    assert "not_authorized" in recorded["flags"]


async def test_without_credit_a_2_0_1_charger_hears_no_credit(server: Running) -> None:
    await open_account(server, 0.5)
    async with server.charge_point(version="ocpp2.0.1") as charger:
        await charger.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        none = {"idTokenInfo": {"status": "NoCredit"}}
        await charger.send("Authorize", {"idToken": SHOWN}, reply=none)
        event = {
            "eventType": "Started",
            "timestamp": now(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "TX-A"},
            "evse": {"id": 1, "connectorId": 1},
            "idToken": SHOWN,
        }
        await charger.send("TransactionEvent", event, reply=none)


async def test_a_transaction_reserves_what_it_costs(server: Running) -> None:
    await open_account(server, 20)
    async with charger_16(server) as charger:
        number = await start(charger)
        await server.eventually("/accounts/acme", reserved(1))
        tell_cost(server, number, "3.20")
        account = await server.eventually("/accounts/acme", reserved(3.2))
        assert account["available"] == 16.8
        (held,) = (await server.get("/accounts/acme/reservations"))["items"]
        assert (held["transaction_id"], held["charge_point_id"]) == (number, "CP-1")


async def test_a_card_in_an_open_transaction_may_be_shown_to_stop_it(server: Running) -> None:
    await open_account(server, 2)
    async with charger_16(server) as charger:
        number = await start(charger)
        charger.tolerate("RemoteStopTransaction", ACCEPTED)
        tell_cost(server, number, "2")
        await server.eventually("/accounts/acme", reserved(2))
        accepted = {"idTagInfo": ACCEPTED}
        await charger.send("Authorize", {"idTag": "CARD-1"}, reply=accepted)


async def test_the_charger_is_told_to_stop_before_the_credit_is_used_up(server: Running) -> None:
    await open_account(server, 10)
    async with charger_16(server) as charger:
        number = await start(charger)
        stop = charger.expect("RemoteStopTransaction", check={"transactionId": number})
        tell_cost(server, number, "10.00")
        await stop.happened()
    notes = await server.eventually(
        "/charge-points/CP-1/notifications?kind=spending_limit", lambda page: page["items"]
    )
    assert "account acme's credit of 10.00 EUR is reached" in notes["items"][0]["summary"]


async def test_a_charger_that_refuses_to_stop_is_given_nothing(server: Running) -> None:
    await open_account(server, 10)
    async with charger_16(server) as charger:
        number = await start(charger)
        charger.tolerate("RemoteStopTransaction", {"status": "Rejected"})
        withheld = charger.expect("SetChargingProfile", answer={"status": "Accepted"})
        tell_cost(server, number, "10.00")
        payload = await withheld.happened()
    profile = payload["csChargingProfiles"]
    assert profile["transactionId"] == number
    assert profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 0


async def test_a_monthly_limit_stops_a_transaction_too(server: Running) -> None:
    await server.add_token("CARD-1")
    limit = {"scope": "id_token", "subject_id": "CARD-1", "period": "month", "measure": "energy"}
    await server.put("/spending-limits", {**limit, "at_most": 1000})
    async with charger_16(server) as charger:
        number = await start(charger)
        stop = charger.expect("RemoteStopTransaction", answer={"status": "Accepted"})
        tell_cost(server, number, "0.30")
        assert await stop.happened() == {"transactionId": number}


async def test_many_chargers_that_ask_at_once_share_the_credit(server: Running) -> None:
    await open_account(server, 3)

    async def ask(identity: str) -> str:
        async with server.charge_point(identity) as charger:
            await charger.send("BootNotification", V16_BOOT, reply=ACCEPTED)
            begun = await charger.send(
                "StartTransaction",
                {"connectorId": 1, "idTag": "CARD-1", "meterStart": 0, "timestamp": now()},
            )
            charger.tolerate("RemoteStopTransaction", ACCEPTED)
            status: str = begun["idTagInfo"]["status"]
            return status

    statuses = await asyncio.gather(*(ask(f"CP-{number}") for number in range(6)))
    assert sorted(statuses) == ["Accepted"] * 3 + ["Blocked"] * 3


@pytest.mark.parametrize("kept", ["3.20"])
async def test_what_was_charged_before_a_restart_is_settled_after_it(
    server: Running, kept: str
) -> None:
    await open_account(server, 20)
    async with charger_16(server) as charger:
        number = await start(charger)
    async with server.app.database.begin() as connection:
        await connection.exec_driver_sql(PRICED, (number, Decimal(kept)))
    # Nobody told of the price: the sweep finds it.
    await server.app.settling.sweep()
    account = await server.get("/accounts/acme")
    assert (account["balance"], account["reserved"]) == (16.8, 0)


PRICED = """
INSERT INTO priced_transactions (transaction_id, revision, current, charge_point_id, id_token,
    time_zone, started_at, ended_at, energy_wh, tariff_reason, versions, currency, net, gross,
    complete, reason, flags, lines, bill, usage, market, priced_at)
VALUES ($1, 1, true, 'CP-1', 'CARD-1', 'UTC', now(), now(), 1000, '', '{}', 'EUR', $2, $2, true, '',
    '{}', '[]', '{}', '{}', '[]', now())
"""


async def test_nothing_is_given_at_the_highest_level_that_the_charger_has(server: Running) -> None:
    await open_account(server, 10)
    async with charger_16(server) as charger:
        number = await start(charger)
        charger.tolerate("RemoteStopTransaction", {"status": "Rejected"})
        for _ in range(3):
            charger.expect("SetChargingProfile", {"status": "Rejected"})
        withheld = charger.expect("SetChargingProfile")
        tell_cost(server, number, "10.00")
        payload = await withheld.happened()
    assert payload["csChargingProfiles"]["stackLevel"] == 3


async def test_a_limit_of_energy_needs_no_tariff(server: Running) -> None:
    await server.add_token("CARD-1")
    limit = {"scope": "id_token", "subject_id": "CARD-1", "period": "transaction"}
    await server.put("/spending-limits", {**limit, "measure": "energy", "at_most": 5000})
    async with charger_16(server) as charger:
        number = await start(charger)
        stop = charger.expect("RemoteStopTransaction", check={"transactionId": number})
        reading = {"timestamp": now(), "sampledValue": [{"value": "5100"}]}
        report = {"connectorId": 1, "transactionId": number, "meterValue": [reading]}
        await charger.send("MeterValues", report)
        await stop.happened()


async def test_a_reading_moves_what_is_held(server: Running) -> None:
    await open_account(server, 10)
    async with charger_16(server) as charger:
        number = await start(charger)
        await server.eventually("/accounts/acme", reserved(1))
        reading = {"timestamp": now(), "sampledValue": [{"value": "5100"}]}
        report = {"connectorId": 1, "transactionId": number, "meterValue": [reading]}
        await charger.send("MeterValues", report)
        held = await server.eventually(
            "/accounts/acme/reservations", lambda page: page["items"][0]["energy_wh"] > 0
        )
    assert held["items"][0]["amount"] == 1.53


async def refused_for_want_of_a_price(server: Running, reason: str) -> None:
    """A card with credit is refused, its charge is recorded, and an operator can see why."""
    async with charger_16(server) as charger:
        blocked = {"idTagInfo": {"status": "Blocked"}}
        await charger.send("Authorize", {"idTag": "CARD-1"}, reply=blocked)
        await start(charger, "Blocked")
    (recorded,) = await server.transactions()
    assert "not_authorized" in recorded["flags"]
    notes = (await server.get("/charge-points/CP-1/notifications?kind=no_price"))["items"]
    assert notes[0]["severity"] == "warning"
    assert notes[0]["summary"] == f"id token CARD-1 is prepaid and was refused: {reason}"


async def test_a_prepaid_card_that_no_tariff_covers_is_refused(server: Running) -> None:
    await open_account(server, 20)
    await server.api("DELETE", "/tariff-assignments/1")
    reason = "no tariff is assigned to id token 'CARD-1', charge point 'CP-1'"
    await refused_for_want_of_a_price(server, f"{reason} at the transaction's start")


async def test_a_prepaid_card_whose_tariff_has_not_begun_is_refused(server: Running) -> None:
    await open_account(server, 20)
    await server.put("/tariffs/flat", flat_rate(0.30, versions=[version(0.30, "2090-01-01")]))
    await refused_for_want_of_a_price(server, "tariff 'flat' begins on 2090-01-01")


async def test_a_prepaid_card_is_refused_where_prices_are_in_another_currency(
    server: Running,
) -> None:
    await open_account(server, 20)
    await server.put("/tariffs/flat", flat_rate(0.30, currency="CHF"))
    await refused_for_want_of_a_price(server, "tariff 'flat' is in CHF, the account in EUR")


async def test_credit_of_a_transaction_without_a_price_is_given_back_with_a_reason(
    server: Running,
) -> None:
    await open_account(server, 20)
    async with charger_16(server) as charger:
        number = await start(charger)
        release = f"/accounts/acme/reservations/{number}/release"
        why = {"reason": "agreed with the owner"}
        await server.eventually("/accounts/acme/reservations", lambda body: bool(body["items"]))
        running = await server.api("POST", release, why)
        (assignment,) = (await server.get("/tariff-assignments"))["items"]
        await server.api("DELETE", f"/tariff-assignments/{assignment['id']}")
        stop = {"transactionId": number, "meterStop": 8000, "timestamp": now()}
        await charger.send("StopTransaction", stop)
        stuck = await server.eventually("/accounts/acme", lambda body: body["held_unpriced"] > 0)
    (held,) = (await server.get("/accounts/acme/reservations"))["items"]

    given = await server.post(release, why, status=201)
    again = await server.post(release, why)
    after = await server.get("/accounts/acme")

    assert (running.status, running.body["detail"]) == (409, f"transaction {number} still runs")
    assert stuck["reserved"] == stuck["held_unpriced"] == held["amount"]
    assert held["problem"].startswith("it is not completely priced: no tariff is assigned")
    assert (given["kind"], given["amount"], given["balance"]) == ("release", 0, 20)
    assert given["note"] == f"{held['amount']:.2f} EUR: agreed with the owner"
    assert again == given
    assert (after["reserved"], after["held_unpriced"], after["available"]) == (0, 0, 20)

    assigned = {"tariff_id": "flat", "scope": "id_token", "subject_id": "CARD-1"}
    await server.post("/tariff-assignments", assigned, status=201)
    charged = await server.eventually("/accounts/acme", lambda body: body["balance"] < 20)
    assert charged["balance"] == pytest.approx(20 - 8 * 0.30)


async def test_only_what_is_held_can_be_given_back(server: Running) -> None:
    await open_account(server, 20)
    why = {"reason": "no reason"}
    for number in (7, "x", 2**70):
        refused = await server.api("POST", f"/accounts/acme/reservations/{number}/release", why)
        assert refused.status in (404, 422)
