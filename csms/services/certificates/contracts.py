"""Contracts of cars: is the certificate that proves one good, now? (C07)"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from csms.model import IdToken
from csms.services.certificates import ocsp
from csms.services.certificates.ocsp import OcspError
from csms.services.certificates.revocation import RevocationService
from csms.services.certificates.signing_requests import common_name
from csms.services.certificates.words import OcspQuestion
from csms.services.charge_point import ChargePoint

MAX_CHAIN: Final = 6
_SEPARATORS: Final = re.compile(r"[^0-9A-Z]")


class ContractStatus(StrEnum):
    """What is said of a contract's certificate, in the words of 2.0.1."""

    ACCEPTED = "Accepted"
    EXPIRED = "CertificateExpired"
    REVOKED = "CertificateRevoked"
    NOT_VERIFIED = "CertChainError"


@dataclass(frozen=True, slots=True)
class ContractVerdict:
    status: ContractStatus
    reason: str = ""

    @property
    def accepted(self) -> bool:
        return self.status is ContractStatus.ACCEPTED


_GOOD: Final = ContractVerdict(ContractStatus.ACCEPTED)


class ContractCheck:
    """`roots` are those of V2G and of mobility operators.

    Without any, a certificate that a charging station could not validate itself is not accepted;
    of one that it did, the responders alone are asked.
    """

    def __init__(
        self, revocation: RevocationService, roots: Sequence[x509.Certificate] = ()
    ) -> None:
        self._revocation = revocation
        self._roots = roots

    async def check(
        self,
        charge_point: ChargePoint,
        id_token: IdToken,
        questions: Sequence[OcspQuestion],
        chain: str | None,
        now: datetime,
    ) -> ContractVerdict:
        """Judge the hashes of a chain, or the chain itself (PEM) where the station passed it on."""
        known: list[x509.Certificate] = list(self._roots)
        if chain is not None:
            try:
                path = self._path(chain, id_token, now)
            except _PathError as error:
                return error.verdict
            known += path
            questions = questions or _questions(path)
        if not questions:
            return ContractVerdict(ContractStatus.NOT_VERIFIED, "no responder is named")
        asked = [self._ask(charge_point, each, known) for each in questions]
        verdicts = await asyncio.gather(*asked)
        revoked = [each for each in verdicts if each.status is ContractStatus.REVOKED]
        refused = revoked or [each for each in verdicts if not each.accepted]
        return refused[0] if refused else _GOOD

    async def _ask(
        self, charge_point: ChargePoint, question: OcspQuestion, known: list[x509.Certificate]
    ) -> ContractVerdict:
        try:
            answer = await self._revocation.ask(charge_point, question)
            ocsp.check_signature(
                answer, question.certificate, known, must_be_known=bool(self._roots)
            )
        except OcspError as error:
            return ContractVerdict(ContractStatus.NOT_VERIFIED, str(error))
        if answer.status is x509_ocsp.OCSPCertStatus.REVOKED:
            return ContractVerdict(ContractStatus.REVOKED, "it was revoked")
        if answer.status is x509_ocsp.OCSPCertStatus.UNKNOWN:
            return ContractVerdict(ContractStatus.NOT_VERIFIED, "the responder does not know it")
        return _GOOD

    def _path(self, chain: str, id_token: IdToken, now: datetime) -> list[x509.Certificate]:
        """Return the path from the contract's certificate to a root. Raises _PathError."""
        if not self._roots:
            raise _PathError(ContractStatus.NOT_VERIFIED, "no roots of contracts are set")
        try:
            certificates = x509.load_pem_x509_certificates(chain.encode())[:MAX_CHAIN]
            path = _path_of(certificates, self._roots)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise _PathError(ContractStatus.NOT_VERIFIED, f"the chain is wrong: {error}") from None
        if any(each.not_valid_after_utc < now for each in path):
            raise _PathError(ContractStatus.EXPIRED, "it has expired")
        if any(each.not_valid_before_utc > now + ocsp.CLOCK_SKEW for each in path):
            raise _PathError(ContractStatus.NOT_VERIFIED, "it is not valid yet")
        name = common_name(path[0].subject) or ""
        if _folded(name) != _folded(id_token.value):
            raise _PathError(ContractStatus.NOT_VERIFIED, f"it is that of {name!r}")
        return path


class _PathError(Exception):
    def __init__(self, status: ContractStatus, reason: str) -> None:
        super().__init__(reason)
        self.verdict = ContractVerdict(status, reason)


def _path_of(
    certificates: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """Return certificate, intermediate ones and root, each issued by the next.

    Raises ValueError and InvalidSignature.
    """
    path = [certificates[0]]
    while True:
        here = path[-1]
        root = next((each for each in roots if _issued(here, each)), None)
        if root is not None:
            return path if here == root else [*path, root]
        upper = next(
            (each for each in certificates[1:] if each not in path and _issued(here, each)), None
        )
        if upper is None:
            raise ValueError("it leads to no root that is trusted")
        path.append(upper)


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if not ocsp.leads_to(certificate, (), [issuer]):
        return False
    try:
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _questions(path: Sequence[x509.Certificate]) -> list[OcspQuestion]:
    """Return what to ask of the responders that the certificates name (all but the root's)."""
    found: list[OcspQuestion] = []
    for certificate, issuer in pairwise(path):
        url = _responder_of(certificate)
        if url is not None:
            found.append(OcspQuestion(ocsp.hash_of(certificate, issuer), url))
        elif certificate is path[0]:
            return []  # without a word on the contract itself nothing is verified
    return found


def _responder_of(certificate: x509.Certificate) -> str | None:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except x509.ExtensionNotFound:
        return None
    for each in access.value:
        location = each.access_location
        if each.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            return location.value
    return None


def _folded(emaid: str) -> str:
    """Fold an eMAID: its separators are optional and its check digit counts."""
    return _SEPARATORS.sub("", emaid.upper())
