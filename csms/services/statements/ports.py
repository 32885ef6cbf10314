"""What statements need of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from csms.services.statements.model import Gathered, Kept, Refusal, Run, Wanted
from csms.statements.document import Document
from csms.tariff.months import Month


class StatementStore(Protocol):
    async def gather(self, wanted: Wanted) -> Gathered:
        """Return all that a month's statement is made of, as it was at one moment.

        Raises NotFoundError for a site, user or charge point that there is not.
        """
        ...

    async def gather_users(
        self, site_id: str, month: Month, user_ids: Sequence[str]
    ) -> Mapping[str, Gathered]:
        """Return the same for many users of a site at once; who is not there is left out."""
        ...

    async def issue(
        self,
        document: Document,
        series: str,
        actor: str,
        now: datetime,
        corrects_id: int | None = None,
    ) -> Kept:
        """Give a document the next number of a series and keep it for good, all or nothing.

        Raises ConflictError if there is one already for the subject's month, or if the one it
        corrects was corrected already.
        """
        ...

    async def find(self, statement_id: int) -> Kept:
        """Raises NotFoundError."""
        ...


class RunStore(Protocol):
    async def claim(self, now: datetime, lease_until: datetime) -> Run | None:
        """Take the oldest run that nobody works on."""
        ...

    async def next_lease_end(self, now: datetime) -> datetime | None:
        """Return when the first of the leases ends that somebody has now."""
        ...

    async def users(self, site_id: str, month: Month) -> Sequence[str]:
        """Return who may owe something for a site's month and has no statement, in fixed order."""
        ...

    async def outdated(self, site_id: str, month: Month) -> Sequence[Refusal]:
        """Return whose statement lacks what was priced after it, and what to do about it."""
        ...

    async def progress(
        self, run: Run, *, total: int, done: int, issued: int, refusals: Sequence[Refusal],
        lease_until: datetime,
    ) -> None:  # fmt: skip
        """Note how far a run is, and that somebody still works on it."""
        ...

    async def end(self, run: Run, now: datetime, failure: str | None = None) -> None:
        """Note that a run is done, or why it failed."""
        ...
