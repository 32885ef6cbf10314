"""The built-in authority: its keys, whom it signs for, and what it puts into certificates."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from conformance.pki import Request, rsa_request
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from unit.world import FakeClock

from csms.services.certificates.authority import AuthorityError, SigningOrder
from csms.services.certificates.built_in import BuiltInAuthority, load_issuer
from csms.services.certificates.signing_requests import read_signing_request
from csms.services.certificates.words import SigningUse

YEAR = timedelta(days=365)


def order(request: Request, use: SigningUse | None = None) -> SigningOrder:
    return SigningOrder("CP-1", read_signing_request(request.csr), use)


def made(tmp_path: Path, **options: object) -> BuiltInAuthority:
    return BuiltInAuthority(tmp_path, FakeClock(), validity=YEAR, **options)  # type: ignore[arg-type]


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    assert made(tmp_path).roots() == []
    assert list(tmp_path.iterdir()) == []


async def test_the_keys_are_for_the_servers_user_alone(tmp_path: Path) -> None:
    made(tmp_path).all_roots()
    directory = tmp_path / "certificates"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in directory.iterdir()} == {0o600}


async def test_the_same_roots_sign_after_a_restart(tmp_path: Path) -> None:
    first = made(tmp_path)
    (one,) = await first.sign(order(Request("CP-1")))
    second = made(tmp_path)
    (two,) = await second.sign(order(Request("CP-1")))
    assert one.issuer == two.issuer
    root = x509.load_pem_x509_certificate(second.roots()[0].encode())
    for certificate in (one, two):
        certificate.verify_directly_issued_by(root)


async def test_a_certificate_may_do_no_more_than_it_has_to(tmp_path: Path) -> None:
    clock = FakeClock()
    (certificate,) = await made(tmp_path).sign(order(Request("CP-1")))
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not constraints.ca
    for unwanted in (x509.ExtendedKeyUsage, x509.SubjectAlternativeName):  # A00.FR.511, 514
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(unwanted)
    assert certificate.not_valid_before_utc < clock.now()
    assert certificate.not_valid_after_utc == clock.now() + YEAR


async def test_whoever_knows_only_rsa_can_follow_the_whole_chain(tmp_path: Path) -> None:
    authority = made(tmp_path)
    (certificate,) = await authority.sign(order(rsa_request("CP-1")))
    (root,) = [x509.load_pem_x509_certificate(pem.encode()) for pem in authority.roots()]
    assert isinstance(root.public_key(), rsa.RSAPublicKey)
    certificate.verify_directly_issued_by(root)


async def test_an_issuer_of_the_operators_own_signs_and_goes_along(tmp_path: Path) -> None:
    above, below = tmp_path / "above", tmp_path / "below"
    root = made(above)
    root.all_roots()
    sub = Request("Issuer")
    pem = _sub_ca(above / "certificates", sub)
    below.mkdir()
    (below / "issuer.pem").write_text(pem)
    secret = sub.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (below / "key.pem").write_bytes(secret)
    files = (below / "issuer.pem", below / "key.pem")
    authority = made(below, given=load_issuer(*files))
    chain = await authority.sign(order(Request("CP-1")))
    assert len(chain) == 2
    chain[0].verify_directly_issued_by(chain[1])
    assert not (below / "certificates").exists()


def _sub_ca(directory: Path, sub: Request) -> str:
    """A certificate for a sub CA, with its root behind it."""
    root_pem = (directory / "ecdsa-root.pem").read_bytes()
    root = x509.load_pem_x509_certificate(root_pem)
    key = serialization.load_pem_private_key((directory / "ecdsa-root-key.pem").read_bytes(), None)
    request = read_signing_request(sub.csr)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(root.subject)
        .public_key(sub.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, request.signature_hash_algorithm)  # type: ignore[arg-type]  # any kind of key
    )
    return (certificate.public_bytes(serialization.Encoding.PEM) + root_pem).decode()


async def test_another_authority_may_sign_what_cars_see(tmp_path: Path) -> None:
    v2g = made(tmp_path / "v2g", operator_name="V2G")
    v2g.all_roots()
    directory = tmp_path / "v2g" / "certificates"
    files = (directory / "ecdsa-root.pem", directory / "ecdsa-root-key.pem")
    authority = made(tmp_path, v2g=load_issuer(*files))
    (for_cars,) = await authority.sign(order(Request("CP-1"), SigningUse.V2G))
    (for_us,) = await authority.sign(order(Request("CP-1"), SigningUse.CHARGE_POINT))
    assert "O=V2G" in for_cars.issuer.rfc4514_string()
    assert "O=CSMS" in for_us.issuer.rfc4514_string()


async def test_a_key_that_is_not_that_of_the_certificate_is_refused(tmp_path: Path) -> None:
    made(tmp_path).all_roots()
    directory = tmp_path / "certificates"
    with pytest.raises(AuthorityError, match="is not the key of"):
        load_issuer(directory / "ecdsa-root.pem", directory / "rsa-root-key.pem")


async def test_a_certificate_that_may_not_sign_is_refused(tmp_path: Path) -> None:
    request = Request("CP-1")
    (certificate,) = await made(tmp_path).sign(order(request))
    (tmp_path / "leaf.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = request.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "leaf-key.pem").write_bytes(secret)
    with pytest.raises(AuthorityError, match="may not sign"):
        load_issuer(tmp_path / "leaf.pem", tmp_path / "leaf-key.pem")
