"""A charger that never said whether it took its new password is not locked out."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

import pytest
from fake_chargepoints.errors import CallError
from running import Running

from .password_stories import ACTIONS, NEW, OLD, VARIABLE, logs_in, notice

THIRD = "the-third-password"
PATH = "/charge-points/CP-1/password"


def answer_of(version: str, status: str) -> dict[str, Any]:
    if version == "ocpp1.6":
        return {"status": status}
    return {"setVariableResult": [{**VARIABLE, "attributeStatus": status}]}


async def left_open(
    server: Running,
    version: str = "ocpp1.6",
    ending: Literal["abort", "silence"] = "abort",
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Send CP-1, which has the old password, a new one, and get no answer; the problem told."""
    await server.accept("CP-1", security_profile=1, password=OLD)
    charger = server.charge_point("CP-1", version, password=OLD)
    await charger.link.open()
    charger.expect(ACTIONS[version], instead=ending)
    path = f"{PATH}?timeout=0.2" if ending == "silence" else PATH
    sent = {"password": NEW} if body is None else body
    problem: dict[str, Any] = await server.post(path, sent, status=504)
    await charger.link.close()
    return problem


@pytest.mark.parametrize("version", ACTIONS)
@pytest.mark.parametrize("ending", ["abort", "silence"])
async def test_the_new_password_gets_in_although_its_answer_never_came_and_ends_the_old_one(
    server: Running, version: str, ending: Literal["abort", "silence"]
) -> None:
    await left_open(server, version, ending)
    assert await logs_in(server, NEW, version)
    assert not await logs_in(server, OLD, version)
    assert await notice(server) is None


@pytest.mark.parametrize("version", ACTIONS)
async def test_a_charger_that_never_took_it_gets_in_with_the_old_one_and_ends_nothing(
    server: Running, version: str
) -> None:
    await left_open(server, version)
    assert await logs_in(server, OLD, version)
    assert await logs_in(server, OLD, version)
    assert await logs_in(server, NEW, version)


@pytest.mark.parametrize("version", ACTIONS)
async def test_an_answer_after_the_timeout_leaves_the_new_password_right(
    server: Running, version: str
) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    late = asyncio.Event()
    async with server.charge_point("CP-1", version, password=OLD) as charger:
        sent = charger.expect(ACTIONS[version], answer_of(version, "Accepted"), hold=late)
        await server.post(f"{PATH}?timeout=0.2", {"password": NEW}, status=504)
        late.set()
        await sent.happened()
    assert await logs_in(server, NEW, version)
    assert not await logs_in(server, OLD, version)


@pytest.mark.parametrize("version", ACTIONS)
async def test_the_new_password_gets_in_from_before_the_charger_has_it(
    server: Running, version: str
) -> None:
    """However soon it uses it, and whoever dies meanwhile."""
    await server.accept("CP-1", security_profile=1, password=OLD)

    async def uses_it(_: Any) -> None:
        assert await logs_in(server, NEW, version)

    async with server.charge_point("CP-1", version, password=OLD) as charger:
        charger.expect(ACTIONS[version], before=uses_it, instead="silence")
        await server.post(PATH, {"password": NEW}, status=504)
    assert await logs_in(server, NEW, version)


async def test_any_other_password_stays_wrong_meanwhile(server: Running) -> None:
    await left_open(server)
    assert not await logs_in(server, THIRD)


async def test_a_random_password_without_an_answer_is_shown_with_what_to_expect(
    server: Running,
) -> None:
    problem = await left_open(server, body={})
    assert "Both are let in" in problem["detail"]
    assert len(problem["password"]) == 40
    assert await logs_in(server, problem["password"])


async def test_a_random_password_that_was_shown_in_a_problem_is_in_no_log(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    password = (await left_open(server, body={}))["password"]
    assert password not in caplog.text
    for log in ("/audit-log", "/charge-points/CP-1/messages"):
        assert password not in str(await server.get(log))


async def test_a_password_of_the_operators_own_is_not_repeated(server: Running) -> None:
    assert NEW not in str(await left_open(server))


async def test_an_operator_sees_that_two_passwords_are_let_in(server: Running) -> None:
    await left_open(server)
    assert "both are let in" in str(await notice(server))


async def test_a_password_that_is_put_ends_both(server: Running) -> None:
    await left_open(server)
    await server.put("/charge-points/CP-1", {"password": THIRD})
    assert await notice(server) is None
    assert not await logs_in(server, NEW)
    assert not await logs_in(server, OLD)
    assert await logs_in(server, THIRD)


@pytest.mark.parametrize("status", ["Rejected", "NotSupported"])
async def test_a_refused_password_leaves_the_unanswered_one_before_it_right(
    server: Running, status: str
) -> None:
    await left_open(server)
    async with server.charge_point("CP-1", password=OLD) as charger:
        charger.expect("ChangeConfiguration", {"status": status})
        await server.post(PATH, {"password": THIRD})
    assert not await logs_in(server, THIRD)
    assert await logs_in(server, NEW)


async def test_a_later_password_that_was_taken_ends_all_before_it(server: Running) -> None:
    await left_open(server)
    async with server.charge_point("CP-1", password=OLD) as charger:
        charger.expect("ChangeConfiguration", {"status": "Accepted"})
        await server.post(PATH, {"password": THIRD})
    assert not await logs_in(server, OLD)
    assert not await logs_in(server, NEW)
    assert await logs_in(server, THIRD)


@pytest.mark.parametrize(
    ("code", "may_be_taken"), [("InternalError", True), ("NotSupported", False)]
)
async def test_an_error_leaves_open_what_was_taken_unless_it_says_that_nothing_began(
    server: Running, code: str, may_be_taken: bool
) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", password=OLD) as charger:
        charger.expect("ChangeConfiguration", CallError(code))
        problem = await server.post(PATH, status=502)
    assert ("password" in problem) is may_be_taken
    assert (await notice(server) is not None) is may_be_taken
    assert await logs_in(server, OLD)


@pytest.mark.parametrize("version", ACTIONS)
async def test_a_charger_that_wants_to_reboot_first_gets_in_with_the_old_one_until_then(
    server: Running, version: str
) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", version, password=OLD) as charger:
        charger.expect(ACTIONS[version], answer_of(version, "RebootRequired"))
        await server.post(PATH, {"password": NEW})
    assert await logs_in(server, OLD, version)
    assert await logs_in(server, NEW, version)
    assert not await logs_in(server, OLD, version)


async def test_a_second_password_is_refused_until_the_first_was_answered(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    answers = asyncio.Event()
    async with server.charge_point("CP-1", password=OLD) as charger:
        sent = charger.expect("ChangeConfiguration", hold=answers)
        first = asyncio.create_task(server.post(PATH, {"password": NEW}))
        async with asyncio.timeout(5):
            while not sent.taken:
                await asyncio.sleep(0.005)
        await server.post(PATH, {"password": THIRD}, status=409)
        answers.set()
        await first
    assert await logs_in(server, NEW)


async def test_what_could_not_be_sent_is_not_let_in(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    too_long = "x" * 501
    async with server.charge_point("CP-1", password=OLD):
        order = {"key": "AuthorizationKey", "value": too_long}
        await server.post("/charge-points/CP-1/calls/ChangeConfiguration", order, status=422)
    assert await notice(server) is None
    assert not await logs_in(server, too_long)
