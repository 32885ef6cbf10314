"""The log: a sentence and its fields, as text for people or as JSON for machines.

Whatever a charger wrote into a field can't forge a line, and passwords in URLs are blotted out
wherever they appear, tracebacks included.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_URL_PASSWORD: Final = re.compile(r"(\w+://[^\s/@:]*):[^\s/@]+@")
_SECRET_FIELD: Final = re.compile(r"password|secret|authorization|api_key", re.IGNORECASE)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HIDDEN: Final = "***"

_LOUD_LIBRARIES: Final = ("websockets", "aiohttp.access", "asyncio", "alembic")
"""Their "info" is about every connection or step; ours says what matters of it."""


def set_up(level: str, style: str, stream: IO[str] | None = None) -> None:
    """Send the log to `stream` (standard error by default) from `level` on.

    `style` is "text" or "json".
    """
    handler = logging.StreamHandler(stream) if stream else _StandardErrorHandler()
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if level != "debug":
        for name in _LOUD_LIBRARIES:
            logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


class _StandardErrorHandler(logging.StreamHandler[IO[str]]):
    """Writes to what is standard error at that moment: a progress display may stand before it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> IO[str]:  # type: ignore[override]  # as logging's own last resort does
        return sys.stderr


class TextFormatter(logging.Formatter):
    """`2025-11-21 12:00:00.123 INFO  csms.gateway: a sentence field=value`"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} "
        line += f"{record.levelname:<7} {record.name}: {record.getMessage()}"
        for name, value in _fields(record):
            line += f" {name}={value}"
        line = _UNPRINTABLE.sub(lambda found: repr(found[0])[1:-1], line)
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return _blotted(line)


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, message, the fields, and the exception."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in _fields(record):
            entry.setdefault(name, value)
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _blotted(json.dumps(entry, default=str, ensure_ascii=False))


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    for name, value in vars(record).items():
        if name not in _STANDARD:
            yield name, _HIDDEN if _SECRET_FIELD.search(name) else value


def _blotted(line: str) -> str:
    return _URL_PASSWORD.sub(rf"\1:{_HIDDEN}@", line)
