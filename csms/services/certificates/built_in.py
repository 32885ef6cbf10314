"""The built-in authority: signs charge points' certificates with keys of its own."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from csms.clock import Clock
from csms.services.certificates.authority import AuthorityError, SigningOrder
from csms.services.certificates.words import SigningUse

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DIRECTORY: Final = "certificates"
ROOT_VALIDITY: Final = timedelta(days=30 * 365)
SLOW_CLOCKS: Final = timedelta(days=1)
"""Certificates begin this much earlier: chargers whose clock is behind refuse future ones."""
_RSA_BITS: Final = 3072
_KINDS: Final = ("ecdsa", "rsa")

_FOR_CARS: Final = frozenset({SigningUse.V2G, SigningUse.V2G_20})


@dataclass(frozen=True)
class Issuer:
    """A certificate that may sign others, with its key and what is above it."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def sent_along(self) -> list[x509.Certificate]:
        """What goes with a certificate: all that is above it except the root."""
        return [each for each in self.chain if each.issuer != each.subject]


class BuiltInAuthority:
    """Signs with one root for elliptic keys and one for RSA, made in the data directory when first
    needed; a charger that knows only RSA can follow its whole chain (A00.FR.318).

    With `given` the operator's own issuer signs everything, with `v2g` another one what charge
    points show to cars.
    """

    def __init__(
        self,
        data_dir: Path,
        clock: Clock,
        *,
        given: Issuer | None = None,
        v2g: Issuer | None = None,
        validity: timedelta,
        operator_name: str | None = None,
    ) -> None:
        self._directory = data_dir / DIRECTORY
        self._clock = clock
        self._validity = validity
        self._operator_name = operator_name or "CSMS"
        self._issuers: dict[str, Issuer] = {}
        self._making = threading.Lock()
        self._given = given
        self._v2g = v2g
        self.on_new_root: Callable[[str], None] | None = None
        """Told the PEM of a root that was just made, so that the door trusts it at once."""

    def roots(self) -> list[str]:
        """Return the certificates (PEM) that signed others for charge points up to now; blocks."""
        if self._given is not None:
            return [_pem(self._given.certificate)]
        files = [self._certificate_file(kind) for kind in _KINDS]
        return [file.read_text("ascii") for file in files if file.exists()]

    def all_roots(self) -> list[str]:
        """Return the certificates (PEM) that sign, or will; made if there are none yet. Blocks.

        Raises AuthorityError.
        """
        if self._given is None:
            with self._making:
                for kind in _KINDS:
                    self._own(kind)
        return self.roots()

    async def sign(self, order: SigningOrder) -> list[x509.Certificate]:
        """Raises AuthorityError."""
        return await asyncio.to_thread(self._sign, order)

    def _sign(self, order: SigningOrder) -> list[x509.Certificate]:
        key = order.request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise AuthorityError("only RSA and elliptic keys are signed")
        issuer = self._v2g if order.use in _FOR_CARS and self._v2g else self._given
        if issuer is None:
            with self._making:
                issuer = self._own("rsa" if isinstance(key, rsa.RSAPublicKey) else "ecdsa")
        now = self._clock.now()
        end = min(now + self._validity, issuer.certificate.not_valid_after_utc)
        if end <= now:
            raise AuthorityError("the authority's own certificate has expired")
        builder = (
            x509.CertificateBuilder()
            .subject_name(order.request.subject)
            .issuer_name(issuer.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SLOW_CLOCKS)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(encipher=isinstance(key, rsa.RSAPublicKey)), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                critical=False,
            )
        )  # no extended usage (A00.FR.514), no alternative names (A00.FR.511)
        return [_signed(builder, issuer.key), *issuer.sent_along]

    def _own(self, kind: str) -> Issuer:
        issuer = self._issuers.get(kind)
        if issuer is None:
            certificate, key = self._certificate_file(kind), self._key_file(kind)
            try:
                if not certificate.exists():
                    self._make(kind, certificate, key)
                issuer = self._issuers[kind] = load_issuer(certificate, key)
            except OSError as error:
                raise AuthorityError(
                    f"the authority's files in {self._directory} can't be used: {error.strerror}"
                ) from error
        return issuer

    def _make(self, kind: str, certificate_file: Path, key_file: Path) -> None:
        key: PrivateKey = (
            rsa.generate_private_key(65537, _RSA_BITS)
            if kind == "rsa"
            else ec.generate_private_key(ec.SECP256R1())
        )
        now = self._clock.now()
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self._operator_name),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Charge points {kind.upper()}"),
            ]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - SLOW_CLOCKS)
            .not_valid_after(now + ROOT_VALIDITY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        pem = _pem(_signed(builder, key))
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(key_file, secret)
        _write(certificate_file, pem.encode())
        if self.on_new_root is not None:
            self.on_new_root(pem)

    def _certificate_file(self, kind: str) -> Path:
        return self._directory / f"{kind}-root.pem"

    def _key_file(self, kind: str) -> Path:
        return self._directory / f"{kind}-root-key.pem"


def load_issuer(certificate_file: Path, key_file: Path) -> Issuer:
    """Read an issuer's files (PEM, the chain behind the certificate).

    Raises AuthorityError if they don't fit together, OSError.
    """
    try:
        chain = x509.load_pem_x509_certificates(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise AuthorityError(
            f"{certificate_file} and {key_file} can't be read as PEM: {error}"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise AuthorityError(f"{key_file} holds neither an RSA nor an elliptic key")
    if key.public_key() != chain[0].public_key():
        raise AuthorityError(f"{key_file} is not the key of {certificate_file}")
    if not _may_sign(chain[0]):
        raise AuthorityError(f"{certificate_file} may not sign certificates")
    return Issuer(key, tuple(chain))


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    """Sign by ECDSA or RSA-PSS (A00.FR.505) with SHA-256 (A00.FR.506)."""
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return builder.sign(key, hashes.SHA256(), rsa_padding=pss)
    return builder.sign(key, hashes.SHA256())


def _usage(*, sign_certificates: bool = False, encipher: bool = False) -> x509.KeyUsage:
    """Return what a key may do, and nothing else (A00.FR.512)."""
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=encipher,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    new = path.with_suffix(".new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
