"""Orders that take a charge point time, read back from the messages that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from csms.handlers.numbers import read_int32
from csms.handlers.phrasebook import reader
from csms.services.clocks import parse_time
from csms.services.commands import Read
from csms.services.confidential import address_shown
from csms.services.operations.model import Kind
from csms.services.operations.raw_orders import RawOrder

LONGEST: Final = 2000

Fields = Mapping[str, Any]

read_yes: Final = reader("Accepted", "AcceptedCanceled")


def firmware_order(payload: Fields, firmware: Fields, read: Read) -> RawOrder | None:
    """Read an update, whose details are in the payload or in a `firmware` of its own."""
    location = _text(firmware, "location")
    retrieve_at = _time(firmware, "retrieveDateTime") or _time(firmware, "retrieveDate")
    if location is None or retrieve_at is None:
        return None
    install_at = _time(firmware, "installDateTime")
    return RawOrder(
        kind=Kind.FIRMWARE_UPDATE,
        request_id=read_int32(payload.get("requestId")),
        request={
            "location": location,
            "version": None,
            "retrieve_at": retrieve_at,
            "install_at": install_at,
            "signed": "signature" in firmware,
            **_retries(payload),
        },
        not_before=max(retrieve_at, install_at or retrieve_at),
        read=read,
    )


def publication_order(payload: Fields, read: Read) -> RawOrder:
    return RawOrder(
        kind=Kind.FIRMWARE_PUBLICATION,
        request_id=read_int32(payload.get("requestId")),
        request={
            "location": _text(payload, "location"),
            "md5": _text(payload, "checksum"),
            **_retries(payload),
        },
        read=read,
    )


def log_order(
    payload: Fields, read: Read, *, location: Any, since: Any, until: Any, security: bool = False
) -> RawOrder:
    place = location if isinstance(location, str) else None
    return RawOrder(
        kind=Kind.LOG,
        request_id=read_int32(payload.get("requestId")),
        request={
            "log_type": "security" if security else "diagnostics",
            "location": None if place is None else address_shown(place[:LONGEST]),
            "since": _moment(since),
            "until": _moment(until),
            **_retries(payload),
        },
        read=read,
    )


def get_log_order(payload: Fields, read: Read) -> RawOrder:
    """Read a GetLog, which 2.0.1 and the security extension of 1.6 write alike."""
    log = payload.get("log")
    details = log if isinstance(log, dict) else {}
    return log_order(
        payload,
        read,
        location=details.get("remoteLocation"),
        since=details.get("oldestTimestamp"),
        until=details.get("latestTimestamp"),
        security=payload.get("logType") == "SecurityLog",
    )


def _retries(payload: Fields) -> dict[str, int | None]:
    return {
        "retries": read_int32(payload.get("retries")),
        "retry_interval_s": read_int32(payload.get("retryInterval")),
    }


def _text(fields: Fields, key: str) -> str | None:
    value = fields.get(key)
    return address_shown(value[:LONGEST]) if isinstance(value, str) else None


def _time(fields: Fields, key: str) -> datetime | None:
    return _moment(fields.get(key))


def _moment(value: Any) -> datetime | None:
    return parse_time(value) if isinstance(value, str) else None
