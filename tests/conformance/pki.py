"""Keys, requests, TLS and OCSP as certification cases need them; everything is made here."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

PEM = serialization.Encoding.PEM
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass
class Request:
    """A key and the request for a certificate for it."""

    common_name: str
    organisation: str = "Operator"
    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def csr(self) -> str:
        names = [
            x509.NameAttribute(NameOID.COMMON_NAME, self.common_name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
        ]
        builder = x509.CertificateSigningRequestBuilder(x509.Name(names))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM).decode()

    def use_in(self, context: ssl.SSLContext, chain: str) -> ssl.SSLContext:
        """Show the signed certificate in handshakes."""
        secret = self.key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with tempfile.NamedTemporaryFile() as file:
            file.write(secret + chain.encode())
            file.flush()
            context.load_cert_chain(file.name)
        return context


def rsa_request(common_name: str, bits: int = 2048) -> Request:
    return Request(common_name, key=rsa.generate_private_key(65537, bits))


@dataclass
class Tls:
    """The files of a TLS port, who signed them, and who signs for charge points."""

    settings: dict[str, Any]
    server_ca: trustme.CA
    client_ca: trustme.CA

    def client(self, ciphers: str | None = None) -> ssl.SSLContext:
        """A charge point's context that trusts the server and shows nothing."""
        context = ssl.create_default_context()
        self.server_ca.configure_trust(context)
        if ciphers is not None:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
        return context

    def showing(
        self, common_name: str, *, ca: trustme.CA | None = None, **more: Any
    ) -> ssl.SSLContext:
        """A charge point's context with a client certificate."""
        context = self.client()
        certificate = (ca or self.client_ca).issue_cert(common_name=common_name, **more)
        certificate.configure_cert(context)
        return context


def tls_files(directory: Path, *, client_ca: bool = True) -> Tls:
    """An RSA and an ECDSA certificate for localhost, and an authority for charge points."""
    server_ca, clients = trustme.CA(key_type=trustme.KeyType.RSA), trustme.CA()
    settings: dict[str, Any] = {"ocpp_tls_port": 0}
    for prefix, kind in (("", trustme.KeyType.ECDSA), ("second_", trustme.KeyType.RSA)):
        issued = server_ca.issue_cert("localhost", common_name="localhost", key_type=kind)
        certificate, key = directory / f"{prefix}cert.pem", directory / f"{prefix}key.pem"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        settings |= {f"ocpp_tls_{prefix}certificate": certificate, f"ocpp_tls_{prefix}key": key}
    if client_ca:
        clients.cert_pem.write_to_path(directory / "clients.pem")
        settings["ocpp_tls_client_ca"] = directory / "clients.pem"
    return Tls(settings, server_ca, clients)


@dataclass
class Contracts:
    """A mobility operator: a root, a sub CA, contracts, and an OCSP responder that knows them."""

    root: x509.Certificate
    sub_ca: x509.Certificate
    sub_key: ec.EllipticCurvePrivateKey
    root_key: ec.EllipticCurvePrivateKey
    url: str = ""
    revoked: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    """The serial numbers that were asked for."""
    silent: bool = False
    status: int = 200
    sign_with: ec.EllipticCurvePrivateKey | None = None

    @property
    def root_pem(self) -> bytes:
        return self.root.public_bytes(PEM)

    def contract(self, emaid: str, *, days: int = 100, responder: bool = True) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        builder = _builder(_name(emaid), self.sub_ca.subject, key, days=days)
        if responder:
            builder = builder.add_extension(_access(self.url), critical=False)
        return builder.sign(self.sub_key, hashes.SHA256())

    def chain(self, contract: x509.Certificate) -> str:
        return (contract.public_bytes(PEM) + self.sub_ca.public_bytes(PEM)).decode()

    def hashes_of(self, contract: x509.Certificate, algorithm: str = "SHA256") -> dict[str, Any]:
        """An OCSPRequestData, made by cryptography's own reckoning."""
        kind: hashes.HashAlgorithm = getattr(hashes, algorithm)()
        request = ocsp.OCSPRequestBuilder().add_certificate(contract, self.sub_ca, kind).build()
        return {
            "hashAlgorithm": algorithm,
            "issuerNameHash": request.issuer_name_hash.hex(),
            "issuerKeyHash": request.issuer_key_hash.hex(),
            "serialNumber": f"{contract.serial_number:x}",
            "responderURL": self.url,
        }

    async def answer(self, http: web.Request) -> web.Response:
        assert http.content_type == "application/ocsp-request"
        request = ocsp.load_der_ocsp_request(await http.read())
        self.asked.append(request.serial_number)
        if self.silent:
            return web.Response(status=503)
        revoked = request.serial_number in self.revoked
        now = datetime.now(UTC)
        response = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=request.issuer_name_hash,
                issuer_key_hash=request.issuer_key_hash,
                serial_number=request.serial_number,
                algorithm=request.hash_algorithm,
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                this_update=now - timedelta(minutes=1),
                next_update=now + timedelta(hours=1),
                revocation_time=now - timedelta(days=1) if revoked else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, self.sub_ca)
            .certificates([self.sub_ca])
            .sign(self.sign_with or self.sub_key, hashes.SHA256())
        )
        return web.Response(
            body=response.public_bytes(serialization.Encoding.DER),
            content_type="application/ocsp-response",
            status=self.status,
        )

    async def list_revoked(self, _: web.Request) -> web.Response:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.sub_ca.subject)
            .last_update(now - timedelta(minutes=1))
            .next_update(now + timedelta(hours=1))
        )
        for serial_number in self.revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now).build())
        listed = builder.sign(self.sub_key, hashes.SHA256())
        return web.Response(body=listed.public_bytes(serialization.Encoding.DER))


@asynccontextmanager
async def mobility_operator() -> AsyncIterator[Contracts]:
    """Run a responder on this machine."""
    root_key = ec.generate_private_key(ec.SECP256R1())
    sub_key = ec.generate_private_key(ec.SECP256R1())
    root = _authority(_name("MO Root"), _name("MO Root"), root_key.public_key(), root_key)
    sub_ca = _authority(_name("MO Sub"), root.subject, sub_key.public_key(), root_key)
    contracts = Contracts(root, sub_ca, sub_key, root_key)
    application = web.Application()
    application.router.add_post("/ocsp", contracts.answer)
    application.router.add_get("/crl", contracts.list_revoked)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        contracts.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ocsp"
        yield contracts
    finally:
        await runner.cleanup()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, days: int = 100
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=200))
        .not_valid_after(now + timedelta(days=days))
    )


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    builder = _builder(subject, issuer, key).add_extension(constraints, critical=True)
    return builder.sign(signer, hashes.SHA256())


def _access(url: str) -> x509.AuthorityInformationAccess:
    location = x509.UniformResourceIdentifier(url)
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, location)]
    )
