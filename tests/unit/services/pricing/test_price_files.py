"""Files of market prices: what is right is read, what is wrong is named by its line."""

from __future__ import annotations

from decimal import Decimal

import pytest

from csms.errors import InvalidValueError
from csms.services.pricing.price_files import read_price_file


def test_a_csv_of_quarter_hours_is_read_in_the_order_of_time() -> None:
    prices = read_price_file(
        "starts_at,price,export_price\n"
        "2026-06-01T00:15:00Z,0.0812,0.04\n"
        "2026-06-01T00:00:00Z,-0.0031,\n"
    )
    assert [(each.starts_at.isoformat(), each.price, each.export_price) for each in prices] == [
        ("2026-06-01T00:00:00+00:00", Decimal("-0.0031"), None),
        ("2026-06-01T00:15:00+00:00", Decimal("0.0812"), Decimal("0.04")),
    ]


def test_a_price_of_an_hour_counts_for_its_four_quarters() -> None:
    prices = read_price_file("starts_at,price,minutes\n2026-06-01T00:00:00+01:00,0.1,60\n")
    assert [each.starts_at.isoformat() for each in prices] == [
        "2026-05-31T23:00:00+00:00",
        "2026-05-31T23:15:00+00:00",
        "2026-05-31T23:30:00+00:00",
        "2026-05-31T23:45:00+00:00",
    ]


def test_semicolons_go_with_decimal_commas_and_a_byte_order_mark() -> None:
    (price,) = read_price_file("\ufeffStarts_at;Price\r\n2026-06-01T00:00:00Z;0,0812\r\n")
    assert price.price == Decimal("0.0812")


def test_json_is_read_as_points_or_as_a_bare_list() -> None:
    point = '{"starts_at": "2026-06-01T00:00:00Z", "price": 0.0812}'
    assert read_price_file(f"[{point}]") == read_price_file(f'{{"points": [{point}]}}')


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "line 1"),
        ("when,price\n2026-06-01T00:00:00Z,1\n", "line 1"),
        ("starts_at,price\n", "file"),
        ("starts_at,price\n2026-06-01T00:00:00Z,0.1\n2026-06-01T00:15:00Z,much\n", "line 3"),
        ("starts_at,price\n2026-06-01T00:00:00Z,0.1,7\n", "line 2"),
        ("starts_at,price\n2026-06-01T00:00:00Z\n", "line 2"),
        ("starts_at,price\n2026-06-01T00:00:00,0.1\n", "line 2"),
        ("starts_at,price\n2026-06-01T00:07:00Z,0.1\n", "line 2"),
        ("starts_at,price\n2026-06-01T00:00:00Z,NaN\n", "line 2"),
        ("starts_at,price\n2026-06-01T00:00:00Z,1e9\n", "line 2"),
        ("starts_at,price\n9999-12-31T23:45:00Z,1\n", "line 2"),
        ("starts_at,price\n" + "2026-06-01T00:00:00Z,0.1\n" * 2, "line 3"),
        ('[{"starts_at": "2026-06-01T00:00:00Z"}]', "file"),
        ("[" * 5000, "file"),
        ('starts_at,price\n"2026-06-01', "file"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(text: str, field: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read_price_file(text)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("2026-06-01T00:00:00,0.1,15", "starts_at as RFC 3339 with a zone"),
        ("2026-06-01T00:00:00Z,much,15", "price as a number"),
        ("2026-06-01T00:00:00Z,,15", "price as a number"),
        ("2026-06-01T00:00:00Z,0.1,20", "minutes as whole quarters of an hour"),
    ],
)
def test_what_a_column_may_hold_is_said_in_words(line: str, allowed: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        read_price_file(f"starts_at,price,minutes\n{line}\n")
    assert caught.value.allowed.startswith(allowed)
