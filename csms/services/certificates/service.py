"""Everything about certificates that a handler or the door may ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csms.services.certificates.chain_status import ChainStatusService
from csms.services.certificates.contract_pool import ContractPool
from csms.services.certificates.contracts import ContractCheck
from csms.services.certificates.door import CertificateDoor
from csms.services.certificates.revocation import RevocationService
from csms.services.certificates.signing import CertificateSigning


@dataclass(frozen=True, slots=True)
class CertificateServices:
    signing: CertificateSigning
    door: CertificateDoor
    revocation: RevocationService
    chain_status: ChainStatusService
    contracts: ContractCheck
    roots: Callable[[], Sequence[str]]
    """Tells the certificates (PEM) that charge points must trust to take what is signed; blocks."""
    pool: ContractPool | None = None
