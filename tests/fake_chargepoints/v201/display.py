"""Messages on the display and the running cost (2.0.1 O, I02)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..frames import Payload
from ..link import Reply

if TYPE_CHECKING:
    from .station import ChargePoint201


async def set_message(station: ChargePoint201, payload: Payload) -> Payload:
    message = payload["message"]
    transaction_id = message.get("transactionId")
    if transaction_id is not None and station.running(transaction_id) is None:
        return {"status": "UnknownTransaction"}
    station.displayed[message["id"]] = message
    return {"status": "Accepted"}


async def clear_message(station: ChargePoint201, payload: Payload) -> Payload:
    known = station.displayed.pop(payload["id"], None) is not None
    return {"status": "Accepted" if known else "Unknown"}


async def get_messages(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    ids = payload.get("id")
    found = [
        message
        for message in station.displayed.values()
        if (ids is None or message["id"] in ids)
        and payload.get("priority") in (None, message["priority"])
        and payload.get("state") in (None, message.get("state"))
    ]
    if not found:
        return {"status": "Unknown"}
    work = partial(_send, station, payload["requestId"], found)
    return station.then({"status": "Accepted"}, work)


async def _send(station: ChargePoint201, request_id: int, found: list[Payload]) -> None:
    payload: Payload = {"requestId": request_id, "tbc": False, "messageInfo": found}
    station.say("NotifyDisplayMessages", payload)


async def cost_updated(station: ChargePoint201, payload: Payload) -> Payload:
    """I02: shown to the driver; nothing to answer."""
    return {}
