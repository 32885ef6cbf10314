"""What local lists need of the rest of the world."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from csms.model import OcppVersion
from csms.services.local_list.words import (
    Candidate,
    Dialect,
    KnownList,
    ListLimits,
    ListNews,
    SentList,
)


class ListOwner(Protocol):
    """A charge point as far as its list is concerned."""

    @property
    def key(self) -> int: ...

    @property
    def id(self) -> str: ...

    @property
    def site_id(self) -> str | None: ...

    @property
    def ocpp_version(self) -> OcppVersion: ...


class ListReader(Protocol):
    """Returns what an answer tells of the list that a charge point holds; None: nothing."""

    def __call__(
        self, action: str, payload: Mapping[str, Any], answer: dict[str, Any], /
    ) -> ListNews | None: ...


class ListPolicies(Protocol):
    """Knows whose lists are to be kept, and when that may mean something new."""

    async def automatic(self, charge_point_keys: Collection[int]) -> set[int]:
        """Return those among them whose lists are to be kept by themselves."""
        ...

    async def tokens_mark(self) -> object:
        """Return something that is another after tokens or their groups have changed."""
        ...


class LocalListStore(Protocol):
    """Keeps what charge points hold; durable on return."""

    async def known(self, charge_point_key: int) -> KnownList: ...

    async def candidates(
        self, charge_point_id: str, site_id: str | None, now: datetime, most: int
    ) -> Sequence[Candidate]:
        """Return the tokens in good standing that may charge here, the most important first.

        Those that may charge here and not everywhere come before the others.
        """
        ...

    async def limits(self, charge_point_key: int, dialect: Dialect) -> ListLimits:
        """Return what the charge point told that it can take."""
        ...

    async def keep_sent(self, charge_point_key: int, part: SentList, at: datetime) -> None:
        """Apply to what is known of a list what its charge point has just taken."""
        ...

    async def keep_told(self, charge_point_key: int, version: int, at: datetime) -> None:
        """Keep the version that was told; 0 says that there is no entry at all."""
        ...

    async def forget(self, charge_point_key: int, at: datetime) -> None:
        """Note that a charge point took a list and nobody knows what it holds now."""
        ...

    async def settle(
        self, charge_point_key: int, state: str, reason: str | None, at: datetime
    ) -> None:
        """Note how a synchronisation ended."""
        ...
