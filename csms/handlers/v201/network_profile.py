"""SetNetworkProfile: where and how a charging station shall connect (B09, A05)."""

from __future__ import annotations

from csms.errors import InvalidValueError
from csms.handlers.contract import Payload
from csms.handlers.editions import edition_of
from csms.handlers.numbers import INT32_MAX
from csms.handlers.phrasebook import reader, within
from csms.handlers.security_profiles import check_security
from csms.services.charge_point import ChargePoint
from csms.services.commands import Outgoing, SetNetworkProfile


def set_network_profile(charge_point: ChargePoint, command: SetNetworkProfile) -> Outgoing:
    """Raises ConflictError for a profile with less security than the charge point has to have."""
    check_security(charge_point, command.security_profile)
    if not command.url.startswith(("ws://", "wss://")):
        raise InvalidValueError("url", command.url, "an address that begins with ws:// or wss://")
    if command.security_profile >= 2 and not command.url.startswith("wss://"):
        raise InvalidValueError("url", command.url, "wss:// for security profiles 2 and 3")
    if not 0 <= command.slot <= INT32_MAX:
        raise InvalidValueError("slot", command.slot, "a number of a slot, 0 or more")
    edition = edition_of(charge_point)
    data: Payload = {}
    if command.apn is not None:
        data["apn"] = command.apn
    data |= {
        "ocppVersion": edition.network_version,
        "ocppTransport": "JSON",
        "ocppCsmsUrl": within("url", command.url, edition.url_length, edition.name),
        "messageTimeout": command.message_timeout_s,
        "securityProfile": command.security_profile,
        "ocppInterface": command.interface,
    }
    if command.vpn is not None:
        data["vpn"] = command.vpn
    return Outgoing(
        "SetNetworkProfile",
        {"configurationSlot": command.slot, "connectionData": data},
        reader("Accepted"),
    )
