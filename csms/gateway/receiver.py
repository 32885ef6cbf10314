"""What happens to a charger's message: read, validated, mended, handled, answered, logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import datetime
from typing import TYPE_CHECKING, Final

from csms.errors import CommandRefusedError, DatabaseUnavailableError
from csms.gateway import frames, message_log
from csms.gateway.acceptance import may_say
from csms.gateway.actions import BILLABLE, NEVER_REFUSED
from csms.gateway.answers import Broken, Error, Result
from csms.gateway.calls import Outcome
from csms.gateway.endpoints import Dialect, Endpoint
from csms.gateway.frames import Json
from csms.gateway.incoming import (
    Answer,
    IncomingCall,
    NoCall,
    ResultError,
    call_of,
)
from csms.gateway.repairs import mend
from csms.gateway.shared import Shared
from csms.handlers.contract import CallRefusedError, Refusal
from csms.model import OcppVersion
from csms.services.answers import FaultyAnswer
from csms.services.clocks import format_time
from csms.services.records import LoggedMessage

if TYPE_CHECKING:
    from csms.gateway.connection import Connection

logger = logging.getLogger(__name__)

LONGEST_TOLD: Final = 500
"""Characters of a charger's complaint that are kept."""


class Receiver:
    """One OCPP version's way of a message; shared by all connections of that version."""

    def __init__(self, dialect: Dialect, others: Sequence[Dialect], shared: Shared) -> None:
        self.dialect = dialect
        self._others = others
        self._shared = shared
        self._endpoints = dialect.endpoints
        self._has_send = dialect.has_send
        self._services = shared.services
        self._recorder = shared.recorder
        self._clock = shared.clock
        self._rate = shared.rate
        self._max_depth = shared.settings.max_json_depth
        self._max_chars = shared.settings.message_log_max_chars

    async def receive(self, connection: Connection, text: bytes) -> None:
        """Take one message from the charger and, if it is a CALL, answer it."""
        received_at = self._clock.now()
        started = self._clock.monotonic()
        delay = connection.bucket.take(self._rate, started)
        if delay > 0.0:  # not reading any further slows the charger down, nothing is lost
            await asyncio.sleep(delay)
        try:
            frame = frames.parse(text, self._max_depth)
        except frames.UnreadableFrameError as error:
            parts = frames.separated(text)
            if len(parts) > 1:
                vendor = self._shared.metrics.vendor(connection.charge_point.vendor)
                self._shared.metrics.repairs.labels("several_frames", vendor).inc()
                for part in parts:
                    await self.receive(connection, part)
                return
            frame = self._save(text)
            if frame is None:
                await self._take_unreadable(connection, text, str(error), received_at)
                return
        if (
            type(frame) is list
            and len(frame) == 4
            and frame[0] == frames.CALL
            and type(frame[2]) is str
            and type(frame[3]) is dict
        ):
            call = IncomingCall(frame[1], frame[2], frame[3])
        else:
            odd = call_of(frame, has_send=self._has_send)
            if not isinstance(odd, IncomingCall):
                await self._take_stranger(connection, odd, text, received_at)
                return
            call = odd
        if type(call.message_id) is float:
            call.message_id = frames.number_as_sent(text, call.message_id)
        await self._answer(connection, call, text, received_at, started)

    # -- calls

    async def _answer(
        self,
        connection: Connection,
        call: IncomingCall,
        text: bytes,
        received_at: datetime,
        started: float,
    ) -> None:
        connection.charge_point.last_seen_at = received_at
        endpoint = self._endpoints.get(call.action)
        try:
            if self._is_odd(connection, endpoint, call):
                endpoint = await self._examine(connection, call, received_at)
            outcome, reply = await self._handle(connection, endpoint, call, received_at)
        except CallRefusedError as error:
            call.refuse(error.refusal, error.description)
            outcome, reply = "refused", self._refusal(call)
        except Exception:
            # The charger repeats what is answered so; the connection lives on.
            logger.exception("%s of %s failed", call.action, connection.charge_point.id)
            call.refuse(Refusal.INTERNAL_ERROR, "the central system failed to process this")
            outcome, reply = "failed", self._refusal(call)
        if call.confirmed:
            if self._has_send:  # only there a charger may come back to it, by a CALLRESULTERROR
                connection.answered = (call.message_id, call.action)
            socket = connection.socket
            socket.send_now(reply)
            if socket.paused:
                await socket.drained()
        duration_s = self._clock.monotonic() - started
        if endpoint is None:
            self.dialect.strangers[outcome].inc()
        else:
            endpoint.outcomes[outcome].inc()
            endpoint.observe_seconds(duration_s)
        answered = reply if call.confirmed else None
        self._log(connection, call, text, answered, outcome, received_at, duration_s)

    def _is_odd(
        self, connection: Connection, endpoint: Endpoint | None, call: IncomingCall
    ) -> bool:
        """Whether a call is anything but flawless."""
        return (
            endpoint is None
            or not endpoint.is_valid(call.payload)
            or not connection.charge_point.accepted
            or bool(call.repairs)
            or call.refusal is not None
        )

    async def _handle(
        self,
        connection: Connection,
        endpoint: Endpoint | None,
        call: IncomingCall,
        received_at: datetime,
    ) -> tuple[str, bytes]:
        """Run the handler to its end, whatever becomes of the connection."""
        if endpoint is None or call.refusal is not None:
            return "refused", self._refusal(call)
        try:
            answer = await endpoint.handler(
                self._services, connection.charge_point, call.payload, received_at
            )
        except DatabaseUnavailableError:
            answer = await self._handle_later(endpoint, connection, call, received_at)
        if endpoint.ordered is not None:
            answer = endpoint.ordered(answer)
        return "ok", frames.call_result(call.message_id, answer)

    async def _handle_later(
        self,
        endpoint: Endpoint,
        connection: Connection,
        call: IncomingCall,
        received_at: datetime,
    ) -> Json:
        """Run a handler once the database that it reads is back, as a commit waits for it.

        Whatever it kept before it asked in vain is kept once more, which does no harm.
        """
        with self._shared.metrics.waiting_messages.track_inprogress():
            while True:
                await self._recorder.database_back()
                with suppress(DatabaseUnavailableError):
                    return await endpoint.handler(
                        self._services, connection.charge_point, call.payload, received_at
                    )

    async def _examine(
        self, connection: Connection, call: IncomingCall, received_at: datetime
    ) -> Endpoint | None:
        """Look closer at what is not flawless: mend it, or note why it is refused."""
        endpoint = self._find(call)
        if endpoint is None:
            await self._refuse_unknown(connection, call, received_at)
        elif call.refusal is None:
            if not endpoint.is_valid(call.payload):
                await self._mend(connection, endpoint, call, received_at)
            charge_point = connection.charge_point
            if not may_say(
                self.dialect.version,
                charge_point.registration_status,
                endpoint.action,
                connection.asked_for,
            ):
                call.refuse(
                    Refusal.SECURITY_ERROR,
                    f"the charge point is not accepted ({charge_point.registration_status})",
                )
        self._count_repairs(connection, call.repairs)
        return endpoint

    def _find(self, call: IncomingCall) -> Endpoint | None:
        endpoint = self._endpoints.get(call.action)
        if endpoint is not None:
            return endpoint
        meant = self.dialect.schemas.action_like(call.action)
        endpoint = self._endpoints.get(meant) if meant is not None else None
        if endpoint is not None:
            call.repairs.append("action_name")
            call.action = endpoint.action
        return endpoint

    async def _refuse_unknown(
        self, connection: Connection, call: IncomingCall, received_at: datetime
    ) -> None:
        action = call.action[:50]
        if call.action in self.dialect.schemas.requests:
            call.refuse(Refusal.NOT_SUPPORTED, f"{action} is not for charge points to send")
            return
        call.refuse(Refusal.NOT_IMPLEMENTED, f"{action!r} is no action of {self.dialect.version}")
        for other in self._others:
            if call.action in other.schemas.by_charge_point:
                await self._report_other_version(connection, other.version, call, received_at)
                return

    async def _mend(
        self,
        connection: Connection,
        endpoint: Endpoint,
        call: IncomingCall,
        received_at: datetime,
    ) -> None:
        mending = mend(
            endpoint.schema.shape,
            call.payload,
            received_at=format_time(received_at),
            open_words=self.dialect.has_open_words,
        )
        if mending.violation is not None:
            for other in self._others:
                if other.looks_like(endpoint.action, call.payload):
                    await self._report_other_version(connection, other.version, call, received_at)
                    break
            if (endpoint.billable and call.payload) or endpoint.action in NEVER_REFUSED:
                mending.repairs.append("passed_on_broken")
            else:
                call.refuse(mending.violation.refusal, mending.violation.description)
        call.payload = mending.payload
        call.repairs += mending.repairs

    async def _report_other_version(
        self, connection: Connection, spoken: OcppVersion, call: IncomingCall, received_at: datetime
    ) -> None:
        """Tell the operator, once per connection, that a charger speaks another version."""
        self._shared.metrics.bad_frames.labels("other_version").inc()
        kind = "wrong_ocpp_version"
        if kind in connection.reported:
            return
        connection.reported |= {kind}
        version = self.dialect.version
        await self._services.notifications.record(
            connection.charge_point,
            kind,
            f"sends messages of {spoken} on a connection agreed as {version}; "
            f"pin the version it really speaks",
            {"action": call.action, "spoken": spoken.value, "agreed": version.value},
            received_at,
            severity="warning",
        )

    # -- answers

    def outcome_of(
        self, connection: Connection, action: str, answer: Result | Error | Broken
    ) -> Outcome:
        """Return what an answer to a call of ours means; broken ones fail it at once."""
        charge_point_id = connection.charge_point.id
        if isinstance(answer, Error):
            return CommandRefusedError(
                charge_point_id, answer.code, answer.description, answer.details
            )
        if isinstance(answer, Broken):
            self._shared.metrics.bad_frames.labels("broken_answer").inc()
            self._complain(connection, answer.message_id, Refusal.FORMAT_VIOLATION, answer.why)
            return CommandRefusedError(
                charge_point_id,
                self.dialect.spelling[Refusal.FORMAT_VIOLATION],
                f"its answer cannot be read: {answer.why}",
                {},
            )
        self._count_repairs(connection, answer.repairs)
        schema = self.dialect.schemas.responses.get(action)
        if schema is None or schema.is_valid(answer.payload):
            return answer.payload
        told, violations = deepcopy(answer.payload), schema.violations(answer.payload)
        received_at = format_time(self._clock.now())
        mending = mend(schema.shape, answer.payload, received_at=received_at, whole=True)
        self._count_repairs(connection, mending.repairs)
        wrong = mending.violation
        if wrong is not None:
            self._complain(connection, answer.message_id, wrong.refusal, wrong.description)
        return FaultyAnswer(mending.payload, told, violations)

    def _complain(
        self, connection: Connection, message_id: Json, refusal: Refusal, why: str
    ) -> None:
        """Tell a charger that its answer is not right, where its version has a word for that."""
        if self._has_send:
            code = self.dialect.spelling[refusal]
            connection.socket.send_now(frames.call_result_error(message_id, code, why))

    # -- what is no call

    def _save(self, text: bytes) -> frames.MendedFrame | None:
        """Return what can be read of a truncated message that a person must pay for."""
        head = frames.recover_head(text)
        if head is None or head.type != frames.CALL or head.action not in BILLABLE:
            return None
        frame = frames.completed(text, self._max_depth)
        match frame:
            case [_, _, str(), dict(payload), *_] if payload:
                return frame
        return None

    async def _take_unreadable(
        self, connection: Connection, text: bytes, why: str, received_at: datetime
    ) -> None:
        head = frames.recover_head(text)
        if head is None:
            await self._take_stranger(connection, NoCall("unreadable"), text, received_at)
        elif head.type in (frames.CALL_RESULT, frames.CALL_ERROR):
            connection.take_answer(text)
        elif head.type != frames.CALL:
            refusal = None if self._has_send else Refusal.MESSAGE_TYPE_NOT_SUPPORTED
            stranger = NoCall("broken_send", head.message_id, refusal)
            await self._take_stranger(connection, stranger, text, received_at, why)
        else:
            await self._take_stranger(
                connection,
                NoCall("broken_call", head.message_id, Refusal.FORMAT_VIOLATION),
                text,
                received_at,
                why,
                head.action or "",
            )

    async def _take_stranger(
        self,
        connection: Connection,
        stranger: NoCall | Answer | ResultError,
        text: bytes,
        received_at: datetime,
        why: str = "",
        action: str = "",
    ) -> None:
        """Answer what can be answered, count it, keep it in the message log; never close.

        `action` is what of a broken call could still be read.
        """
        if isinstance(stranger, Answer):
            connection.take_answer(text)
            return
        if isinstance(stranger, ResultError):
            await self._take_result_error(connection, stranger.error, text, received_at)
            return
        self._shared.metrics.bad_frames.labels(stranger.why).inc()
        reply = self._reply_to(stranger, why)
        if reply is not None:
            connection.socket.send_now(reply)
        call = IncomingCall(stranger.message_id, action, {})
        self._log(connection, call, text, reply, stranger.why, received_at, None)
        if action in message_log.SECRETIVE:
            text = message_log.masked(text)
        swallowed = self._shared.bad_frame_log.allow(self._clock.monotonic())
        if swallowed is not None:
            logger.warning(
                "%s sent what is no OCPP-J message (%s), %d more like this went unmentioned: %s",
                connection.charge_point.id,
                stranger.why,
                swallowed,
                message_log.shown(text, 100),
            )

    async def _take_result_error(
        self, connection: Connection, error: Error, text: bytes, received_at: datetime
    ) -> None:
        """Note that a charger could not use an answer of ours; the operator is told once of each.

        What it asked for was done all the same, and nothing is sent in return.
        """
        self._shared.metrics.bad_frames.labels("answer_refused").inc()
        message_id, action = connection.answered or (None, "")
        if message_id != error.message_id:
            action = ""
        call = IncomingCall(error.message_id, action, {})
        self._log(connection, call, text, None, "answer_refused", received_at, None)
        kind = "answer_refused"
        if f"{kind} {action}" in connection.reported:
            return
        connection.reported |= {f"{kind} {action}"}
        told = {"code": error.code[:LONGEST_TOLD], "description": error.description[:LONGEST_TOLD]}
        await self._services.notifications.record(
            connection.charge_point,
            kind,
            f"could not use our answer{f' to {action}' if action else ''}: {told['code']}",
            {"action": action or None, **told, "details": error.details},
            received_at,
            severity="warning",
        )

    def _reply_to(self, stranger: NoCall, why: str) -> bytes | None:
        if stranger.refusal is None:
            return None
        message_id = stranger.message_id
        if self.dialect.version is OcppVersion.V16:
            # 1.6 has no answer to unknown message types (4.2) nor without a message id.
            if message_id is None or stranger.refusal is Refusal.MESSAGE_TYPE_NOT_SUPPORTED:
                return None
        elif message_id is None:
            message_id = frames.UNREADABLE_ID
        return frames.call_error(
            message_id,
            self.dialect.spelling[stranger.refusal],
            why or stranger.why.replace("_", " "),
        )

    # -- bookkeeping

    def _refusal(self, call: IncomingCall) -> bytes:
        refusal = call.refusal or Refusal.GENERIC_ERROR
        return frames.call_error(call.message_id, self.dialect.spelling[refusal], call.why)

    def _count_repairs(self, connection: Connection, repairs: Sequence[str]) -> None:
        metrics = self._shared.metrics
        vendor = metrics.vendor(connection.charge_point.vendor)
        for repair in repairs:
            metrics.repairs.labels(repair, vendor).inc()

    def _log(
        self,
        connection: Connection,
        call: IncomingCall,
        text: bytes,
        reply: bytes | None,
        outcome: str,
        received_at: datetime,
        duration_s: float | None,
    ) -> None:
        show = message_log.shown
        if call.action in message_log.SECRETIVE:
            text = message_log.masked(text)
        self._recorder.log(
            LoggedMessage(
                connection.charge_point.key,
                received_at,
                self.dialect.version.value,
                True,  # noqa: FBT003 - positional for speed, one per message
                message_log.id_shown(call.message_id),
                call.action or None,
                show(text, self._max_chars),
                show(reply, self._max_chars) if reply is not None else None,
                outcome,
                tuple(call.repairs),
                duration_s,
            )
        )
