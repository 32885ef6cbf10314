"""Scripted charge points: a test plans an exchange, and fails when it does not happen.

    async with ScriptedChargePoint(LinkOptions(url, "CP1")) as charge_point:
        await charge_point.send("BootNotification", boot, reply={"status": "Accepted"})
        start = charge_point.expect("RemoteStartTransaction", check={"idTag": "TAG"})
        ...                                 # make the central system send it
        payload = await start.happened()

Leaving the block waits a little for what is still planned, closes the link, and raises
`ScriptError` with everything that was planned and never happened, that happened and was
not planned, and that did not look as planned.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

from .errors import CallError, LinkError
from .frames import Call, Payload
from .journal import Journal
from .likeness import Pattern, differences
from .link import Link, LinkOptions, Reply, Responder

Ending = Literal["close", "abort", "silence"]
"""Instead of an answer: close the socket, cut it, or say nothing."""

LinkFactory = Callable[[LinkOptions, Responder], Link]


class ScriptError(AssertionError):
    """The exchange was not the planned one."""


@dataclass(slots=True, eq=False)
class Expectation:
    """One call that the central system is expected to send, and how it is answered."""

    action: str
    answer: Payload | CallError
    check: Pattern = None
    before: Callable[[Payload], Awaitable[object]] | None = None
    after: Callable[[Payload], Awaitable[object]] | None = None
    instead: Ending | None = None
    delay_s: float = 0.0
    hold: asyncio.Event | None = None
    copies: int = 1
    optional: bool = False
    taken: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)
    payload: Payload = field(default_factory=dict)

    async def happened(self, timeout_s: float = 10.0) -> Payload:
        """Wait until the call came and was answered; its payload. Raises `ScriptError`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.done.wait()
        except TimeoutError:
            raise ScriptError(f"{self} did not happen within {timeout_s:g} s") from None
        return self.payload

    def __str__(self) -> str:
        like = f" like {self.check!r}" if self.check is not None else ""
        return f"the central system sends {self.action}{like}"


@dataclass(slots=True, eq=False)
class PlannedSend:
    """One call of ours, to be sent by `ScriptedChargePoint.run_plan`."""

    action: str
    payload: Payload
    reply: Pattern
    done: bool = False

    def __str__(self) -> str:
        return f"the charge point sends {self.action} {self.payload!r}"


