"""What a charger and the server say to each other on one connection."""

from __future__ import annotations

import asyncio

import pytest
from fake_chargepoints.errors import CallError
from fake_chargepoints.frames import Call
from fake_chargepoints.link import Reply
from gateway_world import running_gateway

from csms.errors import CommandRefusedError
from csms.model import OcppVersion


async def test_a_charger_connects_and_gets_its_answer() -> None:
    async with running_gateway() as site, site.link() as link:
        site.desk.answers["Heartbeat"] = {"currentTime": "2026-01-01T00:00:00Z"}

        answer = await link.call("Heartbeat", {})

        assert answer == {"currentTime": "2026-01-01T00:00:00Z"}


async def test_a_command_reaches_the_charger_in_the_schemas_order() -> None:
    async def accept(call: Call) -> Reply:
        return Reply({"status": "Accepted"})

    async with running_gateway() as site, site.link(responder=accept) as link:
        connection = site.links.get("cp-1")
        assert connection is not None

        answer = await connection.call(
            "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}, 5.0
        )

        assert answer == {"status": "Accepted"}
        text = next(entry.text for entry in link.journal if entry.direction == "received")
        assert text.endswith('"RemoteStartTransaction",{"connectorId":1,"idTag":"TAG"}]')


async def test_a_refused_command_carries_the_chargers_own_words() -> None:
    async def refuse(call: Call) -> Reply:
        raise CallError("NotSupported", "not today", {"hint": "tomorrow"})

    async with running_gateway() as site, site.link(responder=refuse):
        connection = site.links.get("CP-1")
        assert connection is not None

        with pytest.raises(CommandRefusedError) as refused:
            await connection.call("Reset", {"type": "Soft"}, 5.0)

        assert (refused.value.code, refused.value.details) == ("NotSupported", {"hint": "tomorrow"})


async def test_a_dead_connection_leaves_nothing_behind() -> None:
    async with running_gateway() as site:
        async with site.link(version=OcppVersion.V201):
            assert site.links.get("CP-1") is not None
        await site.until(lambda: len(site.links) == 0)
        await asyncio.sleep(0)
        assert site.count("disconnects", reason="closed_by_charger") == 1
