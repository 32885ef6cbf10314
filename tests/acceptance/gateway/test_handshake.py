"""Dialling in: addresses, versions, and everything that is no WebSocket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fake_chargepoints.errors import ConnectRefusedError
from gateway_world import Site, running_gateway

from csms.model import OcppVersion, RegistrationStatus

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


async def raw(site: Site, request: str | bytes) -> bytes:
    """Send bytes to the port; returns everything that comes back within the first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.gateway.port)
    writer.write(request if isinstance(request, bytes) else request.encode())
    async with asyncio.timeout(10):
        answer = await reader.read(65536)
    writer.close()
    return answer


def request(path: str = "/CP-1", **headers: str) -> str:
    fields = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "ocpp1.6",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""])


@pytest.mark.parametrize("path", ["CP-1", "ocpp/CP-1", "a/b/c/CP-1", "/ocpp//CP-1/", "cp-1"])
async def test_any_prefix_leads_to_the_same_charge_point(path: str) -> None:
    async with running_gateway() as site:
        async with site.link("CP-1"):
            pass
        async with site.link(raw_path=path) as link:
            assert await link.call("Heartbeat", {}) == {}
            connection = site.links.get("CP-1")
            assert connection is not None
            assert connection.charge_point.id == "CP-1"


async def test_an_encoded_identity_is_decoded() -> None:
    async with running_gateway() as site, site.link("Garage 1 (left)") as link:
        assert await link.call("Heartbeat", {}) == {}
        assert site.links.get("garage 1 (LEFT)") is not None


async def test_a_charger_without_an_identity_is_known_by_its_user_name() -> None:
    async with running_gateway() as site, site.link(raw_path="/", user="CP-7", password="x"):
        assert site.links.get("CP-7") is not None


@pytest.mark.parametrize("path", ["/..", "/" + "x" * 49, "/a%00b"])
async def test_an_unusable_address_is_not_found(path: str) -> None:
    async with running_gateway() as site:
        with pytest.raises(ConnectRefusedError) as refused:
            await site.link(raw_path=path).open()

        assert refused.value.status == 404
        assert site.count("handshakes", outcome="bad_identity") == 1


BOOTS: dict[OcppVersion, dict[str, Any]] = {
    OcppVersion.V16: {
        "chargePointVendor": "V",
        "chargePointModel": "M",
        "chargePointSerialNumber": "SN-7",
    },
    OcppVersion.V201: {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "V", "model": "M", "serialNumber": "SN-7"},
    },
}


@pytest.mark.parametrize("version", [OcppVersion.V16, OcppVersion.V201])
async def test_a_charger_without_any_name_is_known_by_the_serial_number_of_its_boot(
    version: OcppVersion,
) -> None:
    async with running_gateway() as site, site.link(raw_path="/", version=version) as link:
        assert site.links.get("SN-7") is None
        await link.call("BootNotification", BOOTS[version])
        assert site.links.get("SN-7") is not None
        assert [action for action, _ in site.desk.received] == ["BootNotification"]
        assert await link.call("Heartbeat", {}) == {}


async def test_a_charger_that_never_says_who_it_is_is_let_go() -> None:
    async with running_gateway() as site, site.link(raw_path="/") as link:
        for _ in range(8):
            await link.send_raw('[2,"1","Heartbeat",{}]')
        await site.until(lambda: site.count("handshakes", outcome="no_identity") == 1)
        assert site.world.store.charge_points == {}


async def test_who_has_to_log_in_can_not_be_claimed_by_a_serial_number() -> None:
    async with running_gateway() as site:
        async with site.link("SN-7"):
            connection = site.links.get("SN-7")
            assert connection is not None
            connection.charge_point.security_profile = 1
        async with site.link(raw_path="/") as link:
            await link.send_raw(
                '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M",'
                '"chargePointSerialNumber":"SN-7"}]'
            )
            await site.until(lambda: site.count("handshakes", outcome="no_identity") == 1)
            assert site.links.get("SN-7") is None


