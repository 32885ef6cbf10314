"""Enters chargers and cards through the admin API, before simulated ones turn up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import track

from csms.cli.admin_api import AdminApi


@dataclass(frozen=True, slots=True)
class Entry:
    """What to PUT below /api/v1."""

    path: str
    body: dict[str, Any]


async def enter(api_url: str, key: str, entries: Sequence[Entry]) -> None:
    """Create or replace all of it, one after the other. Raises AdminApiError."""
    console = Console(stderr=True)
    async with AdminApi(api_url, key) as api:
        for entry in track(entries, "Entering chargers and cards", console=console):
            await api.download("PUT", entry.path, entry.body)
