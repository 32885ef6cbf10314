"""SignCertificate and what follows: signed, sent as CertificateSigned, noted (A02, A03)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from csms.clock import Clock
from csms.errors import (
    CommandError,
    CommandRefusedError,
    CsmsError,
    InvalidValueError,
    NotSupportedError,
)
from csms.metrics import Metrics
from csms.model import OcppVersion, RegistrationStatus
from csms.services.certificates.authority import (
    AuthorityError,
    CertificateAuthority,
    SigningOrder,
)
from csms.services.certificates.signing_requests import (
    BadRequestError,
    common_name,
    digest_of,
    organisations,
    read_signing_request,
)
from csms.services.certificates.words import SigningUse
from csms.services.charge_point import ChargePoint
from csms.services.commands import Command, CommandAnswer, SendSignedCertificate
from csms.services.notifications import NotificationService, Severity
from csms.services.ports import Link
from csms.services.rounds import Boundary

logger = logging.getLogger(__name__)

SigningPolicy: TypeAlias = Literal["accepted", "authenticated", "by-hand"]
"""Whose requests are signed at once: those of all accepted charge points, of those that log in
(security profile 1 and up), or nobody's: the operator has them signed elsewhere."""

RETRY_AFTER_S: Final = (10.0, 60.0, 300.0)
"""Then it is up to the charge point, which asks again by itself (A02.FR.17)."""
_TRIGGERS: Final = {
    "SignChargingStationCertificate": SigningUse.CHARGE_POINT,
    "SignV2GCertificate": SigningUse.V2G,
    "SignV2G20Certificate": SigningUse.V2G_20,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate that was signed for a charge point."""

    charge_point_key: int
    use: SigningUse | None
    request_digest: bytes
    fingerprint: bytes
    """SHA-256 of the certificate."""
    serial_number: str
    subject: str
    issuer: str
    chain: str
    """PEM; the certificate first."""
    not_before: datetime
    not_after: datetime
    security_profile: int
    """What the charge point had to prove when it asked."""
    issued_at: datetime
    id: int = 0


class IssuedCertificateStore(Protocol):
    """Keeps what was signed; durable on return."""

    async def add(self, certificate: IssuedCertificate) -> int:
        """Return the id it is kept under."""
        ...

    async def answering(
        self, charge_point_key: int, request_digest: bytes
    ) -> IssuedCertificate | None:
        """Return the newest certificate for this very request that was not revoked."""
        ...

    async def settle(self, certificate_id: int, status: str, at: datetime) -> None:
        """Note what became of it: accepted, rejected or undelivered."""
        ...

    async def names_another(self, charge_point_key: int, name: str) -> bool:
        """Whether this is the identity or the serial number of another charge point."""
        ...


class CommandSender(Protocol):
    async def execute(
        self, charge_point_id: str, command: Command, timeout_s: float | None = None
    ) -> CommandAnswer: ...


class CertificateSigning:
    """`commands` is set once there are connections: who sends them needs the services first."""

    def __init__(
        self,
        authority: CertificateAuthority,
        store: IssuedCertificateStore,
        notifications: NotificationService,
        clock: Clock,
        metrics: Metrics,
        *,
        policy: SigningPolicy = "accepted",
        operator_name: str | None = None,
        retry_after_s: Sequence[float] = RETRY_AFTER_S,
    ) -> None:
        self._authority = authority
        self._store = store
        self._notifications = notifications
        self._boundary = Boundary("certificate signing", metrics)
        self._clock = clock
        self._policy = policy
        self._operator_name = operator_name
        self._retry_after_s = retry_after_s
        self._running: dict[tuple[str, SigningUse | None], asyncio.Task[None]] = {}
        self._triggered: dict[str, SigningUse] = {}
        self.commands: CommandSender | None = None

    async def asked(
        self,
        charge_point: ChargePoint,
        text: str,
        use: SigningUse | None,
        received_at: datetime,
        request_id: int | None = None,
    ) -> str | None:
        """Take a request; returns why it can't be served, None if it will be (A02.FR.11, 12).

        The certificate follows in a task of its own, after the answer, with the `request_id` of
        the request if it had one (2.1: A02.FR.25).
        """
        use = use or self._triggered.pop(charge_point.id, None)
        by_hand = self._policy == "by-hand"
        refusal: str | None = None
        try:
            request = read_signing_request(text)
            refusal = None if by_hand else await self._objection(charge_point, request)
        except BadRequestError as error:
            refusal = str(error)
        what = use.value if use is not None else "certificate"
        await self._note(
            charge_point,
            "sign_certificate",
            f"asks for a {what} to be signed" + (f", refused: {refusal}" if refusal else ""),
            {"csr": text, "certificate_type": use, "refused": refusal},
            received_at,
            "warning" if refusal else "info",
        )
        if refusal is None and not by_hand:
            self._start(charge_point, request, use, request_id)
        return refusal

    async def answered(
        self, link: Link, action: str, payload: Mapping[str, Any], answer: dict[str, Any]
    ) -> None:
        """Remember which certificate was asked for: some requests that follow don't tell."""
        use = _TRIGGERS.get(str(payload.get("requestedMessage")))
        if action == "TriggerMessage" and answer.get("status") == "Accepted":
            if use is None:
                self._triggered.pop(link.charge_point.id, None)
            else:
                self._triggered[link.charge_point.id] = use

    async def stop(self) -> None:
        """End what still tries to deliver; the charge points will ask again."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _objection(
        self, charge_point: ChargePoint, request: x509.CertificateSigningRequest
    ) -> str | None:
        """Return why a good request is not signed for this charge point."""
        status = charge_point.registration_status
        # a pending 2.0.1 charge point may only say what it was asked for (B02.FR.09)
        invited = (
            status is RegistrationStatus.PENDING
            and charge_point.ocpp_version is not OcppVersion.V16
        )
        if not charge_point.accepted and not invited:
            return f"the charge point is {status}"
        if self._policy == "authenticated" and charge_point.security_profile < 1:
            return "it does not log in (security profile 0)"
        if self._operator_name and self._operator_name not in organisations(request.subject):
            return f"its organisation is not {self._operator_name!r}"  # A00.FR.404
        name = common_name(request.subject) or ""
        if await self._store.names_another(charge_point.key, name):
            return f"{name!r} is another charge point"
        return None

    def _start(
        self,
        charge_point: ChargePoint,
        request: x509.CertificateSigningRequest,
        use: SigningUse | None,
        request_id: int | None,
    ) -> None:
        """Sign and send in a task of its own; a newer request takes the place of an older one."""
        key = (charge_point.id, use)
        older = self._running.get(key)
        if older is not None:
            older.cancel()
        task = asyncio.create_task(
            self._serve(charge_point, request, use, request_id),
            name=f"certificate of {charge_point.id}",
        )
        self._running[key] = task

        def done(ended: asyncio.Task[None]) -> None:
            if self._running.get(key) is ended:
                del self._running[key]

        task.add_done_callback(done)

    async def _serve(
        self,
        charge_point: ChargePoint,
        request: x509.CertificateSigningRequest,
        use: SigningUse | None,
        request_id: int | None,
    ) -> None:
        try:
            issued = await self._issue(charge_point, request, use)
            await self._deliver(charge_point, issued, request_id)
        except AuthorityError as error:
            await self._note(
                charge_point,
                "certificate_signed",
                f"its certificate could not be signed: {error}",
                {"certificate_type": use},
                self._clock.now(),
                "critical",
            )
        except CsmsError as error:
            logger.warning("the certificate of %s has to wait: %s", charge_point.id, error)
        except Exception:  # nobody waits for this task
            logger.exception("the certificate of %s failed", charge_point.id)
            self._boundary.count()

    async def _issue(
        self,
        charge_point: ChargePoint,
        request: x509.CertificateSigningRequest,
        use: SigningUse | None,
    ) -> IssuedCertificate:
        """Sign, or find what was signed for this very request before. Raises AuthorityError."""
        digest = digest_of(request)
        known = await self._store.answering(charge_point.key, digest)
        if known is not None and known.use == use and known.not_after > self._clock.now():
            return known
        chain = await self._authority.sign(SigningOrder(charge_point.id, request, use))
        certificate = chain[0]
        if certificate.public_key() != request.public_key():
            raise AuthorityError("the authority signed another key")
        issued = IssuedCertificate(
            charge_point_key=charge_point.key,
            use=use,
            request_digest=digest,
            fingerprint=certificate.fingerprint(hashes.SHA256()),
            serial_number=f"{certificate.serial_number:x}",
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            chain="".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in chain),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            security_profile=charge_point.security_profile,
            issued_at=self._clock.now(),
        )
        number = await self._store.add(issued)
        logger.info("signed certificate %s for %s", issued.serial_number, charge_point.id)
        return replace(issued, id=number)

    async def _deliver(
        self, charge_point: ChargePoint, issued: IssuedCertificate, request_id: int | None
    ) -> None:
        command = SendSignedCertificate(issued.chain, issued.use, request_id)
        status, why = await self._send(charge_point.id, command)
        now = self._clock.now()
        await self._store.settle(issued.id, status, now)
        severity: Severity = "info" if status == "accepted" else "warning"
        await self._note(
            charge_point,
            "certificate_signed",
            f"the certificate that was signed for it is {status}" + (f": {why}" if why else ""),
            {
                "status": status,
                "serial_number": issued.serial_number,
                "certificate_type": issued.use,
            },
            now,
            severity,
        )

    async def _send(self, charge_point_id: str, command: SendSignedCertificate) -> tuple[str, str]:
        """Send until there is an answer or nobody is left to try; returns status and reason."""
        assert self.commands is not None, "certificates are asked for before anything is connected"
        why = ""
        for wait_s in (0.0, *self._retry_after_s):
            await asyncio.sleep(wait_s)
            try:
                answer = await self.commands.execute(charge_point_id, command)
            except (CommandRefusedError, NotSupportedError, InvalidValueError) as error:
                return "rejected", str(error)
            except CommandError as error:  # it may have been lost on the way
                why = str(error)
            else:
                return ("accepted", "") if answer.accepted else ("rejected", _reason(answer))
        return "undelivered", why

    async def _note(
        self,
        charge_point: ChargePoint,
        kind: str,
        summary: str,
        data: dict[str, Any],
        at: datetime,
        severity: Severity,
    ) -> None:
        told = {key: value for key, value in data.items() if value is not None}
        await self._notifications.record(charge_point, kind, summary, told, at, severity=severity)


def _reason(answer: CommandAnswer) -> str:
    info = answer.response.get("statusInfo")
    return str(info.get("reasonCode", "")) if isinstance(info, dict) else ""
