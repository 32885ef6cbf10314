"""Reading bodies and queries: what is right is read, what is wrong is named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from multidict import MultiDict

from csms.api.fields import Moment
from csms.api.problems import Problem
from csms.api.shapes import Shape, describe


class Inner(Struct, forbid_unknown_fields=True):
    depth_m: float


class Box(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=5)]
    count: Annotated[int, Meta(ge=1, le=9)] | None = None
    open: bool | UnsetType = UNSET
    at: Moment | None = None
    tags: list[Literal["a", "b"]] = []
    inner: Inner | None = None
    extra: Any = None


SHAPE = Shape(Box)


def mistakes(value: object) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        SHAPE.read(value)
    return {error.field: error.allowed for error in caught.value.errors}


def test_what_is_left_out_gets_its_default() -> None:
    box = SHAPE.read({"name": "x"})
    assert (box.count, box.open, box.tags) == (None, UNSET, [])


def test_a_whole_number_may_be_written_with_a_point() -> None:
    box = SHAPE.read({"name": "x", "count": 3.0, "extra": 3.0})
    assert (box.count, type(box.count), type(box.extra)) == (3, int, float)


def test_a_time_is_read_in_utc() -> None:
    box = SHAPE.read({"name": "x", "at": "2026-01-31T12:00:00+02:00"})
    assert box.at == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert box.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], {"body": "an object"}),
        ({}, {"name": "text of 1 to 5 characters (required)"}),
        ({"name": 5}, {"name": "text of 1 to 5 characters"}),
        ({"name": "x", "count": 10}, {"count": "a whole number from 1 up to 9, or null"}),
        ({"name": "x", "count": 1.5}, {"count": "a whole number from 1 up to 9, or null"}),
        ({"name": "x", "open": 1}, {"open": "true or false"}),
        ({"name": "x", "tags": ["a", "c"]}, {"tags.1": "one of a, b"}),
        ({"name": "x", "inner": {"depth_m": "deep"}}, {"inner.depth_m": "a number"}),
        ({"name": "x", "inner": {"dept_m": 1, "depth_m": 1}},
         {"inner.dept_m": "a known field; did you mean depth_m?"}),
        ({"name": "x", "nam": 1}, {"nam": "a known field; did you mean name?"}),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_what_is_allowed(value: object, expected: dict[str, str]) -> None:
    assert mistakes(value) == expected


def test_a_strange_field_is_told_the_known_ones() -> None:
    assert mistakes({"name": "x", "zzz": 1})["zzz"].startswith("a known field: at, count, ")


def test_a_long_wrong_value_is_repeated_only_in_part() -> None:
    with pytest.raises(Problem) as caught:
        SHAPE.read({"name": "x" * 1000})
    assert len(caught.value.errors[0].value) == 200


def test_a_query_is_read_by_the_types_of_its_fields() -> None:
    query = MultiDict([("name", "7"), ("count", "7"), ("open", "true"), ("tags", "a")])
    query.add("tags", "b")
    box = SHAPE.read_query(query)
    assert (box.name, box.count, box.open, box.tags) == ("7", 7, True, ["a", "b"])


@pytest.mark.parametrize("text", ["", "seven", "7.5", "٧", "0x7"])
def test_a_query_that_is_no_number_is_a_bad_request(text: str) -> None:
    with pytest.raises(Problem) as caught:
        SHAPE.read_query(MultiDict([("name", "x"), ("count", text)]))
    assert caught.value.status == 400


def test_a_number_is_described_by_its_bounds() -> None:
    schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 600}
    assert describe(schema) == "a number above 0 up to 600"
    share = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    assert describe(share) == "a number from 0 to below 1"


class _Price(Struct, forbid_unknown_fields=True):
    per_kwh: Decimal


class _Prices(Struct, forbid_unknown_fields=True):
    prices: list[_Price]


def test_an_amount_of_money_is_a_json_number_and_stays_exactly_what_was_written() -> None:
    read = Shape(_Prices).read({"prices": [{"per_kwh": 0.227756}, {"per_kwh": 3}]})
    assert [price.per_kwh for price in read.prices] == [Decimal("0.227756"), Decimal(3)]


def test_an_amount_of_money_that_is_a_text_is_refused_by_its_place() -> None:
    with pytest.raises(Problem) as caught:
        Shape(_Prices).read({"prices": [{"per_kwh": "0.2"}]})
    assert caught.value.errors[0].field == "prices.0.per_kwh"
    assert caught.value.errors[0].allowed == "a number"


def test_a_list_and_a_date_are_described_by_what_is_allowed() -> None:
    assert describe({"type": "array", "minItems": 1, "maxItems": 9}) == "a list of 1 to 9"
    assert describe({"type": "array", "minItems": 1}) == "a list of 1 or more"
    assert describe({"type": "array"}) == "a list"
    date = {"type": "string", "format": "date"}
    assert describe(date) == "a date that there is, such as 2026-01-31"
