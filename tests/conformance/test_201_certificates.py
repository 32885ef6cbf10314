"""OCPP 2.0.1, blocks A and M: certificates asked for, signed, installed, listed and removed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conformance.pki import Request, rsa_request
from conformance.stations import ACCEPTED, station_201
from cryptography import x509
from fake_chargepoints.script import ScriptedChargePoint
from running import V201_BOOT, Running

ROOT = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ==\n-----END CERTIFICATE-----\n"
HASHED = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a1" * 32,
    "issuerKeyHash": "b2" * 32,
    "serialNumber": "0c3d",
}
USES = ["CSMSRootCertificate", "ManufacturerRootCertificate", "V2GRootCertificate"]
MO_ROOT = "MORootCertificate"
CHAIN = "V2GCertificateChain"


async def trigger(server: Running, station: ScriptedChargePoint, message: str) -> None:
    """TriggerMessage, as the operator orders it."""
    station.expect("TriggerMessage", ACCEPTED, check={"requestedMessage": message})
    answer = await server.post("/charge-points/CS-1/trigger", {"message": message})
    assert answer["accepted"]


async def sign(
    station: ScriptedChargePoint, request: Request, use: str | None, answer: dict[str, Any]
) -> dict[str, Any]:
    """SignCertificate, and the CertificateSigned that follows its answer."""
    signed = station.expect("CertificateSigned", answer)
    asked = {"csr": request.csr} | ({"certificateType": use} if use else {})
    await station.send("SignCertificate", asked, reply=ACCEPTED)
    return await signed.happened()


async def issued(server: Running, status: str) -> dict[str, Any]:
    """The only certificate that was signed, once its fate is known."""
    page = await server.eventually(
        "/certificates?charge_point_id=CS-1", lambda body: body["items"][0]["status"] == status
    )
    (item,) = page["items"]
    return dict(item)


def of(chain: str) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain.encode())[0]


@pytest.mark.parametrize(
    ("message", "use"),
    [
        ("SignChargingStationCertificate", "ChargingStationCertificate"),  # TC_A_11
        ("SignV2GCertificate", "V2GCertificate"),  # TC_A_12
        ("SignCombinedCertificate", None),  # TC_A_13
    ],
)
async def test_tc_a_11_a_certificate_is_renewed_by_request_of_the_csms(
    server: Running, message: str, use: str | None
) -> None:
    request = Request("CS-1")
    async with station_201(server) as station:
        await trigger(server, station, message)
        told = await sign(station, request, use, ACCEPTED)
    assert told.get("certificateType") == use
    certificate = of(told["certificateChain"])
    assert certificate.public_key() == request.key.public_key()
    assert certificate.serial_number > 0
    assert certificate.subject == x509.load_pem_x509_csr(request.csr.encode()).subject
    roots = (await server.get("/certificate-authority"))["certificates"]
    assert any(_issued_by(certificate, root) for root in roots)
    assert (await issued(server, "accepted"))["use"] == use


def _issued_by(certificate: x509.Certificate, root: str) -> bool:
    issuer = of(root)
    if issuer.subject != certificate.issuer:
        return False
    certificate.verify_directly_issued_by(issuer)
    return True


async def test_tc_a_11_a_request_without_a_type_is_that_of_the_trigger(server: Running) -> None:
    async with station_201(server) as station:
        await trigger(server, station, "SignChargingStationCertificate")
        told = await sign(station, Request("CS-1"), None, ACCEPTED)
    assert told["certificateType"] == "ChargingStationCertificate"


async def test_tc_a_11_rsa_keys_get_a_chain_of_rsa_alone(server: Running) -> None:
    async with station_201(server) as station:
        told = await sign(station, rsa_request("CS-1"), "ChargingStationCertificate", ACCEPTED)
    assert "RSA" in of(told["certificateChain"]).issuer.rfc4514_string()


async def test_tc_a_14_a_certificate_that_the_station_rejects_is_noted(server: Running) -> None:
    async with station_201(server) as station:
        await trigger(server, station, "SignChargingStationCertificate")
        rejected = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCertificate"}}
        await sign(station, Request("CS-1"), "ChargingStationCertificate", rejected)
        await issued(server, "rejected")
        (note,) = (await server.get("/charge-points/CS-1/notifications?kind=certificate_signed"))[
            "items"
        ]
    assert note["severity"] == "warning"
    assert "InvalidCertificate" in note["summary"]


async def test_the_same_request_sent_again_gets_the_same_certificate(server: Running) -> None:
    """A02.FR.17: a station that heard nothing asks again."""
    request = Request("CS-1")
    async with station_201(server) as station:
        first = await sign(station, request, None, ACCEPTED)
        second = await sign(station, request, None, ACCEPTED)
    assert first["certificateChain"] == second["certificateChain"]
    await issued(server, "accepted")


@pytest.mark.parametrize(
    "csr",
    [
        "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n",
        rsa_request("CS-1", 1024).csr,
        Request("CS-2").csr,
    ],
    ids=["unreadable", "weak key", "another's name"],
)
async def test_a02_fr_12_what_nobody_should_sign_is_rejected(server: Running, csr: str) -> None:
    await server.accept("CS-2")
    async with station_201(server) as station:
        rejected = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidCSR"}}
        await station.send("SignCertificate", {"csr": csr}, reply=rejected)
    assert (await server.get("/certificates"))["items"] == []


async def test_a_pending_station_that_nobody_asked_gets_no_certificate(server: Running) -> None:
    await server.put("/charge-points/CS-1", {"registration_status": "pending"})
    async with server.charge_point("CS-1", "ocpp2.0.1") as station:
        await station.send("BootNotification", V201_BOOT, reply={"status": "Pending"})
        asked = {"csr": Request("CS-1").csr}
        await station.send_refused("SignCertificate", asked, code="SecurityError")
    assert (await server.get("/certificates"))["items"] == []


async def test_the_certificate_follows_the_answer(server: Running) -> None:
    async with station_201(server) as station:
        await sign(station, Request("CS-1"), None, ACCEPTED)
        await issued(server, "accepted")
        entries = [type(entry.frame).__name__ for entry in station.link.journal]
    assert entries[-4:] == ["Call", "Result", "Call", "Result"]


@pytest.mark.parametrize("use", [*USES, MO_ROOT])  # TC_M_01 to TC_M_04
async def test_tc_m_01_a_root_is_installed(server: Running, use: str) -> None:
    async with station_201(server) as station:
        order = {"certificateType": use, "certificate": ROOT}
        station.expect("InstallCertificate", ACCEPTED, check=order)
        body = {"use": use, "certificate": ROOT}
        answer = await server.post("/charge-points/CS-1/install-certificate", body)
    assert (answer["status"], answer["accepted"]) == ("Accepted", True)


@pytest.mark.parametrize("status", ["Failed", "Rejected"])  # TC_M_05
async def test_tc_m_05_a_root_that_is_not_installed_is_told(server: Running, status: str) -> None:
    async with station_201(server) as station:
        station.expect("InstallCertificate", {"status": status})
        body = {"use": "CSMSRootCertificate", "certificate": ROOT}
        answer = await server.post("/charge-points/CS-1/install-certificate", body)
    assert (answer["status"], answer["accepted"]) == (status, False)


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize(
    "uses",
    [*([use] for use in (*USES, CHAIN, MO_ROOT)), USES[:2], []],  # TC_M_12 to TC_M_18
    ids=lambda uses: "+".join(uses) or "all",
)
async def test_tc_m_12_installed_certificates_are_listed(
    server: Running, uses: list[str], algorithm: str
) -> None:
    told = HASHED | {"hashAlgorithm": algorithm}
    listed = [{"certificateType": use, "certificateHashData": told} for use in uses or USES]

    def asks_for_these(payload: dict[str, Any]) -> bool:
        return payload == ({"certificateType": uses} if uses else {})

    async with station_201(server) as station:
        answer = {"status": "Accepted", "certificateHashDataChain": listed}
        station.expect("GetInstalledCertificateIds", answer, check=asks_for_these)
        query = "&".join(f"use={use}" for use in uses)
        shown = await server.get(f"/charge-points/CS-1/installed-certificates?{query}")
    assert [each["use"] for each in shown["results"]] == (uses or USES)
    assert {each["hash_algorithm"] for each in shown["results"]} == {algorithm}
    known = await server.get("/charge-points/CS-1/known-certificates")
    assert {each["use"] for each in known["items"]} == set(uses or USES)


async def test_tc_m_19_nothing_installed_is_told_and_remembered(server: Running) -> None:
    use = "ManufacturerRootCertificate"
    query = f"/charge-points/CS-1/installed-certificates?use={use}"
    entry = {"certificateType": use, "certificateHashData": HASHED}
    async with station_201(server) as station:
        answer = {"status": "Accepted", "certificateHashDataChain": [entry]}
        station.expect("GetInstalledCertificateIds", answer)
        await server.get(query)
        station.expect("GetInstalledCertificateIds", {"status": "NotFound"})
        shown = await server.get(query)
    assert (shown["status"], shown["results"]) == ("NotFound", [])
    assert (await server.get("/charge-points/CS-1/known-certificates"))["items"] == []


@pytest.mark.parametrize("status", ["Accepted", "Failed", "NotFound"])  # TC_M_20, TC_M_21
@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_tc_m_20_a_certificate_is_removed_by_the_hashes_that_were_told(
    server: Running, algorithm: str, status: str
) -> None:
    told = HASHED | {"hashAlgorithm": algorithm}
    entry = {"certificateType": "CSMSRootCertificate", "certificateHashData": told}
    async with station_201(server) as station:
        listed = {"status": "Accepted", "certificateHashDataChain": [entry]}
        station.expect("GetInstalledCertificateIds", listed)
        shown = await server.get("/charge-points/CS-1/installed-certificates")
        (found,) = shown["results"]
        body = {key: found[key] for key in found if key not in ("use", "children")}
        station.expect("DeleteCertificate", {"status": status}, check={"certificateHashData": told})
        answer = await server.post("/charge-points/CS-1/delete-certificate", body)
    assert (answer["status"], answer["accepted"]) == (status, status == "Accepted")


async def test_a_certificate_that_cannot_be_delivered_is_tried_again(server: Running) -> None:
    """The first CertificateSigned gets no answer; the station asks again and is served."""
    request = Request("CS-1")
    async with station_201(server) as station:
        lost = station.expect("CertificateSigned", instead="close")
        await station.send("SignCertificate", {"csr": request.csr}, reply=ACCEPTED)
        await asyncio.wait_for(lost.done.wait(), 10)
    async with station_201(server) as station:
        told = await sign(station, request, None, ACCEPTED)
    assert of(told["certificateChain"]).public_key() == request.key.public_key()
    await issued(server, "accepted")