async def test_an_unknown_charger_is_not_found_where_the_policy_says_so() -> None:
    async with running_gateway(unknown="reject") as site:
        answer = await raw(site, request("/STRANGER"))

        assert answer.startswith(b"HTTP/1.1 404")
        assert b"charge point 'STRANGER' is not known here" in answer


async def test_a_charger_that_offers_no_subprotocol_gets_none_and_speaks_16(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_gateway() as site:
        async with site.link(subprotocols=()) as link:
            assert link.subprotocol is None
            assert await link.call("Heartbeat", {}) == {}
        assert "CP-1 offers no subprotocol, taken for ocpp1.6" in caplog.text


async def test_the_subprotocol_is_answered_as_the_charger_spells_it() -> None:
    async with running_gateway() as site:
        answer = await raw(site, request(Sec_WebSocket_Protocol="OCPP1.6"))

        assert answer.startswith(b"HTTP/1.1 101")
        assert b"Sec-WebSocket-Protocol: OCPP1.6\r\n" in answer


async def test_a_version_nobody_speaks_is_agreed_on_by_nobody_and_closed_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running_gateway() as site:
        link = await site.link(subprotocols=("ocpp1.5",)).open()

        assert link.subprotocol is None
        assert await link.wait_closed() == 1002
        assert "no common OCPP version: offered ocpp1.5" in caplog.text
        assert site.count("handshakes", outcome="no_common_version") == 1
        assert site.world.store.charge_points == {}


async def test_a_pinned_version_decides() -> None:
    async with running_gateway() as site:
        await site.world.store.create("CP-1", RegistrationStatus.ACCEPTED, site.world.clock.now())
        site.world.store.charge_points["cp-1"].pinned_version = OcppVersion.V16

        async with site.link(subprotocols=("ocpp2.0.1", "ocpp1.6")) as link:
            assert link.subprotocol == "ocpp1.6"
        link = await site.link(subprotocols=("ocpp2.0.1",)).open()
        assert (link.subprotocol, await link.wait_closed()) == (None, 1002)


@pytest.mark.parametrize("connection", ["", "keep-alive", "close"])
async def test_a_missing_connection_header_is_forgiven(connection: str) -> None:
    async with running_gateway() as site:
        answer = await raw(site, request(Connection=connection))
        assert answer.startswith(b"HTTP/1.1 101")


async def test_a_browser_is_told_that_this_is_no_web_page_and_creates_nothing() -> None:
    async with running_gateway(unknown="pending") as site:
        answer = await raw(site, "GET /CP-1 HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 426")
        assert site.world.store.charge_points == {}


@pytest.mark.parametrize(
    "noise",
    [
        b"\r\n",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET ws://host:9000/CP-1 HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /CP-1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        b"GET /CP-1 HTTP/1.1\r\nBad Header\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"\xff" * 5000 + b"\n",
    ],
)
async def test_noise_on_the_port_is_harmless(noise: bytes) -> None:
    async with running_gateway() as site:
        await raw(site, noise + b"\n")
        async with site.link() as link:
            assert await link.call("Heartbeat", {}) == {}


async def test_noise_on_the_port_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running_gateway() as site:
        for _ in range(50):
            await raw(site, b"hello\r\n\r\n")

        await site.until(lambda: site.count("handshakes", outcome="bad_http") == 50)
        assert 1 <= len([line for line in caplog.messages if "refused" in line]) <= 5


async def test_a_frame_right_behind_the_handshake_is_not_lost() -> None:
    text = b'[2,"1","Heartbeat",{}]'
    frame = bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text
    for cut in (len(frame), 1, 3, 10):
        async with running_gateway() as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.gateway.port)
            writer.write(request().encode() + frame[:cut])
            await reader.readuntil(b"\r\n\r\n")
            writer.write(frame[cut:])
            async with asyncio.timeout(5):
                assert (await reader.read(100)).endswith(b'[3,"1",{}]')
            writer.close()


