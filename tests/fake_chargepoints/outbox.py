"""What a charge point has to say, in order; transaction messages survive a dead link.

Everything a station sends by itself goes through here one by one, so that nothing overtakes
anything. What is `durable` is kept while the link is down and replayed in order afterwards;
the rest is dropped then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .errors import CallError, CallTimeoutError, LinkClosedError
from .frames import Payload
from .link import Link

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Message:
    """One message to send. `build` is asked when it is its turn (1.6 transaction ids come late)."""

    action: str
    build: Callable[[], Payload]
    durable: bool = False
    on_answer: Callable[[Payload], None] | None = None
    failures: int = 0


class Outbox:
    """The queue and its pump. `attempts` and `retry_s` as TransactionMessageAttempts."""

    def __init__(self, attempts: int = 3, retry_s: float = 1.0) -> None:
        self.attempts = attempts
        self.retry_s = retry_s
        self.dropped = 0
        self._messages: deque[Message] = deque()
        self._link: Link | None = None
        self._work = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_attached(self) -> bool:
        """Whether there is a link to deliver to."""
        return self._link is not None

    def has_durable(self) -> bool:
        """Whether transaction messages wait."""
        return any(message.durable for message in self._messages)

    def put(self, message: Message) -> None:
        """Queue a message; one that is not durable is dropped while there is no link."""
        if message.durable or self._link is not None:
            self._messages.append(message)
            self._signal()

    def attach(self, link: Link) -> None:
        """Start (or go on) delivering over this link."""
        self._link = link
        self._signal()

    def detach(self) -> None:
        """Stop delivering and forget what is not durable."""
        self._link = None
        self._messages = deque(message for message in self._messages if message.durable)
        self._signal()

    async def flush(self) -> None:
        """Wait until everything is delivered or the link is gone."""
        await self._quiet.wait()

    async def run(self) -> None:
        """The pump: delivers for ever, until cancelled."""
        while True:
            await self._work.wait()
            link = self._link
            if link is not None and self._messages:
                await self._deliver(link, self._messages[0])
            self._signal()

    async def _deliver(self, link: Link, message: Message) -> None:
        try:
            answer = await link.call(message.action, message.build())
        except LinkClosedError:
            if self._link is link:
                self.detach()
        except (CallError, CallTimeoutError) as error:
            await self._failed(message, error)
        else:
            self._remove(message)
            if message.on_answer is not None:
                message.on_answer(answer)

    async def _failed(self, message: Message, error: Exception) -> None:
        message.failures += 1
        logger.debug("%s failed %d times: %s", message.action, message.failures, error)
        if message.durable and message.failures < self.attempts:
            await asyncio.sleep(self.retry_s * message.failures)
            return
        self.dropped += 1
        self._remove(message)

    def _remove(self, message: Message) -> None:
        if message in self._messages:
            self._messages.remove(message)

    def _signal(self) -> None:
        if self._link is not None and self._messages:
            self._work.set()
            self._quiet.clear()
        else:
            self._work.clear()
            self._quiet.set()
