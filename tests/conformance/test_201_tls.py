"""OCPP 2.0.1, block A: TLS on both sides, who a certificate stands for, and no way back down."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from conformance.pki import Request, Tls, rsa_request, tls_files
from conformance.stations import ACCEPTED, notifications
from fake_chargepoints.errors import ConnectRefusedError
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running, running_app

MODEL = {"model": "Model", "vendorName": "Vendor"}
PASSWORD = "a-long-random-password"
DEMANDED_CIPHERS = {
    "ECDHE-ECDSA-AES128-GCM-SHA256": "ECDSA",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "ECDSA",
    "AES128-GCM-SHA256": "RSA",
    "AES256-GCM-SHA384": "RSA",
}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def secure(database_url: str, tmp_path: Path, tls: Tls) -> AsyncIterator[Running]:
    """A server with a TLS port that trusts an authority for charge points."""
    async with running_app(database_url, tmp_path, **tls.settings) as running:
        yield running


def station_of(server: Running, context: ssl.SSLContext, **options: Any) -> ScriptedChargePoint:
    url = f"wss://localhost:{server.app.ocpp_tls_port}/ocpp"
    link = LinkOptions(url, "CS-1", subprotocols=("ocpp2.0.1",), tls=context, **options)
    return ScriptedChargePoint(link)


async def boots(station: ScriptedChargePoint, **more: Any) -> None:
    async with station:
        boot = {"reason": "PowerUp", "chargingStation": {**MODEL, **more}}
        await station.send("BootNotification", boot, reply=ACCEPTED)


async def refused(station: ScriptedChargePoint) -> int | None:
    """The HTTP status, None where TLS itself said no."""
    with pytest.raises(ConnectRefusedError) as error:
        await station.link.open()
    return error.value.status


@pytest.mark.parametrize("cipher", DEMANDED_CIPHERS)
async def test_tc_a_04_every_cipher_suite_that_is_demanded_is_served(
    secure: Running, tls: Tls, cipher: str
) -> None:
    await secure.accept("CS-1", security_profile=2, password=PASSWORD)
    await boots(station_of(secure, tls.client(cipher), password=PASSWORD))


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-RSA-AES128-SHA256", "DES-CBC3-SHA"])
async def test_a00_fr_322_weak_cipher_suites_are_not(
    secure: Running, tls: Tls, cipher: str
) -> None:
    try:
        context = tls.client(cipher)
    except ssl.SSLError:  # this OpenSSL does not know it any more
        context = tls.client("AES128-SHA256")
    assert await refused(station_of(secure, context)) is None


async def test_tc_a_06_tls_below_1_2_is_not_talked_to(secure: Running, tls: Tls) -> None:
    await secure.accept("CS-1", security_profile=2, password=PASSWORD)
    old = tls.client()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    assert await refused(station_of(secure, old, password=PASSWORD)) is None
    await boots(station_of(secure, tls.client(), password=PASSWORD))


async def test_tc_a_02_another_user_name_with_the_right_password_is_refused(
    server: Running,
) -> None:
    await server.accept("CS-1", security_profile=1, password=PASSWORD)
    other = server.charge_point("CS-1", "ocpp2.0.1", password=PASSWORD, user="CS-1Invalid")
    assert await refused(other) == 401
    (told,) = await notifications(server, "user_name_refused")
    assert told["data"] == {"user_name": "CS-1Invalid"}


@pytest.mark.parametrize("name", ["CS-1", "SERIAL-7"])
async def test_tc_a_07_a_certificate_that_names_identity_or_serial_number_lets_in(
    secure: Running, tls: Tls, name: str
) -> None:
    await secure.accept("CS-1")
    await boots(secure.charge_point("CS-1", "ocpp2.0.1"), serialNumber="SERIAL-7")
    await secure.accept("CS-1", security_profile=3)
    await boots(station_of(secure, tls.showing(name)))


@pytest.mark.parametrize("kind", ["unknown", "expired", "another's", "none"])
async def test_tc_a_08_a_certificate_that_proves_nothing_does_not(
    secure: Running, tls: Tls, kind: str
) -> None:
    await secure.accept("CS-1", security_profile=3)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    shown: dict[str, Callable[[], ssl.SSLContext]] = {
        "unknown": lambda: tls.showing("CS-1", ca=trustme.CA()),
        "expired": lambda: tls.showing("CS-1", not_after=yesterday),
        "another's": lambda: tls.showing("SERIAL-8"),
        "none": tls.client,
    }
    status = await refused(station_of(secure, shown[kind]()))
    in_tls = kind in ("unknown", "expired")
    assert status == (None if in_tls else 403)
    notes = await secure.get("/charge-points/CS-1/notifications?kind=security_event")
    kinds = [note["data"]["type"] for note in notes["items"]]
    assert kinds == ([] if in_tls else ["InvalidChargingStationCertificate"])  # A00.FR.408
    await boots(station_of(secure, tls.showing("CS-1")))


@pytest.mark.parametrize(("operator", "status"), [("Operator", None), ("Somebody else", 403)])
async def test_a00_fr_404_a_certificate_has_to_name_the_operator(
    database_url: str, tmp_path: Path, tls: Tls, operator: str, status: int | None
) -> None:
    settings = {**tls.settings, "operator_name": "Operator"}
    async with running_app(database_url, tmp_path, **settings) as server:
        await server.accept("CS-1", security_profile=3)
        station = station_of(server, tls.showing("CS-1", organization_name=operator))
        if status is None:
            await boots(station)
        else:
            assert await refused(station) == status


@pytest.mark.parametrize("kind", ["elliptic", "RSA"])
async def test_tc_a_11_the_certificate_that_was_signed_here_opens_the_door_at_once(
    database_url: str, tmp_path: Path, kind: str
) -> None:
    """No authority for charge points is set: the built-in one is trusted from its first use."""
    own = tls_files(tmp_path, client_ca=False)
    request = Request("CS-1") if kind == "elliptic" else rsa_request("CS-1")
    async with running_app(database_url, tmp_path, **own.settings) as server:
        await server.accept("CS-1", security_profile=2, password=PASSWORD)
        async with station_of(server, own.client(), password=PASSWORD) as station:
            await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
            signed = station.expect("CertificateSigned", ACCEPTED)
            await station.send("SignCertificate", {"csr": request.csr}, reply=ACCEPTED)
            chain = (await signed.happened())["certificateChain"]
        await server.accept("CS-1", security_profile=3)
        await boots(station_of(server, request.use_in(own.client(), chain)))
        (item,) = (await server.get("/certificates"))["items"]
        await server.post(f"/certificates/{item['id']}/revoke")
        again = station_of(server, request.use_in(own.client(), chain))
        assert await refused(again) == 403


async def test_a_certificate_signed_for_one_station_is_no_good_for_another(
    database_url: str, tmp_path: Path
) -> None:
    own = tls_files(tmp_path, client_ca=False)
    request = Request("SOME-SERIAL")
    async with running_app(database_url, tmp_path, **own.settings) as server:
        async with server.charge_point("OTHER", "ocpp2.0.1") as station:
            await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
            signed = station.expect("CertificateSigned", ACCEPTED)
            await station.send("SignCertificate", {"csr": request.csr}, reply=ACCEPTED)
            chain = (await signed.happened())["certificateChain"]
        await boots(server.charge_point("CS-1", "ocpp2.0.1"), serialNumber="SOME-SERIAL")
        await server.accept("CS-1", security_profile=3)
        thief = station_of(server, request.use_in(own.client(), chain))
        assert await refused(thief) == 403


async def upgrade(server: Running, station: ScriptedChargePoint, profile: int) -> None:
    """The orders of TC_A_19: the network profile, its priority, and a restart."""
    url = f"wss://localhost:{server.app.ocpp_tls_port}/ocpp"
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": url,
        "messageTimeout": 30,
        "securityProfile": profile,
        "ocppInterface": "Wired0",
    }
    order = {"configurationSlot": 2, "connectionData": data}
    station.expect("SetNetworkProfile", ACCEPTED, check=order)
    body = {"slot": 2, "url": url, "security_profile": profile}
    assert (await server.post("/charge-points/CS-1/network-profile", body))["accepted"]
    name = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "NetworkConfigurationPriority"},
    }
    answer = {"setVariableResult": [{**name, "attributeStatus": "Accepted"}]}
    priority = {"setVariableData": [{**name, "attributeValue": "2,1"}]}
    station.expect("SetVariables", answer, check=priority)
    variable = {"component": "OCPPCommCtrlr", "variable": "NetworkConfigurationPriority"}
    await server.put("/charge-points/CS-1/configuration", {**variable, "value": "2,1"})
    station.expect("Reset", ACCEPTED)
    await server.post("/charge-points/CS-1/reset")


async def test_tc_a_19_from_profile_1_to_2_and_never_back(secure: Running, tls: Tls) -> None:
    await secure.accept("CS-1", security_profile=1, password=PASSWORD)
    async with secure.charge_point("CS-1", "ocpp2.0.1", password=PASSWORD) as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        await upgrade(secure, station, 2)
    await boots(station_of(secure, tls.client(), password=PASSWORD))
    assert await refused(secure.charge_point("CS-1", "ocpp2.0.1", password=PASSWORD)) == 403
    assert (await secure.get("/charge-points/CS-1"))["security_profile"] == 2


async def test_tc_a_19_from_profile_2_to_3_and_never_back(secure: Running, tls: Tls) -> None:
    await secure.accept("CS-1", security_profile=2, password=PASSWORD)
    async with station_of(secure, tls.client(), password=PASSWORD) as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        await upgrade(secure, station, 3)
    await boots(station_of(secure, tls.showing("CS-1")))  # with profile 3 there is no password
    assert await refused(station_of(secure, tls.client(), password=PASSWORD)) == 403
    assert (await secure.get("/charge-points/CS-1"))["security_profile"] == 3


async def test_a_certificate_of_somebody_else_is_no_password(secure: Running, tls: Tls) -> None:
    await secure.accept("CS-1", security_profile=2, password=PASSWORD)
    assert await refused(station_of(secure, tls.showing("CS-2"))) == 401
    wrong = station_of(secure, tls.showing("CS-1"), password="not-the-right-one")
    assert await refused(wrong) == 401


@pytest.mark.parametrize(("profile", "status"), [(0, 401), (1, None)])
async def test_a_certificate_stands_in_for_the_password_if_who_asked_for_it_knew_that(
    database_url: str, tmp_path: Path, profile: int, status: int | None
) -> None:
    own = tls_files(tmp_path, client_ca=False)
    request = Request("CS-1")
    async with running_app(database_url, tmp_path, **own.settings) as server:
        await server.accept("CS-1", security_profile=profile, password=PASSWORD)
        async with server.charge_point("CS-1", "ocpp2.0.1", password=PASSWORD) as station:
            await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
            signed = station.expect("CertificateSigned", ACCEPTED)
            await station.send("SignCertificate", {"csr": request.csr}, reply=ACCEPTED)
            chain = (await signed.happened())["certificateChain"]
        await server.accept("CS-1", security_profile=2)
        shown = station_of(server, request.use_in(own.client(), chain))
        if status is None:
            await boots(shown)
        else:
            assert await refused(shown) == status


async def test_the_operator_can_lower_what_was_proved(secure: Running, tls: Tls) -> None:
    await secure.accept("CS-1", security_profile=1, password=PASSWORD)
    await boots(station_of(secure, tls.client(), password=PASSWORD))
    await secure.accept("CS-1", security_profile=1)
    await boots(secure.charge_point("CS-1", "ocpp2.0.1", password=PASSWORD))


async def test_a_network_profile_with_less_security_is_refused(secure: Running, tls: Tls) -> None:
    await secure.accept("CS-1", security_profile=2, password=PASSWORD)
    async with station_of(secure, tls.client(), password=PASSWORD) as station:
        await station.send("BootNotification", V201_BOOT, reply=ACCEPTED)
        body = {"slot": 1, "url": "ws://localhost/ocpp", "security_profile": 1}
        await secure.post("/charge-points/CS-1/network-profile", body, status=409)


async def test_what_was_proved_counts_whatever_the_operator_changed_shortly_before(
    secure: Running, tls: Tls
) -> None:
    await secure.accept("CS-1", security_profile=1, password=PASSWORD)
    await secure.accept("CS-1", name="Garage")
    await boots(station_of(secure, tls.client(), password=PASSWORD))
    assert await refused(secure.charge_point("CS-1", "ocpp2.0.1", password=PASSWORD)) == 403
