"""A scripted charge point fails a test whenever the exchange was not the planned one."""

from __future__ import annotations

import asyncio

import pytest
from fake_chargepoints.errors import CallError
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint, ScriptError

from .central_system import central_system, together

boot = {"chargePointVendor": "Acme", "chargePointModel": "One"}


async def test_a_plan_that_happens_passes() -> None:
    async with central_system({"BootNotification": {"status": "Accepted"}}) as server:
        async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
            charge_point.plan("BootNotification", boot, reply={"status": "Accepted"})
            await charge_point.run_plan()
            start = charge_point.expect("RemoteStartTransaction", check={"idTag": "TAG"})
            answer = await server.call("RemoteStartTransaction", {"idTag": "TAG"})
            assert await start.happened() == {"idTag": "TAG"}
        assert answer == {"status": "Accepted"}


async def test_a_planned_command_that_never_comes_fails() -> None:
    async with central_system() as server:

        async def play() -> None:
            async with ScriptedChargePoint(
                LinkOptions(server.url, "CP1"), settle_s=0.05
            ) as charge_point:
                charge_point.expect("Reset", check={"type": "Hard"})

        with pytest.raises(ScriptError, match="never happened: the central system sends Reset"):
            await play()


async def test_a_planned_call_that_was_never_sent_fails() -> None:
    async with central_system() as server:

        async def play() -> None:
            async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
                charge_point.plan("Heartbeat", {})

        with pytest.raises(ScriptError, match="never sent: the charge point sends Heartbeat"):
            await play()


async def test_an_unplanned_command_fails() -> None:
    async with central_system() as server:

        async def play() -> None:
            async with ScriptedChargePoint(LinkOptions(server.url, "CP1")):
                with pytest.raises(CallError, match="NotImplemented"):
                    await server.call("ClearCache", {})

        with pytest.raises(ScriptError, match="unexpected: ClearCache"):
            await play()


async def test_a_command_that_looks_different_fails() -> None:
    async with central_system() as server:

        async def play() -> None:
            async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
                charge_point.expect("Reset", check={"type": "Hard"})
                await server.call("Reset", {"type": "Soft"})

        with pytest.raises(ScriptError, match=r"payload.type is 'Soft', expected 'Hard'"):
            await play()


async def test_commands_out_of_order_fail_when_the_order_is_planned() -> None:
    async with central_system() as server:

        async def play() -> None:
            async with ScriptedChargePoint(
                LinkOptions(server.url, "CP1"), in_order=True
            ) as charge_point:
                charge_point.expect("ClearCache")
                charge_point.expect("Reset")
                await server.call("Reset", {"type": "Soft"})
                await server.call("ClearCache", {})

        with pytest.raises(ScriptError, match="out of order: Reset came before ClearCache"):
            await play()


async def test_a_reply_that_looks_different_fails() -> None:
    async with (
        central_system({"BootNotification": {"status": "Pending"}}) as server,
        ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point,
    ):
        with pytest.raises(ScriptError, match="'Pending', expected 'Accepted'"):
            await charge_point.send("BootNotification", boot, reply={"status": "Accepted"})


async def test_a_failing_test_shows_the_exchange() -> None:
    async with central_system() as server:

        async def play() -> None:
            async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
                await charge_point.send("Heartbeat", {})
                _ = 1 / 0

        with pytest.raises(ZeroDivisionError) as failure:
            await play()
        assert any("Heartbeat" in note for note in failure.value.__notes__)


async def test_own_calls_can_come_before_the_answer() -> None:
    async with central_system() as server:
        async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
            charge_point.expect(
                "TriggerMessage", before=lambda _: charge_point.send("Heartbeat", {})
            )
            await server.call("TriggerMessage", {"requestedMessage": "Heartbeat"}, message_id="t1")
        kinds = [text[:2] + ("t1" if '"t1"' in text else "") for text in server.texts]
        assert kinds == ["[2", "[3t1"]


async def test_a_command_can_be_answered_by_an_error() -> None:
    async with (
        central_system() as server,
        ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point,
    ):
        charge_point.expect("Reset", CallError("InternalError", "no"))
        with pytest.raises(CallError, match="InternalError"):
            await server.call("Reset", {"type": "Soft"})


async def test_an_answer_can_be_sent_twice() -> None:
    async with central_system() as server:
        async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
            charge_point.expect("ClearCache", copies=2)
            await server.call("ClearCache", {}, message_id="c1")
            await server.until(lambda: len(server.texts) == 2)
        assert server.texts == ['[3,"c1",{"status":"Accepted"}]'] * 2


async def test_an_answer_can_wait_for_the_test() -> None:
    async with (
        central_system() as server,
        ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point,
    ):
        hold = asyncio.Event()
        charge_point.expect("ClearCache", hold=hold)
        pending = asyncio.create_task(server.call("ClearCache", {}))
        await charge_point.link.wait_for_call("ClearCache")
        assert server.texts == []
        hold.set()
        assert await pending == {"status": "Accepted"}


async def test_the_socket_can_close_instead_of_an_answer_and_come_back() -> None:
    async with central_system({"Heartbeat": {"currentTime": "now"}}) as server:
        async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
            reset = charge_point.expect("Reset", instead="abort")
            pending = asyncio.create_task(server.call("Reset", {"type": "Hard"}))
            await reset.happened()
            await charge_point.reconnect()
            await charge_point.send("Heartbeat", {}, reply={"currentTime": str})
            pending.cancel()
        assert len(server.sockets) == 2
        assert server.texts[-1].startswith("[2")


async def test_tolerated_commands_need_no_plan() -> None:
    async with central_system() as server:
        async with ScriptedChargePoint(LinkOptions(server.url, "CP1")) as charge_point:
            charge_point.tolerate("GetConfiguration", {"configurationKey": []})
            answers = await together(server.call("GetConfiguration", {}))
        assert answers == [{"configurationKey": []}]
