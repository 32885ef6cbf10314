"""Bodies that are files: in pieces, with limits on size and time, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, web
from aiohttp.web_protocol import RequestPayloadError

from csms.api.problems import Problem
from csms.store.blobs import Blob, Blobs, DiskFullError, TooLargeError

CHUNK_BYTES: Final = 65_536
SILENCE_S: Final = 30.0
"""Who sends nothing for so long has gone."""
_FORM: Final = "multipart/form-data"


async def receive(
    request: web.Request, blobs: Blobs, *, limit_bytes: int, timeout_s: float
) -> tuple[Blob, str | None]:
    """Receive a body of any type; of a form (`multipart/form-data`) its first file.

    Also returns the name that the sender gives it. Raises Problem 400, 408, 413 and 507.
    """
    if request.content_length is not None and request.content_length > limit_bytes:
        raise _too_large(limit_bytes)
    try:
        async with asyncio.timeout(timeout_s):
            chunks, name = await _opened(request)
            blob = await blobs.receive(chunks, limit_bytes)
    except TooLargeError:
        raise _too_large(limit_bytes) from None
    except DiskFullError:
        raise Problem(507, "there is no room left for files") from None
    except TimeoutError:
        raise Problem(408, "the file did not arrive in time") from None
    except (RequestPayloadError, ValueError, ConnectionError) as error:
        raise Problem(400, f"the body ended early or is not what it claims: {error}") from error
    if blob.size_bytes == 0:
        await blobs.discard(blob)
        raise Problem(400, "the file is empty")
    return blob, name


async def _opened(request: web.Request) -> tuple[AsyncIterator[bytes], str | None]:
    if request.content_type != _FORM:
        return _chunks(request), _name_in(request)
    form = await request.multipart()
    while True:
        part = await asyncio.wait_for(form.next(), SILENCE_S)
        if part is None:
            raise Problem(400, "there is no file in the form")
        if isinstance(part, BodyPartReader) and part.filename is not None:
            return _parts(part), part.filename


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    while chunk := await asyncio.wait_for(request.content.read(CHUNK_BYTES), SILENCE_S):
        yield chunk


async def _parts(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await asyncio.wait_for(part.read_chunk(CHUNK_BYTES), SILENCE_S):
        yield chunk


def _name_in(request: web.Request) -> str | None:
    """Return the file name of a Content-Disposition (N01.FR.19)."""
    _, _, name = request.headers.get("Content-Disposition", "").partition("filename=")
    return name.partition(";")[0].strip(' "') or None


def _too_large(limit_bytes: int) -> Problem:
    return Problem(413, f"the file is larger than {limit_bytes} bytes")
