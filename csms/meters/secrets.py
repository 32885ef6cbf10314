"""Passwords, keys and certificates of meters: files of a directory, named in the settings.

Whoever may set up a meter can thus use a secret, but neither read it nor make the server send
any other file somewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from csms.meters.errors import SecretError

NAME_PATTERN: Final = r"^[A-Za-z0-9_][A-Za-z0-9._\-]{0,99}$"
MAX_BYTES: Final = 65_536

_NAME: Final = re.compile(NAME_PATTERN)


class SecretFiles:
    """The directory of secrets; what is in it is read anew each time, so it can be replaced."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def path(self, name: str) -> Path:
        """Return where a secret lies. Raises SecretError if there is no such file."""
        path = self._directory / name
        if not _NAME.match(name) or not path.is_file():
            raise SecretError(f"there is no secret {name!r} in {self._directory}")
        return path

    def read(self, name: str) -> str:
        """Return a secret's text without surrounding space. Raises SecretError; blocks."""
        try:
            with self.path(name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            text = content.decode("utf-8").strip()
        except OSError as error:
            raise SecretError(f"secret {name!r} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SecretError(f"secret {name!r} is no text") from None
        if not text or len(content) > MAX_BYTES:
            raise SecretError(f"secret {name!r} is empty or longer than {MAX_BYTES} bytes")
        return text
