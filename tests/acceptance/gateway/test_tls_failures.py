"""A charger that fails at TLS leaves a line that says why and where it came from."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme
import uvloop
from gateway_world import Site, running_gateway

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass(frozen=True)
class Keys:
    settings: dict[str, Any]
    authority: trustme.CA

    def charger(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    file = directory / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(file)
    authority.cert_pem.write_to_path(directory / "ca.pem")
    settings = {"ocpp_tls_port": 0, "ocpp_tls_certificate": file, "ocpp_tls_key": file}
    return Keys(settings | {"ocpp_tls_client_ca": directory / "ca.pem"}, authority)


def of_a_foreign_authority(keys: Keys) -> ssl.SSLContext:
    context = keys.charger()
    trustme.CA().issue_cert("CP-1").configure_cert(context)
    return context


def expired(keys: Keys) -> ssl.SSLContext:
    context = keys.charger()
    long_ago = datetime.now(UTC) - timedelta(days=9)
    keys.authority.issue_cert(
        "CP-1", not_before=long_ago, not_after=long_ago + timedelta(days=1)
    ).configure_cert(context)
    return context


def too_old(keys: Keys) -> ssl.SSLContext:
    context = keys.charger()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def without_a_common_cipher(keys: Keys) -> ssl.SSLContext:
    context = keys.charger()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA256")
    return context


def that_knows_no_authority(_keys: Keys) -> ssl.SSLContext:
    return ssl.create_default_context()


def without_tls(_keys: Keys) -> None:
    return None


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("charger", "why"),
    [
        (of_a_foreign_authority, "certificate verify failed: unable to get local issuer"),
        (expired, "certificate verify failed: certificate has expired"),
        (too_old, "unsupported protocol"),
        (without_a_common_cipher, "no shared cipher"),
        (that_knows_no_authority, "alert unknown ca"),
        (without_tls, "http request"),
    ],
)
def test_why_tls_failed_and_for_whom_is_logged_and_counted(
    charger: Callable[[Keys], ssl.SSLContext | None],
    why: str,
    loop: str,
    keys: Keys,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def knock() -> str:
        async with served(keys) as site:
            address = await asyncio.to_thread(request, site, charger(keys))
            await site.until(lambda: site.count("handshakes", outcome="tls") == 1)
        return address

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        address = runner.run(knock())
    assert re.search(f"refused 'a TLS handshake' from {address}: .*{why}", caplog.text)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_charger_that_goes_in_the_middle_of_the_handshake_is_told_of(
    loop: str, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    async def knock() -> None:
        async with served(keys) as site:
            outgoing = ssl.MemoryBIO()
            tls = keys.charger().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
            with pytest.raises(ssl.SSLWantReadError):
                tls.do_handshake()
            reader, writer = await connected(site)
            writer.write(outgoing.read())
            await reader.read(1)
            writer.close()
            await site.until(lambda: site.count("handshakes", outcome="tls") == 1)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(knock())
    assert "it gave up during the handshake" in caplog.text


@pytest.mark.parametrize("loop", LOOPS)
def test_a_connection_that_only_looks_whether_somebody_is_there_is_counted_in_silence(
    loop: str, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    async def knock() -> None:
        async with served(keys) as site:
            _, writer = await connected(site)
            writer.close()
            await site.until(lambda: site.count("handshakes", outcome="abandoned") == 1)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(knock())
    assert "TLS" not in caplog.text


@pytest.mark.parametrize("loop", LOOPS)
def test_many_chargers_get_in_with_tls_at_once(loop: str, keys: Keys) -> None:
    async def knock() -> None:
        async with served(keys) as site:
            url = f"wss://localhost:{site.gateway.tls_port}"
            links = [site.link(f"CP-{n}", url=url, tls=keys.charger()) for n in range(20)]
            await asyncio.gather(*(link.open() for link in links))
            answers = await asyncio.gather(*(link.call("Heartbeat", {}) for link in links))
            assert answers == [{}] * 20
            await asyncio.gather(*(link.close() for link in links))

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(knock())


@asynccontextmanager
async def served(keys: Keys) -> AsyncIterator[Site]:
    async with running_gateway(tls=keys.settings) as site:
        yield site


async def connected(site: Site) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", site.gateway.tls_port)


def request(site: Site, tls: ssl.SSLContext | None) -> str:
    """Ask for something as a charger would; return the address it was asked from.

    By a plain socket: asyncio keeps the alerts that TLS would send to itself.
    """
    with socket.create_connection(("127.0.0.1", site.gateway.tls_port or 0), 10) as charger:
        address, port = charger.getsockname()
        with contextlib.suppress(OSError):  # refused, as it should be
            spoken = tls.wrap_socket(charger, server_hostname="localhost") if tls else charger
            spoken.sendall(b"GET /CP-1 HTTP/1.1\r\n\r\n")
            spoken.recv(1)
            spoken.close()
    return f"{address}:{port}"
