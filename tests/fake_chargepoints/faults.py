"""Fault switches: links that lose, delay, repeat, cut, or shuffle what they carry.

`FaultyLink` is a `Link` with `Faults` that tests may change while it runs:

    link = FaultyLink(options, responder, Faults(drop_sent=every(3)))

or, for a whole or scripted charge point, ``link_factory=faulty(Faults(...))``.
Bad clocks are `clock.SkewedClock`, missing subprotocols ``LinkOptions(subprotocols=())``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from .frames import Call, decode
from .link import Link, LinkOptions, Responder, refuse_everything

Switch = Callable[[str], bool]
"""Decides by the text of a message whether the fault strikes."""


def never(_: str) -> bool:
    """The fault is off."""
    return False


def always(_: str) -> bool:
    """The fault strikes every message."""
    return True


def on_action(action: str) -> Switch:
    """Strikes the CALLs of one action."""

    def strikes(text: str) -> bool:
        frame = decode(text)
        return isinstance(frame, Call) and frame.action == action

    return strikes


def on_answers(text: str) -> bool:
    """Strikes CALLRESULTs and CALLERRORs."""
    return text.startswith(("[3", "[4"))


def every(n: int) -> Switch:
    """Strikes every n-th message."""
    count = 0

    def strikes(_: str) -> bool:
        nonlocal count
        count += 1
        return count % n == 0

    return strikes


def once(switch: Switch) -> Switch:
    """Strikes the first message for which `switch` does, then never again."""
    spent = False

    def strikes(text: str) -> bool:
        nonlocal spent
        if spent or not switch(text):
            return False
        spent = True
        return True

    return strikes


def by_chance(share: float, seed: int) -> Switch:
    """Strikes this share of the messages, the same ones for the same seed."""
    chance = random.Random(seed)
    return lambda _: chance.random() < share


@dataclass(slots=True)
class Faults:
    """What goes wrong; every switch is off by default.

    `drop_sent` and `drop_received` lose messages, `duplicate` sends them twice, `truncate` cuts
    their end off, `reorder` holds a message back until the next one has gone, `delay` makes it
    late by `delay_s`, `abort_after` cuts the connection right behind it and `abort_before`
    instead of sending it, `freeze_after` leaves a half-open connection.
    """

    drop_sent: Switch = never
    drop_received: Switch = never
    duplicate: Switch = never
    truncate: Switch = never
    reorder: Switch = never
    delay: Switch = never
    delay_s: float = 0.05
    abort_before: Switch = never
    abort_after: Switch = never
    freeze_after: Switch = never


class FaultyLink(Link):
    """A link with fault switches. The journal shows what the station meant to send."""

    def __init__(
        self,
        options: LinkOptions,
        responder: Responder = refuse_everything,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(options, responder)
        self.faults = faults or Faults()
        self._held: list[str] = []

    async def transmit(self, text: str) -> None:
        faults = self.faults
        if faults.abort_before(text):
            self.abort()
            await self.closed.wait()
        if faults.drop_sent(text):
            return
        if faults.delay(text):
            await asyncio.sleep(faults.delay_s)
        if faults.reorder(text):
            self._held.append(text)
            return
        await self._pass_on(text)
        held, self._held = self._held, []
        for late in held:
            await self._pass_on(late)

    async def _pass_on(self, text: str) -> None:
        faults = self.faults
        copies = 2 if faults.duplicate(text) else 1
        wire = text[: len(text) * 2 // 3] if faults.truncate(text) else text
        for _ in range(copies):
            await super().transmit(wire)
        if faults.freeze_after(text):
            self.freeze()
        if faults.abort_after(text):
            self.abort()

    async def receive(self, text: str) -> None:
        if not self.faults.drop_received(text):
            await super().receive(text)


def faulty(faults: Faults) -> Callable[[LinkOptions, Responder], FaultyLink]:
    """A factory of links that all obey the same switches."""
    return lambda options, responder: FaultyLink(options, responder, faults)
