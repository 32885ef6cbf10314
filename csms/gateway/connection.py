"""One charger's connection: reads in order, and sends our calls."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from typing import Any, Final

from websockets.frames import CloseCode

from csms.errors import (
    CommandError,
    CommandNotSentError,
    CommandRefusedError,
    CommandTimeoutError,
    InvalidValueError,
)
from csms.gateway import frames, message_log
from csms.gateway.acceptance import invited_by
from csms.gateway.answers import Broken, read_answer
from csms.gateway.calls import Calls, Outcome, OutgoingCall, PastCall
from csms.gateway.endpoints import Dialect
from csms.gateway.frames import Json
from csms.gateway.receiver import Receiver
from csms.gateway.shared import Shared
from csms.gateway.sockets import ChargerSocket
from csms.limits import Bucket
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.records import LoggedMessage

logger = logging.getLogger(__name__)

_CLOSED_BY_US: Final[dict[int, str]] = {
    CloseCode.GOING_AWAY: "shutdown",
    CloseCode.MESSAGE_TOO_BIG: "frame_too_big",
}

_FAILURES: Final[dict[type[CommandError], str]] = {
    CommandTimeoutError: "timeout",
    CommandNotSentError: "not_sent",
}

NOBODY_ASKED: Final[frozenset[str]] = frozenset()


class Connection:
    """A live connection of a charge point; implements `services.ports.Link`."""

    __slots__ = (
        "_calls",
        "_receiver",
        "_shared",
        "answered",
        "asked_for",
        "bucket",
        "charge_point",
        "closed_by_us",
        "heard_at",
        "pinged_at",
        "reported",
        "socket",
    )

    def __init__(
        self, socket: ChargerSocket, charge_point: ChargePoint, receiver: Receiver, shared: Shared
    ) -> None:
        self.socket = socket
        self.charge_point = charge_point
        self._receiver = receiver
        self._shared = shared
        self._calls: Calls | None = None
        self.bucket = Bucket()
        self.asked_for = NOBODY_ASKED
        """Actions our commands invited the charger to start."""
        self.reported = NOBODY_ASKED
        """Oddities of this connection that were reported already."""
        self.answered: tuple[object, str] | None = None
        """Id and action of the latest CALL that was answered, where answers can be refused."""
        self.heard_at = self.pinged_at = shared.clock.monotonic()
        self.closed_by_us: str | None = None
        socket.listener = self

    @property
    def version(self) -> OcppVersion:
        return self._receiver.dialect.version

    @property
    def _dialect(self) -> Dialect:
        return self._receiver.dialect

    # -- what the charger sends

    async def run(self) -> None:
        """Read and answer one message after the other until the connection ended.

        A message that was read is handled to its end, also if the connection dies meanwhile.
        """
        next_message = self.socket.inbox.next
        receive = self._receiver.receive
        while (message := await next_message()) is not None:
            try:
                await receive(self, message)
            except Exception:
                # Outside of handlers, whose faults are answered: the connection lives on.
                self._shared.metrics.bad_frames.labels("failed").inc()
                logger.exception("a message of %s failed", self.charge_point.id)

    def ended(self) -> None:
        """The socket is closing or dead: nobody waits for an answer any more."""
        self.fail_calls()

    def take_answer(self, text: bytes) -> None:
        """Settle the call this frame answers, out of turn: nobody waits behind a commit for it."""
        try:
            answer = read_answer(text, self._shared.settings.max_json_depth)
            if isinstance(answer, Broken) and len(parts := frames.separated(text)) > 1:
                for part in parts:
                    self.socket.inbox.feed(part)
                return
            calls = self._calls
            call = calls.answering(answer.message_id) if calls is not None else None
            if calls is None or call is None:
                self._take_unawaited(answer.message_id, text)
                return
            outcome = self._receiver.outcome_of(self, call.action, answer)
            calls.answered(call, outcome, text)
        except Exception:
            # Called from the socket's callback: nothing may get out of here.
            self._shared.metrics.bad_frames.labels("answer_failed").inc()
            logger.exception("an answer of %s could not be taken", self.charge_point.id)

    def _take_unawaited(self, message_id: Json, text: bytes) -> None:
        """Take an answer that nobody waits for; a late one shows that the charger does answer."""
        calls = self._calls
        past = calls.past(message_id) if calls is not None else None
        if calls is None or past is None:
            self._note_unawaited("stray_answer", message_id, text)
        elif past.is_answered:
            self._note_unawaited("duplicate_answer", message_id, text, past)
        else:
            self._note_unawaited("late_answer", message_id, text, past)
            calls.answered_late(past)

    def _note_unawaited(
        self, word: str, message_id: Json, text: bytes, past: PastCall | None = None
    ) -> None:
        """Count it, and have it in the message log; `past` is the call it answers, if known."""
        shared = self._shared
        shared.metrics.bad_frames.labels(word).inc()
        if self.bucket.take(shared.rate, shared.clock.monotonic()) > 0.0:
            # Such answers are not slowed down as other messages are: what is too much is not kept.
            self.bucket.give_back(shared.rate)
            shared.metrics.log_dropped.inc()
            return
        action = past.action if past is not None else None
        shared.recorder.log(
            LoggedMessage(
                self.charge_point.key,
                shared.clock.now(),
                self.version.value,
                from_charge_point=True,
                message_id=message_log.id_shown(message_id),
                action=action,
                request=self._shown(action, text),
                response=None,
                outcome=word,
                duration_s=_seconds_since(past.sent_at) if past is not None else None,
            )
        )

    # -- what we send

    async def call(
        self, action: str, payload: Mapping[str, Any], timeout_s: float
    ) -> dict[str, Any]:
        """Send a CALL and return the CALLRESULT's payload; see `services.ports.Link.call`."""
        schemas = self._dialect.schemas
        if action not in schemas.by_csms:
            raise InvalidValueError(
                "action", action, "one of " + ", ".join(sorted(schemas.by_csms))
            )
        schema = schemas.requests[action]
        payload = dict(payload)
        schema.check(payload)
        invited = invited_by(action, payload)
        if invited is not None:
            self.asked_for |= {invited}
        message_id = str(uuid.uuid4())
        text = frames.call(message_id, action, schema.ordered(payload))
        if self._calls is None:
            self._calls = self._new_calls()
        calls = self._calls
        call = calls.ask(message_id, action, text, timeout_s)
        self._shared.metrics.command_queue.inc()
        try:
            return await call.answer
        finally:
            calls.abandon(call)

    def _new_calls(self) -> Calls:
        calls = Calls(
            self.charge_point.id,
            self._shared.settings.call_queue_limit,
            self.socket.send_now,
            self._call_settled,
        )
        calls.closed = not self.alive
        return calls

    def _call_settled(self, call: OutgoingCall, outcome: Outcome, text: bytes | None) -> None:
        shared = self._shared
        metrics = shared.metrics
        metrics.command_queue.dec()
        counters = self._dialect.command_outcomes(call.action)
        duration_s = None
        if call.sent_at is not None:
            duration_s = _seconds_since(call.sent_at)
        if not isinstance(outcome, CommandError):
            counters["ok"].inc()
            metrics.command_seconds.labels(self.version.value, call.action).observe(
                duration_s or 0.0
            )
            word = "ok"
        elif isinstance(outcome, CommandRefusedError):
            counters["refused"].inc()
            word = "refused"
        else:
            counters["failed"].inc()
            word = _FAILURES.get(type(outcome), "lost")
        shared.recorder.log(
            LoggedMessage(
                self.charge_point.key,
                shared.clock.now(),
                self.version.value,
                from_charge_point=False,
                message_id=call.message_id,
                action=call.action,
                request=self._shown(call.action, call.text),
                response=self._shown(call.action, text) if text is not None else None,
                outcome=word,
                duration_s=duration_s,
            )
        )
        self._judge_silence()

    def _judge_silence(self) -> None:
        calls = self._calls
        limit = self._shared.settings.calls_timed_out_before_close
        if calls is not None and not calls.closed and calls.unanswered >= limit:
            logger.warning(
                "%s answered none of our last %d calls, closing its connection",
                self.charge_point.id,
                calls.unanswered,
            )
            self.close(CloseCode.GOING_AWAY, "unanswered_calls", "calls are not answered")

    def _shown(self, action: str | None, text: bytes) -> str:
        """Return a frame for the message log; one of an unknown action may hold any secret."""
        if action is None or action in message_log.SECRETIVE:
            text = message_log.masked(text)
        return message_log.shown(text, self._shared.settings.message_log_max_chars)

    # -- the end

    def close(self, code: CloseCode, outcome: str, reason: str) -> None:
        """Start closing: no call gets through any more, what was received is still handled."""
        if self.closed_by_us is None:
            self.closed_by_us = outcome
        self.fail_calls()
        self.socket.close_soon(code, reason)

    def fail_calls(self) -> None:
        """End all our calls with ConnectionLostError."""
        if self._calls is not None:
            self._calls.close()

    @property
    def alive(self) -> bool:
        return self.closed_by_us is None and self.socket.is_open

    @property
    def end(self) -> str:
        """Why the connection ended, in a word."""
        if self.closed_by_us is not None:
            return self.closed_by_us
        protocol = self.socket.protocol
        if protocol.close_sent is not None and protocol.close_rcvd_then_sent is not True:
            return _CLOSED_BY_US.get(protocol.close_sent.code, "protocol_error")
        return "closed_by_charger" if protocol.close_rcvd is not None else "lost"


def _seconds_since(moment: float) -> float:
    return asyncio.get_running_loop().time() - moment
