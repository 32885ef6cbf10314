"""OCSP (RFC 6960): what is asked of a responder, and what its answer is worth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from csms.errors import CsmsError
from csms.services.certificates.words import CertificateHash, HashAlgorithm, name_digest

CLOCK_SKEW: Final = timedelta(minutes=5)

_HASHES: Final[dict[HashAlgorithm, hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}


class OcspError(CsmsError):
    """A certificate's status could not be found out; says why."""


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A responder's answer about one certificate."""

    der: bytes
    status: ocsp.OCSPCertStatus
    next_update: datetime | None


def request_for(certificate: CertificateHash) -> bytes:
    """Return the request (DER). Raises OcspError for hashes that are none."""
    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
            bytes.fromhex(certificate.issuer_name_hash),
            bytes.fromhex(certificate.issuer_key_hash),
            int(certificate.serial_number, 16),
            _HASHES[certificate.hash_algorithm],
        )
        return builder.build().public_bytes(serialization.Encoding.DER)
    except ValueError as error:
        raise OcspError(f"the certificate's hashes can't be used: {error}") from None


def read_answer(der: bytes, certificate: CertificateHash, now: datetime) -> OcspAnswer:
    """Read a response (DER) about this certificate.

    Raises OcspError: unreadable, not successful, about another one, or not of today.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise OcspError(f"the responder answers {response.response_status.name}")
        single = next((each for each in response.responses if _is_about(each, certificate)), None)
        if single is None:
            raise OcspError("the responder's answer is about another certificate")
        status, next_update = single.certificate_status, single.next_update_utc
        this_update = single.this_update_utc
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OcspError(f"the responder's answer can't be read: {error}") from None
    if this_update > now + CLOCK_SKEW:
        raise OcspError("the responder's answer is of the future")
    if next_update is not None and next_update < now - CLOCK_SKEW:
        raise OcspError("the responder's answer is out of date")
    return OcspAnswer(der, status, next_update)


def check_signature(
    answer: OcspAnswer,
    certificate: CertificateHash,
    known: Sequence[x509.Certificate],
    *,
    must_be_known: bool,
) -> None:
    """See that the issuer of the certificate, or whom it delegated this to, signed the answer.

    The issuer is looked for in what came with the answer, where the hash of its key tells it, and
    among the `known` ones. Where it is nowhere, the signature can't be judged: with
    `must_be_known` that raises OcspError, as a wrong signature always does.
    """
    response = ocsp.load_der_ocsp_response(answer.der)
    issuers = [
        each
        for each in (*response.certificates, *known)
        if issuer_hashes(each, certificate.hash_algorithm)
        == (certificate.issuer_name_hash.casefold(), certificate.issuer_key_hash.casefold())
    ]
    if must_be_known:
        issuers = [each for each in issuers if leads_to(each, response.certificates, known)]
    signers = [*issuers, *_delegates(response.certificates, issuers)]
    if any(_signed_by(response, each) for each in signers):
        return
    if issuers:
        raise OcspError("the responder's answer is not signed by who issued the certificate")
    if must_be_known:
        raise OcspError("nobody who is trusted issued the certificate")


def issuer_hashes(issuer: x509.Certificate, algorithm: HashAlgorithm) -> tuple[str, str]:
    """Return the hashes of an issuer's name and key, as OCPP and OCSP write them."""

    name = name_digest(algorithm, issuer.subject.public_bytes())
    return name, name_digest(algorithm, _key_bits(issuer))


def hash_of(certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateHash:
    """Return what names a certificate, by SHA-256."""
    name, key = issuer_hashes(issuer, HashAlgorithm.SHA256)
    return CertificateHash(HashAlgorithm.SHA256, name, key, f"{certificate.serial_number:x}")


def leads_to(
    certificate: x509.Certificate,
    between: Iterable[x509.Certificate],
    roots: Sequence[x509.Certificate],
) -> bool:
    """Whether a certificate is one of the roots, or issued by one, also by way of others."""
    others = list(between)
    here: list[x509.Certificate] = [certificate]
    for _ in range(len(others) + 1):
        if any(each in roots or any(_issued(each, root) for root in roots) for each in here):
            return True
        here = [upper for each in here for upper in others if _issued(each, upper)]
    return False


def _is_about(single: ocsp.OCSPSingleResponse, certificate: CertificateHash) -> bool:
    if single.serial_number != int(certificate.serial_number, 16):
        return False
    if single.hash_algorithm.name != _HASHES[certificate.hash_algorithm].name:
        return True  # it names the issuer in its own way; the signature tells whether it may
    return (
        single.issuer_name_hash.hex() == certificate.issuer_name_hash.casefold()
        and single.issuer_key_hash.hex() == certificate.issuer_key_hash.casefold()
    )


def _delegates(
    certificates: Iterable[x509.Certificate], issuers: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """Return those to whom an issuer gave the right to sign answers (RFC 6960, 4.2.2.2)."""
    found = []
    for each in certificates:
        try:
            usage = each.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (x509.ExtensionNotFound, ValueError):
            continue
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and any(_issued(each, by) for by in issuers):
            found.append(each)
    return found


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    if algorithm is None:
        return False
    content = response.tbs_response_bytes
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, content, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, content, _padding(response), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _padding(response: ocsp.OCSPResponse) -> padding.AsymmetricPadding:
    if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        algorithm = response.signature_hash_algorithm or hashes.SHA256()
        return padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
    return padding.PKCS1v15()


def _key_bits(certificate: x509.Certificate) -> bytes:
    """Return the bits of the key without their kind (RFC 6960, 4.1.1)."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return b""
