"""Enters chargers and cards through the admin API, before simulated ones turn up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from rich.console import Console
from rich.progress import track

from csms.errors import CsmsError

_TIMEOUT_S: Final = 30.0


class EnteringError(CsmsError):
    """The admin API did not take an entry; the message has its reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What to PUT below /api/v1."""

    path: str
    body: dict[str, Any]


async def enter(api_url: str, key: str, entries: Sequence[Entry]) -> None:
    """Create or replace all of it, one after the other. Raises EnteringError."""
    base = f"{api_url.rstrip('/')}/api/v1"
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT_S, sock_read=_TIMEOUT_S)
    headers = {"Authorization": f"Bearer {key}"}
    console = Console(stderr=True)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as http:
            for entry in track(entries, "Entering chargers and cards", console=console):
                async with http.put(f"{base}/{entry.path}", json=entry.body) as response:
                    if not response.ok:
                        raise EnteringError(f"{response.url}: {await response.text()}")
    except TimeoutError as error:
        raise EnteringError(f"{api_url}: no answer within {_TIMEOUT_S:g} s") from error
    except aiohttp.ClientError as error:
        raise EnteringError(f"{api_url}: {error}") from error
