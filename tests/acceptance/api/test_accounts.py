"""Prepaid accounts: opened, topped up, shown, and what they refuse."""

from __future__ import annotations

import asyncio
from typing import Any

from running import Running

OPEN = {"currency": "EUR", "name": "Acme"}


async def top_up(server: Running, amount: float, key: str) -> Any:
    body = {"amount": amount, "idempotency_key": key}
    return await server.api("POST", "/accounts/acme/top-ups", body)


async def test_an_account_shows_what_was_paid_in_and_what_is_left(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    assert (await top_up(server, 20.5, "order 1")).status == 201
    account = await server.get("/accounts/ACME")
    assert (account["balance"], account["reserved"], account["available"]) == (20.5, 0, 20.5)
    (entry,) = (await server.get("/accounts/acme/entries"))["items"]
    assert (entry["kind"], entry["amount"], entry["actor"]) == ("top_up", 20.5, "tests")


async def test_a_repeated_top_up_is_answered_alike_and_counts_once(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    answers = await asyncio.gather(*(top_up(server, 20, "order 1") for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 200, 200, 201]
    assert len({answer.body["id"] for answer in answers}) == 1
    assert (await server.get("/accounts/acme"))["balance"] == 20


async def test_a_key_stands_for_one_amount(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    await top_up(server, 20, "order 1")
    assert (await top_up(server, 21, "order 1")).status == 409


async def test_a_correction_says_why(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    body = {"amount": -3.2, "idempotency_key": "c1", "note": "cable was broken"}
    assert (await server.api("POST", "/accounts/acme/corrections", body)).status == 201
    assert (await server.get("/accounts/acme"))["balance"] == -3.2
    body = {"amount": 1, "idempotency_key": "c2"}
    answer = await server.api("POST", "/accounts/acme/corrections", body)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "note")


async def test_no_more_than_the_credit_is_paid_back(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    await top_up(server, 10, "order 1")
    body = {"amount": 10.01, "idempotency_key": "r1"}
    answer = await server.api("POST", "/accounts/acme/refunds", body)
    assert (answer.status, answer.body["detail"]) == (
        409,
        "account acme has 10.00 EUR to give back",
    )


async def test_money_finer_than_it_is_kept_is_refused_by_name(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    answer = await top_up(server, 0.00001, "order 1")
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "amount")


async def test_keys_of_charges_are_nobodys(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    answer = await top_up(server, 1, "transaction/7/1")
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "idempotency_key")


async def test_a_used_account_is_closed_not_deleted(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    await top_up(server, 1, "order 1")
    assert (await server.api("DELETE", "/accounts/acme")).status == 409
    closed = await server.put("/accounts/acme", {**OPEN, "closed": True})
    assert closed["closed_at"] is not None
    assert (await top_up(server, 1, "order 2")).status == 409


async def test_an_accounts_currency_is_for_good(server: Running) -> None:
    await server.put("/accounts/acme", OPEN)
    answer = await server.api("PUT", "/accounts/acme", {"currency": "CHF"})
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "currency")


async def test_an_account_of_nobody_is_refused(server: Running) -> None:
    answer = await server.api("PUT", "/accounts/acme", {**OPEN, "user_id": "nobody"})
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "user_id")


async def test_a_token_moves_to_another_account(server: Running) -> None:
    await server.add_token("CARD-1")
    for name in ("acme", "beta"):
        await server.put(f"/accounts/{name}", OPEN)
        await server.put(f"/accounts/{name}/id-tokens/card-1", None)
    assert (await server.get("/accounts/acme"))["id_tokens"] == []
    assert (await server.get("/accounts/beta"))["id_tokens"] == ["CARD-1"]
    assert (await server.api("DELETE", "/accounts/beta/id-tokens/CARD-1")).status == 204
    assert (await server.get("/accounts/beta"))["id_tokens"] == []


async def test_a_limit_is_set_again_and_lifted(server: Running) -> None:
    await server.add_token("CARD-1")
    limit = {
        "scope": "id_token",
        "subject_id": "card-1",
        "period": "month",
        "measure": "money",
        "at_most": 50,
        "currency": "EUR",
    }
    first = await server.put("/spending-limits", limit)
    again = await server.put("/spending-limits", {**limit, "at_most": 60})
    assert (again["id"], again["at_most"], again["subject_id"]) == (first["id"], 60, "CARD-1")
    assert (await server.api("DELETE", f"/spending-limits/{first['id']}")).status == 204
    assert (await server.get("/spending-limits"))["items"] == []


async def test_a_limit_of_money_names_its_currency_and_its_subject_exists(server: Running) -> None:
    limit = {"scope": "user", "subject_id": "ann", "period": "month", "at_most": 50}
    answer = await server.api("PUT", "/spending-limits", {**limit, "measure": "money"})
    assert answer.body["errors"][0]["field"] == "currency"
    answer = await server.api("PUT", "/spending-limits", {**limit, "measure": "energy"})
    assert answer.body["errors"][0]["field"] == "subject_id"
