"""Whom a client certificate stands for (security profile 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from csms.services.certificates.door import ShownCertificate


def shown_on(transport: asyncio.BaseTransport) -> ShownCertificate | None:
    """Return the client certificate that TLS verified on a connection, None without one."""
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if der is None:
        return None
    certificate = tls.getpeercert()
    return ShownCertificate(der, names_of(certificate), organisations_of(certificate))


def names_of(certificate: Mapping[str, Any]) -> frozenset[str]:
    """Return the common and alternative names of a verified certificate, case folded.

    `certificate` is what `ssl.SSLSocket.getpeercert` returns.
    """
    common = _in_subject(certificate, "commonName")
    alternative = {value for _, value in certificate.get("subjectAltName", ())}
    return frozenset(str(name).casefold() for name in common | alternative)


def organisations_of(certificate: Mapping[str, Any]) -> frozenset[str]:
    """Return the organisations in the subject of a verified certificate."""
    return frozenset(_in_subject(certificate, "organizationName"))


def _in_subject(certificate: Mapping[str, Any], name: str) -> set[str]:
    return {
        str(value) for part in certificate.get("subject", ()) for key, value in part if key == name
    }
