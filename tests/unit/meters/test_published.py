"""Values that are published one by one, put together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from csms.meters.errors import IncompleteError
from csms.meters.published import MAX_PAYLOAD_BYTES, Published
from csms.meters.settings import MqttSettings, read_settings

START = datetime(2026, 1, 15, 12, tzinfo=UTC)


def _published(values: dict[str, dict[str, Any]], **settings: Any) -> Published:
    read = read_settings("mqtt", {"host": "broker", "values": values, **settings})
    assert isinstance(read, MqttSettings)
    return Published(read)


def _take(published: Published, topic: str, payload: bytes, at_s: float) -> Any:
    published.take(topic, payload, START + timedelta(seconds=at_s), at_s)
    return published.measured(at_s)


TWO = {"current_l1_a": {"topic": "a"}, "current_l2_a": {"topic": "b"}}


def test_nothing_is_handed_out_before_all_is_there() -> None:
    published = _published(TWO)
    assert _take(published, "a", b"1", 0) is None
    assert published.missing(0) == ["current_l2_a"]
    assert _take(published, "b", b"2", 0.1) == ({"current_l1_a": 1, "current_l2_a": 2}, START)


def test_values_that_come_together_are_handed_out_together() -> None:
    published = _published(TWO)
    _take(published, "a", b"1", 0)
    _take(published, "b", b"2", 0)
    assert _take(published, "a", b"3", 0.9) is None
    measured, _ = _take(published, "b", b"4", 0.95)
    assert measured == {"current_l1_a": 3, "current_l2_a": 4}


def test_a_slow_value_does_not_hold_up_the_others_and_gives_the_age() -> None:
    published = _published(TWO)
    _take(published, "b", b"2", 0)
    _take(published, "a", b"1", 0)
    measured, since = _take(published, "a", b"9", 5)
    assert measured == {"current_l1_a": 9, "current_l2_a": 2}
    assert since == START


def test_a_value_that_is_too_old_is_none() -> None:
    published = _published(TWO, max_age_s=10)
    _take(published, "b", b"2", 0)
    assert _take(published, "a", b"1", 10.5) is None
    assert published.missing(10.5) == ["current_l2_a"]


def test_an_unreadable_message_takes_back_what_the_topic_said_before() -> None:
    published = _published(TWO)
    _take(published, "a", b"1", 0)
    _take(published, "b", b"2", 0)
    with pytest.raises(IncompleteError, match="b: 'nan' is no number"):
        published.take("b", b"nan", START, 1)
    assert published.missing(1) == ["current_l2_a"]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b'{"x": {"y": [1, "2.5"]}}', None),
        (b'{"x": {"y": [1]}}', "there is no x.y.1"),
        (b'{"x": {"z": 1}}', "there is no x.y.1"),
        (b'{"x": 1}', "there is no x.y.1"),
        (b'{"x": {"y": "12"}}', "there is no x.y.1"),
        (b'{"x": {"y": [1, true]}}', "no number"),
        (b'{"x": {"y": [1, null]}}', "no number"),
        (b"not json", "no JSON"),
        (b"[" * 100_000, "too long"),
    ],
)
def test_a_path_leads_into_json(payload: bytes, said: str | None) -> None:
    published = _published({"current_l1_a": {"topic": "t", "path": "x.y.1", "scale": 0.1}})
    if said is None:
        measured, _ = _take(published, "t", payload, 0)
        assert measured == {"current_l1_a": 0.25}
    else:
        with pytest.raises(IncompleteError, match=said):
            published.take("t", payload, START, 0)


def test_a_message_longer_than_allowed_is_not_looked_at() -> None:
    published = _published({"current_l1_a": {"topic": "t"}})
    with pytest.raises(IncompleteError, match="too long"):
        published.take("t", b"1" * (MAX_PAYLOAD_BYTES + 1), START, 0)
