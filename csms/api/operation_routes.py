"""The routes of what takes charge points some time, and of their files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from csms.api.context import Context
from csms.api.file_door import FileDoor
from csms.api.resources.data_transfer_rules import TransferRules
from csms.api.resources.diagnostics_commands import DiagnosticsCommands
from csms.api.resources.display_messages import DisplayMessages
from csms.api.resources.firmware_campaigns import FirmwareCampaigns
from csms.api.resources.firmware_commands import FirmwareCommands
from csms.api.resources.firmware_files import FirmwareFiles
from csms.api.resources.operations import Operations
from csms.api.route import Route
from csms.services.operations.campaigns import CampaignRunner
from csms.services.operations.desk import OperationDesk
from csms.store.blobs import Blobs
from csms.store.files import Files


@dataclass(frozen=True, slots=True)
class OperationServices:
    desk: OperationDesk
    files: Files
    blobs: Blobs
    door: FileDoor | None
    """None where the door has ports of its own."""
    campaigns: CampaignRunner


def operation_routes(
    context: Context, services: OperationServices
) -> Iterator[Sequence[Route[Any, Any]]]:
    yield Operations(context, services.files, services.blobs).routes()
    yield FirmwareFiles(context, services.blobs).routes()
    yield FirmwareCampaigns(context, services.campaigns).routes()
    yield FirmwareCommands(context, services.desk).routes()
    yield DiagnosticsCommands(context, services.desk).routes()
    yield TransferRules(context).routes()
    yield DisplayMessages(context, services.desk).routes()
