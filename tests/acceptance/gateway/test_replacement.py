"""Old connections, new connections, dead connections, and the end of the server."""

from __future__ import annotations

import asyncio

import pytest
from fake_chargepoints.frames import Call
from fake_chargepoints.link import Reply
from gateway_world import Site, running_gateway
from swift_time import in_swift_time

from csms.errors import ConnectionLostError
from csms.events import ChargePointConnected, ChargePointDisconnected
from csms.gateway.connection import Connection
from csms.model import OcppVersion


async def accept(call: Call) -> Reply:
    return Reply({"status": "Accepted"})


async def stay_silent(call: Call) -> Reply:
    return Reply(None)


def connection_of(site: Site) -> Connection:
    connection = site.links.get("CP-1")
    assert connection is not None
    return connection


async def test_the_newest_connection_wins_at_once_and_the_old_one_is_closed() -> None:
    async with running_gateway() as site, site.link() as old:
        first = connection_of(site)
        async with site.link(responder=accept) as new:
            assert await old.wait_closed() == 1000
            assert connection_of(site) is not first
            assert await connection_of(site).call("ClearCache", {}, 5.0) == {"status": "Accepted"}
            assert await new.call("Heartbeat", {}) == {}


async def test_the_end_of_a_half_open_connection_does_not_touch_the_new_one() -> None:
    async with running_gateway() as site:
        old = await site.link().open()
        old.freeze()
        async with site.link(responder=accept) as new:
            old.abort()
            await site.until(lambda: site.count("disconnects", reason="replaced") == 1)

            assert await connection_of(site).call("ClearCache", {}, 5.0) == {"status": "Accepted"}
            assert await new.call("Heartbeat", {}) == {}
            ends = [
                e for e in site.world.events.published if isinstance(e, ChargePointDisconnected)
            ]
            assert ends == []
        await old.close()


async def test_a_command_on_the_replaced_connection_fails_at_once() -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as old:
        command = asyncio.create_task(connection_of(site).call("ClearCache", {}, 30.0))
        await old.wait_for_call("ClearCache")

        async with site.link() as new:
            with pytest.raises(ConnectionLostError):
                await command
            await new.call("Heartbeat", {})
            assert new.journal.calls("received") == []


async def test_an_answer_over_the_new_connection_settles_nothing_of_the_old() -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as old:
        command = asyncio.create_task(connection_of(site).call("ClearCache", {}, 30.0))
        call = await old.wait_for_call("ClearCache")
        async with site.link() as new:
            await new.send_raw(f'[3,"{call.message_id}",{{"status":"Accepted"}}]')
            with pytest.raises(ConnectionLostError):
                await command
            await site.until(lambda: site.count("bad_frames", why="stray_answer") == 1)


async def test_a_probe_in_another_version_leaves_the_real_connection_its_own() -> None:
    async with running_gateway() as site:
        async with site.link(version=OcppVersion.V16):
            pass
        async with site.link(version=OcppVersion.V201) as real:
            assert await real.call("Heartbeat", {}) == {}
            assert connection_of(site).version is OcppVersion.V201


async def test_connecting_and_leaving_are_told() -> None:
    async with running_gateway() as site:
        async with site.link():
            await site.until(lambda: len(site.links) == 1)
        await site.until(
            lambda: any(isinstance(e, ChargePointDisconnected) for e in site.world.events.published)
        )
        connected, disconnected = site.world.events.published
        assert isinstance(connected, ChargePointConnected)
        assert isinstance(disconnected, ChargePointDisconnected)
        assert disconnected.reason == "closed_by_charger"


@in_swift_time
async def test_a_silent_charger_is_pinged_and_its_pong_proves_life() -> None:
    async with (
        running_gateway(ping_interval=5.0, silence_limit=40.0, heartbeat=10) as site,
        site.link() as link,
    ):
        await asyncio.sleep(100)  # longer than the limit: only pongs kept it alive

        assert await link.call("Heartbeat", {}) == {}


@in_swift_time
async def test_a_charger_that_never_answers_pings_lives_by_its_messages() -> None:
    async with (
        running_gateway(ping_interval=5.0, silence_limit=60.0, heartbeat=10) as site,
        site.link() as link,
    ):
        connection_of(site).charge_point.ping = False
        for _ in range(8):
            await asyncio.sleep(20)
            assert await link.call("Heartbeat", {}) == {}


