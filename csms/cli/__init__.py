"""The command line: one command per file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

EXIT_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code; Ctrl-C ends it quietly from the first moment on."""
    try:
        from csms.cli.dispatch import dispatch  # a second's worth of imports

        return dispatch(arguments)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
