"""OCPP 2.0.1, blocks C07 and M: contracts of cars, and responders that are really asked."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conformance.pki import Contracts, mobility_operator
from conformance.stations import ACCEPTED, Session, station_201, token
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from running import Running, running_app

from csms.services.certificates.contract_pool import ContractPoolError, ContractRequest

EMAID = "DE8AACA2B3C4D5"
GOOD = {"idTokenInfo": ACCEPTED, "certificateStatus": "Accepted"}


@pytest.fixture
async def contracts() -> AsyncIterator[Contracts]:
    async with mobility_operator() as running:
        yield running


@pytest.fixture
async def rooted(database_url: str, tmp_path: Path, contracts: Contracts) -> AsyncIterator[Running]:
    """A server that knows the mobility operator's root."""
    file = tmp_path / "roots.pem"
    file.write_bytes(contracts.root_pem)
    async with running_app(database_url, tmp_path, contract_roots=file) as running:
        yield running


def told(status: str, contract: str) -> dict[str, Any]:
    return {"idTokenInfo": {"status": status}, "certificateStatus": contract}


async def test_tc_c_50_a_contract_that_is_good_may_charge(
    server: Running, contracts: Contracts
) -> None:
    await server.add_token(EMAID, type="eMAID")
    contract = contracts.contract(EMAID)
    async with station_201(server) as station:
        request = {
            "idToken": token(EMAID, "eMAID"),
            "iso15118CertificateHashData": [contracts.hashes_of(contract)],
        }
        await station.send("Authorize", request, reply=GOOD)
        assert contracts.asked == [contract.serial_number]
        session = Session(station)
        shown = {"idToken": token(EMAID, "eMAID"), "reply": {"idTokenInfo": ACCEPTED}}
        await session.tell("Started", "Authorized", **shown)


async def test_tc_c_51_a_contract_that_was_revoked_may_not(
    server: Running, contracts: Contracts
) -> None:
    await server.add_token(EMAID, type="eMAID")
    contract = contracts.contract(EMAID)
    contracts.revoked.add(contract.serial_number)
    async with station_201(server) as station:
        request = {
            "idToken": token(EMAID, "eMAID"),
            "iso15118CertificateHashData": [contracts.hashes_of(contract)],
        }
        await station.send("Authorize", request, reply=told("Invalid", "CertificateRevoked"))


async def test_tc_c_52_a_chain_that_the_station_could_not_judge_is_judged_here(
    rooted: Running, contracts: Contracts
) -> None:
    await rooted.add_token(EMAID, type="eMAID")
    contract = contracts.contract(EMAID)
    async with station_201(rooted) as station:
        request = {"idToken": token(EMAID, "eMAID"), "certificate": contracts.chain(contract)}
        await station.send("Authorize", request, reply=GOOD)
        assert contracts.asked == [contract.serial_number]
        session = Session(station)
        shown = {"idToken": token(EMAID, "eMAID"), "reply": {"idTokenInfo": ACCEPTED}}
        await session.tell("Started", "Authorized", **shown)


async def test_the_answer_of_a_responder_is_remembered(
    server: Running, contracts: Contracts
) -> None:
    await server.add_token(EMAID, type="eMAID")
    hashes = contracts.hashes_of(contracts.contract(EMAID), "SHA384")
    request = {"idToken": token(EMAID, "eMAID"), "iso15118CertificateHashData": [hashes]}
    async with station_201(server) as station:
        for _ in range(3):
            await station.send("Authorize", request, reply=GOOD)
    assert len(contracts.asked) == 1


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid"])
async def test_c07_fr_13_a_good_certificate_of_a_contract_that_is_over_is_cancelled(
    server: Running, contracts: Contracts, status: str
) -> None:
    await server.add_token(EMAID, type="eMAID", status=status)
    hashes = contracts.hashes_of(contracts.contract(EMAID))
    request = {"idToken": token(EMAID, "eMAID"), "iso15118CertificateHashData": [hashes]}
    async with station_201(server) as station:
        await station.send("Authorize", request, reply=told(status, "ContractCancelled"))


@pytest.mark.parametrize("trouble", ["silent", "status", "forged"])
async def test_c07_fr_17_a_responder_that_gives_no_true_answer_proves_nothing(
    server: Running, contracts: Contracts, trouble: str
) -> None:
    await server.add_token(EMAID, type="eMAID")
    contracts.silent = trouble == "silent"
    contracts.status = 302 if trouble == "status" else 200
    contracts.sign_with = ec.generate_private_key(ec.SECP256R1()) if trouble == "forged" else None
    hashes = contracts.hashes_of(contracts.contract(EMAID))
    request = {"idToken": token(EMAID, "eMAID"), "iso15118CertificateHashData": [hashes]}
    async with station_201(server) as station:
        await station.send("Authorize", request, reply=told("Invalid", "CertChainError"))


