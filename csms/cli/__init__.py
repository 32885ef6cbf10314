"""The command line: one command per file."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Final

EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; Ctrl-C ends it quietly from the first moment on."""
    # An exception that falls into an import may be swallowed by it, and nothing needs an end yet.
    usual = signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
    try:
        from csms.cli.dispatch import perform, read

        options = read(arguments)  # imports what the command needs
    finally:
        signal.signal(signal.SIGINT, usual)
    try:
        return perform(options)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
