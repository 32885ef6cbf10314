"""Charge points: known or not, booted, alive, and what their connectors say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from csms.clock import Clock
from csms.events import (
    ChargePointBooted,
    ChargePointConnected,
    ChargePointDisconnected,
    ConnectorStatusChanged,
    Events,
    RegistrationDecided,
)
from csms.model import ConnectorStatus, OcppVersion, Place, RegistrationStatus
from csms.services.charge_point import MAX_CONNECTORS, ChargePoint, Connector
from csms.services.ports import ChargePointStore, HeldTransactions
from csms.services.records import ConnectorReport, Notification, Recorder

UnknownChargePoints: TypeAlias = Literal["pending", "accept", "reject"]

KEEP_DEPARTED_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Boot:
    """BootNotification of both versions."""

    vendor: str
    model: str
    serial_number: str | None = None
    firmware_version: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    meter_type: str | None = None
    meter_serial_number: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class BootAnswer:
    status: RegistrationStatus
    interval_s: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    """StatusNotification of both versions."""

    place: Place
    status: ConnectorStatus
    charger_time: str | None = None
    error_code: str | None = None
    info: str | None = None
    vendor_id: str | None = None
    vendor_error_code: str | None = None


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """What an operator decided about a charge point and its connections must know at once."""

    registration_status: RegistrationStatus
    security_profile: int
    pinned_version: OcppVersion | None
    user_name: str | None
    ping: bool
    site_id: str | None
    rated_power_w: int | None


class ChargePointService:
    def __init__(
        self,
        store: ChargePointStore,
        recorder: Recorder,
        events: Events,
        clock: Clock,
        transactions: HeldTransactions,
        *,
        unknown: UnknownChargePoints,
        heartbeat_interval_s: int,
        pending_interval_s: int = 30,
        max_pending: int = 1000,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._events = events
        self._clock = clock
        self._transactions = transactions
        self._unknown = unknown
        self.heartbeat_interval_s = heartbeat_interval_s
        self._max_pending = max_pending
        self._pending_interval_s = pending_interval_s
        self._live: dict[str, ChargePoint] = {}
        self._connections: dict[str, int] = {}
        self._departed: dict[str, float] = {}
        self._configured: dict[str, tuple[float, OperatorSettings]] = {}

    def live(self, charge_point_id: str) -> ChargePoint | None:
        """Return a charge point that this server holds in memory."""
        return self._live.get(charge_point_id.casefold())

    def is_connected(self, charge_point_id: str) -> bool:
        """Whether it has a connection to this server."""
        return charge_point_id.casefold() in self._connections

    def connected_ones(self) -> Iterator[ChargePoint]:
        """The charge points that have a connection to this server."""
        for identity in self._connections:
            yield self._live[identity]

    async def admit(self, charge_point_id: str) -> ChargePoint | None:
        """Return the charge point that may connect under this identity, or None to refuse.

        An unknown identity is created as the policy says, or refused.
        """
        found = self.live(charge_point_id) or await self._store.load(charge_point_id)
        if found is not None or self._unknown == "reject":
            return found
        if self._unknown == "accept":
            status = RegistrationStatus.ACCEPTED
        elif await self._store.count_pending() >= self._max_pending:
            return None
        else:
            status = RegistrationStatus.PENDING
        return await self._store.create(charge_point_id, status, self._clock.now())

    async def proved(self, charge_point: ChargePoint, profile: int) -> None:
        """Note that a charge point logged in with more security than it had to.

        From now on nobody gets in as this charge point with less (A05.FR.07), until the operator
        lowers its profile.
        """
        if profile <= charge_point.security_profile:
            return
        await self._store.raise_security_profile(charge_point.id, profile)
        was, charge_point.security_profile = charge_point.security_profile, profile
        waiting = self._configured.get(charge_point.id.casefold())
        if waiting is not None:  # what connecting will apply was decided before this
            since, settings = waiting
            settings = replace(settings, security_profile=profile)
            self._configured[charge_point.id.casefold()] = (since, settings)
        now = self._clock.now()
        await self._recorder.commit(
            Notification(
                charge_point.key,
                "security_profile_raised",
                "info",
                f"logged in with security profile {profile}, so {was} is not enough any more",
                {"from": was, "to": profile},
                now,
                now,
            )
        )

    async def certificate_refused(self, charge_point: ChargePoint, why: str) -> None:
        """Note that somebody came as this charge point with a wrong certificate (A00.FR.408)."""
        now = self._clock.now()
        kind = "InvalidChargingStationCertificate"
        await self._recorder.commit(
            Notification(
                charge_point.key,
                "security_event",
                "warning",
                f"security event: {kind} at the door: {why}",
                {"type": kind, "tech_info": why},
                now,
                now,
            )
        )

    async def user_name_refused(self, charge_point: ChargePoint, user_name: str) -> None:
        """Note that somebody had the right password, but another user name (A00.FR.204)."""
        now = self._clock.now()
        await self._recorder.commit(
            Notification(
                charge_point.key,
                "user_name_refused",
                "warning",
                f"logged in with the right password as {user_name!r}, which is not its identity; "
                "to let it in, set that as its user_name",
                {"user_name": user_name},
                now,
                now,
            )
        )

    def connected(self, charge_point: ChargePoint, version: OcppVersion) -> ChargePoint:
        """Note a new connection; returns the one object that stands for this identity."""
        identity = charge_point.id.casefold()
        if identity not in self._live:
            self._live[identity] = charge_point
            if identity in self._configured:  # changed since it was loaded
                _apply(self._configured.pop(identity)[1], charge_point)
            self._transactions.loaded(charge_point)
        charge_point = self._live[identity]
        self._departed.pop(identity, None)
        self._connections[identity] = self._connections.get(identity, 0) + 1
        now = self._clock.now()
        charge_point.ocpp_version = version
        charge_point.connection_count += 1
        charge_point.connected_at = now
        charge_point.knows_password = True  # it just logged in with it, if it had to
        charge_point.last_seen_at = now
        self._recorder.later(charge_point)
        self._events.publish(
            ChargePointConnected(
                at=now, charge_point_id=charge_point.id, ocpp_version=version.value
            )
        )
        return charge_point

    def disconnected(self, charge_point: ChargePoint, reason: str) -> None:
        """Note the end of a connection, after its last handler returned."""
        identity = charge_point.id.casefold()
        left = self._connections.get(identity, 1) - 1
        if left > 0:  # an older connection ended, a newer one lives on
            self._connections[identity] = left
            return
        self._connections.pop(identity, None)
        self._departed[identity] = self._clock.monotonic()
        now = self._clock.now()
        charge_point.disconnected_at = now
        self._recorder.later(charge_point)
        self._events.publish(
            ChargePointDisconnected(at=now, charge_point_id=charge_point.id, reason=reason)
        )

    def sweep(self) -> None:
        """Drop the charge points that left a while ago from memory.

        They stay for a while because most come back at once, and so that nothing of theirs that
        is still on its way to the database can be missed by a new load.
        """
        latest = self._clock.monotonic() - KEEP_DEPARTED_S
        gone = [identity for identity, since in self._departed.items() if since <= latest]
        for identity in gone:
            del self._departed[identity]
            self._transactions.dropped(self._live.pop(identity))
        for identity in [i for i, (since, _) in self._configured.items() if since <= latest]:
            del self._configured[identity]

    def configure(
        self,
        charge_point_id: str,
        settings: OperatorSettings,
        was: RegistrationStatus | None = None,
    ) -> None:
        """Let an operator's change, stored already, take effect at once.

        A charge point that is being loaded right now gets it when it has connected. `was` is its
        status before; None for one that is new.
        """
        charge_point = self.live(charge_point_id)
        now = self._clock.now()
        if charge_point is None:
            monotonic = self._clock.monotonic()
            self._configured[charge_point_id.casefold()] = (monotonic, settings)
        else:
            _apply(settings, charge_point)
        if was is not None and was is not settings.registration_status:
            self._events.publish(
                RegistrationDecided(
                    at=now,
                    charge_point_id=charge_point_id,
                    registration_status=settings.registration_status.value,
                )
            )

    def password_set(self, charge_point_id: str) -> None:
        """Note that an operator has set a password; who is connected goes on with its old one."""
        if self.is_connected(charge_point_id):
            self._live[charge_point_id.casefold()].knows_password = False

    def removed(self, charge_point_id: str) -> None:
        """Forget a charge point that an operator deleted; it is not connected."""
        identity = charge_point_id.casefold()
        self._configured.pop(identity, None)
        if identity in self._departed:
            del self._departed[identity]
            self._transactions.dropped(self._live.pop(identity))

    async def boot(
        self, charge_point: ChargePoint, boot: Boot, received_at: datetime
    ) -> BootAnswer:
        charge_point.vendor = boot.vendor
        charge_point.model = boot.model
        charge_point.serial_number = boot.serial_number
        charge_point.firmware_version = boot.firmware_version
        charge_point.iccid = boot.iccid
        charge_point.imsi = boot.imsi
        charge_point.meter_type = boot.meter_type
        charge_point.meter_serial_number = boot.meter_serial_number
        charge_point.boot_reason = boot.reason
        charge_point.boot_count += 1
        charge_point.last_boot_at = received_at
        status = charge_point.registration_status
        await self._recorder.commit(
            charge_point,
            Notification(
                charge_point.key,
                "boot",
                "info",
                f"booted ({boot.reason or 'no reason given'}), {status}",
                {"firmware_version": boot.firmware_version, "reason": boot.reason},
                received_at,
                received_at,
            ),
        )
        self._events.publish(
            ChargePointBooted(
                at=received_at,
                charge_point_id=charge_point.id,
                registration_status=status.value,
                vendor=boot.vendor,
                model=boot.model,
            )
        )
        accepted = status is RegistrationStatus.ACCEPTED
        return BootAnswer(
            status, self.heartbeat_interval_s if accepted else self._pending_interval_s
        )

    async def connector_status(
        self, charge_point: ChargePoint, report: StatusReport, received_at: datetime
    ) -> None:
        """Keep a connector's status with its history; connectors come into being when named."""
        at = charge_point.clock.read(report.charger_time, received_at).at
        connector = Connector(
            report.status,
            at,
            report.error_code,
            report.info,
            report.vendor_id,
            report.vendor_error_code,
        )
        known = report.place in charge_point.connectors
        if not known and len(charge_point.connectors) >= MAX_CONNECTORS:
            await self._too_many_connectors(charge_point, report.place, received_at)
            return
        charge_point.connectors[report.place] = connector
        await self._recorder.commit(
            ConnectorReport(charge_point.key, report.place, connector, received_at)
        )
        self._events.publish(
            ConnectorStatusChanged(
                at=at,
                charge_point_id=charge_point.id,
                evse_id=report.place.evse_id,
                connector_id=report.place.connector_id,
                status=report.status,
                error_code=report.error_code,
            )
        )

    async def _too_many_connectors(
        self, charge_point: ChargePoint, place: Place, received_at: datetime
    ) -> None:
        """Tell the operator, once, of a charger that makes up connectors."""
        if charge_point.named_too_many:
            return
        charge_point.named_too_many = True
        await self._recorder.commit(
            Notification(
                charge_point.key,
                "too_many_connectors",
                "warning",
                f"named more than {MAX_CONNECTORS} connectors; the status of others is not kept",
                {"evse_id": place.evse_id, "connector_id": place.connector_id},
                received_at,
                received_at,
            )
        )


def _apply(settings: OperatorSettings, charge_point: ChargePoint) -> None:
    charge_point.registration_status = settings.registration_status
    charge_point.security_profile = settings.security_profile
    charge_point.pinned_version = settings.pinned_version
    charge_point.user_name = settings.user_name
    charge_point.ping = settings.ping
    charge_point.site_id = settings.site_id
    charge_point.rated_power_w = settings.rated_power_w
