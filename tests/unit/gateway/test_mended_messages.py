"""What the gateway lets through, every handler can answer."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.gateway.payloads import objects_for
from unit.world import make_world

from csms.gateway import frames
from csms.gateway.actions import BILLABLE, NEVER_REFUSED
from csms.gateway.repairs import mend
from csms.gateway.schemas import schemas_of
from csms.handlers import v16, v21, v201
from csms.handlers.contract import CallRefusedError, Routes
from csms.model import OcppVersion

ROUTES: dict[OcppVersion, Routes] = {
    OcppVersion.V16: v16.ROUTES,
    OcppVersion.V201: v201.ROUTES,
    OcppVersion.V21: v21.ROUTES,
}
SCHEMAS = {version: schemas_of(version) for version in ROUTES}

Message = tuple[OcppVersion, str, dict[str, Any]]


@st.composite
def let_through(draw: st.DrawFn) -> Message | None:
    """A message as the gateway would hand it to its handler, None for one it would refuse."""
    version = draw(st.sampled_from(list(ROUTES)))
    action = draw(st.sampled_from(sorted(ROUTES[version])))
    schema = SCHEMAS[version].requests[action]
    payload = draw(objects_for(schema.shape))
    if schema.is_valid(payload):
        return version, action, payload
    open_words = version is OcppVersion.V21
    received_at = "2026-06-15T12:00:00Z"
    mending = mend(schema.shape, payload, received_at=received_at, open_words=open_words)
    if mending.violation is None or (action in BILLABLE and payload) or action in NEVER_REFUSED:
        return version, action, mending.payload
    return None


@settings(max_examples=150, deadline=None)
@given(st.lists(let_through(), max_size=4))
def test_every_handler_answers_in_the_schemas_words_and_order(
    messages: list[Message | None],
) -> None:
    asyncio.run(_answer(messages))


async def _answer(messages: list[Message | None]) -> None:
    world = make_world(unknown_id_tokens="accept")
    for message in messages:
        if message is None:
            continue
        version, action, payload = message
        charge_point = await world.connect(f"CP-{version}", version)
        handler = ROUTES[version][action]
        try:
            answer = await handler(world.services, charge_point, payload, world.clock.now())
        except CallRefusedError:
            continue
        schema = SCHEMAS[version].responses.get(action)
        if schema is None:
            assert answer == {}  # a SEND, which nobody answers
            continue
        schema.check(answer)
        assert frames.call_result("1", answer) == frames.call_result("1", schema.ordered(answer))
