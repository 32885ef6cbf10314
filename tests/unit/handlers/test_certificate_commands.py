"""Certificates and network profiles in each version's words."""

from __future__ import annotations

from typing import Any

import pytest
from unit.handlers.v16.conversation import check as check_v16
from unit.handlers.v201.conversation import check as check_v201
from unit.world import NOON, make_world

from csms.errors import ConflictError, InvalidValueError, NotSupportedError
from csms.handlers.v16.certificates import read_installed as read_v16
from csms.handlers.v16.commands import translate as translate_v16
from csms.handlers.v201.certificates import read_installed as read_v201
from csms.handlers.v201.commands import translate as translate_v201
from csms.model import OcppVersion
from csms.services.certificates.installed import InstalledCertificate
from csms.services.certificates.words import (
    CertificateHash,
    CertificateUse,
    HashAlgorithm,
    SigningUse,
)
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    Command,
    DeleteCertificate,
    GetInstalledCertificates,
    InstallCertificate,
    SendSignedCertificate,
    SetNetworkProfile,
)

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
ROOT = CertificateHash(HashAlgorithm.SHA384, "AAbb", "cc", "0F01")
LOWER = CertificateHash(HashAlgorithm.SHA256, "11", "22", "33")
WRITTEN = {
    "hashAlgorithm": "SHA384",
    "issuerNameHash": "AAbb",
    "issuerKeyHash": "cc",
    "serialNumber": "0F01",
}
LOWER_WRITTEN = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "11",
    "issuerKeyHash": "22",
    "serialNumber": "33",
}
SHOWN = {
    "hash_algorithm": "SHA384",
    "issuer_name_hash": "AAbb",
    "issuer_key_hash": "cc",
    "serial_number": "0F01",
}
PROFILE = SetNetworkProfile(
    slot=1,
    url="wss://csms.example/ocpp",
    security_profile=2,
    interface="Wired0",
    message_timeout_s=30,
)

CSMS_ROOT, MANUFACTURER = CertificateUse.CSMS_ROOT, CertificateUse.MANUFACTURER_ROOT

IN_V16: list[tuple[Command, str, dict[str, Any]]] = [
    (SendSignedCertificate(PEM), "CertificateSigned", {"certificateChain": PEM}),
    (
        InstallCertificate(CSMS_ROOT, PEM),
        "InstallCertificate",
        {"certificateType": "CentralSystemRootCertificate", "certificate": PEM},
    ),
    (DeleteCertificate(ROOT), "DeleteCertificate", {"certificateHashData": WRITTEN}),
    (
        GetInstalledCertificates((MANUFACTURER,)),
        "GetInstalledCertificateIds",
        {"certificateType": "ManufacturerRootCertificate"},
    ),
]
IN_V201: list[tuple[Command, str, dict[str, Any]]] = [
    (SendSignedCertificate(PEM), "CertificateSigned", {"certificateChain": PEM}),
    (
        SendSignedCertificate(PEM, SigningUse.V2G),
        "CertificateSigned",
        {"certificateChain": PEM, "certificateType": "V2GCertificate"},
    ),
    (
        InstallCertificate(CertificateUse.MO_ROOT, PEM),
        "InstallCertificate",
        {"certificateType": "MORootCertificate", "certificate": PEM},
    ),
    (DeleteCertificate(ROOT), "DeleteCertificate", {"certificateHashData": WRITTEN}),
    (GetInstalledCertificates(), "GetInstalledCertificateIds", {}),
    (
        GetInstalledCertificates((CSMS_ROOT, MANUFACTURER)),
        "GetInstalledCertificateIds",
        {"certificateType": ["CSMSRootCertificate", "ManufacturerRootCertificate"]},
    ),
    (
        PROFILE,
        "SetNetworkProfile",
        {
            "configurationSlot": 1,
            "connectionData": {
                "ocppVersion": "OCPP20",
                "ocppTransport": "JSON",
                "ocppCsmsUrl": "wss://csms.example/ocpp",
                "messageTimeout": 30,
                "securityProfile": 2,
                "ocppInterface": "Wired0",
            },
        },
    ),
]


