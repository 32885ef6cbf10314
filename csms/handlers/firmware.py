"""The firmware of an update, as 2.0.1 and the security extension of 1.6 write it."""

from __future__ import annotations

from typing import Any, Final

from csms.handlers import certificate_hashes
from csms.handlers.phrasebook import reader, within
from csms.services.clocks import format_time
from csms.services.commands import UpdateFirmware

LOCATION_LENGTH: Final = 512
SIGNATURE_LENGTH: Final = 800

read_update = reader("Accepted", "AcceptedCanceled")  # L01.FR.24: the one before is given up


def written(
    command: UpdateFirmware,
    version: str,
    *,
    location_length: int = LOCATION_LENGTH,
    certificate_length: int = certificate_hashes.CERTIFICATE_LENGTH,
) -> dict[str, Any]:
    """Write a `firmware`; raises InvalidValueError."""
    fields: dict[str, Any] = {
        "location": within("location", command.location, location_length, version),
        "retrieveDateTime": format_time(command.retrieve_at),
    }
    if command.install_at is not None:
        fields["installDateTime"] = format_time(command.install_at)
    if command.signing_certificate is not None:  # L01.FR.11
        fields["signingCertificate"] = certificate_hashes.pem(
            command.signing_certificate, version, certificate_length
        )
    if command.signature is not None:
        fields["signature"] = within("signature", command.signature, SIGNATURE_LENGTH, version)
    return fields
