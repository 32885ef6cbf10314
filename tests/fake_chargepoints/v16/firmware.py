"""Firmware updates and diagnostics of 1.6, with the status messages that belong to them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..frames import Payload
from ..link import Reply

if TYPE_CHECKING:
    from .station import ChargePoint16


async def update_firmware(station: ChargePoint16, payload: Payload) -> Reply:
    return station.then({}, partial(_update, station))


async def _update(station: ChargePoint16) -> None:
    for status in ("Downloading", "Downloaded", "Installing"):
        await tell_firmware(station, status)
    await station.reboot("FirmwareUpdate")
    await station.uplink.ready.wait()
    await tell_firmware(station, "Installed")
    station.firmware_status = "Idle"


async def tell_firmware(station: ChargePoint16, status: str) -> None:
    """Tell the stage and take the time that it takes."""
    station.firmware_status = status
    await station.say_in_turn("FirmwareStatusNotification", {"status": status})


async def get_diagnostics(station: ChargePoint16, payload: Payload) -> Reply:
    name = f"{station.options.serial_number}-diagnostics.log"
    return station.then({"fileName": name}, partial(_upload, station))


async def _upload(station: ChargePoint16) -> None:
    for status in ("Uploading", "Uploaded"):
        station.diagnostics_status = status
        await station.say_in_turn("DiagnosticsStatusNotification", {"status": status})
    station.diagnostics_status = "Idle"
