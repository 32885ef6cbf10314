"""Start, stop, reset, unlock, availability, status of a transaction, data transfer (2.0.1)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..evse import Evse
from ..frames import Payload
from ..link import Reply
from ..tokens import IdToken
from .idtokens import token_from
from .smart_charging import profile_from

if TYPE_CHECKING:
    from .station import ChargePoint201

accepted: Payload = {"status": "Accepted"}
rejected: Payload = {"status": "Rejected"}


async def request_start(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """F01, F02: starts at once with a car at the plug, else waits EVConnectionTimeOut for one."""
    token = token_from(payload["idToken"])
    evse = _startable(station, payload.get("evseId"), token)
    if evse is None:
        return rejected
    return station.then(accepted, partial(_start, station, evse, token, payload))


def _startable(station: ChargePoint201, evse_id: int | None, token: IdToken) -> Evse | None:
    wanted = [evse for evse in station.evses if evse_id in (None, evse.id)]
    free = [evse for evse in wanted if station.may_start(evse, token)]
    with_car = [evse for evse in free if evse.vehicle is not None]
    return next(iter(with_car or free), None)


async def _start(station: ChargePoint201, evse: Evse, token: IdToken, payload: Payload) -> None:
    if station.flag("AuthorizeRemoteTxRequests"):
        info = await station.authorize(token)
        if info.status != "Accepted":
            return
    remote_start_id = payload["remoteStartId"]
    if evse.vehicle is None:
        timeout_s = station.device_model.integer("TxCtrlr", "EVConnectionTimeOut")
        station.await_cable(evse, token, timeout_s, remote_start_id)
        return
    station.begin(evse, token, station.clock.now(), remote_start_id=remote_start_id)
    if profile := payload.get("chargingProfile"):
        station.profiles.install(profile_from(profile, evse.id, station.clock.now()))
        station.update_limits()


async def request_stop(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    evse = station.running(payload["transactionId"])
    if evse is None:
        return rejected

    async def stop() -> None:
        await station.stop(evse.id, "Remote")

    return station.then(accepted, stop)


async def transaction_status(station: ChargePoint201, payload: Payload) -> Payload:
    """E14: is it still running, and do messages wait?"""
    answer: Payload = {"messagesInQueue": station.outbox.has_durable()}
    if "transactionId" in payload:
        ongoing = station.running(payload["transactionId"]) is not None
        return {"ongoingIndicator": ongoing, **answer}
    return answer


async def reset(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """B11, B12: Immediate ends transactions, OnIdle waits for their end."""
    evse_id = payload.get("evseId")
    if evse_id is not None:
        return _reset_evse(station, evse_id)
    busy = any(evse.transaction is not None for evse in station.evses)
    if payload["type"] == "OnIdle" and busy:
        station.resets_when_idle = True
        return {"status": "Scheduled"}
    return station.then(accepted, station.reboot)


def _reset_evse(station: ChargePoint201, evse_id: int) -> Payload | Reply:
    if not 1 <= evse_id <= len(station.evses):
        return rejected

    async def restart() -> None:
        await station.stop(evse_id, "Reset")
        await station.status(evse_id)

    return station.then(accepted, restart)


async def unlock(station: ChargePoint201, payload: Payload) -> Payload:
    """F05: refused while an authorised transaction runs."""
    evse_id = payload["evseId"]
    if not 1 <= evse_id <= len(station.evses) or payload["connectorId"] != 1:
        return {"status": "UnknownConnector"}
    if station.evse(evse_id).transaction is not None:
        return {"status": "OngoingAuthorizedTransaction"}
    return {"status": "Unlocked"}


async def change_availability(station: ChargePoint201, payload: Payload) -> Payload | Reply:
    """G03, G04: no EVSE means all; a running transaction puts it off (Scheduled)."""
    evse_id = payload.get("evse", {}).get("id", 0)
    operative = payload["operationalStatus"] == "Operative"
    if evse_id > len(station.evses):
        return rejected
    evses = [evse for evse in station.evses if evse_id in (0, evse.id)]
    scheduled = False
    for evse in evses:
        evse.becomes_inoperative = not operative and evse.transaction is not None
        scheduled = scheduled or evse.becomes_inoperative
        evse.is_operative = operative or evse.becomes_inoperative

    async def tell() -> None:
        for evse in evses:
            station.say_status(evse, station.clock.now())

    return station.then({"status": "Scheduled" if scheduled else "Accepted"}, tell)


async def data_transfer(station: ChargePoint201, payload: Payload) -> Payload:
    """Knows its own vendor alone, and echoes."""
    if payload["vendorId"] != station.options.vendor:
        return {"status": "UnknownVendorId"}
    answer: Payload = {"status": "Accepted"}
    if "data" in payload:
        answer["data"] = payload["data"]
    return answer
