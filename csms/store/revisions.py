"""Which migrations this csms has, told by their files: numbered, in one line."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import csms


def migrations_dir() -> Path:
    """Return where the migrations are: inside an installed csms, beside it in a checkout."""
    package = Path(csms.__file__).parent
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


@cache
def newest_revision() -> str:
    """Return the revision that a database of this csms has."""
    files = (migrations_dir() / "versions").glob("[0-9]*_*.py")
    return max(file.name for file in files).partition("_")[0]
