"""Frames that are no OCPP-J messages: answered where possible, and the connection lives on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from gateway_world import running_gateway
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from csms.model import OcppVersion

V16, V201 = OcppVersion.V16, OcppVersion.V201
HEARTBEAT = b'[2,"alive","Heartbeat",{}]'


def charger(url: str, version: OcppVersion) -> connect:
    return connect(f"{url}/CP-1", subprotocols=[Subprotocol(version.value)], compression=None)


async def replies_to(socket: ClientConnection, *texts: bytes) -> list[Any]:
    """Send frames and a heartbeat behind; returns what came before the heartbeat's answer."""
    for text in (*texts, HEARTBEAT):
        await socket.send(text, text=True)
    replies = []
    while (reply := orjson.loads(await socket.recv())) != [3, "alive", {}]:
        replies.append(reply)
    return replies


async def exchange(version: OcppVersion, text: bytes) -> list[Any]:
    async with running_gateway() as site, charger(site.url, version) as socket:
        return await replies_to(socket, text)


@pytest.mark.parametrize(
    "text",
    [b"", b"hello", b"null", b"17", b'"x"', b"{}", b"[]", b"[2]", b'{"a":', b"\xff\xfe\x00", b"["],
)
async def test_noise_on_16_is_ignored(text: bytes) -> None:
    assert await exchange(V16, text) == []


@pytest.mark.parametrize("text", [b"", b"hello", b"null", b"{}", b"[]", b"[2]", b'{"a":', b"["])
async def test_noise_on_201_is_answered_without_an_id(text: bytes) -> None:
    ((kind, message_id, code, *_),) = await exchange(V201, text)
    assert (kind, message_id, code) == (4, "-1", "RpcFrameworkError")


@pytest.mark.parametrize(
    ("text", "code_16", "code_201"),
    [
        (b'[2,"m1","Heartbeat",{', "FormationViolation", "FormatViolation"),
        (
            b'[2,"m1","BootNotification",{"chargePointVendor":"V"',
            "FormationViolation",
            "FormatViolation",
        ),
        (b'[2,"m1"]', "ProtocolError", "RpcFrameworkError"),
        (b'[2,"m1",17,{}]', "ProtocolError", "RpcFrameworkError"),
        (b'[2,"m1","Heartbeat","text"]', "FormationViolation", "FormatViolation"),
        (b'[2,"m1","Heartbeat",[1,2]]', "FormationViolation", "FormatViolation"),
        (b'[2,"m1","MakeCoffee",{}]', "NotImplemented", "NotImplemented"),
        (b'[2,"m1","Reset",{"type":"Soft"}]', "NotSupported", "NotSupported"),
        (
            b'[2,"m1","Authorize",{}]',
            "OccurenceConstraintViolation",
            "OccurrenceConstraintViolation",
        ),
    ],
)
async def test_where_the_id_can_be_read_the_refusal_names_it(
    text: bytes, code_16: str, code_201: str
) -> None:
    for version, code in ((V16, code_16), (V201, code_201)):
        ((kind, message_id, found, description, details),) = await exchange(version, text)
        assert (kind, message_id, found, details) == (4, "m1", code, {})
        assert description


async def test_an_unknown_message_type_is_ignored_by_16_and_named_by_201() -> None:
    text = b'[9,"m1","Heartbeat",{}]'
    assert await exchange(V16, text) == []
    ((kind, message_id, code, *_),) = await exchange(V201, text)
    assert (kind, message_id, code) == (4, "m1", "MessageTypeNotSupported")


@pytest.mark.parametrize(
    "text",
    [
        b'[2,"m1","Heartbeat"]',
        b'[2,"m1","Heartbeat",null]',
        b'[2,"m1","Heartbeat",[]]',
        b'[2,"m1","Heartbeat","{}"]',
        b'[2,"m1","Heartbeat",{},"extra"]',
        b'["2","m1","Heartbeat",{}]',
        b'[2,"m1","heartbeat",{}]',
        b'[2,"m1","HeartbeatRequest",{}]',
        b' [ 2 , "m1" , "Heartbeat" , { } ] \r\n',
        b'\xef\xbb\xbf[2,"m1","Heartbeat",{}]\x00',
    ],
)
async def test_frames_that_are_nearly_right_are_understood(text: bytes) -> None:
    assert await exchange(V16, text) == [[3, "m1", {}]]


