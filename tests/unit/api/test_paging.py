"""Pages: the cursor says where the next one begins, and only our own cursors are believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from csms.api.fields import Int64, Moment, Text
from csms.api.paging import PageQuery, Pager
from csms.api.problems import Problem

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [{"at": NOON, "id": number} for number in (5, 4, 3)]


def pager() -> Pager[int]:
    return Pager(tuple[Moment, Int64], "at", "id")


def test_one_row_more_than_shown_is_asked_for_to_know_if_there_is_a_next_page() -> None:
    assert pager().window(PageQuery(limit=2)).limit == 3


def test_the_next_page_begins_behind_the_last_row_shown() -> None:
    page = pager().page(ROWS, PageQuery(limit=2), lambda row: int(row["id"]))
    assert page.items == [5, 4]
    assert page.next_cursor is not None
    window = pager().window(PageQuery(limit=2, cursor=page.next_cursor))
    assert window.after == (NOON, 4)


def test_the_last_page_has_no_next_one() -> None:
    assert pager().page(ROWS, PageQuery(limit=3), lambda row: row["id"]).next_cursor is None


def test_a_cursor_may_stand_in_a_url_as_it_is() -> None:
    names: Pager[str] = Pager(tuple[Text], "name")
    rows = [{"name": "~~~???>>>"}, {"name": "z"}]
    cursor = names.page(rows, PageQuery(limit=1), lambda row: str(row["name"])).next_cursor
    assert cursor is not None
    assert cursor.replace("-", "a").replace("_", "a").rstrip("=").isalnum()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense!",
        "AAAA",
        "bnVsbA==",
        "WzFd",
        "WyJ4Il0=",
        "é",
        "WzEsIDE4NDQ2NzQ0MDczNzA5NTUxNjE1XQ==",
    ],
)
def test_a_cursor_that_is_not_ours_is_a_bad_request(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        pager().window(PageQuery(cursor=cursor))
    assert caught.value.status == 400
