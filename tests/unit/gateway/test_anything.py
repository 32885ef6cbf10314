"""Whatever arrives: it is read or refused, never a crash."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.gateway.payloads import json_values, objects_for

from csms.gateway import frames, message_log
from csms.gateway.answers import read_answer
from csms.gateway.incoming import call_of
from csms.gateway.repairs import mend
from csms.gateway.schemas import MessageSchema, schemas_of
from csms.model import OcppVersion

MESSAGES: list[MessageSchema] = [
    schema for version in OcppVersion for schema in schemas_of(version).requests.values()
]


@st.composite
def nearly_right(draw: st.DrawFn) -> tuple[MessageSchema, dict[str, Any]]:
    schema = draw(st.sampled_from(MESSAGES))
    payload = draw(objects_for(schema.shape))
    return schema, payload


@settings(max_examples=150, deadline=None)
@given(nearly_right(), st.booleans(), st.booleans())
def test_any_payload_is_mended_or_judged(
    message: tuple[MessageSchema, dict[str, Any]], whole: bool, open_words: bool
) -> None:
    schema, payload = message
    mending = mend(
        schema.shape,
        payload,
        received_at="2026-01-01T00:00:00Z",
        whole=whole,
        open_words=open_words,
    )

    assert isinstance(mending.payload, dict)


@settings(max_examples=150, deadline=None)
@given(nearly_right())
def test_mending_what_was_mended_changes_nothing(
    message: tuple[MessageSchema, dict[str, Any]],
) -> None:
    schema, payload = message
    once = mend(schema.shape, payload, received_at="2026-01-01T00:00:00Z").payload
    again = mend(schema.shape, once, received_at="2026-01-01T00:00:00Z").payload

    assert repr(again) == repr(once)  # repr: NaN is not equal to itself


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        call_of(frames.parse(data, 32), has_send=True)
    except frames.UnreadableFrameError:
        frames.recover_head(data)
    read_answer(data, 32)
    frames.completed(data, 32)
    message_log.shown(data, 50)
    message_log.masked(data)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([2, 3, 4, "2", 5, 6, 7, None]) | json_values, max_size=6),
    st.booleans(),
)
def test_any_list_is_a_call_an_answer_or_neither(frame: list[Any], has_send: bool) -> None:
    call_of(frame, has_send=has_send)
    read_answer(json.dumps(frame).encode(), 32)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=3), nearly_right())
def test_a_message_cut_anywhere_is_completed_or_given_up(
    cuts: list[int], message: tuple[MessageSchema, dict[str, Any]]
) -> None:
    text = orjson.dumps([2, "1", "StopTransaction", {}])
    for cut in (*cuts, len(text) - 1):
        frames.completed(text[:cut], 32)
