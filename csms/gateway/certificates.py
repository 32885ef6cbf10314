"""Whom a client certificate stands for (security profile 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def names_of(certificate: Mapping[str, Any]) -> frozenset[str]:
    """Return the common and alternative names of a verified certificate, case folded.

    `certificate` is what `ssl.SSLSocket.getpeercert` returns.
    """
    common = {
        value
        for part in certificate.get("subject", ())
        for key, value in part
        if key == "commonName"
    }
    alternative = {value for _, value in certificate.get("subjectAltName", ())}
    return frozenset(str(name).casefold() for name in common | alternative)
