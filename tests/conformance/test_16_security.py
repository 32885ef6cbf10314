"""OCPP 1.6, the security extension: certificates, TLS, security events and profiles."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conformance.pki import Request, Tls, tls_files
from conformance.stations import ACCEPTED, station_16
from cryptography import x509
from fake_chargepoints.errors import ConnectRefusedError
from fake_chargepoints.link import LinkOptions
from fake_chargepoints.script import ScriptedChargePoint
from running import V16_BOOT, Running, running_app

PASSWORD = "0123456789abcdef0123456789abcdef01234567"
ROOT = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ==\n-----END CERTIFICATE-----\n"
HASHED = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a1" * 32,
    "issuerKeyHash": "b2" * 32,
    "serialNumber": "0c3d",
}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def secure(database_url: str, tmp_path: Path, tls: Tls) -> AsyncIterator[Running]:
    async with running_app(database_url, tmp_path, **tls.settings) as running:
        yield running


def station_of(server: Running, context: ssl.SSLContext, **options: Any) -> ScriptedChargePoint:
    url = f"wss://localhost:{server.app.ocpp_tls_port}/ocpp"
    return ScriptedChargePoint(LinkOptions(url, "CP-1", tls=context, **options))


async def boots(station: ScriptedChargePoint) -> None:
    async with station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)


async def refused(station: ScriptedChargePoint) -> int | None:
    with pytest.raises(ConnectRefusedError) as error:
        await station.link.open()
    return error.value.status


@pytest.mark.parametrize("taken", [True, False])
async def test_tc_074_update_charge_point_certificate_by_request_of_central_system(
    server: Running, taken: bool
) -> None:
    request = Request("CP-1")
    async with station_16(server) as station:
        order = {"requestedMessage": "SignChargePointCertificate"}
        station.expect("ExtendedTriggerMessage", ACCEPTED, check=order)
        await server.post("/charge-points/CP-1/trigger", {"message": "SignCertificate"})
        answer = {"status": "Accepted" if taken else "Rejected"}
        signed = station.expect("CertificateSigned", answer)
        await station.send("SignCertificate", {"csr": request.csr}, reply=ACCEPTED)
        told = await signed.happened()
        assert list(told) == ["certificateChain"]
        path = "/certificates?charge_point_id=CP-1"
        status = "accepted" if taken else "rejected"
        await server.eventually(path, lambda body: body["items"][0]["status"] == status)
    certificate = x509.load_pem_x509_certificate(told["certificateChain"].encode())
    assert certificate.public_key() == request.key.public_key()


@pytest.mark.parametrize(
    ("use", "name"),
    [
        ("ManufacturerRootCertificate", "ManufacturerRootCertificate"),  # TC_075_1
        ("CSMSRootCertificate", "CentralSystemRootCertificate"),  # TC_075_2
    ],
)
@pytest.mark.parametrize("status", ["Accepted", "Failed", "Rejected"])
async def test_tc_075_install_a_certificate_on_the_charge_point(
    server: Running, use: str, name: str, status: str
) -> None:
    async with station_16(server) as station:
        order = {"certificateType": name, "certificate": ROOT}
        station.expect("InstallCertificate", {"status": status}, check=order)
        body = {"use": use, "certificate": ROOT}
        answer = await server.post("/charge-points/CP-1/install-certificate", body)
    assert (answer["status"], answer["accepted"]) == (status, status == "Accepted")


@pytest.mark.parametrize("status", ["Accepted", "Failed", "NotFound"])
async def test_tc_076_delete_a_specific_certificate_from_the_charge_point(
    server: Running, status: str
) -> None:
    installed: dict[str, dict[str, Any]] = {
        "CentralSystemRootCertificate": {"status": "NotFound"},
        "ManufacturerRootCertificate": {"status": "Accepted", "certificateHashData": [HASHED]},
    }
    async with station_16(server) as station:
        for name, listed in installed.items():
            asked = {"certificateType": name}
            station.expect("GetInstalledCertificateIds", listed, check=asked)
        shown = await server.get("/charge-points/CP-1/installed-certificates")
        (found,) = shown["results"]
        assert found.pop("use") == "ManufacturerRootCertificate"
        order = {"certificateHashData": HASHED}
        station.expect("DeleteCertificate", {"status": status}, check=order)
        answer = await server.post("/charge-points/CP-1/delete-certificate", found)
    assert (answer["status"], answer["accepted"]) == (status, status == "Accepted")
    known = await server.get("/charge-points/CP-1/known-certificates")
    assert [each["serial_number"] for each in known["items"]] == ["0c3d"]


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("InvalidChargePointCertificate", "warning"),  # TC_077
        ("InvalidCentralSystemCertificate", "warning"),  # TC_078
        ("TamperDetectionActivated", "critical"),
    ],
)
async def test_tc_077_a_security_event_is_kept_with_its_weight(
    server: Running, kind: str, severity: str
) -> None:
    async with station_16(server) as station:
        event = {"type": kind, "timestamp": "2026-01-01T00:00:00Z", "techInfo": "why"}
        await station.send("SecurityEventNotification", event, reply={})
    path = "/charge-points/CP-1/notifications?kind=security_event"
    (note,) = (await server.get(path))["items"]
    assert (note["data"]["type"], note["severity"]) == (kind, severity)


async def test_tc_083_upgrade_charge_point_security_profile(secure: Running, tls: Tls) -> None:
    await secure.accept("CP-1", security_profile=1, password=PASSWORD)
    async with secure.charge_point("CP-1", password=PASSWORD) as station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        order = {"key": "SecurityProfile", "value": "2"}
        station.expect("ChangeConfiguration", ACCEPTED, check=order)
        body = {"variable": "SecurityProfile", "value": "2"}
        await secure.put("/charge-points/CP-1/configuration", body)
    await boots(station_of(secure, tls.client(), password=PASSWORD))
    assert await refused(secure.charge_point("CP-1", password=PASSWORD)) == 403


async def test_tc_083_up_to_a_certificate_and_no_password(secure: Running, tls: Tls) -> None:
    await secure.accept("CP-1", security_profile=2, password=PASSWORD)
    async with station_of(secure, tls.client(), password=PASSWORD) as station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        station.expect("ChangeConfiguration", ACCEPTED)
        body = {"variable": "SecurityProfile", "value": "3"}
        await secure.put("/charge-points/CP-1/configuration", body)
    await boots(station_of(secure, tls.showing("CP-1")))
    assert await refused(station_of(secure, tls.client(), password=PASSWORD)) == 403


async def test_no_order_leads_down_to_less_security(secure: Running, tls: Tls) -> None:
    await secure.accept("CP-1", security_profile=2, password=PASSWORD)
    async with station_of(secure, tls.client(), password=PASSWORD) as station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        body = {"variable": "SecurityProfile", "value": "1"}
        answer = await secure.api("PUT", "/charge-points/CP-1/configuration", body)
    assert answer.status == 409


async def test_tc_084_an_upgrade_that_the_charge_point_rejects_changes_nothing(
    secure: Running,
) -> None:
    await secure.accept("CP-1", security_profile=1, password=PASSWORD)
    async with secure.charge_point("CP-1", password=PASSWORD) as station:
        await station.send("BootNotification", V16_BOOT, reply=ACCEPTED)
        station.expect("ChangeConfiguration", {"status": "Rejected"})
        body = {"variable": "SecurityProfile", "value": "2"}
        await secure.put("/charge-points/CP-1/configuration", body)
    await boots(secure.charge_point("CP-1", password=PASSWORD))


@pytest.mark.parametrize("password", [PASSWORD, bytes.fromhex(PASSWORD)])
async def test_tc_085_basic_authentication(server: Running, password: str | bytes) -> None:
    await server.accept("CP-1", security_profile=1, password=PASSWORD)
    await boots(server.charge_point("CP-1", password=password))
    assert await refused(server.charge_point("CP-1", password="not-the-right-one")) == 401


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-GCM-SHA256", "AES256-GCM-SHA384"])
async def test_tc_086_tls_with_a_server_side_certificate(
    secure: Running, tls: Tls, cipher: str
) -> None:
    await secure.accept("CP-1", security_profile=2, password=PASSWORD)
    await boots(station_of(secure, tls.client(cipher), password=PASSWORD))


async def test_tc_087_tls_with_a_client_side_certificate(secure: Running, tls: Tls) -> None:
    await secure.accept("CP-1", security_profile=3)
    await boots(station_of(secure, tls.showing("CP-1")))
    assert await refused(station_of(secure, tls.showing("CP-2"))) == 403


@pytest.mark.parametrize("offered", [("ocpp1.6",), ("ocpp0.1", "ocpp1.6")])
async def test_tc_088_websocket_subprotocol_validation(
    server: Running, offered: tuple[str, ...]
) -> None:
    async with ScriptedChargePoint(
        LinkOptions(server.url, "CP-1", subprotocols=offered)
    ) as station:
        assert station.link.subprotocol == "ocpp1.6"
    stranger = ScriptedChargePoint(LinkOptions(server.url, "CP-1", subprotocols=("ocpp0.1",)))
    link = await stranger.link.open()
    assert (link.subprotocol, await link.wait_closed()) == (None, 1002)  # OCPP-J, 3.1.2