@pytest.mark.parametrize(
    ("made", "status", "contract"),
    [
        ({"days": -1}, "Expired", "CertificateExpired"),  # C07.FR.15
        ({"responder": False}, "Invalid", "CertChainError"),
        ({"emaid": "DE8AAOTHER0001"}, "Invalid", "CertChainError"),
    ],
    ids=["expired", "no responder", "another's"],
)
async def test_a_chain_that_proves_no_valid_contract_is_refused(
    rooted: Running, contracts: Contracts, made: dict[str, Any], status: str, contract: str
) -> None:
    await rooted.add_token(EMAID, type="eMAID")
    certificate = contracts.contract(**{"emaid": EMAID, **made})
    async with station_201(rooted) as station:
        request = {"idToken": token(EMAID, "eMAID"), "certificate": contracts.chain(certificate)}
        await station.send("Authorize", request, reply=told(status, contract))


async def test_a_chain_of_a_stranger_is_refused(rooted: Running) -> None:
    await rooted.add_token(EMAID, type="eMAID")
    async with mobility_operator() as stranger, station_201(rooted) as station:
        chain = stranger.chain(stranger.contract(EMAID))
        request = {"idToken": token(EMAID, "eMAID"), "certificate": chain}
        await station.send("Authorize", request, reply=told("Invalid", "CertChainError"))
        assert stranger.asked == []


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_tc_m_24_the_status_of_a_certificate_is_fetched(
    server: Running, contracts: Contracts, algorithm: str
) -> None:
    contract = contracts.contract("SECC-1")
    async with station_201(server) as station:
        request = {"ocspRequestData": contracts.hashes_of(contract, algorithm)}
        answer = await station.send("GetCertificateStatus", request, reply=ACCEPTED)
    der = base64.b64decode(answer["ocspResult"], validate=True)
    response = ocsp.load_der_ocsp_response(der)
    assert response.serial_number == contract.serial_number
    assert response.certificate_status is ocsp.OCSPCertStatus.GOOD


async def test_m06_fr_04_a_status_that_cannot_be_fetched_is_failed(
    server: Running, contracts: Contracts
) -> None:
    contracts.silent = True
    async with station_201(server) as station:
        request = {"ocspRequestData": contracts.hashes_of(contracts.contract("SECC-1"))}
        answer = await station.send("GetCertificateStatus", request, reply={"status": "Failed"})
    assert "503" in answer["statusInfo"]["additionalInfo"]


async def test_private_responders_can_be_ruled_out(
    database_url: str, tmp_path: Path, contracts: Contracts
) -> None:
    async with (
        running_app(database_url, tmp_path, private_ocsp_responders="never") as server,
        station_201(server) as station,
    ):
        request = {"ocspRequestData": contracts.hashes_of(contracts.contract("SECC-1"))}
        await station.send("GetCertificateStatus", request, reply={"status": "Failed"})
    assert contracts.asked == []


@dataclass
class Pool:
    """A pool of contract certificates."""

    asked: list[ContractRequest] = field(default_factory=list)
    empty: bool = False

    async def answer(self, request: ContractRequest) -> str:
        self.asked.append(request)
        if self.empty:
            raise ContractPoolError("no contract is ready for this car")
        return base64.b64encode(b"exi for the car").decode()


@pytest.mark.parametrize("action", ["Install", "Update"])  # TC_M_26, TC_M_28
async def test_tc_m_26_a_car_gets_its_contract_certificate_from_the_pool(
    database_url: str, tmp_path: Path, action: str
) -> None:
    pool = Pool()
    request = {
        "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef",
        "action": action,
        "exiRequest": base64.b64encode(b"exi of the car").decode(),
    }
    reply = {"status": "Accepted", "exiResponse": base64.b64encode(b"exi for the car").decode()}
    async with (
        running_app(database_url, tmp_path, contract_pool=pool) as server,
        station_201(server) as station,
    ):
        await station.send("Get15118EVCertificate", request, reply=reply)
        pool.empty = True
        failed = {"status": "Failed", "exiResponse": ""}
        await station.send("Get15118EVCertificate", request, reply=failed)
    assert [each.action for each in pool.asked] == [action, action]
    assert pool.asked[0].exi_request == request["exiRequest"]
