"""OCSPRequestData: which certificate, and whom to ask."""

from __future__ import annotations

from typing import Final

from csms.handlers import certificate_hashes
from csms.handlers.v201.fields import Fields, text
from csms.services.certificates.ocsp import OcspError
from csms.services.certificates.words import OcspQuestion

URL_LENGTH: Final = 2000
"""Of 2.1; 2.0.1 has 512. How long an address may be to be asked is the asker's affair."""


def read_question(fields: Fields) -> OcspQuestion:
    """Raises OcspError where certificate or responder are missing."""
    certificate = certificate_hashes.read(fields)
    url = text(fields, "responderURL", URL_LENGTH)
    if certificate is None or url is None:
        raise OcspError("no certificate or no responder is named")
    return OcspQuestion(certificate, url)
