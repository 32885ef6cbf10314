"""Pages: an opaque cursor says where the next one begins."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from csms.api.fields import CursorText, Limit, plain
from csms.api.problems import field_error, invalid
from csms.store.admin.window import Row, Window

S = TypeVar("S", bound=Struct)
V = TypeVar("V")


class PageQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    limit: Limit = 100
    cursor: CursorText | UnsetType = UNSET


class Page(Struct, Generic[V]):
    """Some of the items; `next_cursor` is null on the last page."""

    items: list[V]
    next_cursor: str | None


class Pager(Generic[V]):
    """Pages of one list, ordered by `columns` whose values have the types of `cursor_type`."""

    def __init__(self, cursor_type: Any, *columns: str) -> None:
        self._cursor_type = cursor_type
        self._columns = columns

    def window(self, query: PageQuery) -> Window:
        """Return what to ask the store for; raises Problem 400 for a cursor that isn't ours."""
        if isinstance(query.cursor, UnsetType):
            return Window(query.limit + 1, None)
        try:
            raw = urlsafe_b64decode(query.cursor.encode("ascii"))
            after = msgspec.json.decode(raw, type=self._cursor_type)
        except (UnicodeEncodeError, Base64Error, ValueError, msgspec.DecodeError) as error:
            wrong = field_error("cursor", query.cursor, "next_cursor of the page before")
            raise invalid([wrong], 400) from error
        return Window(query.limit + 1, tuple(after))

    def page(self, rows: Sequence[Row], query: PageQuery, view: Callable[[Row], V]) -> Page[V]:
        """Make the page of rows that were asked for with `window`."""
        shown = rows[: query.limit]
        following = None
        if len(rows) > query.limit:
            last = [shown[-1][column] for column in self._columns]
            following = urlsafe_b64encode(msgspec.json.encode(last)).decode()
        return Page([view(row) for row in shown], following)


def view(type_: type[S], row: Mapping[str, Any], **more: object) -> S:
    """Return a row of the store as the struct that the API shows."""
    names = type_.__struct_fields__
    values = {name: plain(row[name]) for name in names if name in row}
    return msgspec.convert(values | more, type_)
