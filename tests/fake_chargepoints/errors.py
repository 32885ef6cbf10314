"""What can go wrong between a fake charge point and a central system.

* `LinkError`
    * `CallError`: the other side answered with a CALLERROR
    * `CallTimeoutError`: the other side did not answer in time
    * `LinkClosedError`: the connection is gone
    * `ConnectRefusedError`: the connection was never made
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class LinkError(Exception):
    """Any failure of a link; catch this to survive all of them."""


class CallError(LinkError):
    """A CALLERROR: received for a call of ours, or raised to answer a call of theirs."""

    def __init__(
        self, code: str, description: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description
        self.details = dict(details or {})


class CallTimeoutError(LinkError):
    """No answer to a call within the link's limit."""

    def __init__(self, action: str, timeout_s: float) -> None:
        super().__init__(f"no answer to {action} within {timeout_s:g} s")
        self.action = action
        self.timeout_s = timeout_s


class LinkClosedError(LinkError):
    """The connection is closed; `code` is the WebSocket close code if one was seen."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(f"connection closed ({code}{': ' + reason if reason else ''})")
        self.code = code
        self.reason = reason


class ConnectRefusedError(LinkError):
    """The handshake failed; `status` is the HTTP status if the server sent one."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
