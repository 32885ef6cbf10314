"""How often a charge point shall try a transfer again, as every version writes it."""

from __future__ import annotations

from csms.services.commands import GetLog, PublishFirmware, UpdateFirmware


def retrying(command: GetLog | PublishFirmware | UpdateFirmware) -> dict[str, int]:
    """Write `retries` and `retryInterval`, where they are given."""
    fields: dict[str, int] = {}
    if command.retries is not None:
        fields["retries"] = command.retries
    if command.retry_interval_s is not None:
        fields["retryInterval"] = command.retry_interval_s
    return fields
