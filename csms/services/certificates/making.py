"""The certificate services of a server, made of its settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509

from csms.clock import Clock
from csms.config import Settings
from csms.errors import InvalidValueError
from csms.metrics import Metrics
from csms.services.certificates.authority import AuthorityError
from csms.services.certificates.built_in import BuiltInAuthority
from csms.services.certificates.chain_status import ChainStatusService
from csms.services.certificates.contract_pool import ContractPool
from csms.services.certificates.contracts import ContractCheck
from csms.services.certificates.door import CertificateDoor, KnownCertificates
from csms.services.certificates.responders import HttpResponders
from csms.services.certificates.revocation import RevocationService
from csms.services.certificates.service import CertificateServices
from csms.services.certificates.signing import CertificateSigning, IssuedCertificateStore
from csms.services.notifications import NotificationService


class CertificateStore(IssuedCertificateStore, KnownCertificates, Protocol):
    """Keeps what was signed."""


def built_in_authority(settings: Settings, clock: Clock) -> BuiltInAuthority:
    """Raises InvalidValueError naming the files that can't be used."""
    given = _pair(settings.certificate_authority, settings.certificate_authority_key)
    v2g = _pair(settings.v2g_authority, settings.v2g_authority_key)
    try:
        return BuiltInAuthority(
            settings.data_dir,
            clock,
            files=given,
            v2g_files=v2g,
            validity=timedelta(days=settings.certificate_days),
            operator_name=settings.operator_name,
        )
    except (AuthorityError, OSError) as error:
        files = ", ".join(str(each) for pair in (given, v2g) for each in pair or ())
        raise InvalidValueError(
            "certificate_authority, v2g_authority", files, f"certificate and key in PEM ({error})"
        ) from error


def certificate_services(
    settings: Settings,
    store: CertificateStore,
    notifications: NotificationService,
    clock: Clock,
    metrics: Metrics,
    authority: BuiltInAuthority,
    pool: ContractPool | None = None,
) -> CertificateServices:
    """Raises InvalidValueError naming a file that can't be used."""
    responders = HttpResponders(settings.private_ocsp_responders)
    revocation = RevocationService(responders, clock)
    return CertificateServices(
        signing=CertificateSigning(
            authority,
            store,
            notifications,
            clock,
            metrics,
            policy=settings.certificate_signing,
            operator_name=settings.operator_name,
        ),
        door=CertificateDoor(store, settings.operator_name),
        revocation=revocation,
        chain_status=ChainStatusService(revocation, responders, clock),
        contracts=ContractCheck(revocation, _contract_roots(settings.contract_roots)),
        roots=authority.all_roots,
        pool=pool,
    )


def _contract_roots(file: Path | None) -> Sequence[x509.Certificate]:
    if file is None:
        return ()
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidValueError(
            "contract_roots", str(file), f"certificates in PEM ({error})"
        ) from error


def _pair(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    return None if certificate is None or key is None else (certificate, key)
