"""The transport of the fakes behaves like a charge point's: calls, answers, ends."""

from __future__ import annotations

import asyncio
import http

import pytest
from fake_chargepoints.errors import (
    CallError,
    CallTimeoutError,
    ConnectRefusedError,
    LinkClosedError,
)
from fake_chargepoints.link import Link, LinkOptions
from websockets.asyncio.server import basic_auth

from .central_system import central_system


async def test_a_call_returns_the_answer() -> None:
    async with (
        central_system({"Heartbeat": {"currentTime": "now"}}) as server,
        Link(LinkOptions(server.url, "CP1")) as link,
    ):
        assert await link.call("Heartbeat", {}) == {"currentTime": "now"}
        assert link.subprotocol == "ocpp1.6"


async def test_a_refused_call_raises_its_code() -> None:
    refusal = CallError("FormationViolation")
    async with (
        central_system({"Heartbeat": refusal}) as server,
        Link(LinkOptions(server.url, "CP1")) as link,
    ):
        with pytest.raises(CallError, match="FormationViolation"):
            await link.call("Heartbeat", {})


async def test_an_unanswered_call_times_out() -> None:
    async with (
        central_system({"Heartbeat": lambda _: None}) as server,
        Link(LinkOptions(server.url, "CP1", call_timeout_s=0.05)) as link,
    ):
        with pytest.raises(CallTimeoutError, match="Heartbeat"):
            await link.call("Heartbeat", {})


async def test_calls_go_out_one_at_a_time() -> None:
    async with central_system() as server, Link(LinkOptions(server.url, "CP1")) as link:
        await asyncio.gather(*(link.call("Heartbeat", {}) for _ in range(5)))
        kinds = [entry.direction for entry in link.journal]
    assert kinds == ["sent", "received"] * 5


async def test_no_subprotocol_is_offered_when_none_is_wanted() -> None:
    async with central_system() as server:
        async with Link(LinkOptions(server.url, "CP1", subprotocols=())) as link:
            await link.call("Heartbeat", {})
        request = server.sockets[0].request
    assert request is not None
    assert "Sec-WebSocket-Protocol" not in request.headers
    assert link.subprotocol is None


async def test_a_password_is_sent_as_basic_authentication() -> None:
    guard = basic_auth(credentials=("CP1", "secret"))
    async with central_system(process_request=guard) as server:
        async with Link(LinkOptions(server.url, "CP1", password="secret")) as link:
            assert await link.call("Heartbeat", {}) == {}
        with pytest.raises(ConnectRefusedError) as refusal:
            await Link(LinkOptions(server.url, "CP1", password="wrong")).open()
    assert refusal.value.status == http.HTTPStatus.UNAUTHORIZED


async def test_an_identity_with_special_characters_is_one_path_segment() -> None:
    async with central_system() as server:
        async with Link(LinkOptions(server.url, "EU/Box 1#a")) as link:
            await link.call("Heartbeat", {})
        request = server.sockets[0].request
    assert request is not None
    assert request.path == "/ocpp/EU%2FBox%201%23a"


async def test_an_aborted_link_fails_the_call_in_flight() -> None:
    async with central_system({"Heartbeat": lambda _: None}) as server:
        async with Link(LinkOptions(server.url, "CP1")) as link:
            call = asyncio.create_task(link.call("Heartbeat", {}))
            await server.got("Heartbeat")
            link.abort()
            with pytest.raises(LinkClosedError):
                await call
            with pytest.raises(LinkClosedError):
                await link.call("Heartbeat", {})
        await server.sockets[0].wait_closed()
        assert server.sockets[0].close_code == 1006


async def test_a_frozen_link_neither_reads_nor_writes_but_stays() -> None:
    async with central_system() as server, Link(LinkOptions(server.url, "CP1")) as link:
        link.freeze()
        with pytest.raises(CallTimeoutError):
            await link.call("Heartbeat", {}, timeout_s=0.05)
        await server.sockets[0].send('[2,"1","ClearCache",{}]')
        assert server.texts == []
        assert not link.closed.is_set()
        assert link.journal.calls("received") == []


async def test_closing_cleanly_says_goodbye() -> None:
    async with central_system() as server:
        async with Link(LinkOptions(server.url, "CP1")) as link:
            await link.close(1001, "going")
        await server.sockets[0].wait_closed()
        assert server.sockets[0].close_code == 1001


async def test_nobody_at_the_address_is_a_named_error() -> None:
    with pytest.raises(ConnectRefusedError):
        await Link(LinkOptions("ws://127.0.0.1:1", "CP1")).open()