async def test_frames_in_pieces_are_put_together() -> None:
    text = b'[2,"1","Heartbeat",{}]'
    frame = bytes((0x81, 0x80 | len(text), 1, 2, 3, 4)) + bytes(
        byte ^ (1, 2, 3, 4)[index % 4] for index, byte in enumerate(text)
    )
    async with running_gateway() as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.gateway.port)
        writer.write(request().encode())
        await reader.readuntil(b"\r\n\r\n")
        for byte in frame * 2:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)
        answers = b""
        async with asyncio.timeout(5):
            while answers.count(b'[3,"1",{}]') < 2:
                answers += await reader.read(100)
        writer.close()


async def test_more_handshakes_than_allowed_are_held_back_not_refused() -> None:
    async with running_gateway(handshakes_per_second=20.0, handshakes_burst=2) as site:
        loop = asyncio.get_running_loop()
        began = loop.time()
        links = [site.link(f"CP-{number}") for number in range(6)]
        await asyncio.gather(*(link.open() for link in links))

        assert loop.time() - began >= 0.15
        await asyncio.gather(*(link.close() for link in links))


async def test_far_too_many_handshakes_are_told_to_come_back_later() -> None:
    async with running_gateway(handshakes_per_second=0.1, handshakes_burst=1) as site:
        async with site.link("CP-1"):
            answer = await raw(site, request("/CP-2"))

        assert answer.startswith(b"HTTP/1.1 429")
        assert b"Retry-After: 30\r\n" in answer


async def test_the_number_of_connections_has_a_limit() -> None:
    async with running_gateway(max_connections=1) as site:
        async with site.link("CP-1"):
            answer = await raw(site, request("/CP-2"))
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"1 charge points are connected already" in answer
        await site.until(lambda: site.count("disconnects", reason="closed_by_charger") == 1)
        async with site.link("CP-2") as link:
            assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize(
    "dialled",
    [
        request("/ocpp/CP 1"),
        request("/ocpp/CP 1").replace("\r\n", "\n"),
        "\r\n" + request("/ocpp/CP%201"),
        request("/ocpp/CP%201").replace("Host:", "Host :"),
        request("/ocpp/CP%201").replace("\r\n\r\n", "\r\nnonsense\r\n\r\n"),
        request("/ocpp/CP%201").replace("\r\n\r\n", "\r\nX-Model: a\r\n b\r\n\r\n"),
        request("/ocpp/CP%201").replace("\r\n\r\n", "\r\nUpgrade: websocket\r\n\r\n"),
        request("/ocpp/CP%201").replace("\r\n\r\n", f"\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"),
        request("/ocpp/CP%201", Sec_WebSocket_Version=""),
        request("/ocpp/CP%201", Host=""),
    ],
    ids=[
        *("a space", "line feeds alone", "a line before", "a space before the colon"),
        *(
            "no header",
            "a folded header",
            "Upgrade twice",
            "the key twice",
            "no version",
            "no host",
        ),
    ],
)
async def test_a_request_that_is_not_quite_right_is_understood(dialled: str) -> None:
    async with running_gateway() as site:
        answer = await raw(site, dialled)

        assert answer.startswith(b"HTTP/1.1 101 ")
        assert "cp 1" in site.world.store.charge_points


async def test_an_address_in_raw_letters_is_understood() -> None:
    async with running_gateway() as site:
        answer = await raw(site, request("/ocpp/Garage Nörd").encode())

        assert answer.startswith(b"HTTP/1.1 101 ")
        assert "garage nörd" in site.world.store.charge_points


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        ("ocpp1.6;ocpp1.5", b"ocpp1.6"),
        ("ocpp1.5 ocpp2.0.1", b"ocpp2.0.1"),
        ("OCPP 1.6", b"OCPP 1.6"),
        ("ocpp1.6.0", b"ocpp1.6.0"),
        ("ocpp", b"ocpp"),
    ],
)
async def test_versions_are_told_apart_however_they_are_written(offer: str, agreed: bytes) -> None:
    async with running_gateway() as site:
        answer = await raw(site, request(Sec_WebSocket_Protocol=offer))
        assert b"Sec-WebSocket-Protocol: " + agreed + b"\r\n" in answer