@pytest.fixture
async def charge_point() -> ChargePoint:
    return await make_world().connect("CP-1", OcppVersion.V201)


@pytest.mark.parametrize(("command", "action", "payload"), IN_V16)
async def test_a_certificate_command_in_16(
    charge_point: ChargePoint, command: Command, action: str, payload: dict[str, Any]
) -> None:
    said = translate_v16(charge_point, command)
    assert (said.action, said.payload) == (action, payload)
    check_v16(action, said.payload)


@pytest.mark.parametrize(("command", "action", "payload"), IN_V201)
async def test_a_certificate_command_in_201(
    charge_point: ChargePoint, command: Command, action: str, payload: dict[str, Any]
) -> None:
    said = translate_v201(charge_point, command)
    assert (said.action, said.payload) == (action, payload)
    assert list(said.payload) == list(payload)
    check_v201(f"{action}Request", said.payload)


@pytest.mark.parametrize(
    "command",
    [
        SendSignedCertificate(PEM, SigningUse.V2G),
        InstallCertificate(CertificateUse.V2G_ROOT, PEM),
        GetInstalledCertificates((CSMS_ROOT, MANUFACTURER)),
        PROFILE,
    ],
)
async def test_16_has_no_contracts_of_cars_and_no_network_profiles(
    charge_point: ChargePoint, command: Command
) -> None:
    with pytest.raises(NotSupportedError):
        translate_v16(charge_point, command)


async def test_what_is_no_certificate_is_not_sent(charge_point: ChargePoint) -> None:
    with pytest.raises(InvalidValueError, match="PEM"):
        translate_v201(charge_point, InstallCertificate(CSMS_ROOT, "MIIB"))


async def test_a_network_profile_with_less_security_is_not_sent(
    charge_point: ChargePoint,
) -> None:
    charge_point.security_profile = 3
    with pytest.raises(ConflictError, match="security profile 3"):
        translate_v201(charge_point, PROFILE)


async def test_what_is_installed_is_shown_as_the_charge_point_wrote_it(
    charge_point: ChargePoint,
) -> None:
    said = translate_v16(charge_point, GetInstalledCertificates((CSMS_ROOT,)))
    answer = said.read({"status": "Accepted", "certificateHashData": [WRITTEN]}, NOON)
    assert answer.results == [{"use": "CSMSRootCertificate", **SHOWN}]

    said = translate_v201(charge_point, GetInstalledCertificates())
    chain = {"certificateType": "V2GCertificateChain", "certificateHashData": WRITTEN}
    answer = said.read({"status": "Accepted", "certificateHashDataChain": [chain]}, NOON)
    assert answer.results == [{"use": "V2GCertificateChain", **SHOWN, "children": []}]


@pytest.mark.parametrize("translate", [translate_v16, translate_v201])
async def test_nothing_installed_is_an_answer_too(
    charge_point: ChargePoint, translate: Any
) -> None:
    said = translate(charge_point, GetInstalledCertificates((CSMS_ROOT,)))
    answer = said.read({"status": "NotFound"}, NOON)
    assert (answer.accepted, answer.results) == (True, [])


def test_a_chain_is_remembered_with_what_hangs_below() -> None:
    entry = {
        "certificateType": "V2GCertificateChain",
        "certificateHashData": WRITTEN,
        "childCertificateHashData": [LOWER_WRITTEN],
    }
    report = read_v201(
        "GetInstalledCertificateIds",
        {},
        {"status": "Accepted", "certificateHashDataChain": [entry]},
    )
    assert report is not None
    assert report.uses == ()
    assert report.certificates == (
        InstalledCertificate(CertificateUse.V2G_CHAIN, ROOT),
        InstalledCertificate(CertificateUse.V2G_CHAIN, LOWER, "0F01"),
    )


def test_a_use_of_which_nothing_is_left_is_remembered_as_empty() -> None:
    asked = {"certificateType": "CentralSystemRootCertificate"}
    report = read_v16("GetInstalledCertificateIds", asked, {"status": "NotFound"})
    assert report is not None
    assert (report.uses, report.certificates) == ((CSMS_ROOT,), ())
