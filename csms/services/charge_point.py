"""A charge point as the running server knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from csms.model import ConnectorStatus, OcppVersion, Place, RegistrationStatus
from csms.services.clocks import ChargerClock
from csms.services.transactions.model import Transaction

MAX_CONNECTORS = 256
"""Connectors are created as chargers name them, up to this many each."""


@dataclass(slots=True)
class Connector:
    """What a connector last said of itself."""

    status: ConnectorStatus
    status_at: datetime
    error_code: str | None = None
    info: str | None = None
    vendor_id: str | None = None
    vendor_error_code: str | None = None


@dataclass(slots=True)
class ChargePoint:
    """One charge point's live state, shared by all its connections.

    There is one object for each identity in a server; it outlives reconnects and is dropped some
    time after the last connection ended. Services change it, the store saves it.
    """

    key: int
    id: str
    registration_status: RegistrationStatus
    security_profile: int = 0
    ocpp_version: OcppVersion = OcppVersion.V16
    pinned_version: OcppVersion | None = None
    user_name: str | None = None
    """What it may log in as, though that is not its identity."""
    ping: bool = True
    site_id: str | None = None
    rated_power_w: int | None = None
    vendor: str = ""
    model: str = ""
    serial_number: str | None = None
    firmware_version: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    meter_type: str | None = None
    meter_serial_number: str | None = None
    boot_reason: str | None = None
    boot_count: int = 0
    connection_count: int = 0
    last_boot_at: datetime | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    remote_address: str | None = None
    """Where it last logged in from; not stored."""
    server_host: str | None = None
    """By which name or address it reaches this server, and whether with TLS; not stored."""
    uses_tls: bool = False
    knows_password: bool = True
    """False once an operator has set a password that this connection was not told; not stored."""
    last_seen_at: datetime | None = None
    clock: ChargerClock = field(default_factory=ChargerClock)
    connectors: dict[Place, Connector] = field(default_factory=dict)
    named_too_many: bool = False
    """Whether it named more connectors than anybody has, and the operator was told; not stored."""
    open_transactions: dict[int, Transaction] = field(default_factory=dict)
    recent_transactions: dict[int, Transaction] = field(default_factory=dict)
    """The last few ended ones, kept to recognise repeats and late readings."""

    @property
    def accepted(self) -> bool:
        return self.registration_status is RegistrationStatus.ACCEPTED

    @property
    def only_evse_id(self) -> int | None:
        """The EVSE of a charge point that has shown a single one."""
        numbers = {place.evse_id for place in self.connectors if place.evse_id > 0}
        return numbers.pop() if len(numbers) == 1 else None
