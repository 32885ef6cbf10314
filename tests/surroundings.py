"""Where a server of a test's own lives: its data directory and its environment."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def data_directory() -> Iterator[Path]:
    """Lend a data directory for a server with a PostgreSQL of its own.

    Not pytest's: run by root, PostgreSQL's user must pass through the parents, and pytest takes
    that right away again whenever another run starts.
    """
    directory = Path(tempfile.mkdtemp(prefix="csms-data-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def environment_of(data_dir: Path) -> dict[str, str]:
    """The variables of a process that listens on any free ports of this machine."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CSMS_")}
    return others | {
        "CSMS_DATA_DIR": str(data_dir),
        "CSMS_OCPP_HOST": "127.0.0.1",
        "CSMS_API_HOST": "127.0.0.1",
        "CSMS_OCPP_PORT": "0",
        "CSMS_API_PORT": "0",
    }
