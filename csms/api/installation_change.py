"""Changes of an installation: looked at before they are done, told to whoever steers the site."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from msgspec import Struct

from csms.api.context import Context
from csms.api.problems import Problem, field_error
from csms.errors import ConflictError
from csms.smart_charging.checking import check
from csms.smart_charging.grid import Finding
from csms.store.admin import sites
from csms.store.admin.window import AdminConnection
from csms.store.installations import Installation


class FindingView(Struct):
    """Something odd about an installation; `field` is what it is about."""

    level: Literal["error", "warning"]
    field: str
    message: str


@asynccontextmanager
async def changing(
    context: Context, actor: str, action: str, target: str, data: Mapping[str, Any], site_id: str
) -> AsyncIterator[tuple[AdminConnection, Installation]]:
    """Lend a connection for a change below a site, and the installation as it was before.

    No other change of the site comes in between; its version grows with the change. Raises
    NotFoundError.
    """
    async with context.change(actor, action, target, data) as connection:
        await sites.touch(connection, site_id)
        yield connection, await sites.installation(connection, site_id)


def judge(
    before: Installation | None, after: Installation, subject: str, given: Mapping[str, Any]
) -> list[FindingView]:
    """Return the warnings that a change brings, and all about its `subject`.

    Raises Problem for what the change would make wrong: 422 if it names fields of the subject,
    with what was `given` there, otherwise ConflictError.
    """
    known = [] if before is None else check(before.site)
    found = check(after.site)
    _refuse([f for f in found if f.level == "error" and f not in known], subject, given)
    about = f"{subject}/"
    return views(
        f for f in found if f.level == "warning" and (f not in known or f.field.startswith(about))
    )


def views(findings: Iterable[Finding]) -> list[FindingView]:
    return [FindingView(found.level, found.field, found.message) for found in findings]


def _refuse(errors: Sequence[Finding], subject: str, given: Mapping[str, Any]) -> None:
    if not errors:
        return
    detail = "; ".join(dict.fromkeys(error.message for error in errors))
    about = f"{subject}/"
    named = [error for error in errors if error.field.startswith(about)]
    if not named:
        raise ConflictError(detail)
    fields = [error.field.removeprefix(about) for error in named]
    raise Problem(
        422,
        detail,
        errors=[
            field_error(field, given.get(field), error.message)
            for field, error in zip(fields, named, strict=True)
        ],
    )
