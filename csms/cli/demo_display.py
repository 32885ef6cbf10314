"""What a demo shows of itself while it runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Self

from rich.console import Console

if TYPE_CHECKING:
    from fake_chargepoints.days import DemoProgress

_LINE_EVERY_S: Final = 10.0


class DemoDisplay:
    """Shows how far the demo is: on a terminal in one line that changes, else now and then."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._status = console.status("") if console.is_terminal else None
        self._shown_at_s = 0.0

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def show(self, progress: DemoProgress) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._status is not None:
            self._status.update("  ".join(_described(progress)))
        elif now_s - self._shown_at_s >= _LINE_EVERY_S:
            self._shown_at_s = now_s
            print("  ".join(_described(progress)), file=sys.stderr, flush=True)


def _described(progress: DemoProgress) -> Iterator[str]:
    yield f"{progress.now:%a %d %b %H:%M} UTC" + ("" if progress.is_live else " (catching up)")
    yield f"{progress.online} online"
    yield f"{progress.charging} charging with {progress.power_w / 1000:.1f} kW"
    yield f"{progress.visits} visits"
    yield progress.last_event
