"""Logs and customer information (2.0.1 N01, N09)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..frames import Payload
from ..link import Reply
from ..readings import timestamp

if TYPE_CHECKING:
    from .station import ChargePoint201


async def get_log(station: ChargePoint201, payload: Payload) -> Reply:
    name = f"{station.options.serial_number}-{payload['logType'].lower()}.log"
    work = partial(_upload, station, payload["requestId"])
    return station.then({"status": "Accepted", "filename": name}, work)


async def _upload(station: ChargePoint201, request_id: int) -> None:
    for status in ("Uploading", "Uploaded"):
        station.log_status = {"status": status, "requestId": request_id}
        await station.say_in_turn("LogStatusNotification", station.log_status)
    station.log_status = {"status": "Idle"}


async def customer_information(station: ChargePoint201, payload: Payload) -> Reply:
    """N09, N10: reports what is known of a customer, and forgets it when asked."""
    token = payload.get("idToken", {}).get("idToken", "").upper()
    known = token in station.tokens.cached or token in station.tokens.listed
    if payload["clear"]:
        station.tokens.cached.pop(token, None)
    text = f"idToken {token} is known here" if known else ""
    report: Payload = {
        "data": text if payload["report"] else "",
        "tbc": False,
        "seqNo": 0,
        "generatedAt": timestamp(station.clock.now()),
        "requestId": payload["requestId"],
    }

    async def tell() -> None:
        station.say("NotifyCustomerInformation", report)

    return station.then({"status": "Accepted"}, tell)
