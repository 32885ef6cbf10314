"""TLS towards meters and brokers: the other side is always checked."""

from __future__ import annotations

import ssl

from csms.meters.errors import MeterError
from csms.meters.secrets import SecretFiles
from csms.meters.settings import Tls


def client_context(tls: Tls, secrets: SecretFiles) -> ssl.SSLContext:
    """Return the context of a client; blocks on files.

    TLS 1.2 at least (Modbus/TCP Security R-08). Raises MeterError, SecretError.
    """
    ca = None if tls.ca is None else secrets.path(tls.ca)
    try:
        context = ssl.create_default_context(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        raise MeterError(f"tls.ca {tls.ca!r} holds no certificate: {error}") from None
    if ca is not None:  # what is in the file is trusted, also where it is the device's own
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None:
        certificate = secrets.path(tls.certificate)
        key = None if tls.key is None else secrets.path(tls.key)
        try:
            context.load_cert_chain(certificate, key)
        except (ssl.SSLError, OSError) as error:
            raise MeterError(
                f"tls.certificate {tls.certificate!r} and its key don't fit: {error}"
            ) from None
    return context
