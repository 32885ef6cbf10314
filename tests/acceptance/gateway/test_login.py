"""Security profiles: nobody gets in with less than what the operator demands."""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from fake_chargepoints.errors import ConnectRefusedError
from gateway_world import Site, running_gateway

from csms.errors import InvalidValueError
from csms.model import OcppVersion, RegistrationStatus
from csms.services.passwords import hash_password

PASSWORD = "a-long-random-password"
KEY_HEX = "4f43415f4f4354545f61646d696e5f7465737400"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files as an operator would configure them, and contexts as chargers use them."""

    settings: dict[str, Any]
    authority: trustme.CA
    strangers: trustme.CA

    def client(self, *names: str, issuer: trustme.CA | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if names:
            (issuer or self.authority).issue_cert(*names, common_name=names[0]).configure_cert(
                context
            )
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    directory = tmp_path_factory.mktemp("tls")
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    settings: dict[str, Any] = {"ocpp_tls_port": 0}
    for prefix, kind in (("", trustme.KeyType.ECDSA), ("second_", trustme.KeyType.RSA)):
        server = authority.issue_cert("localhost", "127.0.0.1", key_type=kind)
        certificate, key = directory / f"{prefix}cert.pem", directory / f"{prefix}key.pem"
        certificate.write_bytes(b"".join(blob.bytes() for blob in server.cert_chain_pems))
        server.private_key_pem.write_to_path(key)
        settings |= {f"ocpp_tls_{prefix}certificate": certificate, f"ocpp_tls_{prefix}key": key}
    authority.cert_pem.write_to_path(directory / "ca.pem")
    settings["ocpp_tls_client_ca"] = directory / "ca.pem"
    return Certificates(settings, authority, trustme.CA())


@asynccontextmanager
async def site_with(
    profile: int,
    *,
    password: str | None = PASSWORD,
    certificates: Certificates | None = None,
) -> AsyncIterator[Site]:
    """A gateway that knows CP-1 with this security profile and password."""
    async with running_gateway(tls=certificates.settings if certificates else None) as site:
        now = site.world.clock.now()
        await site.world.store.create("CP-1", RegistrationStatus.ACCEPTED, now)
        site.world.store.charge_points["cp-1"].security_profile = profile
        if password is not None:
            site.passwords.hashes["cp-1"] = hash_password(password)
        yield site


def tls_url(site: Site) -> str:
    return f"wss://localhost:{site.gateway.tls_port}"


async def refused_status(site: Site, **options: Any) -> int | None:
    with pytest.raises(ConnectRefusedError) as refused:
        await site.link(**options).open()
    return refused.value.status


async def test_without_a_demand_no_password_is_needed_and_a_wrong_one_is_ignored() -> None:
    async with site_with(0) as site, site.link(password="whatever") as link:
        assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize("user", ["CP-1", "cp-1", "other"])
async def test_the_right_password_opens_the_door(user: str) -> None:
    async with site_with(1) as site, site.link(user=user, password=PASSWORD) as link:
        assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize("version", [OcppVersion.V16, OcppVersion.V201])
async def test_a_user_name_that_the_operator_entered_is_right_and_counted_as_a_repair(
    version: OcppVersion,
) -> None:
    async with site_with(1) as site:
        site.world.store.charge_points["cp-1"].user_name = "SERIAL-7"
        for user in ("serial-7", "CP-1"):
            async with site.link(user=user, password=PASSWORD, version=version) as link:
                assert await link.call("Heartbeat", {}) == {}
        assert site.count("repairs", repair="user_name", vendor="unknown") == 1
        for user, password in (("other", PASSWORD), ("SERIAL-7", "wrong")):
            assert await refused_status(site, user=user, password=password, version=version) == 401


async def test_a_right_password_under_another_name_is_told_once_and_without_the_password() -> None:
    async with site_with(1) as site:
        for _ in range(2):
            login = {"user": "SERIAL-7", "password": PASSWORD, "version": OcppVersion.V201}
            assert await refused_status(site, **login) == 401
        (told,) = site.world.store.notifications
    assert (told.kind, told.data) == ("user_name_refused", {"user_name": "SERIAL-7"})


@pytest.mark.parametrize("password", [PASSWORD, "with:colons:in-the-password"])
async def test_an_identity_with_colons_is_told_from_its_password(password: str) -> None:
    mac = "20:69:C0:21"
    async with running_gateway() as site:
        await site.world.store.create(mac, RegistrationStatus.ACCEPTED, site.world.clock.now())
        site.world.store.charge_points[mac.casefold()].security_profile = 1
        site.passwords.hashes[mac.casefold()] = hash_password(password)

        assert await refused_status(site, identity=mac, password="wrong:" + password) == 401
        async with site.link(mac, password=password) as link:
            assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize("password", [KEY_HEX, KEY_HEX.upper(), bytes.fromhex(KEY_HEX)])
async def test_an_authorization_key_is_right_in_both_forms(password: str | bytes) -> None:
    async with site_with(1, password=KEY_HEX) as site, site.link(password=password) as link:
        assert await link.call("Heartbeat", {}) == {}


@pytest.mark.parametrize("password", [None, "", "wrong", PASSWORD.upper(), b"\xff\x00\xfe"])
async def test_a_missing_or_wrong_password_is_unauthorized(password: str | bytes | None) -> None:
    async with site_with(1) as site:
        assert await refused_status(site, password=password) == 401


async def test_a_charge_point_without_a_password_cannot_log_in() -> None:
    async with site_with(1, password=None) as site:
        assert await refused_status(site, password=PASSWORD) == 401


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Basic Q1AtMQ==", "Bearer abc", ""])
async def test_an_unreadable_login_is_unauthorized(header: str) -> None:
    async with site_with(1) as site:
        assert await refused_status(site, headers={"Authorization": header}) == 401


TOKEN = base64.b64encode(f"CP-1:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    "header",
    [
        f"basic   {TOKEN}",
        f"Basic {TOKEN.rstrip('=')}",
        f"Basic {TOKEN[:8]} {TOKEN[8:]}",
        TOKEN,
        f"Basic CP-1:{PASSWORD}",
        "Basic " + base64.urlsafe_b64encode(f"CP-1:{PASSWORD}\n".encode()).decode(),
    ],
    ids=["spaces", "no padding", "in pieces", "no scheme", "plain text", "a line's end"],
)
async def test_the_right_password_opens_the_door_however_it_is_wrapped(header: str) -> None:
    async with site_with(1) as site, site.link(headers={"Authorization": header}) as link:
        assert await link.call("Heartbeat", {}) == {}


async def test_the_refusal_asks_for_a_login_and_never_shows_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with site_with(1) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.gateway.port)
        token = base64.b64encode(b"CP-1:s3cret-guess").decode()
        writer.write(
            "GET /CP-1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Basic {token}\r\n\r\n".encode()
        )
        answer = await reader.read(4096)
        writer.close()

        assert b'WWW-Authenticate: Basic realm="charge points"' in answer
        assert b"s3cret" not in answer
        assert "s3cret" not in caplog.text
        assert token not in caplog.text


async def test_a_changed_password_counts_at_once() -> None:
    async with site_with(1) as site:
        async with site.link(password=PASSWORD):
            pass
        site.passwords.hashes["cp-1"] = hash_password("another-password")

        assert await refused_status(site, password=PASSWORD) == 401


@pytest.mark.parametrize("profile", [2, 3])
async def test_a_profile_with_tls_is_refused_without(
    profile: int, certificates: Certificates
) -> None:
    async with site_with(profile, certificates=certificates) as site:
        assert await refused_status(site, password=PASSWORD) == 403


@pytest.mark.parametrize("profile", [0, 1, 2])
async def test_more_security_than_demanded_is_welcome(
    profile: int, certificates: Certificates
) -> None:
    async with (
        site_with(profile, certificates=certificates) as site,
        site.link(url=tls_url(site), password=PASSWORD, tls=certificates.client()) as link,
    ):
        assert await link.call("Heartbeat", {}) == {}


async def test_tls_does_not_replace_the_password(certificates: Certificates) -> None:
    async with site_with(2, certificates=certificates) as site:
        options = {"url": tls_url(site), "tls": certificates.client()}
        assert await refused_status(site, password="wrong", **options) == 401


@pytest.mark.parametrize("names", [("CP-1",), ("cp-1",), ("serial-9", "CP-1")])
async def test_a_client_certificate_with_the_identity_opens_the_door(
    names: tuple[str, ...], certificates: Certificates
) -> None:
    async with (
        site_with(3, certificates=certificates) as site,
        site.link(url=tls_url(site), tls=certificates.client(*names)) as link,
    ):
        assert await link.call("Heartbeat", {}) == {}


async def test_a_certificate_for_another_charge_point_is_forbidden(
    certificates: Certificates,
) -> None:
    async with site_with(3, certificates=certificates) as site:
        options = {"url": tls_url(site), "tls": certificates.client("CP-2")}
        assert await refused_status(site, **options) == 403


async def test_a_password_does_not_replace_the_certificate(certificates: Certificates) -> None:
    async with site_with(3, certificates=certificates) as site:
        options = {"url": tls_url(site), "tls": certificates.client()}
        assert await refused_status(site, password=PASSWORD, **options) == 403


async def test_a_certificate_of_a_stranger_is_not_even_talked_to(
    certificates: Certificates,
) -> None:
    async with site_with(3, certificates=certificates) as site:
        context = certificates.client("CP-1", issuer=certificates.strangers)
        assert await refused_status(site, url=tls_url(site), tls=context) is None


async def test_a_charger_with_weak_ciphers_only_is_not_talked_to(
    certificates: Certificates,
) -> None:
    async with site_with(0, certificates=certificates) as site:
        context = certificates.client()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-SHA256")
        assert await refused_status(site, url=tls_url(site), tls=context) is None


async def test_tls_without_a_proof_raises_nothing_or_strangers_could_lock_a_charger_out(
    certificates: Certificates,
) -> None:
    async with site_with(0, certificates=certificates) as site:
        context = certificates.client()
        async with site.link(url=tls_url(site), tls=context, password="guessed-at") as link:
            await link.call("Heartbeat", {})
        async with site.link() as link:
            assert await link.call("Heartbeat", {}) == {}
        assert site.world.store.charge_points["cp-1"].security_profile == 0


@pytest.mark.parametrize("kind", ["ECDSA", "RSA"])
async def test_chargers_of_both_key_types_are_served(kind: str, certificates: Certificates) -> None:
    async with site_with(0, certificates=certificates) as site:
        context = certificates.client()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"ECDHE-{kind}-AES128-GCM-SHA256")
        async with site.link(url=tls_url(site), tls=context) as link:
            assert await link.call("Heartbeat", {}) == {}


async def test_an_unusable_certificate_is_named_at_start(tmp_path: Path) -> None:
    broken = tmp_path / "cert.pem"
    broken.write_text("nothing")
    settings = {"ocpp_tls_port": 0, "ocpp_tls_certificate": broken, "ocpp_tls_key": broken}
    with pytest.raises(InvalidValueError, match="CSMS_OCPP_TLS_CERTIFICATE"):
        async with running_gateway(tls=settings):
            pass


@pytest.mark.parametrize(("begins", "ends", "says"), [(-2, -1, "expired on"), (1, 2, "not valid")])
async def test_a_server_certificate_that_does_not_hold_now_is_warned_of_at_start(
    begins: int, ends: int, says: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now, day = datetime.now(UTC), timedelta(days=1)
    server = trustme.CA().issue_cert(
        "localhost", not_before=now + begins * day, not_after=now + ends * day
    )
    file = tmp_path / "server.pem"
    server.private_key_and_cert_chain_pem.write_to_path(file)
    settings = {"ocpp_tls_port": 0, "ocpp_tls_certificate": file, "ocpp_tls_key": file}
    async with running_gateway(tls=settings):
        assert re.search(f"CSMS_OCPP_TLS_CERTIFICATE: {file}: .*{says}", caplog.text)
