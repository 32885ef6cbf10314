"""Every message of Part 2 that a charging station starts is served, whatever is in it."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.handlers.v201.conversation import mumble, say, schema
from unit.handlers.v201.requests import REQUESTS
from unit.world import World, make_world

from csms.handlers.v201 import ROUTES
from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_no_request_of_a_charging_station_is_without_a_handler() -> None:
    assert set(ROUTES) == set(REQUESTS)
    assert len(ROUTES) == 25


@pytest.mark.parametrize("action", sorted(REQUESTS))
async def test_a_request_that_says_all_it_can_gets_a_valid_answer(
    world: World, charge_point: ChargePoint, action: str
) -> None:
    answer = await say(world, charge_point, action, REQUESTS[action])
    assert set(answer) >= set(schema(f"{action}Response").get("required", ()))


@pytest.mark.parametrize("action", sorted(REQUESTS))
async def test_custom_data_does_no_harm(
    world: World, charge_point: ChargePoint, action: str
) -> None:
    request = REQUESTS[action] | {"customData": {"vendorId": "org.example", "colour": "red"}}
    answer = await say(world, charge_point, action, request)
    assert "customData" not in answer


@pytest.mark.parametrize("action", sorted(REQUESTS))
async def test_an_empty_request_gets_a_valid_answer(
    world: World, charge_point: ChargePoint, action: str
) -> None:
    answer = await mumble(world, charge_point, action, {})
    assert set(answer) >= set(schema(f"{action}Response").get("required", ()))


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from _paths(item, (*path, key))


@st.composite
def garbled(draw: st.DrawFn, request: dict[str, Any]) -> dict[str, Any]:
    """A request in which a few parts were replaced by anything, or are missing."""
    result = copy.deepcopy(request)
    for _ in range(draw(st.integers(1, 4))):
        paths = list(_paths(result))
        if not paths:
            break
        *parents, last = draw(st.sampled_from(paths))
        node: Any = result
        for key in parents:
            node = node[key]
        if draw(st.booleans()):
            del node[last]
        else:
            node[last] = draw(JSON)
    return result


async def _tell(action: str, request: dict[str, Any]) -> None:
    world = make_world()
    charge_point = await world.connect("CP-1", OcppVersion.V201)
    await mumble(world, charge_point, action, request)
    if action == "TransactionEvent":
        assert len(world.store.transactions) == 1, "a transaction was lost"


@pytest.mark.parametrize("action", sorted(set(REQUESTS) - {"Heartbeat"}))
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_garbage_in_any_part_is_answered_and_never_raises(action: str, data: st.DataObject) -> None:
    asyncio.run(_tell(action, data.draw(garbled(REQUESTS[action]))))