async def test_a_charger_that_is_silent_for_too_long_is_closed() -> None:
    async with running_gateway(ping_interval=0.05, silence_limit=0.2, heartbeat=0.05) as site:
        link = await site.link().open()
        link.freeze()

        await site.until(lambda: site.links.get("CP-1") is None)
        link.abort()
        await site.until(lambda: site.count("disconnects", reason="silent") == 1)
        await link.close()


@in_swift_time
async def test_a_charger_we_do_not_listen_to_is_not_called_silent() -> None:
    async with (
        running_gateway(ping_interval=5.0, silence_limit=20.0, heartbeat=5) as site,
        site.link() as link,
    ):
        site.desk.hold = asyncio.Event()  # as if the database were away
        for number in range(40):
            await link.send_raw(f'[2,"{number}","Heartbeat",{{}}]')
        await asyncio.sleep(60)

        site.desk.hold.set()
        await site.until(lambda: site.desk.handled == 40)
        assert await link.call("Heartbeat", {}) == {}


@in_swift_time
async def test_the_limit_of_silence_is_at_least_three_heartbeats() -> None:
    async with (
        running_gateway(ping_interval=10.0, silence_limit=10.0, heartbeat=50) as site,
        site.link() as link,
    ):
        connection_of(site).charge_point.ping = False
        await asyncio.sleep(80)

        assert await link.call("Heartbeat", {}) == {}


async def test_a_charger_that_sends_too_fast_is_slowed_down_and_loses_nothing() -> None:
    async with (
        running_gateway(messages_per_second=100.0, messages_burst=10) as site,
        site.link() as link,
    ):
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(60):
            await link.send_raw(f'[2,"{number}","Heartbeat",{{}}]')
        await site.until(lambda: len(link.journal) == 120)

        assert loop.time() - began >= 0.4
        assert [e.text for e in link.journal if e.direction == "received"] == [
            f'[3,"{number}",{{}}]' for number in range(60)
        ]


async def test_a_charger_that_does_not_read_stops_being_read() -> None:
    async with running_gateway(messages_per_second=1e6, messages_burst=1_000_000) as site:
        site.desk.answers["DataTransfer"] = {"status": "Accepted", "data": "x" * 100_000}
        link = await site.link().open()
        link.freeze()
        socket = link._socket
        assert socket is not None
        for _ in range(500):
            await socket.send('[2,"1","DataTransfer",{"vendorId":"V"}]')
        async with asyncio.timeout(10):
            handled = None
            while handled != site.desk.handled:
                handled = site.desk.handled
                await asyncio.sleep(0.1)

        assert site.desk.handled < 400
        link.abort()
        await link.close()


async def test_stopping_lets_a_running_handler_finish() -> None:
    async with running_gateway() as site:
        site.desk.hold = asyncio.Event()
        async with site.link() as link:
            await link.send_raw('[2,"1","Heartbeat",{}]')
            await site.until(lambda: site.desk.received)
            stopping = asyncio.create_task(site.gateway.stop(5.0))
            assert await link.wait_closed() == 1001
            assert not stopping.done()

            site.desk.hold.set()
            await stopping
            assert site.desk.handled == 1


async def test_stopping_does_not_wait_longer_than_it_may() -> None:
    async with running_gateway() as site:
        site.desk.hold = asyncio.Event()
        async with site.link() as link:
            await link.send_raw('[2,"1","Heartbeat",{}]')
            await site.until(lambda: site.desk.received)
            async with asyncio.timeout(3):
                await site.gateway.stop(0.2)
            assert site.desk.handled == 0


async def test_commands_to_a_stopping_server_fail() -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        connection = connection_of(site)
        command = asyncio.create_task(connection.call("ClearCache", {}, 30.0))
        await link.wait_for_call("ClearCache")
        await site.gateway.stop(2.0)

        with pytest.raises(ConnectionLostError):
            await command
        with pytest.raises(ConnectionLostError):
            await connection.call("ClearCache", {}, 30.0)
