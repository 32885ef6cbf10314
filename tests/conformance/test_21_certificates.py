"""OCPP 2.1, blocks A and M: requests with an id, and the standing of a whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from conformance.pki import Contracts, Request, mobility_operator
from conformance.stations import ACCEPTED, station_21
from fake_chargepoints.errors import CallError
from running import Running

EMAID = "DE8AACA2B3C4D5"


@pytest.fixture
async def contracts() -> AsyncIterator[Contracts]:
    async with mobility_operator() as running:
        yield running


def question(contracts: Contracts, source: str, url: str) -> dict[str, Any]:
    hashed = contracts.hashes_of(contracts.contract(EMAID))
    del hashed["responderURL"]
    return {"certificateHashData": hashed, "source": source, "urls": [url]}


@pytest.mark.parametrize(
    "use", ["ChargingStationCertificate", "V2GCertificate", "V2G20Certificate"]
)
async def test_a_certificate_comes_with_the_id_of_its_request(server: Running, use: str) -> None:
    async with station_21(server) as station:
        signed = station.expect("CertificateSigned")
        asked = {"csr": Request("CS-1").csr, "certificateType": use, "requestId": 17}
        await station.send("SignCertificate", asked, reply=ACCEPTED)
        sent = await signed.happened()
    assert (sent["requestId"], sent["certificateType"]) == (17, use)  # A02.FR.25


@pytest.mark.parametrize("source", ["OCSP", "CRL"])
@pytest.mark.parametrize("revoked", [False, True])
async def test_a_station_is_told_how_each_certificate_of_a_chain_stands(
    server: Running, contracts: Contracts, source: str, revoked: bool
) -> None:
    url = contracts.url if source == "OCSP" else contracts.url.replace("/ocsp", "/crl")
    asked = question(contracts, source, url)
    if revoked:
        contracts.revoked.add(int(asked["certificateHashData"]["serialNumber"], 16))
    async with station_21(server) as station:
        answer = await station.send(
            "GetCertificateChainStatus", {"certificateStatusRequests": [asked]}
        )
    (told,) = answer["certificateStatus"]
    assert told["certificateHashData"] == asked["certificateHashData"]
    assert (told["source"], told["status"]) == (source, "Revoked" if revoked else "Good")


@pytest.mark.parametrize("source", ["OCSP", "CRL"])
async def test_where_nobody_can_be_asked_the_answer_is_failed(
    server: Running, contracts: Contracts, source: str
) -> None:
    asked = question(contracts, source, "http://127.0.0.1:1/nothing")
    async with station_21(server) as station:
        answer = await station.send(
            "GetCertificateChainStatus", {"certificateStatusRequests": [asked]}
        )
    assert answer["certificateStatus"][0]["status"] == "Failed"  # M07.FR.02, M07.FR.05


async def test_a_question_about_no_certificate_is_refused(server: Running) -> None:
    async with station_21(server) as station:
        with pytest.raises(CallError, match="OccurrenceConstraintViolation"):
            await station.send("GetCertificateChainStatus", {"certificateStatusRequests": []})
