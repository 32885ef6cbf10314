"""Calls in both directions on one connection, in order and without crossing each other."""

from __future__ import annotations

import asyncio

import pytest
from fake_chargepoints.errors import CallError
from fake_chargepoints.frames import Call
from fake_chargepoints.link import Link, Reply, Responder
from gateway_world import Site, running_gateway
from swift_time import in_swift_time

from csms.errors import (
    CommandNotSentError,
    CommandRefusedError,
    CommandTimeoutError,
    ConnectionLostError,
    InvalidValueError,
    TooManyCommandsError,
)
from csms.gateway.connection import Connection
from csms.model import OcppVersion

HEARTBEAT = {"currentTime": "2026-01-01T00:00:00Z"}
SOFT_RESET = {"type": "Soft"}


class Charger:
    """Answers commands when the test lets it."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.commands: list[Call] = []

    async def respond(self, call: Call) -> Reply:
        self.commands.append(call)
        await self.may_answer.wait()
        return Reply({"status": "Accepted"})


async def accept(call: Call) -> Reply:
    return Reply({"status": "Accepted"})


async def stay_silent(call: Call) -> Reply:
    return Reply(None)


def answering_after(delay_s: float) -> Responder:
    async def respond(call: Call) -> Reply:
        await asyncio.sleep(delay_s)
        return Reply({"status": "Accepted"})

    return respond


def connection_of(site: Site, identity: str = "CP-1") -> Connection:
    connection = site.links.get(identity)
    assert connection is not None
    return connection


async def test_a_charger_connects_and_gets_its_answer() -> None:
    async with running_gateway() as site, site.link() as link:
        site.desk.answers["Heartbeat"] = HEARTBEAT

        assert await link.call("Heartbeat", {}) == HEARTBEAT


async def test_answers_leave_in_the_order_of_the_questions() -> None:
    async with running_gateway() as site, site.link() as link:
        for number in range(50):
            await link.send_raw(f'[2,"{number}","Heartbeat",{{}}]')
        await site.until(lambda: len(link.journal) == 100)

        texts = [entry.text for entry in link.journal if entry.direction == "received"]
        assert texts == [f'[3,"{number}",{{}}]' for number in range(50)]


@pytest.mark.parametrize(
    "message_id",
    [
        *('"1"', '""', '"' + "x" * 300 + '"', "17", '"ä\\"\\\\"', "null", "1.5", '["a"]'),
        *("0", "-1", "1.50", "9" * 25, "1e3", "-0.0"),
    ],
)
async def test_message_ids_are_echoed_as_they_came(message_id: str) -> None:
    async with running_gateway() as site, site.link() as link:
        await link.send_raw(f'[2,{message_id},"Heartbeat",{{}}]')
        await site.until(lambda: len(link.journal) == 2)

        assert list(link.journal)[-1].text == f"[3,{message_id},{{}}]"


async def test_the_same_message_id_twice_is_answered_twice() -> None:
    async with running_gateway() as site, site.link() as link:
        for _ in range(2):
            assert await link.call("Heartbeat", {}, message_id="1") == {}


async def test_a_command_reaches_the_charger_in_the_schemas_order() -> None:
    async with running_gateway() as site, site.link(responder=accept) as link:
        answer = await connection_of(site).call(
            "RemoteStartTransaction", {"idTag": "TAG", "connectorId": 1}, 5.0
        )

        assert answer == {"status": "Accepted"}
        text = next(entry.text for entry in link.journal if entry.direction == "received")
        assert text.endswith('"RemoteStartTransaction",{"connectorId":1,"idTag":"TAG"}]')


async def test_a_refused_command_carries_the_chargers_own_words() -> None:
    async def refuse(call: Call) -> Reply:
        raise CallError("NotSupported", "not today", {"hint": "tomorrow"})

    async with running_gateway() as site, site.link(responder=refuse):
        with pytest.raises(CommandRefusedError) as refused:
            await connection_of(site).call("Reset", SOFT_RESET, 5.0)

        assert (refused.value.code, refused.value.details) == ("NotSupported", {"hint": "tomorrow"})


@pytest.mark.parametrize(
    ("action", "payload"),
    [("Explode", {}), ("BootNotification", {}), ("Reset", {}), ("Reset", {"type": "Now"})],
)
async def test_a_command_that_breaks_the_schema_never_reaches_the_charger(
    action: str, payload: dict[str, str]
) -> None:
    async with running_gateway() as site, site.link(responder=accept) as link:
        with pytest.raises(InvalidValueError):
            await connection_of(site).call(action, payload, 5.0)

        assert len(link.journal) == 0


async def test_a_charger_is_answered_while_a_command_is_on_its_way() -> None:
    charger = Charger()
    async with running_gateway() as site, site.link(responder=charger.respond) as link:
        command = asyncio.create_task(connection_of(site).call("Reset", SOFT_RESET, 5.0))
        await link.wait_for_call("Reset")

        assert await link.call("Heartbeat", {}) == {}
        assert not command.done()

        charger.may_answer.set()
        assert await command == {"status": "Accepted"}


async def test_a_command_is_settled_while_a_handler_waits_for_its_commit() -> None:
    async with running_gateway() as site, site.link(responder=accept) as link:
        site.desk.hold = asyncio.Event()
        heartbeat = asyncio.create_task(link.call("Heartbeat", {}))
        await site.until(lambda: site.desk.received)

        assert await connection_of(site).call("Reset", SOFT_RESET, 5.0) == {"status": "Accepted"}
        assert not heartbeat.done()

        site.desk.hold.set()
        assert await heartbeat == {}


async def test_only_one_command_is_on_the_wire_at_a_time() -> None:
    charger = Charger()
    async with running_gateway() as site, site.link(responder=charger.respond) as link:
        connection = connection_of(site)
        commands = [
            asyncio.create_task(connection.call("ClearCache", {}, 5.0)),
            asyncio.create_task(connection.call("Reset", SOFT_RESET, 5.0)),
        ]
        await link.wait_for_call("ClearCache")
        await link.call("Heartbeat", {})  # a round trip: what was sent has arrived
        assert [call.action for call in charger.commands] == ["ClearCache"]

        charger.may_answer.set()
        await asyncio.gather(*commands)
        assert [call.action for call in charger.commands] == ["ClearCache", "Reset"]


async def test_the_queue_of_commands_has_a_limit() -> None:
    charger = Charger()
    async with (
        running_gateway(call_queue_limit=2) as site,
        site.link(responder=charger.respond) as link,
    ):
        connection = connection_of(site)
        commands = [asyncio.create_task(connection.call("ClearCache", {}, 5.0)) for _ in range(3)]
        await link.wait_for_call("ClearCache")

        with pytest.raises(TooManyCommandsError):
            await connection.call("ClearCache", {}, 5.0)

        charger.may_answer.set()
        await asyncio.gather(*commands)


async def test_a_command_without_an_answer_times_out_and_the_next_goes_out() -> None:
    answers = iter([Reply(None), Reply({"status": "Accepted"})])

    async def respond(call: Call) -> Reply:
        return next(answers)

    async with running_gateway() as site, site.link(responder=respond):
        connection = connection_of(site)
        with pytest.raises(CommandTimeoutError, match=r"no answer to ClearCache within 0\.05 s"):
            await connection.call("ClearCache", {}, 0.05)

        assert await connection.call("ClearCache", {}, 5.0) == {"status": "Accepted"}


@in_swift_time
async def test_commands_that_wait_behind_a_silent_one_until_it_is_too_late_are_never_sent() -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        connection = connection_of(site)
        commands = []
        for action, payload in (
            ("ClearCache", {}),
            ("UnlockConnector", {"connectorId": 1}),
            ("Reset", SOFT_RESET),
        ):
            commands.append(asyncio.create_task(connection.call(action, payload, 4.0)))
            await asyncio.sleep(0.02)
        silent, *late = await asyncio.gather(*commands, return_exceptions=True)
        await link.call("Heartbeat", {})  # a round trip: what was sent has arrived

        assert isinstance(silent, CommandTimeoutError)
        assert [type(error) for error in late] == [CommandNotSentError] * 2
        assert "UnlockConnector was never sent" in str(late[0])
        assert [call.action for call in link.journal.calls("received")] == ["ClearCache"]
        lines = [(each.action, each.outcome, each.duration_s) for each in site.world.store.log]
        assert lines[:3] == [
            ("ClearCache", "timeout", pytest.approx(4.0)),
            ("UnlockConnector", "not_sent", None),
            ("Reset", "not_sent", None),
        ]


@pytest.mark.parametrize(
    ("timeout_s", "asked_after_s", "goes_out"),
    [(4.0, 1.5, True), (4.0, 0.5, False), (0.4, 0.25, True), (0.4, 0.15, False)],
)
@in_swift_time
async def test_a_command_goes_out_as_long_as_it_can_still_be_answered_in_time(
    timeout_s: float, asked_after_s: float, goes_out: bool
) -> None:
    answers = iter([Reply(None), Reply({"status": "Accepted"})])

    async def respond(call: Call) -> Reply:
        return next(answers)

    async with running_gateway() as site, site.link(responder=respond) as link:
        connection = connection_of(site)
        silent = asyncio.create_task(connection.call("ClearCache", {}, timeout_s))
        await asyncio.sleep(asked_after_s)
        waiting = connection.call("Reset", SOFT_RESET, timeout_s)
        outcomes = await asyncio.gather(silent, waiting, return_exceptions=True)

        assert len(link.journal.calls("received")) == (2 if goes_out else 1)
        assert isinstance(outcomes[1], dict if goes_out else CommandNotSentError)


@in_swift_time
async def test_commands_that_were_never_sent_are_not_held_against_the_charger() -> None:
    async with (
        running_gateway(calls_timed_out_before_close=2) as site,
        site.link(responder=stay_silent) as link,
    ):
        connection = connection_of(site)
        commands = [connection.call("ClearCache", {}, 4.0) for _ in range(5)]
        await asyncio.gather(*commands, return_exceptions=True)

        assert await link.call("Heartbeat", {}) == {}


async def test_a_late_answer_is_counted_and_in_the_message_log() -> None:
    charger = Charger()
    async with running_gateway() as site, site.link(responder=charger.respond) as link:
        connection = connection_of(site)
        with pytest.raises(CommandTimeoutError):
            await connection.call("ClearCache", {}, 0.05)

        charger.may_answer.set()
        await site.until(lambda: site.count("bad_frames", why="late_answer") == 1)
        assert await link.call("Heartbeat", {}) == {}
        timed_out, late, _ = site.world.store.log
        assert (timed_out.outcome, timed_out.response) == ("timeout", None)
        assert (late.outcome, late.action, late.from_charge_point) == (
            "late_answer",
            "ClearCache",
            True,
        )
        assert late.message_id == timed_out.message_id
        assert late.request == f'[3,"{late.message_id}",{{"status":"Accepted"}}]'
        assert late.duration_s is not None
        assert late.duration_s >= 0.05


async def test_a_second_answer_to_the_same_command_is_counted_and_in_the_message_log() -> None:
    async def answer_twice(call: Call) -> Reply:
        return Reply({"status": "Accepted"}, copies=2)

    async with running_gateway() as site, site.link(responder=answer_twice):
        connection = connection_of(site)
        for _ in range(2):
            assert await connection.call("ClearCache", {}, 5.0) == {"status": "Accepted"}
        await site.until(lambda: site.count("bad_frames", why="duplicate_answer") == 2)
        assert [(line.outcome, line.action) for line in site.world.store.log] == [
            ("ok", "ClearCache"),
            ("duplicate_answer", "ClearCache"),
        ] * 2


async def test_an_answer_that_nobody_asked_for_is_in_the_message_log() -> None:
    async with running_gateway() as site, site.link() as link:
        await link.send_raw('[3,"x",{"status":"Accepted"}]')
        await site.until(lambda: site.count("bad_frames", why="stray_answer") == 1)

        (line,) = site.world.store.log
        assert (line.outcome, line.action, line.message_id) == ("stray_answer", None, "x")
        assert line.request == '[3,"x",{"status":"Accepted"}]'


@pytest.mark.parametrize(
    "payload",
    [
        '{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"s3cret"}]}',
        '"{\\"configurationKey\\":[{\\"key\\":\\"WifiPassword\\",\\"value\\":\\"s3cret\\"}]}"',
        '{"configurationKey":[{"key":"AuthorizationKey","value":"s3cret"',
        '{"data":"s3cret"}',
    ],
)
async def test_an_answer_that_nobody_asked_for_shows_no_secret(payload: str) -> None:
    async with running_gateway() as site, site.link() as link:
        await link.send_raw(f'[3,"x",{payload}]')
        await site.until(lambda: site.count("bad_frames", why="stray_answer") == 1)

        (line,) = site.world.store.log
        assert line.request is not None
        assert "s3cret" not in line.request


async def test_a_late_answer_shows_no_secret_where_its_action_has_some() -> None:
    charger = Charger()
    async with running_gateway() as site, site.link(responder=charger.respond) as link:
        with pytest.raises(CommandTimeoutError):
            await connection_of(site).call("GetConfiguration", {}, 0.02)
        message_id = charger.commands[0].message_id
        await link.send_raw(
            f'[3,"{message_id}",{{"configurationKey":'
            '[{"key":"AuthorizationKey","readonly":false,"value":"s3cret"}]}]'
        )
        await site.until(lambda: site.count("bad_frames", why="late_answer") == 1)

        *_, line = site.world.store.log
        assert (line.outcome, line.action) == ("late_answer", "GetConfiguration")
        assert line.request is not None
        assert "s3cret" not in line.request


async def test_a_flood_of_stray_answers_does_not_fill_the_message_log() -> None:
    async with (
        running_gateway(messages_per_second=0.1, messages_burst=5) as site,
        site.link() as link,
    ):
        for _ in range(20):
            await link.send_raw('[3,"x",{}]')
        await site.until(lambda: site.count("bad_frames", why="stray_answer") == 20)

        assert len(site.world.store.log) == 5
        assert site.count("message_log_dropped") == 15


async def test_answers_that_nobody_asked_for_are_ignored() -> None:
    async with running_gateway() as site, site.link() as link:
        for text in ('[3,"x",{}]', '[4,"x","GenericError","",{}]', ' [3,"x",{}]', "[3]", "[4,1]"):
            await link.send_raw(text)

        assert await link.call("Heartbeat", {}) == {}
        assert len(link.journal.errors("received")) == 0


@pytest.mark.parametrize(
    "answer",
    [
        '[3,"{id}",{{"configurationKey":[]',
        '[3,"{id}",{{"configurationKey":[{{"key":"A","readonly":fal',
        '[3,"{id}",17]',
        '[3,"{id}","text"]',
    ],
)
async def test_a_broken_answer_fails_its_command_at_once(answer: str) -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        command = asyncio.create_task(connection_of(site).call("GetConfiguration", {}, 30.0))
        call = await link.wait_for_call("GetConfiguration")

        await link.send_raw(answer.format(id=call.message_id))

        with pytest.raises(CommandRefusedError, match="its answer cannot be read"):
            await command
        assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize(
    ("error", "code", "description"),
    [
        ('[4,"{id}","NotSupported","no",{{}}]', "NotSupported", "no"),
        ('[4,"{id}","NotSupported"]', "NotSupported", ""),
        ('[4,"{id}",null,null,null]', "GenericError", ""),
        ('[4,"{id}","X",5,[]]', "X", "5"),
    ],
)
async def test_incomplete_errors_are_errors_too(error: str, code: str, description: str) -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        command = asyncio.create_task(connection_of(site).call("ClearCache", {}, 30.0))
        call = await link.wait_for_call("ClearCache")

        await link.send_raw(error.format(id=call.message_id))

        with pytest.raises(CommandRefusedError) as refused:
            await command
        assert (refused.value.code, refused.value.description) == (code, description)


async def test_an_answer_with_the_message_id_in_capitals_is_taken() -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        command = asyncio.create_task(connection_of(site).call("ClearCache", {}, 30.0))
        call = await link.wait_for_call("ClearCache")

        await link.send_raw(f'[3,"{call.message_id.upper()}",{{"status":"Accepted"}}]')

        assert await command == {"status": "Accepted"}


async def test_an_answer_is_mended_and_keeps_what_the_schema_does_not_know() -> None:
    async def answer(call: Call) -> Reply:
        return Reply({"configurationKey": {"key": "K", "readonly": "true", "value": 5, "x": 1}})

    async with running_gateway() as site, site.link(responder=answer):
        assert await connection_of(site).call("GetConfiguration", {}, 5.0) == {
            "configurationKey": [{"key": "K", "readonly": True, "value": "5", "x": 1}]
        }


@pytest.mark.parametrize(
    "answer",
    [
        '["3","{id}",{{"status":"Accepted"}}]',
        '[3,"{id}","{{\\"status\\":\\"Accepted\\"}}"]',
        '[3,"{id}",{{"status":"Accepted",}},]',
        '[3,"{id}",{{"status":"Accepted"}}][2,"m9","Heartbeat",{{}}]',
    ],
)
async def test_an_answer_with_a_slip_is_an_answer(answer: str) -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        command = asyncio.create_task(connection_of(site).call("ClearCache", {}, 30.0))
        call = await link.wait_for_call("ClearCache")

        await link.send_raw(answer.format(id=call.message_id))

        assert await command == {"status": "Accepted"}


async def test_an_answer_that_is_not_quite_json_is_counted() -> None:
    async with running_gateway() as site, site.link(responder=stay_silent) as link:
        command = asyncio.create_task(connection_of(site).call("ClearCache", {}, 30.0))
        call = await link.wait_for_call("ClearCache")

        await link.send_raw(f'[3,"{call.message_id}",{{"status":"Accepted",}}]')
        await command

        assert site.count("repairs", repair="loose_json", vendor="unknown") == 1


async def test_a_charger_that_answers_no_command_is_disconnected_after_three() -> None:
    async with (
        running_gateway(calls_timed_out_before_close=3) as site,
        site.link(responder=stay_silent) as link,
    ):
        connection = connection_of(site)
        for _ in range(3):
            with pytest.raises(CommandTimeoutError):
                await connection.call("ClearCache", {}, 0.02)

        assert await link.wait_closed() == 1001
        await site.until(lambda: site.count("disconnects", reason="unanswered_calls") == 1)


@in_swift_time
async def test_a_charger_that_answers_every_command_too_late_stays_connected() -> None:
    async with (
        running_gateway(calls_timed_out_before_close=3) as site,
        site.link(responder=answering_after(0.5)) as link,
    ):
        connection = connection_of(site)
        for _ in range(6):
            with pytest.raises(CommandTimeoutError):
                await connection.call("ClearCache", {}, 0.3)

        assert await link.call("Heartbeat", {}) == {}
        assert site.count("bad_frames", why="late_answer") >= 3


async def test_an_answer_in_between_starts_the_count_again() -> None:
    silent = [True, True, False, True, True]
    turns = iter(silent)

    async def respond(call: Call) -> Reply:
        return Reply(None if next(turns) else {"status": "Accepted"})

    async with (
        running_gateway(calls_timed_out_before_close=3) as site,
        site.link(responder=respond) as link,
    ):
        connection = connection_of(site)
        for is_silent in silent:
            if is_silent:
                with pytest.raises(CommandTimeoutError):
                    await connection.call("ClearCache", {}, 0.02)
            else:
                await connection.call("ClearCache", {}, 5.0)

        assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize("ending", ["close", "abort"])
async def test_a_command_fails_at_once_when_the_charger_leaves_instead(ending: str) -> None:
    async def leave(call: Call) -> Reply:
        if ending == "close":
            asyncio.get_running_loop().create_task(link.close())
        else:
            link.abort()
        return Reply(None)

    async with running_gateway() as site:
        link: Link = site.link(responder=leave)
        async with link:
            with pytest.raises(ConnectionLostError):
                await connection_of(site).call("Reset", {"type": "Hard"}, 30.0)


async def test_a_command_fails_at_once_even_while_a_handler_waits_for_its_commit() -> None:
    async with running_gateway() as site:
        site.desk.hold = asyncio.Event()
        async with site.link(responder=stay_silent) as link:
            await link.send_raw('[2,"1","Heartbeat",{}]')
            await site.until(lambda: site.desk.received)
            command = asyncio.create_task(connection_of(site).call("Reset", SOFT_RESET, 30.0))
            await link.wait_for_call("Reset")
            link.abort()

            with pytest.raises(ConnectionLostError):
                await command
        site.desk.hold.set()


async def test_a_command_whose_asker_left_keeps_the_line_until_it_is_answered() -> None:
    charger = Charger()
    async with running_gateway() as site, site.link(responder=charger.respond) as link:
        connection = connection_of(site)
        first = asyncio.create_task(connection.call("ClearCache", {}, 5.0))
        await link.wait_for_call("ClearCache")
        first.cancel()
        second = asyncio.create_task(connection.call("Reset", SOFT_RESET, 5.0))
        await link.call("Heartbeat", {})
        assert [call.action for call in charger.commands] == ["ClearCache"]

        charger.may_answer.set()
        assert await second == {"status": "Accepted"}


async def test_a_command_whose_asker_left_before_its_turn_is_never_sent() -> None:
    charger = Charger()
    async with running_gateway() as site, site.link(responder=charger.respond) as link:
        connection = connection_of(site)
        first = asyncio.create_task(connection.call("ClearCache", {}, 5.0))
        await link.wait_for_call("ClearCache")
        second = asyncio.create_task(connection.call("Reset", SOFT_RESET, 5.0))
        await asyncio.sleep(0)
        second.cancel()

        charger.may_answer.set()
        await first
        await link.call("Heartbeat", {})
        assert [call.action for call in charger.commands] == ["ClearCache"]


async def test_a_handler_runs_to_its_end_although_the_charger_left() -> None:
    async with running_gateway() as site:
        site.desk.hold = asyncio.Event()
        async with site.link() as link:
            await link.send_raw(
                '[2,"1","StopTransaction",{"transactionId":1,"meterStop":1,'
                '"timestamp":"2026-01-01T00:00:00Z"}]'
            )
            await site.until(lambda: site.desk.received)
            link.abort()
        await site.until(lambda: site.links.get("CP-1") is None)
        assert site.desk.handled == 0

        site.desk.hold.set()
        await site.until(lambda: site.count("disconnects", reason="lost") == 1)
        assert site.desk.handled == 1


async def test_what_was_received_before_the_charger_left_is_handled() -> None:
    async with running_gateway() as site:
        async with site.link() as link:
            for number in range(20):
                await link.send_raw(f'[2,"{number}","Heartbeat",{{}}]')
        await site.until(lambda: site.desk.handled == 20)


async def test_a_failing_handler_is_answered_with_internal_error_and_the_connection_lives() -> None:
    async with running_gateway() as site, site.link() as link:
        site.desk.fail_with = RuntimeError("bug")
        with pytest.raises(CallError, match="InternalError"):
            await link.call("Heartbeat", {})

        site.desk.fail_with = None
        assert await link.call("Heartbeat", {}) == {}
        assert (
            site.count(
                "messages", version="ocpp1.6", direction="in", action="Heartbeat", outcome="failed"
            )
            == 1
        )


async def test_a_fault_outside_of_handlers_does_not_end_the_connection() -> None:
    async with running_gateway() as site, site.link() as link:
        site.recorder.broken = True
        assert await link.call("Heartbeat", {}) == {}
        await link.send_raw("noise")

        await site.until(lambda: site.count("bad_frames", why="failed") == 2)
        site.recorder.broken = False
        assert await link.call("Heartbeat", {}) == {}


async def test_commands_and_messages_are_in_the_message_log() -> None:
    async with running_gateway() as site, site.link(responder=accept) as link:
        await link.call("Heartbeat", {}, message_id="h1")
        await connection_of(site).call("Reset", SOFT_RESET, 5.0)

        heartbeat, reset = site.world.store.log
        assert heartbeat.request == '[2,"h1","Heartbeat",{}]'
        assert (heartbeat.response, heartbeat.outcome) == ('[3,"h1",{}]', "ok")
        assert (reset.from_charge_point, reset.action, reset.outcome) == (False, "Reset", "ok")
        assert reset.response is not None
        assert reset.response.endswith('{"status":"Accepted"}]')


async def test_version_201_speaks_the_same_way() -> None:
    async with (
        running_gateway() as site,
        site.link(version=OcppVersion.V201, responder=accept) as link,
    ):
        assert link.subprotocol == "ocpp2.0.1"
        assert await link.call("Heartbeat", {}) == {}
        answer = await connection_of(site).call("Reset", {"type": "Immediate"}, 5.0)
        assert answer == {"status": "Accepted"}
