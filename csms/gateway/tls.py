"""TLS for the second port (security profiles 2 and 3)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from csms.config import Settings, variable_of
from csms.errors import InvalidValueError

_CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-AES256-GCM-SHA384:"
    "AES128-GCM-SHA256:"
    "AES256-GCM-SHA384"
)
"""TLS 1.2: what OCPP demands of both sides (2.0.1 A00.FR.318, 319; 1.6 security whitepaper), the
same with forward secrecy for RSA first. TLS 1.3 has its own list, all of them fine."""


def server_context(settings: Settings, client_roots: Sequence[str] = ()) -> ssl.SSLContext:
    """Return the context of the TLS port.

    A second certificate lets one port serve RSA and ECDSA chargers. With a client CA or
    `client_roots` (PEM), chargers may show certificates; who must is decided by their security
    profile. Raises InvalidValueError naming the setting that doesn't work.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION  # A00.FR.321
    context.set_ciphers(_CIPHERS)
    _load_certificate(
        context, "ocpp_tls_certificate", settings.ocpp_tls_certificate, settings.ocpp_tls_key
    )
    if settings.ocpp_tls_second_certificate is not None:
        _load_certificate(
            context,
            "ocpp_tls_second_certificate",
            settings.ocpp_tls_second_certificate,
            settings.ocpp_tls_second_key,
        )
    if settings.ocpp_tls_client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        try:
            context.load_verify_locations(settings.ocpp_tls_client_ca)
        except (OSError, ssl.SSLError) as error:
            raise InvalidValueError(
                variable_of("ocpp_tls_client_ca"),
                str(settings.ocpp_tls_client_ca),
                f"PEM certificates ({error})",
            ) from error
    for root in client_roots:
        trust_clients_of(context, root)
    return context


def trust_clients_of(context: ssl.SSLContext, issuer: str) -> None:
    """Ask chargers that connect from now on for certificates, and trust those of this issuer.

    The issuer (PEM) need not be a root: what else its root signed is not trusted.
    """
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=issuer)
    context.verify_mode = ssl.CERT_OPTIONAL


def out_of_date(settings: Settings, now: datetime) -> Iterator[str]:
    """Say of the server's certificates, and those of their chains, which don't hold now."""
    for setting in ("ocpp_tls_certificate", "ocpp_tls_second_certificate"):
        file: Path | None = getattr(settings, setting)
        for certificate in () if file is None else _certificates_in(file):
            name = certificate.subject.rfc4514_string()
            begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            if now > ends:
                yield f"{variable_of(setting)}: {file}: {name} expired on {ends:%Y-%m-%d}"
            elif now < begins:
                yield f"{variable_of(setting)}: {file}: {name} is not valid before {begins:%F %R}"


def _certificates_in(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):  # what TLS took all the same: its dates remain unknown
        return []


def _load_certificate(
    context: ssl.SSLContext, setting: str, certificate: Path | None, key: Path | None
) -> None:
    if certificate is None:
        raise InvalidValueError(
            variable_of(setting), None, "a PEM file with the certificate and its chain"
        )
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidValueError(
            variable_of(setting),
            str(certificate),
            f"a PEM file with the certificate and its key ({error})",
        ) from error
