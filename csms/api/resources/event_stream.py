"""/events: what happens, as it happens (Server-Sent Events)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from csms import events
from csms.api.context import Context
from csms.api.fields import Name
from csms.api.problems import Problem, field_error, invalid
from csms.api.route import Asked, Nothing, Route
from csms.events import Event, Subscription

TAG: Final = "Events"
HEARTBEAT_S: Final = 15.0
MAX_STREAMS: Final = 100
WAITING_EVENTS: Final = 1000

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def event_name(kind: type[Event]) -> str:
    """Return the name of a kind of event: TransactionStarted is transaction_started."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def event_kinds() -> Mapping[str, type[Event]]:
    """Return every kind of event by its name."""
    return {event_name(kind): kind for kind in events.Event.__subclasses__()}


class EventQuery(Struct, forbid_unknown_fields=True):
    charge_point_id: Annotated[
        list[Name], Meta(max_length=100, description="Only of these; may be repeated.")
    ] = []
    type: Annotated[
        list[Name], Meta(max_length=100, description="Only these kinds; may be repeated.")
    ] = []


class EventStream:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._subscriptions: set[Subscription] = set()

    def routes(self) -> Sequence[Route[Any, Any]]:
        return [
            Route(
                method="GET",
                path="/api/v1/events",
                handler=self.stream,
                summary="Watch what happens; a `lost` event says how many were missed",
                tag=TAG,
                query=EventQuery,
                body=Nothing,
                answers={200: str},
                problems=(429,),
                media_type="text/event-stream",
            )
        ]

    def close(self) -> None:
        """End every stream; who still may comes back."""
        for subscription in list(self._subscriptions):
            subscription.close()

    async def stream(self, asked: Asked[EventQuery, Nothing]) -> web.StreamResponse:
        wanted = _filter(asked.query)
        if len(self._subscriptions) >= MAX_STREAMS:
            raise Problem(429, f"{MAX_STREAMS} event streams are open already")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        subscription = self._context.events.subscribe(WAITING_EVENTS)
        self._subscriptions.add(subscription)
        try:
            await response.prepare(asked.http)
            await response.write(b": welcome\n\n")
            count_lost = self._context.metrics.events_lost.inc
            async for block in blocks(subscription, wanted, HEARTBEAT_S, count_lost):
                await response.write(block)
        except ConnectionError:  # the watcher left
            return response
        finally:
            self._subscriptions.discard(subscription)
            subscription.close()
        return response


async def blocks(
    subscription: Subscription,
    wanted: Callable[[Event], bool],
    heartbeat_s: float,
    count_lost: Callable[[int], None],
) -> AsyncGenerator[bytes, None]:
    """Yield what is to be written: events, heartbeats while there are none, losses.

    Ends when the subscription is closed.
    """
    iterator = aiter(subscription)
    told_lost = 0
    following = asyncio.ensure_future(anext(iterator, None))
    try:
        while True:
            done, _ = await asyncio.wait({following}, timeout=heartbeat_s)
            if not done:
                yield b": still here\n\n"
                continue
            event = following.result()
            if event is None:
                return
            following = asyncio.ensure_future(anext(iterator, None))
            if subscription.lost > told_lost:
                count_lost(subscription.lost - told_lost)
                yield _block("lost", {"count": subscription.lost - told_lost})
                told_lost = subscription.lost
            if wanted(event):
                yield _block(event_name(type(event)), event)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _filter(query: EventQuery) -> Callable[[Event], bool]:
    kinds = event_kinds()
    unknown = [name for name in query.type if name not in kinds]
    if unknown:
        raise invalid([field_error("type", n, f"one of {', '.join(kinds)}") for n in unknown], 400)
    types = {kinds[name] for name in query.type}
    ids = {name.casefold() for name in query.charge_point_id}

    def wanted(event: Event) -> bool:
        return (not types or type(event) in types) and (
            not ids or event.charge_point_id.casefold() in ids
        )

    return wanted


def _block(name: str, data: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + _ENCODER.encode(data) + b"\n\n"
