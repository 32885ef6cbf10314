"""The certificate services of a server, made of its settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from cryptography import x509

from csms.clock import Clock
from csms.config import Settings, variable_of
from csms.errors import InvalidValueError
from csms.metrics import Metrics
from csms.services.certificates.authority import AuthorityError
from csms.services.certificates.built_in import BuiltInAuthority, Issuer, load_issuer
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
    return BuiltInAuthority(
        settings.data_dir,
        clock,
        given=_issuer("certificate_authority", settings),
        v2g=_issuer("v2g_authority", settings),
        validity=timedelta(days=settings.certificate_days),
        operator_name=settings.operator_name,
    )


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
        contracts=ContractCheck(revocation, contract_roots(settings)),
        roots=authority.all_roots,
        pool=pool,
    )


def contract_roots(settings: Settings) -> Sequence[x509.Certificate]:
    """Raises InvalidValueError naming a file that can't be used."""
    file = settings.contract_roots
    if file is None:
        return ()
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidValueError(
            variable_of("contract_roots"), str(file), f"certificates in PEM ({error})"
        ) from error


def _issuer(setting: str, settings: Settings) -> Issuer | None:
    certificate: Path | None = getattr(settings, setting)
    key: Path | None = getattr(settings, f"{setting}_key")
    if certificate is None or key is None:
        return None
    try:
        return load_issuer(certificate, key)
    except (AuthorityError, OSError) as error:
        raise InvalidValueError(
            variable_of(setting), str(certificate), f"certificate and key in PEM ({error})"
        ) from error
