"""Whatever order, number and losses the messages come in, the records end the same, and right."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from unit.services.messages import (
    Courier,
    Message,
    Session,
    essence,
    messages_16,
    messages_201,
    minute,
    stored,
)
from unit.world import World, make_world

from csms.model import OcppVersion
from csms.services.charge_point import ChargePoint
from csms.services.transactions.model import Start, Stop, Transaction, TransactionEvent

pytestmark = pytest.mark.timeout(400)  # hypothesis may make a failure smaller for five minutes

AC_W = 22_000
VERSIONS = {"OLD": OcppVersion.V16, "NEW": OcppVersion.V201}
KEYS = {charge_point_id: key for key, charge_point_id in enumerate(VERSIONS, 1)}
"""As they connect."""
REPLAYED_AT = 600
"""Minute at which everything is long over."""

thorough = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def evse_sessions(draw: st.DrawFn, charge_point_id: str, evse_id: int) -> list[Session]:
    """Draw up to three sessions at an EVSE, one after the other, on one lifetime register."""
    sessions = []
    now = draw(st.integers(0, 30))
    wh = draw(st.integers(0, 20)) * 1_000_000 + evse_id * 300_000
    for number in range(draw(st.integers(1, 3))):
        steps = draw(st.lists(st.integers(1, 900), min_size=2, max_size=4))
        registers = tuple(accumulate(steps, initial=wh))
        sessions.append(
            Session(
                charge_point_id,
                evse_id,
                f"CARD-{charge_point_id}-{evse_id}-{number}",
                now,
                registers,
                draw(st.sampled_from(["EVDisconnected", "Remote", "PowerLoss"])),
                draw(st.booleans()),
            )
        )
        now += 5 * len(steps) + draw(st.integers(7, 40))
        wh = registers[-1]
    return sessions


days = st.tuples(
    evse_sessions("OLD", 1),
    evse_sessions("OLD", 2),
    evse_sessions("NEW", 1),
    evse_sessions("NEW", 2),
).map(lambda parts: [session for part in parts for session in part])


def told(sessions: Sequence[Session]) -> list[Message]:
    messages = [
        message
        for session in sessions
        for message in (
            messages_16(session) if session.charge_point_id == "OLD" else messages_201(session)
        )
    ]
    return sorted(messages, key=lambda message: message.happened_at)


def possible(messages: Sequence[Message]) -> list[Message]:
    """Mend what no charger can do.

    It learns an id from the answer to its start, and what it tells without an id comes from one
    queue. Its starts, everything with an id, and all of 2.0.1 may come in any order.
    """
    nameless = [message for message in messages if _is_nameless(message)]
    queue = iter(sorted(nameless, key=lambda message: message.happened_at))
    queued = [next(queue) if _is_nameless(message) else message for message in messages]
    early: set[Session] = set()
    ordered = []
    for message in queued:
        session = message.session
        if session.charge_point_id == "OLD" and session.answered and session not in early:
            early.add(session)
            starts = (m for m in messages if m.session == session and isinstance(m.content, Start))
            ordered += list(starts)[:1]
        ordered.append(message)
    return ordered


def _is_nameless(message: Message) -> bool:
    is_start = isinstance(message.content, Start | TransactionEvent)
    return not is_start and not message.session.answered


async def deliver(
    messages: Sequence[Message], *, live: bool, restarts: Collection[int] = ()
) -> tuple[World, Courier]:
    """Bring messages when they happen, or all of them later, a second apart.

    Before the messages in `restarts` everything is read back from the store.
    """
    note(", ".join(str(message) for message in messages))
    world = make_world(max_plausible_power_w=AC_W * 5 // 4)
    courier = Courier(world)
    charge_points = {}
    for charge_point_id, version in VERSIONS.items():
        charge_points[charge_point_id] = await world.connect(charge_point_id, version)
    for message in messages:
        world.add_token(message.session.id_token)
    if not live:
        world.clock.advance(REPLAYED_AT * 60)
    for number, message in enumerate(messages):
        if number in restarts:
            charge_points = {
                charge_point_id: await read_back(world, charge_point)
                for charge_point_id, charge_point in charge_points.items()
            }
        late_s = (message.happened_at - world.clock.now()).total_seconds()
        world.clock.advance(max(late_s, 1.0) if live else 1.0)
        await courier.deliver(charge_points[message.session.charge_point_id], message)
    return world, courier


async def read_back(world: World, charge_point: ChargePoint) -> ChargePoint:
    world.services.transactions.dropped(charge_point)
    await world.recorder.commit()
    loaded = await world.store.load(charge_point.id)
    assert loaded is not None
    loaded.ocpp_version = charge_point.ocpp_version
    world.services.transactions.loaded(loaded)
    return loaded


def run(
    messages: Sequence[Message], *, live: bool, restarts: Collection[int] = ()
) -> tuple[list[Transaction], Courier]:
    async def scene() -> tuple[list[Transaction], Courier]:
        world, courier = await deliver(messages, live=live, restarts=restarts)
        return await stored(world), courier

    return asyncio.run(scene())


def essences(transactions: Sequence[Transaction]) -> list[tuple[Any, ...]]:
    return sorted((essence(transaction) for transaction in transactions), key=repr)


def expected(sessions: Sequence[Session]) -> list[tuple[Any, ...]]:
    return sorted(
        (s.evse_id, s.started_at, s.stopped_at, s.id_token, s.reason, s.energy_wh) for s in sessions
    )


def facts(transactions: Sequence[Transaction]) -> list[tuple[Any, ...]]:
    return sorted(
        (t.evse_id, t.started_at, t.stopped_at, t.id_token, t.stop_reason, t.energy_wh)
        for t in transactions
    )


@thorough
@given(days)
def test_messages_on_time_make_the_records_that_are_true(sessions: list[Session]) -> None:
    transactions, _ = run(told(sessions), live=True)
    assert facts(transactions) == expected(sessions)


@thorough
@given(days, st.data())
def test_all_messages_in_any_order_and_any_number_make_the_records_that_are_true(
    sessions: list[Session], data: st.DataObject
) -> None:
    messages = told(sessions)
    repeats = data.draw(st.lists(st.sampled_from(messages), max_size=8))
    order = possible(data.draw(st.permutations([*messages, *repeats])))
    restarts = data.draw(st.sets(st.integers(0, len(order)), max_size=3))
    transactions, _ = run(order, live=False, restarts=restarts)
    assert facts(transactions) == expected(sessions)


@thorough
@given(days, st.data())
def test_the_messages_that_are_left_make_the_same_records_in_any_order(
    sessions: list[Session], data: st.DataObject
) -> None:
    everything = told(sessions)
    kept = [m for m in everything if data.draw(st.sampled_from((True, True, False)))]
    started = {m.session for m in kept if isinstance(m.content, Start)}
    left = [
        m if m.session in started else replace(m, session=replace(m.session, answered=False))
        for m in kept
        # without an id a reading can only be placed by what is known when it comes
        if m.session.charge_point_id == "NEW"
        or (m.session in started and m.session.answered)
        or isinstance(m.content, Start | Stop)
    ]
    on_time, _ = run(left, live=True)
    repeats = data.draw(st.lists(st.sampled_from(left), max_size=5)) if left else []
    order = possible(data.draw(st.permutations([*left, *repeats])))
    late, _ = run(order, live=False)
    assert essences(late) == essences(on_time)


@thorough
@given(days, st.data())
def test_no_loss_of_messages_loses_a_transaction_or_makes_energy(
    sessions: list[Session], data: st.DataObject
) -> None:
    everything = told(sessions)
    left = data.draw(st.lists(st.sampled_from(everything), unique_by=str))
    started = {m.session for m in left if isinstance(m.content, Start)}
    left = [
        m if m.session in started else replace(m, session=replace(m.session, answered=False))
        for m in left
    ]
    transactions, _ = run(possible(left), live=False)
    heard = {
        m.session
        for m in left
        if isinstance(m.content, Start | Stop) or m.session.charge_point_id == "NEW"
    }
    assert len(transactions) >= len(heard)
    for transaction in transactions:
        energy = transaction.energy_wh
        assert energy is None or energy >= 0
    recorded, flowed = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for transaction in transactions:
        outlet = transaction.charge_point_key, transaction.evse_id
        recorded[outlet] += int(transaction.energy_wh or 0)
    for session in sessions:
        flowed[KEYS[session.charge_point_id], session.evse_id] += session.energy_wh
    assert recorded.total() <= flowed.total()
    assert all(recorded[outlet] <= flowed[outlet] for outlet in flowed)


@thorough
@given(days, st.data())
def test_a_repeated_start_gets_the_same_id_and_no_id_is_given_twice(
    sessions: list[Session], data: st.DataObject
) -> None:
    messages = told(sessions)
    repeats = data.draw(st.lists(st.sampled_from(messages), max_size=8))
    order = possible(data.draw(st.permutations([*messages, *repeats])))
    transactions, courier = run(order, live=False)
    ids_of: dict[Session, set[int]] = {}
    for session, number in courier.given:
        ids_of.setdefault(session, set()).add(number)
    assert all(len(ids) == 1 for ids in ids_of.values())
    assert max(Counter(min(ids) for ids in ids_of.values()).values()) == 1
    assert len({t.id for t in transactions}) == len(transactions)


def test_minutes_are_counted_from_noon() -> None:
    assert (minute(90) - minute(0)).total_seconds() == 5400
