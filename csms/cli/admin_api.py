"""The admin API, for commands that use it as anybody else does."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from csms.errors import CsmsError

_TIMEOUT_S: Final = 30.0


class AdminApiError(CsmsError):
    """The admin API said no, or nothing; the message has its reason."""


class AdminApi:
    """A connection with an API key. Use it as an async context manager."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._base = f"{url.rstrip('/')}/api/v1"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT_S, sock_read=_TIMEOUT_S)
        self._http = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {key}"}, timeout=timeout
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def download(self, method: str, path: str, body: Any = None) -> bytes:
        """Ask for `path`, which is below /api/v1; the answer as it is. Raises AdminApiError."""
        try:
            async with self._http.request(method, f"{self._base}/{path}", json=body) as response:
                if not response.ok:
                    raise AdminApiError(f"{response.url}: {await response.text()}")
                return await response.read()
        except TimeoutError as error:
            raise AdminApiError(f"{self._url}: no answer within {_TIMEOUT_S:g} s") from error
        except aiohttp.ClientError as error:
            raise AdminApiError(f"{self._url}: {error}") from error