class ScriptedChargePoint:
    """A charge point of any OCPP version that does exactly what the test says.

    `in_order` makes the order of the expectations part of the plan. `settle_s` is how long the
    end of the block waits for what is still open. `link_factory` puts a faulty link below.
    """

    def __init__(
        self,
        options: LinkOptions,
        *,
        in_order: bool = False,
        settle_s: float = 5.0,
        link_factory: LinkFactory = Link,
    ) -> None:
        self.options = options
        self.link: Link = link_factory(options, self._respond)
        self._link_factory = link_factory
        self._in_order = in_order
        self._settle_s = settle_s
        self._expectations: list[Expectation] = []
        self._sends: list[PlannedSend] = []
        self._tolerated: dict[str, Payload | CallError] = {}
        self._problems: list[str] = []
        self._past: list[Journal] = []

    # -- life ------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        await self.link.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            await self.link.close()
            error.add_note(self.report())
            return
        await self.settle(self._settle_s)
        await self.link.close()
        self.verify()

    async def reconnect(self) -> None:
        """Leave the old connection (closing it if it still lives) and open a new one."""
        old = self.link
        self.link = self._link_factory(self.options, self._respond)
        self._past.append(old.journal)
        await self.link.open()
        await old.close()

    # -- planning --------------------------------------------------------------------------

    def expect(
        self,
        action: str,
        answer: Payload | CallError | None = None,
        *,
        check: Pattern = None,
        before: Callable[[Payload], Awaitable[object]] | None = None,
        after: Callable[[Payload], Awaitable[object]] | None = None,
        instead: Ending | None = None,
        delay_s: float = 0.0,
        hold: asyncio.Event | None = None,
        copies: int = 1,
        optional: bool = False,
    ) -> Expectation:
        """Plan that the central system sends this action.

        `answer` is the CALLRESULT payload (default ``{"status": "Accepted"}``) or a `CallError`
        for a CALLERROR; `check` a pattern for the payload (see `likeness`). `before` runs before
        the answer (own calls first), `after` behind it. `instead` ends the exchange without an
        answer. `delay_s` and `hold` make the answer late, `copies` repeats it.
        """
        expectation = Expectation(
            action,
            {"status": "Accepted"} if answer is None else answer,
            check=check,
            before=before,
            after=after,
            instead=instead,
            delay_s=delay_s,
            hold=hold,
            copies=copies,
            optional=optional,
        )
        self._expectations.append(expectation)
        return expectation

    def tolerate(self, action: str, answer: Payload | CallError | None = None) -> None:
        """Answer this action whenever it comes, any number of times, without planning it."""
        self._tolerated[action] = {"status": "Accepted"} if answer is None else answer

    def plan(self, action: str, payload: Payload, *, reply: Pattern = None) -> PlannedSend:
        """Plan a call of ours and what its reply should look like; `run_plan` sends it."""
        planned = PlannedSend(action, payload, reply)
        self._sends.append(planned)
        return planned

    async def run_plan(self) -> None:
        """Send the planned calls in order. Raises as `send`."""
        for planned in [item for item in self._sends if not item.done]:
            await self.send(planned.action, planned.payload, reply=planned.reply)
            planned.done = True

    # -- acting ----------------------------------------------------------------------------

    async def send(
        self,
        action: str,
        payload: Payload,
        *,
        reply: Pattern = None,
        message_id: str | None = None,
        timeout_s: float | None = None,
    ) -> Payload:
        """Send a call and return the answer.

        Raises `ScriptError` when the answer is not like `reply`, and `CallError`,
        `CallTimeoutError` or `LinkClosedError` when there is none.
        """
        answer = await self.link.call(action, payload, message_id=message_id, timeout_s=timeout_s)
        found = differences(reply, answer) if reply is not None else []
        if found:
            raise ScriptError(f"the reply to {action}: {'; '.join(found)}")
        return answer

    async def send_refused(self, action: str, payload: Payload, *, code: str) -> CallError:
        """Send a call that must be answered by a CALLERROR with this code."""
        try:
            answer = await self.link.call(action, payload)
        except CallError as error:
            if error.code != code:
                raise ScriptError(f"{action} got CALLERROR {error}, expected {code}") from error
            return error
        raise ScriptError(f"{action} was answered {answer!r}, expected CALLERROR {code}")

    # -- judging ---------------------------------------------------------------------------

    async def settle(self, timeout_s: float) -> None:
        """Wait until everything planned has happened, at most so long."""
        waiting = [item.done.wait() for item in self._expectations if not item.optional]
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.gather(*waiting)
        except TimeoutError:
            return

    def verify(self) -> None:
        """Raise `ScriptError` unless exactly what was planned has happened."""
        if self.problems():
            raise ScriptError(self.report())

    def problems(self) -> list[str]:
        """What differs from the plan so far, as sentences."""
        missing = [
            f"never happened: {item}"
            for item in self._expectations
            if not item.optional and not item.done.is_set()
        ]
        unsent = [f"never sent: {item}" for item in self._sends if not item.done]
        return self._problems + missing + unsent

    def report(self) -> str:
        """The problems and the whole exchange of all connections, readable."""
        lines = [f"script of {self.options.identity}:"]
        lines += [f"  - {problem}" for problem in self.problems()] or ["  - as planned so far"]
        lines.append("exchange:")
        for journal in [*self._past, self.link.journal]:
            lines += [f"  {entry}" for entry in journal]
        return "\n".join(lines)

    # -- answering -------------------------------------------------------------------------

    async def _respond(self, call: Call) -> Reply:
        expectation = self._match(call)
        if expectation is None:
            return self._answer_unplanned(call)
        expectation.taken = True
        expectation.payload = call.payload
        found = differences(expectation.check, call.payload) if expectation.check else []
        self._problems += [f"{call.action}: {text}" for text in found]
        return await self._carry_out(expectation)

    def _match(self, call: Call) -> Expectation | None:
        open_ones = [item for item in self._expectations if not item.taken]
        fitting = [item for item in open_ones if item.action == call.action]
        if not fitting:
            return None
        if self._in_order and (ahead := [i for i in open_ones if not i.optional]):
            first = ahead[0]
            if first.action != call.action and open_ones.index(fitting[0]) > open_ones.index(first):
                self._problems.append(f"out of order: {call.action} came before {first.action}")
        # Several plans for one action: the first whose check is content, else simply the first.
        for item in fitting:
            if item.check is None or not differences(item.check, call.payload):
                return item
        return fitting[0]

    def _answer_unplanned(self, call: Call) -> Reply:
        answer = self._tolerated.get(call.action)
        if answer is None:
            self._problems.append(f"unexpected: {call.action} {call.payload!r}")
            raise CallError("NotImplemented", f"{call.action} is not in the script")
        if isinstance(answer, CallError):
            raise answer
        return Reply(answer)

    async def _carry_out(self, expectation: Expectation) -> Reply:
        if expectation.before is not None:
            await self._act(expectation, expectation.before)
        if expectation.delay_s:
            await asyncio.sleep(expectation.delay_s)
        if expectation.hold is not None:
            await expectation.hold.wait()
        if expectation.instead is not None:
            return await self._end(expectation, expectation.instead)
        return Reply(
            expectation.answer, copies=expectation.copies, then=lambda: self._conclude(expectation)
        )

    async def _end(self, expectation: Expectation, ending: Ending) -> Reply:
        if ending == "abort":
            self.link.abort()
        elif ending == "close":
            await self.link.close()
        expectation.done.set()
        return Reply(None, then=lambda: self._conclude(expectation))

    async def _conclude(self, expectation: Expectation) -> None:
        if expectation.after is not None:
            await self._act(expectation, expectation.after)
        expectation.done.set()

    async def _act(
        self, expectation: Expectation, step: Callable[[Payload], Awaitable[object]]
    ) -> None:
        try:
            await step(expectation.payload)
        except (LinkError, AssertionError) as error:
            self._problems.append(f"what {expectation.action} set off failed: {error!r}")
