"""Certificates in OCPP 2.0.1: sent (A02), installed (M05), listed (M03), removed (M04)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from csms.errors import InvalidValueError
from csms.handlers import certificate_hashes
from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.phrasebook import reader, status_of
from csms.handlers.v201.fields import Fields, groups, text
from csms.services.certificates.installed import InstalledCertificate, InstalledReport
from csms.services.certificates.words import CertificateUse
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    CommandAnswer,
    DeleteCertificate,
    GetInstalledCertificates,
    InstallCertificate,
    Outgoing,
    SendSignedCertificate,
)

_USES: Final = {use.value: use for use in CertificateUse}


def send_signed_certificate(charge_point: ChargePoint, command: SendSignedCertificate) -> Outgoing:
    version = edition_of(charge_point).name
    chain = certificate_hashes.pem(command.chain, version, certificate_hashes.CHAIN_LENGTH)
    payload: Payload = {"certificateChain": chain}
    if command.use is not None:  # A02.FR.14
        payload["certificateType"] = command.use.value
    if command.request_id is not None:  # A02.FR.25 of 2.1, where alone requests have one
        payload["requestId"] = command.request_id
    return Outgoing("CertificateSigned", payload, reader("Accepted"))


def install_certificate(charge_point: ChargePoint, command: InstallCertificate) -> Outgoing:
    edition = edition_of(charge_point)
    if command.use is CertificateUse.V2G_CHAIN:
        raise InvalidValueError("use", command.use.value, "a kind of root: chains are signed")
    payload = {
        "certificateType": command.use.value,
        "certificate": certificate_hashes.pem(
            command.certificate, edition.name, edition.certificate_length
        ),
    }
    return Outgoing("InstallCertificate", payload, reader("Accepted"))


def delete_certificate(_: ChargePoint, command: DeleteCertificate) -> Outgoing:
    payload = {"certificateHashData": certificate_hashes.written(command.certificate)}
    return Outgoing("DeleteCertificate", payload, reader("Accepted"))


def get_installed_certificates(_: ChargePoint, command: GetInstalledCertificates) -> Outgoing:
    payload: Payload = {}
    if command.uses:
        payload["certificateType"] = [use.value for use in command.uses]
    return Outgoing("GetInstalledCertificateIds", payload, _read_installed)


def _read_installed(response: dict[str, Any], _: object) -> CommandAnswer:
    results = [
        {
            "use": text(entry, "certificateType"),
            **certificate_hashes.shown(entry.get("certificateHashData")),
            "children": [
                certificate_hashes.shown(child)
                for child in groups(entry, "childCertificateHashData")
            ],
        }
        for entry in groups(response, "certificateHashDataChain")
    ]
    status = status_of(response)
    # nothing installed is an answer as good as any (M03.FR.02)
    return CommandAnswer(status, status in ("Accepted", "NotFound"), response, results)


def read_installed(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> InstalledReport | None:
    """Return what a charging station told of the certificates it holds."""
    status = status_of(answer)
    if action != "GetInstalledCertificateIds" or status not in ("Accepted", "NotFound"):
        return None
    asked = payload.get("certificateType") or ()
    uses = tuple(_USES[name] for name in asked if name in _USES)
    entries = groups(answer, "certificateHashDataChain") if status == "Accepted" else []
    return InstalledReport(uses, tuple(each for entry in entries for each in _chain(entry)))


def _chain(entry: Fields) -> Iterator[InstalledCertificate]:
    use = _USES.get(text(entry, "certificateType") or "")
    top = certificate_hashes.read(entry.get("certificateHashData"))
    if use is None or top is None:
        return
    yield InstalledCertificate(use, top)
    for child in groups(entry, "childCertificateHashData"):
        lower = certificate_hashes.read(child)
        if lower is not None:
            yield InstalledCertificate(use, lower, top.serial_number)
