"""Who may connect, in which OCPP version; decided before the WebSocket opens."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, Literal, TypeAlias

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from csms.clock import Clock
from csms.config import Settings
from csms.errors import CsmsError
from csms.gateway.certificates import shown_on
from csms.gateway.credentials import BusyError, Credentials, PasswordCheck, parse_basic
from csms.gateway.identity import BadIdentityError, checked, identity_of
from csms.gateway.shapes import fold
from csms.gateway.sockets import Admission, ChargerSocket
from csms.gateway.tls_door import address_of
from csms.limits import Bucket, LogLimit, Rate, SourceLogLimits
from csms.metrics import Metrics
from csms.model import OcppVersion
from csms.services.certificates.door import CertificateDoor, ShownCertificate
from csms.services.charge_point import ChargePoint
from csms.services.charge_points import ChargePointService
from csms.services.ports import PasswordStore

logger = logging.getLogger(__name__)

MAX_DELAY_S: Final = 8.0
"""How long a handshake above the rate is held back before it is refused."""
RETRY_AFTER_S: Final = 30
_LOG_EVERY_S: Final = 1.0
_TELL_OF_TLS_EVERY_S: Final = 60.0
_TLS_SOURCES: Final = 1000
_NOTE_EVERY_S: Final = 10.0
_NOTE_USER_NAME_EVERY_S: Final = 3600.0
_LONGEST_USER_NAME: Final = 255

VersionChoice: TypeAlias = Literal["newest", "charger"]
"""Whose preference counts where both sides speak several versions: the newest, or its order."""

_AGE: Final = {version: age for age, version in enumerate(OcppVersion)}

_SPELLINGS: Final = {
    "ocpp": OcppVersion.V16,
    "ocppj": OcppVersion.V16,
    "ocpp16": OcppVersion.V16,
    "ocpp160": OcppVersion.V16,
    "ocpp16j": OcppVersion.V16,
    "ocpp201": OcppVersion.V201,
    "ocpp201j": OcppVersion.V201,
    "ocpp21": OcppVersion.V21,
    "ocpp21j": OcppVersion.V21,
}


class NoCommonVersionError(Exception):
    """A charger offers no OCPP version that is served (or, if one is pinned for it, that one)."""


class RefusedError(Exception):
    """A handshake that is answered with an HTTP error; the message is its body."""

    def __init__(self, status: HTTPStatus, outcome: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.outcome = outcome


def offered_versions(headers: Headers) -> list[tuple[str, OcppVersion | None]]:
    """Return the subprotocols a charger offers as it spells them, with what they mean."""
    lists = ",".join(headers.get_all("Sec-WebSocket-Protocol")).split(",")
    names = [name for each in lists for name in _names_in(each.strip())]
    return [(name, _SPELLINGS.get(fold(name))) for name in names if name]


def _names_in(text: str) -> list[str]:
    """Split what should be one name, unless it is one, at what some put between several."""
    return [text] if fold(text) in _SPELLINGS else re.split(r"[;\s]+", text)


def choose_version(
    offered: Sequence[tuple[str, OcppVersion | None]],
    served: Sequence[OcppVersion],
    pinned: OcppVersion | None,
    choice: VersionChoice = "newest",
) -> tuple[str | None, OcppVersion]:
    """Return the subprotocol to agree on (None: send none) and the version it means.

    Chargers list what they speak in the order of their preference (OCPP-J 2.0.1, 3.1.2), which
    counts if `choice` says so; a version pinned for it counts more. A charger that offers nothing
    is taken for 1.6, or for what is pinned. Raises NoCommonVersionError.
    """
    if not offered:
        return None, pinned or OcppVersion.V16
    usable = [(name, version) for name, version in offered if version in served]
    if pinned is not None:
        usable = [(name, version) for name, version in usable if version is pinned]
    known = [(name, version) for name, version in usable if version is not None]
    if known and choice == "newest":
        return max(known, key=lambda each: _AGE[each[1]])
    if known:
        return known[0]
    wanted = pinned.value if pinned else ", ".join(version.value for version in served)
    raise NoCommonVersionError(
        f"no common OCPP version: offered {', '.join(name for name, _ in offered)}, "
        f"expected {wanted}",
    )


_HOST: Final = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$", re.ASCII
)


class Doorkeeper:
    """Decides about handshakes. One for all listening ports."""

    def __init__(
        self,
        settings: Settings,
        charge_points: ChargePointService,
        passwords: PasswordStore,
        certificates: CertificateDoor,
        served: Sequence[OcppVersion],
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._max_connections = settings.max_connections
        self._choice = settings.ocpp_version_choice
        self._charge_points = charge_points
        self._passwords = PasswordCheck(passwords)
        self._certificates = certificates
        self._served = served
        self._metrics = metrics
        self._clock = clock
        self._rate = Rate(settings.handshakes_per_second, settings.handshakes_burst)
        self._bucket = Bucket()
        self._log_limits: dict[str, LogLimit] = {}
        self._tls_log_limits = SourceLogLimits(_TELL_OF_TLS_EVERY_S, most=_TLS_SOURCES)
        self.connections = 0

    async def process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer a handshake; None lets it through.

        `socket.admission` is set then, or `socket.unnamed` where the charger has yet to say who it
        is. Neither is without a common OCPP version: that is told by completing the handshake
        without a subprotocol and closing at once (OCPP-J, 3.1.2).
        """
        assert isinstance(socket, ChargerSocket)
        if not any("websocket" in word.lower() for word in request.headers.get_all("Upgrade")):
            return None  # the protocol answers 426
        try:
            socket.admission = await self._admit(socket, request)
        except RefusedError as refusal:
            return self._refuse(socket, request.path, refusal)
        except NoCommonVersionError as error:
            self._note("no_common_version", socket, request.path, error)
        except CsmsError as error:
            unavailable = RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", f"not now, try later: {error}"
            )
            return self._refuse(socket, request.path, unavailable)
        return None

    async def _admit(self, socket: ChargerSocket, request: Request) -> Admission | None:
        """Raises RefusedError and NoCommonVersionError; None if the charger gave no name yet."""
        await self._make_room()
        credentials = parse_basic(_header(request, "Authorization"))
        identity = _identity(request, credentials)
        offered = offered_versions(request.headers)
        name, version = choose_version(offered, self._served, None, self._choice)
        if identity is None:
            socket.unnamed = version
            socket.agree_on(name)
            return None
        charge_point = await self._known(identity)
        name, version = choose_version(
            offered, self._served, charge_point.pinned_version, self._choice
        )
        if name is None:
            logger.warning("%s offers no subprotocol, taken for %s", charge_point.id, version)
        await self._authenticate(socket, charge_point, credentials, version)
        charge_point.remote_address = _address_of(socket)
        charge_point.server_host = _host_of(request)
        charge_point.uses_tls = socket.secure
        socket.agree_on(name)
        return Admission(charge_point, version)

    async def adopt(self, socket: ChargerSocket, identity: str) -> Admission:
        """Let in a charger that said who it is when it was connected already.

        Raises RefusedError: only what needs no proof can be claimed so.
        """
        charge_point = await self._known(identity)
        version = socket.unnamed
        assert version is not None
        if charge_point.security_profile > 0:
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "no_identity",
                f"{charge_point.id} has to log in with its name",
            )
        if charge_point.pinned_version not in (None, version):
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "no_identity",
                f"{charge_point.id} is pinned to another version",
            )
        charge_point.remote_address = _address_of(socket)
        charge_point.uses_tls = socket.secure
        return Admission(charge_point, version)

    async def _known(self, identity: str) -> ChargePoint:
        """Raises RefusedError."""
        charge_point = await self._charge_points.admit(identity)
        if charge_point is None:
            raise RefusedError(
                HTTPStatus.NOT_FOUND, "unknown", f"charge point {identity!r} is not known here"
            )
        return charge_point

    def not_adopted(self, socket: ChargerSocket, why: object) -> None:
        """Count and log a charger that never said who it is, or may not be who it says."""
        self._note("no_identity", socket, "a connection", why)

    async def _make_room(self) -> None:
        """Hold a handshake back while there are too many. Raises RefusedError."""
        if self.connections >= self._max_connections:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "full",
                f"{self._max_connections} charge points are connected already",
            )
        delay = self._bucket.take(self._rate, self._clock.monotonic())
        if delay > MAX_DELAY_S:
            self._bucket.give_back(self._rate)
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "too_many", "too many connect at once, try later"
            )
        if delay > 0.0:
            await asyncio.sleep(delay)

    async def _authenticate(
        self,
        socket: ChargerSocket,
        charge_point: ChargePoint,
        credentials: Credentials | None,
        version: OcppVersion,
    ) -> None:
        """Check what the charge point's security profile demands. Raises RefusedError.

        Who shows more than that has to from then on. A charge point that goes up to profile 3
        shows its certificate and no password any more (A05.FR.05): that is more.
        """
        profile = charge_point.security_profile
        if profile >= 2 and not socket.secure:
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "insecure",
                f"security profile {profile} is demanded: connect with TLS",
            )
        alone = profile in (1, 2) and credentials is None
        objection = await self._objection(charge_point, shown_on(socket.transport), alone=alone)
        if profile >= 3 and objection is not None:
            await self._note_certificate(charge_point, objection)
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "certificate",
                f"security profile 3 demands a client certificate for {charge_point.id!r} "
                f"({objection})",
            )
        proved = 0
        if profile in (1, 2) and not (alone and objection is None):
            await self._check_password(charge_point, credentials, version)
            proved = 2 if socket.secure else 1
        if objection is None:
            proved = 3
        await self._charge_points.proved(charge_point, proved)

    async def _note_certificate(self, charge_point: ChargePoint, why: str) -> None:
        """Keep that a certificate was refused, now and then: strangers must not fill the disk."""
        limit = self._log_limits.setdefault("certificate event", LogLimit(_NOTE_EVERY_S))
        if limit.allow(self._clock.monotonic()) is not None:
            await self._charge_points.certificate_refused(charge_point, why)

    async def _objection(
        self, charge_point: ChargePoint, shown: ShownCertificate | None, *, alone: bool
    ) -> str | None:
        """Return why a client certificate proves nothing, None if it does."""
        if shown is None:
            return "none was shown"
        return await self._certificates.objection(charge_point, shown, alone=alone)

    async def _check_password(
        self, charge_point: ChargePoint, credentials: Credentials | None, version: OcppVersion
    ) -> None:
        if credentials is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "no_password", "Basic authentication is demanded"
            )
        credentials = credentials.read_for(charge_point.id)
        try:
            right = await self._passwords.is_right(charge_point.id, credentials.password)
        except BusyError:
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE, "busy", "too many log in at once, try later"
            ) from None
        if not right:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "wrong_password", "user name or password is wrong"
            )
        if credentials.user.strip().casefold() != charge_point.id.casefold():
            await self._judge_user_name(charge_point, credentials.user, version)

    async def _judge_user_name(
        self, charge_point: ChargePoint, user: str, version: OcppVersion
    ) -> None:
        """Decide about the right password with a user name that is not the identity.

        It may be the one that an operator entered; without that, chargers of 1.6 are let pass,
        newer ones are not (A00.FR.204, A00.FR.324). Raises RefusedError.
        """
        known = charge_point.user_name
        if known is None and version is OcppVersion.V16:
            logger.warning("%s logged in with its password as user %r", charge_point.id, user)
        elif known is None or user.strip().casefold() != known.strip().casefold():
            await self._note_user_name(charge_point, user)
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED, "wrong_password", "user name or password is wrong"
            )
        self._metrics.repairs.labels("user_name", self._metrics.vendor(charge_point.vendor)).inc()

    async def _note_user_name(self, charge_point: ChargePoint, user: str) -> None:
        """Keep what a charger calls itself, now and then: it goes on knocking."""
        limit = self._log_limits.setdefault(
            f"user name of {charge_point.id}", LogLimit(_NOTE_USER_NAME_EVERY_S)
        )
        if limit.allow(self._clock.monotonic()) is not None:
            name = "".join(c for c in user[:_LONGEST_USER_NAME] if c.isprintable())
            await self._charge_points.user_name_refused(charge_point, name)

    def opened(self) -> None:
        """A handshake succeeded."""
        self._metrics.handshakes.labels("ok").inc()

    def not_opened(self, socket: ChargerSocket) -> None:
        """A connection ended without a request; those that sent something else are told of."""
        error = socket.protocol.handshake_exc
        cause = error.__cause__ or error if error is not None else None
        if cause is None or isinstance(cause, EOFError):
            self._metrics.handshakes.labels("abandoned").inc()
        else:
            self._note("bad_http", socket, "a connection", cause)

    def no_tls(self, address: str, why: str | None) -> None:
        """TLS failed before there was a request; None: nobody began with it.

        A charger goes on trying, so each address is told of once a minute.
        """
        if why is None:
            self._metrics.handshakes.labels("abandoned").inc()
            return
        host = address.rpartition(":")[0]
        limit = self._tls_log_limits.of(host, self._clock.monotonic())
        self._tell("tls", limit, "a TLS handshake", address, why)

    def _note(self, outcome: str, socket: ChargerSocket, what: str, why: object) -> None:
        """Count and log a failed handshake, a line a second at most for each outcome."""
        limit = self._log_limits.setdefault(outcome, LogLimit(_LOG_EVERY_S))
        self._tell(outcome, limit, what, source_of(socket), why)

    def _tell(self, outcome: str, limit: LogLimit, what: str, source: str, why: object) -> None:
        self._metrics.handshakes.labels(outcome).inc()
        swallowed = limit.allow(self._clock.monotonic())
        if swallowed is not None:
            logger.warning(
                "refused %.100r from %s: %.200s (%d more like this went unmentioned)",
                what,
                source,
                why,
                swallowed,
            )

    def _refuse(self, socket: ChargerSocket, path: str, refusal: RefusedError) -> Response:
        self._note(refusal.outcome, socket, path, refusal)
        response = socket.respond(refusal.status, f"{refusal}\n")
        if refusal.status is HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = 'Basic realm="charge points", charset="UTF-8"'
        if refusal.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
            response.headers["Retry-After"] = str(RETRY_AFTER_S)
        return response

    def close(self) -> None:
        self._passwords.close()


def source_of(socket: ChargerSocket) -> str:
    """Return where a connection comes from, for the log."""
    return address_of(socket.transport)


def _address_of(socket: ChargerSocket) -> str | None:
    peer = socket.transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else None


def _host_of(request: Request) -> str | None:
    """Return the host that was asked for, without its port."""
    found = _HOST.match(_header(request, "Host") or "")
    return found.group(1) if found else None


def _header(request: Request, name: str) -> str | None:
    values = request.headers.get_all(name)
    return values[0] if values else None


def _identity(request: Request, credentials: Credentials | None) -> str | None:
    """Return the identity in the address, or, where it has none, the user name.

    None if there is none either. Raises RefusedError.
    """
    try:
        identity = identity_of(request.path)
        if identity is None and credentials is not None:
            identity = checked(credentials.user)
    except BadIdentityError as error:
        raise RefusedError(HTTPStatus.NOT_FOUND, "bad_identity", str(error)) from None
    return identity
