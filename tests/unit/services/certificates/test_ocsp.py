"""What a responder's answer is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csms.services.certificates import ocsp
from csms.services.certificates.ocsp import OcspError
from csms.services.certificates.words import CertificateHash, HashAlgorithm

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass
class Party:
    """Somebody with a key and a certificate."""

    key: Key
    certificate: x509.Certificate


def party(
    name: str, issuer: Party | None = None, key: Key | None = None, *usages: x509.ObjectIdentifier
) -> Party:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return Party(key, builder.sign((issuer.key if issuer else key), hashes.SHA256()))


def answer_of(signer: Party, subject: Party, issuer: Party, **more: Any) -> bytes:
    builder = (
        x509_ocsp.OCSPResponseBuilder()
        .add_response(
            subject.certificate,
            issuer.certificate,
            hashes.SHA256(),
            x509_ocsp.OCSPCertStatus.GOOD,
            more.get("this_update", NOW - timedelta(hours=1)),
            more.get("next_update", NOW + timedelta(hours=1)),
            None,
            None,
        )
        .responder_id(x509_ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    )
    attached = more.get("attached", [])
    if attached:
        builder = builder.certificates([each.certificate for each in attached])
    response = builder.sign(signer.key, hashes.SHA256())
    return response.public_bytes(serialization.Encoding.DER)


ROOT = party("Root")
CAR = party("Contract", ROOT)
NAMED = ocsp.hash_of(CAR.certificate, ROOT.certificate)


def check(der: bytes, *known: Party, must_be_known: bool = False) -> None:
    answer = ocsp.read_answer(der, NAMED, NOW)
    certificates = [each.certificate for each in known]
    ocsp.check_signature(answer, NAMED, certificates, must_be_known=must_be_known)


def test_a_request_asks_for_what_was_named() -> None:
    request = x509_ocsp.load_der_ocsp_request(ocsp.request_for(NAMED))
    assert request.serial_number == CAR.certificate.serial_number
    assert request.issuer_key_hash.hex() == NAMED.issuer_key_hash


@pytest.mark.parametrize("kind", ["elliptic", "RSA"])
def test_the_issuer_may_answer(kind: str) -> None:
    root = (
        ROOT if kind == "elliptic" else party("Root", None, rsa.generate_private_key(65537, 2048))
    )
    car = party("Contract", root)
    named = ocsp.hash_of(car.certificate, root.certificate)
    answer = ocsp.read_answer(answer_of(root, car, root), named, NOW)
    ocsp.check_signature(answer, named, [root.certificate], must_be_known=True)


def test_whom_the_issuer_gave_the_right_to_may_answer() -> None:
    delegate = party("Responder", ROOT, None, ExtendedKeyUsageOID.OCSP_SIGNING)
    check(answer_of(delegate, CAR, ROOT, attached=[delegate]), ROOT, must_be_known=True)


@pytest.mark.parametrize("usage", [ExtendedKeyUsageOID.CLIENT_AUTH, None])
def test_another_certificate_of_the_issuer_may_not(usage: x509.ObjectIdentifier | None) -> None:
    other = party("Other car", ROOT, None, *([usage] if usage else []))
    with pytest.raises(OcspError, match="not signed by who issued"):
        check(answer_of(other, CAR, ROOT, attached=[other]), ROOT)


def test_a_stranger_with_the_right_name_may_not() -> None:
    stranger = party("Root")
    with pytest.raises(OcspError, match="nobody who is trusted"):
        check(answer_of(stranger, CAR, ROOT, attached=[stranger]), must_be_known=True)


def test_the_issuer_has_to_lead_to_a_root_that_is_trusted() -> None:
    der = answer_of(ROOT, CAR, ROOT, attached=[ROOT])
    check(der)
    with pytest.raises(OcspError, match="nobody who is trusted"):
        check(der, party("Another root"), must_be_known=True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"this_update": NOW + timedelta(hours=1)}, "future"),
        (
            {
                "this_update": NOW - timedelta(days=2),
                "next_update": NOW - timedelta(days=1),
            },
            "out of date",
        ),
    ],
)
def test_an_answer_has_to_be_of_today(more: dict[str, Any], why: str) -> None:
    with pytest.raises(OcspError, match=why):
        ocsp.read_answer(answer_of(ROOT, CAR, ROOT, **more), NAMED, NOW)


def test_an_answer_about_another_certificate_is_none() -> None:
    with pytest.raises(OcspError, match="another certificate"):
        ocsp.read_answer(answer_of(ROOT, party("Other car", ROOT), ROOT), NAMED, NOW)


@pytest.mark.parametrize("der", [b"", b"<html>", b"\x30\x03\x0a\x01\x06"])
def test_what_is_no_successful_answer_is_none(der: bytes) -> None:
    with pytest.raises(OcspError):
        ocsp.read_answer(der, NAMED, NOW)


@pytest.mark.parametrize("digits", ["a1", "", "zz"])
def test_hashes_that_are_none_are_not_asked_for(digits: str) -> None:
    wrong = CertificateHash(HashAlgorithm.SHA256, digits, NAMED.issuer_key_hash, "01")
    with pytest.raises(OcspError, match="can't be used"):
        ocsp.request_for(wrong)
