"""Remote start and stop, reset, unlock, availability, configuration, data transfer (1.6)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..evse import Evse
from ..frames import Payload
from ..link import Reply
from ..tokens import IdToken
from .smart_charging import profile_from

if TYPE_CHECKING:
    from .station import ChargePoint16

accepted: Payload = {"status": "Accepted"}
rejected: Payload = {"status": "Rejected"}


async def remote_start(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    """Starts at once with a car at the plug, else waits ConnectionTimeOut for one."""
    token = IdToken(payload["idTag"])
    evse = _startable(station, payload.get("connectorId"), token)
    if evse is None:
        return rejected
    return station.then(accepted, partial(_start, station, evse, token, payload))


def _startable(station: ChargePoint16, connector_id: int | None, token: IdToken) -> Evse | None:
    wanted = [e for e in station.evses if connector_id in (None, e.id)]
    free = [evse for evse in wanted if station.may_start(evse, token)]
    with_car = [evse for evse in free if evse.vehicle is not None]
    return next(iter(with_car or free), None)


async def _start(station: ChargePoint16, evse: Evse, token: IdToken, payload: Payload) -> None:
    if station.flag("AuthorizeRemoteTxRequests"):
        info = await station.authorize(token)
        if info.status != "Accepted":
            return
    if evse.vehicle is None:
        timeout_s = station.configuration.integer("ConnectionTimeOut")
        station.await_cable(evse, token, timeout_s, None)
        return
    station.begin(evse, token, station.clock.now())
    if profile := payload.get("chargingProfile"):
        station.profiles.install(profile_from(profile, evse.id, station.clock.now()))
        station.update_limits()


async def remote_stop(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    evse = station.running(str(payload["transactionId"]))
    if evse is None:
        return rejected

    async def stop() -> None:
        await station.stop(evse.id, "Remote")

    return station.then(accepted, stop)


async def reset(station: ChargePoint16, payload: Payload) -> Reply:
    """Both kinds really reboot: transactions end, the link closes, a boot follows."""
    station.reset_is_hard = payload["type"] == "Hard"
    return station.then(accepted, station.reboot)


async def unlock(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    """Ends a running transaction, then frees the cable."""
    connector_id = payload["connectorId"]
    if not 1 <= connector_id <= len(station.evses):
        return {"status": "NotSupported"}

    async def release() -> None:
        await station.stop(connector_id, "Unlock")

    return station.then({"status": "Unlocked"}, release)


async def change_availability(station: ChargePoint16, payload: Payload) -> Payload | Reply:
    """Connector 0 means all; a running transaction puts it off (Scheduled)."""
    connector_id, operative = payload["connectorId"], payload["type"] == "Operative"
    if connector_id > len(station.evses):
        return rejected
    evses = [evse for evse in station.evses if connector_id in (0, evse.id)]
    scheduled = False
    for evse in evses:
        evse.becomes_inoperative = not operative and evse.transaction is not None
        scheduled = scheduled or evse.becomes_inoperative
        evse.is_operative = operative or evse.becomes_inoperative

    async def tell() -> None:
        now = station.clock.now()
        if connector_id == 0:
            station.station_is_operative = operative
            station.say_station_status(now)
        for evse in evses:
            station.say_status(evse, now)

    return station.then({"status": "Scheduled" if scheduled else "Accepted"}, tell)


async def get_configuration(station: ChargePoint16, payload: Payload) -> Payload:
    wanted = payload.get("key")
    if not wanted:
        return {
            "configurationKey": [
                _shown(key.name, key.readonly, key.value)
                for key in station.configuration.readable()
            ]
        }
    found, unknown = [], []
    for name in wanted:
        key = station.configuration.find(name)
        if key is None or key.secret:
            unknown.append(name)
        else:
            found.append(_shown(key.name, key.readonly, key.value))
    answer: Payload = {"configurationKey": found}
    if unknown:
        answer["unknownKey"] = unknown
    return answer


def _shown(name: str, readonly: bool, value: str) -> Payload:
    return {"key": name, "readonly": readonly, "value": value}


async def change_configuration(station: ChargePoint16, payload: Payload) -> Payload:
    outcome = station.configuration.change(payload["key"], payload["value"])
    if outcome == "Accepted" and payload["key"].lower() == "heartbeatinterval":
        station.schedule_heartbeat(station.heartbeat_interval_s())
    return {"status": outcome}


async def data_transfer(station: ChargePoint16, payload: Payload) -> Payload:
    """Knows its own vendor alone, and echoes."""
    if payload["vendorId"] != station.options.vendor:
        return {"status": "UnknownVendorId"}
    answer: Payload = {"status": "Accepted"}
    if "data" in payload:
        answer["data"] = payload["data"]
    return answer
