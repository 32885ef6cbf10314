"""Our own CALLs on one connection: one in flight, the rest in a queue with deadlines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from csms.errors import (
    CommandError,
    CommandNotSentError,
    CommandTimeoutError,
    ConnectionLostError,
    TooManyCommandsError,
)

_REMEMBERED: Final = 8
"""Latest calls that are over; tells a late or repeated answer from a stray one."""
_FAIR_S: Final = 1.0
"""With less time left a call is not sent: by mobile networks an answer takes this long.

Who waits for less than two seconds knows of a faster charger: half of that is fair then.
"""

Outcome: TypeAlias = dict[str, Any] | CommandError
"""What became of a call: the CALLRESULT's payload, or why there is none."""


@dataclass(slots=True, eq=False)
class OutgoingCall:
    """A CALL of ours, from being asked for until it is settled."""

    message_id: str
    action: str
    text: bytes
    timeout_s: float
    deadline: float
    answer: asyncio.Future[dict[str, Any]]
    timer: asyncio.TimerHandle | None = None
    sent_at: float | None = None

    def has_fair_time(self, now: float) -> bool:
        """Whether the charger could still answer in time."""
        return self.deadline - now >= min(_FAIR_S, self.timeout_s / 2)


@dataclass(slots=True)
class PastCall:
    """What is remembered of a CALL that was sent and is settled."""

    message_id: str
    action: str
    sent_at: float
    is_answered: bool


class Calls:
    """The calls of one connection. No second CALL is sent before the first is settled.

    A deadline counts from being asked for, the wait in the queue included; what can't be answered
    within it any more is not sent. `send` writes a frame, or returns False because the connection
    is over.
    `settled` is told of every end, before whoever waits: answered, timed out or lost, with the
    answer's text if there was one.
    """

    __slots__ = (
        "_charge_point_id",
        "_in_flight",
        "_limit",
        "_past",
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
        self._past: deque[PastCall] = deque(maxlen=_REMEMBERED)
        self.unanswered = 0
        """Calls that timed out on the wire since the last answer, in time or not."""
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
        deadline = loop.time() + timeout_s
        call = OutgoingCall(message_id, action, text, timeout_s, deadline, loop.create_future())
        call.timer = loop.call_at(deadline, self._time_out, call)
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
        return call if call is not None and _echoed(message_id) == call.message_id else None

    def past(self, message_id: object) -> PastCall | None:
        """Return the call that this message id was of, if that is over and not long ago."""
        echoed = _echoed(message_id)
        return next((call for call in self._past if call.message_id == echoed), None)

    def answered(self, call: OutgoingCall, outcome: Outcome, text: bytes) -> None:
        """Settle the call in flight and send the next."""
        self._land(call, is_answered=True)
        self.unanswered = 0
        self._settle(call, outcome, text)
        self._send_next()

    def answered_late(self, call: PastCall) -> None:
        """Note that a call was answered after its time: the charger does answer."""
        call.is_answered = True
        self.unanswered = 0

    def close(self) -> None:
        """Fail everything that waits; nothing is sent any more."""
        self.closed = True
        failed = [*self._queue]
        if self._in_flight is not None:
            failed.insert(0, self._in_flight)
            self._land(self._in_flight, is_answered=False)
        self._queue.clear()
        for call in failed:
            self._settle(call, ConnectionLostError(self._charge_point_id, call.action))

    def _send_next(self) -> None:
        """Send the first that can still be answered in time; those before it fail at once."""
        while self._in_flight is None and self._queue and not self.closed:
            call = self._queue.popleft()
            now = asyncio.get_running_loop().time()
            if not call.has_fair_time(now):
                self._settle(call, self._not_sent(call))
                continue
            self._in_flight = call
            call.sent_at = now
            if not self._send(call.text):
                self.close()

    def _land(self, call: OutgoingCall, *, is_answered: bool) -> None:
        """Have no call in flight any more, and remember this one."""
        self._in_flight = None
        if call.sent_at is not None:
            self._past.append(PastCall(call.message_id, call.action, call.sent_at, is_answered))

    def _not_sent(self, call: OutgoingCall) -> CommandNotSentError:
        return CommandNotSentError(self._charge_point_id, call.action, call.timeout_s)

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
            self._land(call, is_answered=False)
            self.unanswered += 1
            self._settle(
                call, CommandTimeoutError(self._charge_point_id, call.action, call.timeout_s)
            )
            self._send_next()
        else:
            self._queue.remove(call)
            self._settle(call, self._not_sent(call))


def _echoed(message_id: object) -> str | None:
    """Return an id as we wrote it: ours are lower case, some chargers echo them in capitals."""
    return message_id.strip().casefold() if isinstance(message_id, str) else None
