"""The data directory belongs to one process at a time."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from csms.store.errors import DataDirectoryError, DataDirectoryInUseError

_POLL_S: Final = 0.1


def prepare(data_dir: Path) -> None:
    """Make the directory, for its owner alone, if there is none. Raises DataDirectoryError."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirectoryError(
            f"the data directory {data_dir} can't be made: {error.strerror}"
        ) from error
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        raise DataDirectoryError(f"the data directory {data_dir} is not writable")


@contextmanager
def held(data_dir: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the directory; the lock ends with the process, however that ends.

    Raises DataDirectoryError, and DataDirectoryInUseError if another process still holds it
    after `wait_s`.
    """
    prepare(data_dir)
    deadline = time.monotonic() + wait_s
    file = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
                raise DataDirectoryInUseError(
                    f"another csms (process {holder}) is using the data directory {data_dir}; "
                    f"stop it, or give this one a CSMS_DATA_DIR of its own"
                )
            time.sleep(_POLL_S)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def _try_lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
