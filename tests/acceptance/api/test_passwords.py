"""An operator gives chargers new passwords, and nobody is locked out unawares."""

from __future__ import annotations

from typing import Any

import pytest
from running import Running

from .password_stories import ACTIONS, NEW, OLD, VARIABLE, logs_in, notice

TAKEN: dict[str, dict[str, Any]] = {
    "ocpp1.6": {"status": "Accepted"},
    "ocpp2.0.1": {"setVariableResult": [{**VARIABLE, "attributeStatus": "Accepted"}]},
}


@pytest.mark.parametrize("version", TAKEN)
async def test_a_random_password_is_given_to_the_charger_and_shown_once(
    server: Running, version: str
) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", version, password=OLD) as charger:
        sent = charger.expect(ACTIONS[version], TAKEN[version])
        answer = await server.post("/charge-points/CP-1/password")
        payload = await sent.happened()
    password = answer["password"]
    assert len(password) == 40
    assert password in str(payload)
    assert await logs_in(server, password, version)
    assert not await logs_in(server, OLD, version)
    assert password not in str(await server.get("/audit-log"))
    assert password not in str(await server.get("/charge-points/CP-1/messages"))


async def test_a_charger_that_refuses_a_password_keeps_its_own(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", password=OLD) as charger:
        charger.expect("ChangeConfiguration", {"status": "Rejected"})
        answer = await server.post("/charge-points/CP-1/password")
    assert (answer["accepted"], answer["password"]) == (False, None)
    assert await logs_in(server, OLD)


async def test_a_password_that_was_only_stored_is_warned_of_while_the_charger_has_its_old_one(
    server: Running,
) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", password=OLD):
        changed = await server.put("/charge-points/CP-1", {"password": NEW})
        assert "only stored" in changed["password_notice"]
        assert await notice(server) == changed["password_notice"]
    async with server.charge_point("CP-1", password=NEW):
        assert await notice(server) is None


async def test_the_warning_ends_when_the_charger_was_told(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    async with server.charge_point("CP-1", password=OLD) as charger:
        await server.put("/charge-points/CP-1", {"password": NEW})
        charger.expect("ChangeConfiguration", check={"key": "AuthorizationKey", "value": NEW})
        await server.post("/charge-points/CP-1/password", {"password": NEW})
        assert await notice(server) is None


async def test_nobody_is_warned_of_a_password_for_who_is_not_connected(server: Running) -> None:
    await server.accept("CP-1", security_profile=1, password=OLD)
    assert await notice(server) is None


async def test_a_password_too_long_for_the_charger_is_not_sent(server: Running) -> None:
    async with server.charge_point("CP-1"):
        path = "/charge-points/CP-1/password"
        answer = await server.api("POST", path, {"password": "x" * 41})
    assert answer.status == 422
    assert "x" * 41 not in str(answer.body)
