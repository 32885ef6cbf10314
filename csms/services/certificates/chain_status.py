"""Whether certificates stand: by OCSP, or by the list of those that an issuer revoked (M07)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, Protocol, TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from csms.clock import Clock
from csms.services.certificates.ocsp import CLOCK_SKEW, OcspAnswer, OcspError, check_signature
from csms.services.certificates.responders import Responders
from csms.services.certificates.words import CertificateHash, OcspQuestion, name_digest
from csms.services.charge_point import ChargePoint

ASK_AGAIN: Final = timedelta(hours=1)
"""Where whoever was asked does not say how long an answer holds, or gave none."""

Word: TypeAlias = Literal["Good", "Revoked", "Unknown", "Failed"]


class RevocationSource(StrEnum):
    OCSP = "OCSP"
    CRL = "CRL"


@dataclass(frozen=True, slots=True)
class StandingQuestion:
    """A certificate, and where its standing is told."""

    certificate: CertificateHash
    source: RevocationSource
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found out, and until when it holds."""

    status: Word
    next_update: datetime


class OcspAsker(Protocol):
    async def ask(self, charge_point: ChargePoint, question: OcspQuestion) -> OcspAnswer:
        """Raises OcspError."""
        ...


class ChainStatusService:
    """One address after the other is asked, until one answers (M07.FR.01, M07.FR.04)."""

    def __init__(self, revocation: OcspAsker, responders: Responders, clock: Clock) -> None:
        self._revocation = revocation
        self._responders = responders
        self._clock = clock

    async def ask(self, charge_point: ChargePoint, question: StandingQuestion) -> Standing:
        """Return how a certificate stands; Failed where nobody could be asked."""
        ask = self._by_list if question.source is RevocationSource.CRL else self._by_ocsp
        for url in question.urls:
            try:
                return await ask(charge_point, question.certificate, url)
            except OcspError:
                continue
        return Standing("Failed", self._clock.now() + ASK_AGAIN)  # M07.FR.02, M07.FR.05

    async def _by_ocsp(
        self, charge_point: ChargePoint, certificate: CertificateHash, url: str
    ) -> Standing:
        answer = await self._revocation.ask(charge_point, OcspQuestion(certificate, url))
        check_signature(answer, certificate, (), must_be_known=False)
        word: Word = _WORDS.get(answer.status.name, "Unknown")
        return Standing(word, answer.next_update or self._clock.now() + ASK_AGAIN)

    async def _by_list(
        self, charge_point: ChargePoint, certificate: CertificateHash, url: str
    ) -> Standing:
        der = await self._responders.fetch(url, charge_point.remote_address)
        return read_list(der, certificate, self._clock.now())


_WORDS: Final[dict[str, Word]] = {"GOOD": "Good", "REVOKED": "Revoked", "UNKNOWN": "Unknown"}


def read_list(content: bytes, certificate: CertificateHash, now: datetime) -> Standing:
    """Look a certificate up in a revocation list, DER or PEM (M07.FR.06, M07.FR.07).

    Raises OcspError for a list that can't be read, is another issuer's, or is out of date. Who
    signed it can't be judged here, where the issuer's certificate is not at hand: the charge point
    that asks knows the chain.
    """
    try:
        load = x509.load_pem_x509_crl if b"-----BEGIN" in content[:64] else x509.load_der_x509_crl
        revoked = load(content)
        issuer = name_digest(certificate.hash_algorithm, revoked.issuer.public_bytes())
        serial_number = int(certificate.serial_number, 16)
        entry = revoked.get_revoked_certificate_by_serial_number(serial_number)
        next_update = revoked.next_update_utc
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise OcspError(f"the revocation list can't be read: {error}") from None
    if issuer != certificate.issuer_name_hash.casefold():
        raise OcspError("the revocation list is another issuer's")
    if next_update is not None and next_update < now - CLOCK_SKEW:
        raise OcspError("the revocation list is out of date")
    return Standing("Good" if entry is None else "Revoked", next_update or now + ASK_AGAIN)
