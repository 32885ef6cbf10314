"""What several commands have in common: their options, settings and event loop."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from csms import logs
from csms.cli.process import prepare_for_many_connections
from csms.config import Settings, load

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

T = TypeVar("T")

_ABSURD: Final = 1e9


def add_command(
    commands: Commands, name: str, *, summary: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """Add a command whose help ends with examples."""
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="a TOML file of settings (default: $CSMS_CONFIG, or csms.toml if there is one)",
    )


def whole(written: str, most: int) -> int:
    """A whole number of an option, from 1 to `most`."""
    if not re.fullmatch(r"\d{1,18}", written.strip(), re.ASCII) or not 1 <= int(written) <= most:
        raise argparse.ArgumentTypeError(f"{written!r} is no whole number from 1 to {most}")
    return int(written)


def number(written: str, most: float) -> float:
    """A number of an option, from 0 to `most`."""
    try:
        value = float(written)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise argparse.ArgumentTypeError(f"{written!r} is no number from 0 to {most:g}")
    return value


def websocket_url(written: str) -> str:
    """An address that a charger can dial."""
    try:
        url = urlsplit(written)
        good = url.scheme in {"ws", "wss"} and bool(url.hostname) and url.port != 0
    except ValueError:
        good = False
    if not good:
        raise argparse.ArgumentTypeError(
            f"{written!r} is no address such as ws://localhost:9000/ocpp"
        )
    return written


def positive(written: str) -> float:
    """A number of an option that is more than nothing."""
    value = non_negative(written)
    if value == 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def non_negative(written: str) -> float:
    """A number of an option, not absurdly large."""
    return number(written, _ABSURD)


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the settings and start the log as they say. Raises SettingsError."""
    settings = load(os.environ, options.config)
    logs.set_up(settings.log_level, settings.log_format)
    return settings


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run in an event loop; SIGTERM ends it as orderly as Ctrl-C does: by KeyboardInterrupt."""
    prepare_for_many_connections()
    try:
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
            return runner.run(_until_terminated(main))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _until_terminated(main: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("not in a task")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await main


def _new_event_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
