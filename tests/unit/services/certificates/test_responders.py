"""Which OCSP responders are asked: a charge point can't send the server just anywhere."""

from __future__ import annotations

import socket

import pytest
from aiohttp import web

from csms.services.certificates.ocsp import OcspError
from csms.services.certificates.responders import (
    MAX_ANSWER_BYTES,
    HttpResponders,
    PrivateResponders,
)

PUBLIC = "8.8.8.8"
LAN = "192.168.1.20"
HERE = "127.0.0.1"


async def refusal(url: str, charger: str | None, private: PrivateResponders) -> str:
    with pytest.raises(OcspError) as refused:
        await HttpResponders(private, timeout_s=0.3).ask(url, b"request", charger)
    return str(refused.value)


@pytest.mark.parametrize(
    ("address", "charger"),
    [
        ("127.0.0.1", PUBLIC),
        ("127.0.0.1", LAN),
        ("10.1.2.3", PUBLIC),
        ("192.168.1.1", None),
        ("[::1]", PUBLIC),
        ("[::ffff:127.0.0.1]", PUBLIC),
        ("[fd00::1]", PUBLIC),
        ("169.254.169.254", HERE),
        ("[fe80::1]", LAN),
        ("224.0.0.1", LAN),
        ("0.0.0.0", HERE),
        ("localhost", PUBLIC),
        ("100.64.0.1", LAN),
    ],
)
async def test_an_address_that_the_charge_point_could_not_reach_itself_is_not_asked(
    address: str, charger: str | None
) -> None:
    why = await refusal(f"http://{address}:9/", charger, "same-network")
    assert "is not allowed" in why


@pytest.mark.parametrize("charger", [HERE, LAN])
async def test_private_addresses_can_be_ruled_out_for_all(charger: str) -> None:
    assert "is not allowed" in await refusal("http://127.0.0.1:9/", charger, "never")


@pytest.mark.parametrize("address", ["169.254.169.254", "224.0.0.1", "0.0.0.0"])
async def test_some_addresses_are_never_asked(address: str) -> None:
    assert "is not allowed" in await refusal(f"http://{address}/", LAN, "always")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "gopher://8.8.8.8:70/",
        "http://",
        "http://user:secret@8.8.8.8/",
        "http://8.8.8.8:99999/",
        "http://2130706433/",
        "http://[8.8.8.8/",
        "http://8.8.8.8/" + "a" * 2100,
        "",
    ],
)
async def test_only_plain_web_addresses_are_asked(url: str) -> None:
    assert "address" in await refusal(url, HERE, "always")


class Responder:
    """A web server that answers whatever a test wants."""

    def __init__(self, answer: bytes = b"", status: int = 200, location: str | None = None) -> None:
        self._answer, self._status, self._location = answer, status, location
        self.asked: list[bytes] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> str:
        application = web.Application()
        application.router.add_post("/", self._handle)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, HERE, 0).start()
        return f"http://localhost:{self._runner.addresses[0][1]}/"

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        self.asked.append(await request.read())
        headers = {"Location": self._location} if self._location else {}
        return web.Response(body=self._answer, status=self._status, headers=headers)


async def test_a_responder_on_the_same_machine_answers_a_charge_point_on_it() -> None:
    responder = Responder(b"answer")
    async with responder as url:
        assert await HttpResponders().ask(url, b"request", HERE) == b"answer"
    assert responder.asked == [b"request"]


async def test_nobody_is_sent_on_to_somewhere_else() -> None:
    hidden = Responder(b"secret")
    async with hidden as url, Responder(status=307, location=url) as first:
        assert "307" in await refusal(first, HERE, "same-network")
    assert hidden.asked == []


async def test_an_answer_without_end_is_cut_off() -> None:
    async with Responder(b"a" * (MAX_ANSWER_BYTES + 1)) as url:
        assert "bytes" in await refusal(url, HERE, "same-network")


async def test_a_responder_that_keeps_silent_is_given_up() -> None:
    with socket.socket() as listening:
        listening.bind((HERE, 0))
        listening.listen()
        url = f"http://{HERE}:{listening.getsockname()[1]}/"
        assert "does not answer" in await refusal(url, HERE, "same-network")


async def test_a_responder_that_is_not_there_is_told() -> None:
    with socket.socket() as free:
        free.bind((HERE, 0))
        url = f"http://{HERE}:{free.getsockname()[1]}/"
    assert "can't be reached" in await refusal(url, HERE, "same-network")
