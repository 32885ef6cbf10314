"""Certificates in OCPP 1.6 with the security extension: sent, installed, listed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from csms.errors import NotSupportedError
from csms.handlers import certificate_hashes
from csms.handlers.phrasebook import reader, status_of
from csms.handlers.v16.fields import VERSION
from csms.services.certificates.installed import InstalledCertificate, InstalledReport
from csms.services.certificates.words import CertificateUse, SigningUse
from csms.services.charge_point import ChargePoint
from csms.services.commands import (
    CommandAnswer,
    DeleteCertificate,
    GetInstalledCertificates,
    InstallCertificate,
    Outgoing,
    Read,
    SendSignedCertificate,
)

_USES: Final = {
    CertificateUse.CSMS_ROOT: "CentralSystemRootCertificate",
    CertificateUse.MANUFACTURER_ROOT: "ManufacturerRootCertificate",
}
_NAMED: Final = {name: use for use, name in _USES.items()}


def send_signed_certificate(charge_point: ChargePoint, command: SendSignedCertificate) -> Outgoing:
    if command.use in (SigningUse.V2G, SigningUse.V2G_20):
        raise NotSupportedError(charge_point.id, "V2G certificate", VERSION)
    chain = certificate_hashes.pem(command.chain, VERSION, certificate_hashes.CHAIN_LENGTH)
    return Outgoing("CertificateSigned", {"certificateChain": chain}, reader("Accepted"))


def install_certificate(charge_point: ChargePoint, command: InstallCertificate) -> Outgoing:
    payload = {
        "certificateType": _use(charge_point, command.use),
        "certificate": certificate_hashes.pem(command.certificate, VERSION),
    }
    return Outgoing("InstallCertificate", payload, reader("Accepted"))


def delete_certificate(_: ChargePoint, command: DeleteCertificate) -> Outgoing:
    payload = {"certificateHashData": certificate_hashes.written(command.certificate)}
    return Outgoing("DeleteCertificate", payload, reader("Accepted"))


def get_installed_certificates(
    charge_point: ChargePoint, command: GetInstalledCertificates
) -> Outgoing:
    """1.6 asks for one use at a time; without one it is that of the central system's root."""
    uses = command.uses or (CertificateUse.CSMS_ROOT,)
    if len(uses) > 1:
        raise NotSupportedError(charge_point.id, "list of several uses at once", VERSION)
    payload = {"certificateType": _use(charge_point, uses[0])}
    return Outgoing("GetInstalledCertificateIds", payload, _installed_reader(uses[0]))


def _installed_reader(use: CertificateUse) -> Read:
    def read(response: dict[str, Any], _: object) -> CommandAnswer:
        listed = response.get("certificateHashData")
        entries = listed if isinstance(listed, list) else []
        results = [{"use": use.value, **certificate_hashes.shown(entry)} for entry in entries]
        status = status_of(response)
        # nothing installed is an answer as good as any
        return CommandAnswer(status, status in ("Accepted", "NotFound"), response, results)

    return read


def _use(charge_point: ChargePoint, use: CertificateUse) -> str:
    if use not in _USES:
        raise NotSupportedError(charge_point.id, use.value, VERSION)
    return _USES[use]


def read_installed(
    action: str, payload: Mapping[str, Any], answer: dict[str, Any]
) -> InstalledReport | None:
    """Return what a charge point told of the certificates it holds."""
    status = status_of(answer)
    if action != "GetInstalledCertificateIds" or status not in ("Accepted", "NotFound"):
        return None
    use = _NAMED.get(str(payload.get("certificateType")))
    if use is None:
        return None
    listed = answer.get("certificateHashData") if status == "Accepted" else []
    found = map(certificate_hashes.read, listed if isinstance(listed, list) else [])
    installed = [InstalledCertificate(use, each) for each in found if each is not None]
    return InstalledReport((use,), tuple(installed))
