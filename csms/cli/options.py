"""What several commands have in common: their options, settings and event loop."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

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


def positive(written: str) -> float:
    """A number of an option that is more than nothing."""
    number = non_negative(written)
    if number == 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def non_negative(written: str) -> float:
    """A number of an option, not absurdly large."""
    number = float(written)
    if not 0 <= number <= _ABSURD:
        raise argparse.ArgumentTypeError(f"must be from 0 to {_ABSURD:g}")
    return number


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