@pytest.mark.parametrize("levels", [40, 5_000])
async def test_deep_nesting_is_refused_and_harmless(levels: int) -> None:
    nested = b"[" * levels + b"]" * levels
    text = b'[2,"m1","DataTransfer",{"vendorId":"V","data":' + nested + b"}]"
    ((kind, message_id, code, *_),) = await exchange(V201, text)
    assert (kind, message_id, code) == (4, "m1", "FormatViolation")


async def test_a_binary_frame_is_read_like_a_text_frame() -> None:
    async with running_gateway() as site, charger(site.url, V16) as socket:
        await socket.send(b'[2,"m1","Heartbeat",{}]', text=False)
        assert await socket.recv() == '[3,"m1",{}]'


async def test_a_message_in_many_fragments_is_one_message() -> None:
    async with running_gateway() as site, charger(site.url, V16) as socket:
        await socket.send(["[2,", '"m1",', '"Heart', 'beat",{}]'])
        assert await socket.recv() == '[3,"m1",{}]'


async def test_pings_between_messages_are_answered() -> None:
    async with running_gateway() as site, charger(site.url, V16) as socket:
        for _ in range(3):
            await (await socket.ping())
            assert await replies_to(socket) == []


async def test_only_a_frame_beyond_the_size_limit_ends_a_connection() -> None:
    async with running_gateway(max_frame_bytes=10_000) as site:
        async with charger(site.url, V16) as socket:
            padding = b" " * 9_000
            assert await replies_to(socket, padding + b'[2,"m1","Heartbeat",{}]') == [[3, "m1", {}]]
            await socket.send("x" * 10_001)
            await socket.wait_closed()
            assert socket.close_code == 1009
        await site.until(lambda: site.count("disconnects", reason="frame_too_big") == 1)


async def test_bad_frames_are_counted_and_kept_in_the_message_log() -> None:
    async with running_gateway() as site, charger(site.url, V16) as socket:
        await replies_to(socket, b"hello", b'[2,"m1","Heartbeat",{')

        assert site.count("bad_frames", why="unreadable") == 1
        assert site.count("bad_frames", why="broken_call") == 1
        hello, broken, _ = site.world.store.log
        assert (hello.request, hello.outcome) == ("hello", "unreadable")
        assert (broken.message_id, broken.outcome) == ("m1", "broken_call")
        assert broken.response is not None
        assert "FormationViolation" in broken.response


async def test_a_report_that_was_cut_off_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    text = b'[2,"m1","NotifyReport",{"reportData":[{"variable":{"name":"Password"},"x":"s3cr3t'
    async with running_gateway() as site, charger(site.url, V201) as socket:
        await replies_to(socket, text)

        line = site.world.store.log[0]
        assert (line.action, line.outcome) == ("NotifyReport", "broken_call")
        assert line.request is not None
        assert "s3cr3t" not in line.request
        assert "s3cr3t" not in caplog.text


async def test_a_flood_of_noise_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running_gateway() as site, charger(site.url, V16) as socket:
        await replies_to(socket, *[b"noise"] * 200)

        lines = [line for line in caplog.messages if "no OCPP-J message" in line]
        assert site.count("bad_frames", why="unreadable") == 200
        assert 1 <= len(lines) <= 5


@pytest.mark.parametrize("between", [b"", b"\n", b","])
async def test_messages_in_one_frame_are_answered_one_by_one(between: bytes) -> None:
    messages = [b'[2,"m1","Heartbeat",{}]', b'[2,"m2","Bogus",{}]', b'[2,"m3","Heartbeat",{}]']
    async with running_gateway() as site, charger(site.url, V16) as socket:
        replies = await replies_to(socket, between.join(messages))

        assert [reply[:2] for reply in replies] == [[3, "m1"], [4, "m2"], [3, "m3"]]
        assert site.count("repairs", repair="several_frames", vendor="unknown") == 1
