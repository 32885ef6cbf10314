"""Our own CALLs on one connection: one in flight, the rest in a queue with deadlines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from csms.errors import (
    CommandError,
    CommandTimeoutError,
    ConnectionLostError,
    TooManyCommandsError,
)

_REMEMBERED: Final = 8
"""Latest message ids that were not answered in time; tells a late answer from a stray one."""

Outcome: TypeAlias = dict[str, Any] | CommandError
"""What became of a call: the CALLRESULT's payload, or why there is none."""


@dataclass(slots=True, eq=False)
class OutgoingCall:
    """A CALL of ours, from being asked for until it is settled."""

    message_id: str
    action: str
    text: bytes
    timeout_s: float
    answer: asyncio.Future[dict[str, Any]]
    timer: asyncio.TimerHandle | None = None
    sent_at: float | None = None


class Calls:
    """The calls of one connection. No second CALL is sent before the first is settled.

    A deadline counts from being asked for, the wait in the queue included. `send` writes a frame,
    or returns False because the connection is over.
    `settled` is told of every end, before whoever waits: answered, timed out or lost, with the
    answer's text if there was one.
    """

    __slots__ = (
        "_charge_point_id",
        "_in_flight",
        "_late",
        "_limit",
        "_queue",
        "_send",
        "_settled",
        "closed",
        "unanswered",
    )

    def __init__(
        self,
        charge_point_id: str,
        limit: int,
        send: Callable[[bytes], bool],
        settled: Callable[[OutgoingCall, Outcome, bytes | None], None],
    ) -> None:
        self._charge_point_id = charge_point_id
        self._limit = limit
        self._send = send
        self._settled = settled
        self._queue: deque[OutgoingCall] = deque()
        self._in_flight: OutgoingCall | None = None
        self._late: deque[str] = deque(maxlen=_REMEMBERED)
        self.unanswered = 0
        """Calls in a row that timed out on the wire."""
        self.closed = False

    def ask(self, message_id: str, action: str, text: bytes, timeout_s: float) -> OutgoingCall:
        """Send a CALL now or when its turn comes.

        Raises TooManyCommandsError, ConnectionLostError.
        """
        if self.closed:
            raise ConnectionLostError(self._charge_point_id, action)
        if len(self._queue) >= self._limit:
            raise TooManyCommandsError(self._charge_point_id, self._limit)
        loop = asyncio.get_running_loop()
        call = OutgoingCall(message_id, action, text, timeout_s, loop.create_future())
        call.timer = loop.call_later(timeout_s, self._time_out, call)
        self._queue.append(call)
        self._send_next()
        return call

    def abandon(self, call: OutgoingCall) -> None:
        """Whoever asked went away: forget the call, unless it is on the wire already."""
        if call in self._queue:
            self._queue.remove(call)
            self._settle(call, ConnectionLostError(self._charge_point_id, call.action))

    def answering(self, message_id: object) -> OutgoingCall | None:
        """Return the call in flight if this message id is its answer's."""
        call = self._in_flight
        if call is None or not isinstance(message_id, str):
            return None
        # Our ids are lower case; some chargers echo them in capitals.
        return call if message_id.strip().casefold() == call.message_id else None

    def is_late(self, message_id: object) -> bool:
        return message_id in self._late

    def answered(self, call: OutgoingCall, outcome: Outcome, text: bytes) -> None:
        """Settle the call in flight and send the next."""
        self._in_flight = None
        self.unanswered = 0
        self._settle(call, outcome, text)
        self._send_next()

    def close(self) -> None:
        """Fail everything that waits; nothing is sent any more."""
        self.closed = True
        failed = [*self._queue] if self._in_flight is None else [self._in_flight, *self._queue]
        self._in_flight = None
        self._queue.clear()
        for call in failed:
            self._settle(call, ConnectionLostError(self._charge_point_id, call.action))

    def _send_next(self) -> None:
        if self._in_flight is None and self._queue and not self.closed:
            call = self._in_flight = self._queue.popleft()
            call.sent_at = asyncio.get_running_loop().time()
            if not self._send(call.text):
                self.close()

    def _settle(self, call: OutgoingCall, outcome: Outcome, text: bytes | None = None) -> None:
        if call.timer is not None:
            call.timer.cancel()
            call.timer = None
        self._settled(call, outcome, text)
        if call.answer.done():  # whoever asked went away
            return
        if isinstance(outcome, CommandError):
            call.answer.set_exception(outcome)
        else:
            call.answer.set_result(outcome)

    def _time_out(self, call: OutgoingCall) -> None:
        call.timer = None
        if call is self._in_flight:
            self._in_flight = None
            self.unanswered += 1
            self._late.append(call.message_id)
        else:
            self._queue.remove(call)
        self._settle(call, CommandTimeoutError(self._charge_point_id, call.action, call.timeout_s))
        self._send_next()
